// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Price of a token in XAU and in USD from k-of-n Chainlink-interface feeds
/// @notice Median of the usable feeds. On any doubt every function reverts with the reason: there is no default price and no
/// last-known price.
/// @dev Units: `priceWad` = whole units of the numeraire per whole token, 1e18 fixed point. `anchor` = quote base units per base
/// base-unit, times 1e18, that is `price * 10^(18 + quoteDecimals - baseDecimals)` (DODO's `i`).
/// @dev The *previous* price of a token replaces, in the median, each feed whose newest round is younger than `graceBlocks` by that
/// feed's round before. Pools charge the trader the worse of the two anchors, so that nobody gains by trading around an update.
interface IXAUOracle is ICommonErrors {
    /// @notice How a feed is read.
    /// @dev CHAINLINK: AggregatorV3Interface; age in blocks is derived from `updatedAt` and the configured longest block time.
    /// SIGNED: our SignedPriceFeed, one packed read with both rounds and the arrival block.
    enum FeedKind {
        CHAINLINK,
        SIGNED
    }

    struct Feed {
        address source;
        FeedKind kind;
        /// @dev Oldest acceptable `updatedAt`, seconds before the block's timestamp.
        uint32 maxAgeSeconds;
    }

    struct TokenConfig {
        /// @dev Decimals of the token itself, checked against the token at configuration.
        uint8 tokenDecimals;
        /// @dev Fewest usable feeds (k of n). A feed is usable when fresh, positive and inside the bounds.
        uint8 minFeeds;
        /// @dev Largest accepted (max - min) / median over usable feeds, in bps.
        uint16 maxDisagreementBps;
        /// @dev Hard bounds of each feed's answer, USD per whole token, 1e18. The upper one is below 2^120.
        uint128 minPriceWad;
        uint128 maxPriceWad;
        Feed[] feeds;
    }

    /// @notice Emitted when a token's feeds are set; `configHash` = keccak256(abi.encode(config)).
    event SetToken(address indexed token, bytes32 configHash);
    /// @notice Emitted when a token's feeds are removed; its price reverts from then on.
    event RemoveToken(address indexed token);

    /// @notice Thrown when the token has no feeds.
    error TokenNotConfigured(address token);
    /// @notice Thrown when fewer than `required` feeds are usable.
    error NotEnoughFeeds(address token, uint256 usable, uint256 required);
    /// @notice Thrown when usable feeds lie further apart than allowed.
    error FeedsDisagree(address token, uint256 disagreementBps, uint256 maxDisagreementBps);
    /// @notice Thrown when an anchor would keep too few digits (see MIN_ANCHOR).
    error AnchorTooSmall(address baseToken, address quoteToken, uint256 anchor);
    /// @notice Thrown at configuration when the declared decimals are not the token's.
    error DecimalsMismatch(address token, uint8 declared, uint8 actual);

    /// @notice Thrown at configuration when two feeds of a token are one source, or sign under one feed id.
    error DuplicateFeed(address source);
    /// @notice Thrown at configuration when a feed does not answer as its kind says, or a SIGNED feed is declared CHAINLINK.
    error FeedKindMismatch(address source);
    /// @notice Thrown at configuration when a feed accepts rounds sooner after each other than `graceBlocks`: the round before the
    /// newest would then not be the price before the grace window.
    error GapBelowGrace(address source, uint256 minGapBlocks, uint256 graceBlocks);
    /// @notice Thrown when a feed's call failed and the caller had left it less gas than a feed is entitled to. Without this a caller
    /// could choose which feeds count.
    error GasTooLow(uint256 gasLeft, uint256 required);

    /// @notice Sets or replaces a token's feeds: the owner (timelock) only.
    function setToken(address token, TokenConfig calldata config) external;

    /// @notice Removes a token: the owner only.
    function removeToken(address token) external;

    /// @notice The token that stands for one troy ounce of gold (18 decimals).
    function xau() external view returns (address);

    /// @notice Blocks after a new round during which the previous round still counts.
    function graceBlocks() external view returns (uint256);

    /// @notice Longest time between two blocks, seconds: turns the age of a CHAINLINK round into blocks.
    function maxBlockSeconds() external view returns (uint256);

    /// @notice The tokens that have feeds.
    function tokens() external view returns (address[] memory);

    /// @notice USD per whole token, 1e18, newest rounds.
    function priceInUsd(address token) external view returns (uint256 priceWad);

    /// @notice XAU (troy ounces) per whole token, 1e18, rounded down. Exactly 1e18 for XAU itself, whatever its feeds say.
    function priceInXau(address token) external view returns (uint256 priceWad);

    /// @notice Value of `amountUnits` of token in XAU wei, rounded down. XAU is worth its own amount, whatever its feeds say.
    function valueInXau(address token, uint256 amountUnits) external view returns (uint256 xauWei);

    /// @notice Anchors of a pair by the newest and by the previous rounds (equal when no round is younger than `graceBlocks`).
    /// @dev Both rounded down. The views, too, answer from the transient copy when this transaction has pulled the token's price:
    /// one transaction sees one price, and a stabilizer execution pays for each feed once.
    function anchors(
        address baseToken,
        address quoteToken
    ) external view returns (uint256 anchorNew, uint256 anchorPrevious);

    /// @notice Like `anchors`, and keeps each token's price in transient storage for the rest of the transaction.
    /// @dev A price reported later in the same transaction is not seen by it: such a caller trades as if before the report.
    function pullAnchors(
        address baseToken,
        address quoteToken
    ) external returns (uint256 anchorNew, uint256 anchorPrevious);

    /// @notice Like `valueInXau`, through the same transient copy as `pullAnchors`.
    function pullValueInXau(address token, uint256 amountUnits) external returns (uint256 xauWei);

    /// @notice What each feed of a token says now, in the order of its configuration: newest and previous price, USD, 1e18.
    /// @dev For people and programs that look for a fault, never for a price: 0 stands for a feed that does not count, and disagreement
    /// is not checked. Reads the feeds, not the transient copy.
    function feedPrices(address token) external view returns (uint256[] memory newestWad, uint256[] memory previousWad);

    /// @notice Both tokens of a pair from one reading of the feeds: 10^decimals of each in XAU wei, a whole token of each in USD (1e18),
    /// and the newest anchor, all rounded down. Pulls all three prices at once.
    function pullPair(
        address baseToken,
        address quoteToken
    )
        external
        returns (
            uint256 basePriceXauWei,
            uint256 quotePriceXauWei,
            uint256 basePriceUsdWad,
            uint256 quotePriceUsdWad,
            uint256 anchorNew
        );

    /// @notice What `pullPair` would answer; keeps nothing.
    function viewPair(
        address baseToken,
        address quoteToken
    )
        external
        view
        returns (
            uint256 basePriceXauWei,
            uint256 quotePriceXauWei,
            uint256 basePriceUsdWad,
            uint256 quotePriceUsdWad,
            uint256 anchorNew
        );

    /// @notice The configuration of a token.
    function tokenConfig(address token) external view returns (TokenConfig memory);
}
