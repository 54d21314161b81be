// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {ISignedPriceFeed} from "../interfaces/ISignedPriceFeed.sol";
import {IXAUOracle} from "../interfaces/IXAUOracle.sol";
import {ConfigBlob} from "./ConfigBlob.sol";
import {FeedReader} from "./FeedReader.sol";
import {Median} from "./Median.sol";

/// @title XAUOracle
/// @notice Price of a token in USD and in XAU from k-of-n feeds, with the price of the round before beside it.
///
/// ROLES: owner (two-step, ends as the timelock) sets and removes tokens' feeds. Nobody can set a price.
///
/// PRICE SOURCES: up to eight feeds per token, each answering USD per whole token. A feed counts when it answers inside its gas
/// allowance, positive, not older than its `maxAgeSeconds`, not from the future and inside the hard bounds. Fewer than `minFeeds` such
/// feeds, or feeds further apart than allowed, and every function reverts. Even count of feeds: the mean of the two middle ones.
///
/// PREVIOUS PRICE: while a feed's newest round is younger than `graceBlocks`, its round before stands in for it in the previous median.
/// A feed inside that window whose round before cannot be read, or lies outside the bounds, does not count at all during the window.
/// The previous set is not checked for disagreement: it can only make a trader's price worse, and reverting would stop the pools whenever
/// a feed comes back from an outage.
/// - SIGNED: the feed says in which block its round arrived, and its rounds are at least `graceBlocks` apart.
/// - CHAINLINK: a round is inside the window while it is younger than `graceBlocks * maxBlockSeconds` seconds. The round before is
///   `latest - 1`; at the first round of a new phase that cannot be read. Two rounds inside one window: the feed does not count.
///
/// TRANSIENT COPY: `pullAnchors` and `pullValueInXau` keep each token's two prices for the rest of the transaction, and the views answer
/// from it, so that one transaction sees one price and reads each feed once. This is safe: the
/// copy can only be older than the feeds by rounds reported inside this very transaction, so who trades on it trades exactly as if he had
/// sent the trade before the report; the grace window then still covers everybody who trades after the report.
///
/// ROUNDING: every division rounds down, the median of an even count too.
///
/// TOKEN REQUIREMENTS: at most 18 decimals, equal to what `decimals()` says. XAU has 18.
///
/// LIVENESS: a hostile feed costs the caller at most its gas allowance (twice for CHAINLINK) and counts as unusable. A caller who leaves
/// too little gas makes the call revert, never changes the answer.
///
/// HOW TO STOP IT: `removeToken`; or let the feeds grow stale. Everything that moves money on this price then reverts.
contract XAUOracle is IXAUOracle, Ownable2Step {
    /// @dev 15 + 15 + 1 bytes when kept in transient storage; as words here.
    struct TokenPrice {
        uint256 newestWad;
        uint256 previousWad;
        uint256 decimals;
    }

    /// @notice Smallest anchor: nine digits, so that rounding down costs less than 1e-9.
    uint256 public constant MIN_ANCHOR = 1e9;
    uint256 public constant MAX_FEEDS = 8;
    uint256 public constant MAX_TOKENS = 16;
    uint256 public constant MAX_DISAGREEMENT_BPS = 10_00; // 10 %
    uint256 public constant MAX_AGE_SECONDS = 7 days;
    uint256 public constant MAX_GRACE_BLOCKS = 256;

    uint256 private constant _WAD = 1e18;
    uint256 private constant _BPS = 100_00;
    uint256 private constant _PRICE_BITS = 120;
    uint256 private constant _PRICE_MASK = (1 << _PRICE_BITS) - 1;

    /// @inheritdoc IXAUOracle
    address public immutable xau;
    /// @inheritdoc IXAUOracle
    uint256 public immutable graceBlocks;
    /// @inheritdoc IXAUOracle
    uint256 public immutable maxBlockSeconds;

    /// @notice The data contract whose code is the configuration of all tokens (see ConfigBlob); zero before the first.
    address public configData;

    constructor(address xau_, uint256 graceBlocks_, uint256 maxBlockSeconds_, address owner_) Ownable(owner_) {
        _checkDecimals(xau_, 18);
        require(graceBlocks_ > 0 && graceBlocks_ <= MAX_GRACE_BLOCKS, OutOfRange(graceBlocks_, 1, MAX_GRACE_BLOCKS));
        require(maxBlockSeconds_ > 0 && maxBlockSeconds_ <= 1 hours, OutOfRange(maxBlockSeconds_, 1, 1 hours));
        xau = xau_;
        graceBlocks = graceBlocks_;
        maxBlockSeconds = maxBlockSeconds_;
    }

    // --- Owner ---

    /// @inheritdoc IXAUOracle
    function setToken(address token, TokenConfig calldata config) external onlyOwner {
        _checkDecimals(token, config.tokenDecimals);
        uint256 count = config.feeds.length;
        require(count > 0 && count <= MAX_FEEDS, OutOfRange(count, 1, MAX_FEEDS));
        require(config.minFeeds > 0 && config.minFeeds <= count, OutOfRange(config.minFeeds, 1, count));
        require(
            config.maxDisagreementBps > 0 && config.maxDisagreementBps <= MAX_DISAGREEMENT_BPS,
            OutOfRange(config.maxDisagreementBps, 1, MAX_DISAGREEMENT_BPS)
        );
        require(
            config.maxPriceWad > 0 && config.maxPriceWad <= _PRICE_MASK,
            OutOfRange(config.maxPriceWad, 1, _PRICE_MASK)
        );
        require(
            config.minPriceWad > 0 && config.minPriceWad <= config.maxPriceWad,
            OutOfRange(config.minPriceWad, 1, config.maxPriceWad)
        );
        uint8[] memory feedDecimals = new uint8[](count);
        for (uint256 i = 0; i < count; ++i) feedDecimals[i] = _checkFeed(config.feeds, i);

        _replace(token, ConfigBlob.encode(token, config, feedDecimals));
        emit SetToken(token, keccak256(abi.encode(config)));
    }

    /// @inheritdoc IXAUOracle
    function removeToken(address token) external onlyOwner {
        (uint256 start, uint256 end) = ConfigBlob.load(configData);
        require(ConfigBlob.find(start, end, token) != 0, TokenNotConfigured(token));
        _replace(token, "");
        emit RemoveToken(token);
    }

    // --- Prices ---

    /// @inheritdoc IXAUOracle
    function priceInUsd(address token) external view returns (uint256 priceWad) {
        return _read(token).newestWad;
    }

    /// @inheritdoc IXAUOracle
    function priceInXau(address token) external view returns (uint256 priceWad) {
        if (token == xau) return _WAD;
        (TokenPrice memory price, TokenPrice memory xauPrice) = _readTwo(token, xau);
        return (price.newestWad * _WAD) / xauPrice.newestWad;
    }

    /// @inheritdoc IXAUOracle
    function valueInXau(address token, uint256 amountUnits) external view returns (uint256 xauWei) {
        if (token == xau) return amountUnits;
        (TokenPrice memory price, TokenPrice memory xauPrice) = _readTwo(token, xau);
        return _value(price, xauPrice, amountUnits);
    }

    /// @inheritdoc IXAUOracle
    function anchors(
        address baseToken,
        address quoteToken
    ) external view returns (uint256 anchorNew, uint256 anchorPrevious) {
        (TokenPrice memory base, TokenPrice memory quote) = _readTwo(baseToken, quoteToken);
        return _anchors(baseToken, quoteToken, base, quote);
    }

    /// @inheritdoc IXAUOracle
    function pullAnchors(
        address baseToken,
        address quoteToken
    ) external returns (uint256 anchorNew, uint256 anchorPrevious) {
        (TokenPrice memory base, TokenPrice memory quote) = _pullTwo(baseToken, quoteToken);
        return _anchors(baseToken, quoteToken, base, quote);
    }

    /// @inheritdoc IXAUOracle
    function pullValueInXau(address token, uint256 amountUnits) external returns (uint256 xauWei) {
        if (token == xau) return amountUnits;
        (TokenPrice memory price, TokenPrice memory xauPrice) = _pullTwo(token, xau);
        return _value(price, xauPrice, amountUnits);
    }

    // --- Configuration reads ---

    /// @inheritdoc IXAUOracle
    function tokenConfig(address token) external view returns (TokenConfig memory config) {
        (uint256 start, uint256 end) = ConfigBlob.load(configData);
        uint256 entry = _find(start, end, token);
        config.tokenDecimals = uint8(ConfigBlob.tokenDecimalsOf(entry));
        config.minFeeds = uint8(ConfigBlob.minFeedsOf(entry));
        config.maxDisagreementBps = uint16(ConfigBlob.maxDisagreementBpsOf(entry));
        (uint256 minPriceWad, uint256 maxPriceWad) = ConfigBlob.boundsOf(entry);
        config.minPriceWad = uint128(minPriceWad);
        config.maxPriceWad = uint128(maxPriceWad);
        uint256 count = ConfigBlob.feedCountOf(entry);
        config.feeds = new Feed[](count);
        for (uint256 i = 0; i < count; ++i) {
            (address source, FeedKind kind, uint256 maxAgeSeconds, ) = ConfigBlob.feedOf(entry, i);
            config.feeds[i] = Feed({source: source, kind: kind, maxAgeSeconds: uint32(maxAgeSeconds)});
        }
    }

    /// @inheritdoc IXAUOracle
    function tokens() external view returns (address[] memory list) {
        (uint256 start, uint256 end) = ConfigBlob.load(configData);
        list = new address[](MAX_TOKENS);
        uint256 count;
        for (uint256 entry = start; entry < end; entry += ConfigBlob.entryBytes(entry)) {
            list[count++] = ConfigBlob.tokenOf(entry);
        }
        assembly ("memory-safe") {
            mstore(list, count) // shortens the array; count <= MAX_TOKENS
        }
    }

    // --- Internal: formulas ---

    /// @dev priceBase / priceQuote * 10^(18 + quoteDecimals - baseDecimals), rounded down. No overflow: 120 bits times at most 10^36.
    function _anchors(
        address baseToken,
        address quoteToken,
        TokenPrice memory base,
        TokenPrice memory quote
    ) internal pure returns (uint256 anchorNew, uint256 anchorPrevious) {
        uint256 scale = 10 ** (18 + quote.decimals - base.decimals);
        anchorNew = (base.newestWad * scale) / quote.newestWad;
        anchorPrevious = (base.previousWad * scale) / quote.previousWad;
        uint256 smaller = Math.min(anchorNew, anchorPrevious);
        require(smaller >= MIN_ANCHOR, AnchorTooSmall(baseToken, quoteToken, smaller));
    }

    /// @dev amount * price / xauPrice * 10^(18 - decimals), rounded down.
    function _value(
        TokenPrice memory price,
        TokenPrice memory xauPrice,
        uint256 amountUnits
    ) internal pure returns (uint256) {
        return Math.mulDiv(amountUnits, price.newestWad * 10 ** (18 - price.decimals), xauPrice.newestWad);
    }

    // --- Internal: reading ---

    function _read(address token) internal view returns (TokenPrice memory) {
        TokenPrice memory price = _kept(token);
        if (price.newestWad != 0) return price;
        (uint256 start, uint256 end) = ConfigBlob.load(configData);
        return _price(_find(start, end, token));
    }

    function _readTwo(address a, address b) internal view returns (TokenPrice memory, TokenPrice memory) {
        require(a != b, IdenticalTokens(a));
        TokenPrice memory priceA = _kept(a);
        TokenPrice memory priceB = _kept(b);
        if (priceA.newestWad != 0 && priceB.newestWad != 0) return (priceA, priceB);
        (uint256 start, uint256 end) = ConfigBlob.load(configData);
        if (priceA.newestWad == 0) priceA = _price(_find(start, end, a));
        if (priceB.newestWad == 0) priceB = _price(_find(start, end, b));
        return (priceA, priceB);
    }

    function _pullTwo(address a, address b) internal returns (TokenPrice memory priceA, TokenPrice memory priceB) {
        require(a != b, IdenticalTokens(a));
        priceA = _kept(a);
        priceB = _kept(b);
        if (priceA.newestWad != 0 && priceB.newestWad != 0) return (priceA, priceB);
        (uint256 start, uint256 end) = ConfigBlob.load(configData);
        if (priceA.newestWad == 0) {
            priceA = _price(_find(start, end, a));
            _keep(a, priceA);
        }
        if (priceB.newestWad == 0) {
            priceB = _price(_find(start, end, b));
            _keep(b, priceB);
        }
    }

    /// @dev The transient slot of a token is its address; this contract has no other transient storage.
    function _kept(address token) internal view returns (TokenPrice memory price) {
        uint256 packed;
        assembly ("memory-safe") {
            packed := tload(token)
        }
        price.newestWad = packed & _PRICE_MASK;
        price.previousWad = (packed >> _PRICE_BITS) & _PRICE_MASK;
        price.decimals = packed >> (2 * _PRICE_BITS);
    }

    function _keep(address token, TokenPrice memory price) internal {
        uint256 packed = price.newestWad | (price.previousWad << _PRICE_BITS) | (price.decimals << (2 * _PRICE_BITS));
        assembly ("memory-safe") {
            tstore(token, packed)
        }
    }

    function _find(uint256 start, uint256 end, address token) internal pure returns (uint256 entry) {
        entry = ConfigBlob.find(start, end, token);
        require(entry != 0, TokenNotConfigured(token));
    }

    /// @dev Medians of one token by the newest and by the previous rounds.
    function _price(uint256 entry) internal view returns (TokenPrice memory price) {
        uint256 count = ConfigBlob.feedCountOf(entry);
        (uint256 minPriceWad, uint256 maxPriceWad) = ConfigBlob.boundsOf(entry);
        uint256[] memory newest = new uint256[](count);
        uint256[] memory previous = new uint256[](count);
        uint256 usable;
        bool insideGrace;
        for (uint256 i = 0; i < count; ++i) {
            (uint256 newestWad, uint256 previousWad) = _readFeed(entry, i);
            if (newestWad < minPriceWad || newestWad > maxPriceWad) continue;
            if (previousWad != newestWad) {
                if (previousWad < minPriceWad || previousWad > maxPriceWad) continue;
                insideGrace = true;
            }
            Median.insert(newest, usable, newestWad);
            Median.insert(previous, usable, previousWad);
            unchecked {
                ++usable;
            }
        }
        uint256 required = ConfigBlob.minFeedsOf(entry);
        if (usable < required) revert NotEnoughFeeds(ConfigBlob.tokenOf(entry), usable, required);
        price.newestWad = Median.ofSorted(newest, usable);
        price.previousWad = insideGrace ? Median.ofSorted(previous, usable) : price.newestWad;
        price.decimals = ConfigBlob.tokenDecimalsOf(entry);
        _checkAgreement(entry, newest[usable - 1] - newest[0], price.newestWad);
    }

    function _checkAgreement(uint256 entry, uint256 spreadWad, uint256 medianWad) internal pure {
        uint256 limitBps = ConfigBlob.maxDisagreementBpsOf(entry);
        if (spreadWad * _BPS <= limitBps * medianWad) return;
        revert FeedsDisagree(ConfigBlob.tokenOf(entry), Math.ceilDiv(spreadWad * _BPS, medianWad), limitBps);
    }

    /// @dev Newest answer and the one that counts as previous (equal outside the grace window), 1e18; 0 where there is none to use.
    function _readFeed(uint256 entry, uint256 index) internal view returns (uint256 newestWad, uint256 previousWad) {
        (address source, FeedKind kind, uint256 maxAgeSeconds, uint256 feedDecimals) = ConfigBlob.feedOf(entry, index);
        uint256 unit = 10 ** (18 - feedDecimals);
        return
            kind == FeedKind.SIGNED
                ? _readSigned(source, maxAgeSeconds, unit)
                : _readChainlink(source, maxAgeSeconds, unit);
    }

    function _readSigned(
        address source,
        uint256 maxAgeSeconds,
        uint256 unit
    ) internal view returns (uint256 newestWad, uint256 previousWad) {
        (bool ok, uint256 answer, uint256 updatedAt, uint256 arrivedInBlock, uint256 previousAnswer) = FeedReader
            .readSigned(source);
        if (!ok || !_isFresh(updatedAt, maxAgeSeconds) || arrivedInBlock > block.number) return (0, 0);
        newestWad = _toWad(answer, unit);
        unchecked {
            previousWad = block.number - arrivedInBlock < graceBlocks ? _toWad(previousAnswer, unit) : newestWad;
        }
    }

    function _readChainlink(
        address source,
        uint256 maxAgeSeconds,
        uint256 unit
    ) internal view returns (uint256 newestWad, uint256 previousWad) {
        (bool ok, uint256 roundId, int256 answer, uint256 updatedAt) = FeedReader.readLatest(source);
        if (!ok || answer <= 0 || !_isFresh(updatedAt, maxAgeSeconds)) return (0, 0);
        newestWad = _toWad(uint256(answer), unit);
        uint256 windowSeconds = graceBlocks * maxBlockSeconds;
        if (block.timestamp - updatedAt >= windowSeconds) return (newestWad, newestWad);

        if (roundId == 0 || roundId > type(uint80).max) return (0, 0);
        uint256 previousAt;
        (ok, , answer, previousAt) = FeedReader.readRound(source, uint80(roundId - 1));
        if (!ok || answer <= 0 || previousAt == 0 || previousAt > updatedAt) return (0, 0);
        if (block.timestamp - previousAt < windowSeconds) return (0, 0);
        previousWad = _toWad(uint256(answer), unit);
    }

    function _isFresh(uint256 updatedAt, uint256 maxAgeSeconds) internal view returns (bool) {
        unchecked {
            return updatedAt <= block.timestamp && block.timestamp - updatedAt <= maxAgeSeconds;
        }
    }

    /// @dev 0 for an answer too large to be a price; 128 bits times 10^18 do not overflow.
    function _toWad(uint256 answer, uint256 unit) internal pure returns (uint256) {
        unchecked {
            return answer > type(uint128).max ? 0 : answer * unit;
        }
    }

    // --- Internal: configuration ---

    /// @dev Rewrites the data contract with `words` in place of the token's entry, or without it when `words` is empty.
    function _replace(address token, bytes memory words) internal {
        (uint256 start, uint256 end) = ConfigBlob.load(configData);
        bytes memory blob;
        uint256 count;
        for (uint256 entry = start; entry < end; entry += ConfigBlob.entryBytes(entry)) {
            if (ConfigBlob.tokenOf(entry) == token) continue;
            blob = bytes.concat(blob, ConfigBlob.copy(entry));
            ++count;
        }
        if (words.length > 0) ++count;
        require(count <= MAX_TOKENS, OutOfRange(count, 0, MAX_TOKENS));
        configData = ConfigBlob.write(bytes.concat(blob, words));
        TokenPrice memory none;
        _keep(token, none); // what was pulled by the old configuration is forgotten
    }

    function _checkDecimals(address token, uint8 declared) internal view {
        require(token != address(0), ZeroAddress());
        require(token.code.length > 0, NotAContract(token));
        require(declared <= 18, OutOfRange(declared, 0, 18));
        uint8 actual = IERC20Metadata(token).decimals();
        require(declared == actual, DecimalsMismatch(token, declared, actual));
    }

    /// @dev The feed answers as its kind says, is not among the earlier ones, and needs no round yet.
    function _checkFeed(Feed[] calldata feeds, uint256 index) internal view returns (uint8 feedDecimals) {
        Feed calldata feed = feeds[index];
        address source = feed.source;
        require(source != address(0), ZeroAddress());
        require(source.code.length > 0, NotAContract(source));
        require(
            feed.maxAgeSeconds > 0 && feed.maxAgeSeconds <= MAX_AGE_SECONDS,
            OutOfRange(feed.maxAgeSeconds, 1, MAX_AGE_SECONDS)
        );
        feedDecimals = IAggregatorV3(source).decimals();
        require(feedDecimals <= 18, OutOfRange(feedDecimals, 0, 18));

        (bool isSigned, bytes32 feedId) = _tryFeedId(source);
        require(isSigned == (feed.kind == FeedKind.SIGNED), FeedKindMismatch(source));
        if (isSigned) {
            uint256 gap = ISignedPriceFeed(source).minGapBlocks();
            require(gap >= graceBlocks, GapBelowGrace(source, gap, graceBlocks));
        }
        for (uint256 i = 0; i < index; ++i) {
            require(feeds[i].source != source, DuplicateFeed(source));
            if (!isSigned) continue;
            (bool otherSigned, bytes32 otherId) = _tryFeedId(feeds[i].source);
            require(!otherSigned || otherId != feedId, DuplicateFeed(source));
        }
    }

    function _tryFeedId(address source) internal view returns (bool, bytes32) {
        (bool ok, bytes memory data) = source.staticcall(abi.encodeCall(ISignedPriceFeed.feedId, ()));
        return ok && data.length == 32 ? (true, bytes32(data)) : (false, bytes32(0));
    }
}
