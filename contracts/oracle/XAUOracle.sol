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
    using ConfigBlob for uint256;

    /// @dev A token's two prices in one word: newest (120 bits) | previous (120) | token decimals (8). 0 = none, a price is positive.
    type TokenPrice is uint256;

    /// @notice Smallest anchor: nine digits, so that rounding down costs less than 1e-9.
    uint256 public constant MIN_ANCHOR = 1e9;
    uint256 public constant MAX_FEEDS = 8;
    uint256 public constant MAX_TOKENS = 16;
    uint256 public constant MAX_DISAGREEMENT_BPS = 10_00; // 10 %
    uint256 public constant MAX_AGE_SECONDS = 14 days;
    uint256 public constant MAX_GRACE_BLOCKS = 256;

    uint256 private constant _WAD = 1e18;
    uint256 private constant _BPS = 100_00;
    uint256 private constant _PRICE_BITS = 120;
    uint256 private constant _DECIMALS_SHIFT = 240; // 2 * _PRICE_BITS
    uint256 private constant _PRICE_MASK = type(uint120).max;

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
        TokenPrice kept = _kept(token);
        if (TokenPrice.unwrap(kept) != 0) return _newest(kept);
        (uint256 start, uint256 end) = ConfigBlob.load(configData);
        return _newest(_read(start, end, token));
    }

    /// @inheritdoc IXAUOracle
    function priceInXau(address token) external view returns (uint256 priceWad) {
        if (token == xau) return _WAD;
        (TokenPrice price, TokenPrice xauPrice) = _readTwo(token, xau);
        return (_newest(price) * _WAD) / _newest(xauPrice);
    }

    /// @inheritdoc IXAUOracle
    function valueInXau(address token, uint256 amountUnits) external view returns (uint256 xauWei) {
        if (token == xau) return amountUnits;
        (TokenPrice price, TokenPrice xauPrice) = _readTwo(token, xau);
        return _value(price, xauPrice, amountUnits);
    }

    /// @inheritdoc IXAUOracle
    function anchors(
        address baseToken,
        address quoteToken
    ) external view returns (uint256 anchorNew, uint256 anchorPrevious) {
        (TokenPrice base, TokenPrice quote) = _readTwo(baseToken, quoteToken);
        return _anchors(baseToken, quoteToken, base, quote);
    }

    /// @inheritdoc IXAUOracle
    function pullAnchors(
        address baseToken,
        address quoteToken
    ) external returns (uint256 anchorNew, uint256 anchorPrevious) {
        (TokenPrice base, TokenPrice quote) = _pullTwo(baseToken, quoteToken);
        return _anchors(baseToken, quoteToken, base, quote);
    }

    /// @inheritdoc IXAUOracle
    function pullValueInXau(address token, uint256 amountUnits) external returns (uint256 xauWei) {
        if (token == xau) return amountUnits;
        (TokenPrice price, TokenPrice xauPrice) = _pullTwo(token, xau);
        return _value(price, xauPrice, amountUnits);
    }

    /// @inheritdoc IXAUOracle
    function feedPrices(
        address token
    ) external view returns (uint256[] memory newestWad, uint256[] memory previousWad) {
        (uint256 start, uint256 end) = ConfigBlob.load(configData);
        uint256 entry = _find(start, end, token);
        uint256 count = entry.headOf().feedCountOf();
        newestWad = new uint256[](count);
        previousWad = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            (uint256 newest, uint256 previous) = _readFeed(entry.feedOf(i));
            if (_inBounds(entry, newest) && _inBounds(entry, previous)) {
                (newestWad[i], previousWad[i]) = (newest, previous);
            }
        }
    }

    /// @inheritdoc IXAUOracle
    function pullPair(
        address baseToken,
        address quoteToken
    ) external returns (uint256, uint256, uint256, uint256, uint256) {
        require(baseToken != quoteToken, IdenticalTokens(baseToken));
        (TokenPrice base, TokenPrice quote, TokenPrice xauPrice) = (_kept(baseToken), _kept(quoteToken), _kept(xau));
        if (_isNone(base) || _isNone(quote) || _isNone(xauPrice)) {
            (uint256 start, uint256 end) = ConfigBlob.load(configData);
            base = _pull(base, start, end, baseToken);
            quote = _pull(quote, start, end, quoteToken);
            if (baseToken == xau) xauPrice = base;
            else if (quoteToken == xau) xauPrice = quote;
            else xauPrice = _pull(xauPrice, start, end, xau);
        }
        return _pairPrices(baseToken, quoteToken, base, quote, xauPrice);
    }

    /// @inheritdoc IXAUOracle
    function viewPair(
        address baseToken,
        address quoteToken
    ) external view returns (uint256, uint256, uint256, uint256, uint256) {
        require(baseToken != quoteToken, IdenticalTokens(baseToken));
        (TokenPrice base, TokenPrice quote, TokenPrice xauPrice) = (_kept(baseToken), _kept(quoteToken), _kept(xau));
        (uint256 start, uint256 end) = ConfigBlob.load(configData);
        if (_isNone(base)) base = _read(start, end, baseToken);
        if (_isNone(quote)) quote = _read(start, end, quoteToken);
        if (baseToken == xau) xauPrice = base;
        else if (quoteToken == xau) xauPrice = quote;
        else if (_isNone(xauPrice)) xauPrice = _read(start, end, xau);
        return _pairPrices(baseToken, quoteToken, base, quote, xauPrice);
    }

    // --- Configuration reads ---

    /// @inheritdoc IXAUOracle
    function tokenConfig(address token) external view returns (TokenConfig memory config) {
        (uint256 start, uint256 end) = ConfigBlob.load(configData);
        uint256 entry = _find(start, end, token);
        uint256 head = entry.headOf();
        config.tokenDecimals = uint8(head.tokenDecimalsOf());
        config.minFeeds = uint8(head.minFeedsOf());
        config.maxDisagreementBps = uint16(head.maxDisagreementBpsOf());
        (uint256 minPriceWad, uint256 maxPriceWad) = entry.boundsOf();
        config.minPriceWad = uint128(minPriceWad);
        config.maxPriceWad = uint128(maxPriceWad);
        uint256 count = head.feedCountOf();
        config.feeds = new Feed[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 feed = entry.feedOf(i);
            config.feeds[i] = Feed({
                source: feed.sourceOf(),
                kind: FeedKind(feed.kindOf()),
                maxAgeSeconds: uint32(feed.maxAgeSecondsOf())
            });
        }
    }

    /// @inheritdoc IXAUOracle
    function tokens() external view returns (address[] memory list) {
        (uint256 start, uint256 end) = ConfigBlob.load(configData);
        list = new address[](MAX_TOKENS);
        uint256 count;
        for (uint256 entry = start; entry < end; entry += entry.entryBytes()) {
            list[count++] = entry.headOf().tokenOf();
        }
        assembly ("memory-safe") {
            mstore(list, count) // shortens the array; count <= MAX_TOKENS
        }
    }

    // --- Internal: formulas ---

    /// @dev priceBase / priceQuote * 10^(18 + quoteDecimals - baseDecimals), rounded down.
    function _anchors(
        address baseToken,
        address quoteToken,
        TokenPrice base,
        TokenPrice quote
    ) internal pure returns (uint256 anchorNew, uint256 anchorPrevious) {
        unchecked {
            // No overflow: decimals are at most 18, and 120 bits times at most 10^36 are below 2^240. No division by 0: prices are positive.
            uint256 scale = 10 ** (18 + _decimals(quote) - _decimals(base));
            (uint256 basePrice, uint256 quotePrice) = (_newest(base), _newest(quote));
            anchorNew = (basePrice * scale) / quotePrice;
            if (anchorNew < MIN_ANCHOR) revert AnchorTooSmall(baseToken, quoteToken, anchorNew);
            (uint256 basePrevious, uint256 quotePrevious) = (_previous(base), _previous(quote));
            if (basePrevious == basePrice && quotePrevious == quotePrice) return (anchorNew, anchorNew);
            anchorPrevious = (basePrevious * scale) / quotePrevious;
        }
        if (anchorPrevious < MIN_ANCHOR) revert AnchorTooSmall(baseToken, quoteToken, anchorPrevious);
    }

    /// @dev What `pullPair` answers.
    function _pairPrices(
        address baseToken,
        address quoteToken,
        TokenPrice base,
        TokenPrice quote,
        TokenPrice xauPrice
    )
        internal
        pure
        returns (uint256 baseXauWei, uint256 quoteXauWei, uint256 baseUsd, uint256 quoteUsd, uint256 anchor)
    {
        (baseUsd, quoteUsd) = (_newest(base), _newest(quote));
        unchecked {
            // As in `_anchors`; 120 bits times 60 bits; prices are positive.
            anchor = (baseUsd * 10 ** (18 + _decimals(quote) - _decimals(base))) / quoteUsd;
            if (anchor < MIN_ANCHOR) revert AnchorTooSmall(baseToken, quoteToken, anchor);
            uint256 xauUsd = _newest(xauPrice);
            baseXauWei = (baseUsd * _WAD) / xauUsd;
            quoteXauWei = (quoteUsd * _WAD) / xauUsd;
        }
    }

    /// @dev amount * price / xauPrice * 10^(18 - decimals), rounded down.
    function _value(TokenPrice price, TokenPrice xauPrice, uint256 amountUnits) internal pure returns (uint256) {
        return Math.mulDiv(amountUnits, _newest(price) * 10 ** (18 - _decimals(price)), _newest(xauPrice));
    }

    function _isNone(TokenPrice price) private pure returns (bool) {
        return TokenPrice.unwrap(price) == 0;
    }

    function _newest(TokenPrice price) private pure returns (uint256) {
        return TokenPrice.unwrap(price) & _PRICE_MASK;
    }

    function _previous(TokenPrice price) private pure returns (uint256) {
        return (TokenPrice.unwrap(price) >> _PRICE_BITS) & _PRICE_MASK;
    }

    function _decimals(TokenPrice price) private pure returns (uint256) {
        return TokenPrice.unwrap(price) >> _DECIMALS_SHIFT;
    }

    // --- Internal: reading ---

    function _readTwo(address a, address b) internal view returns (TokenPrice priceA, TokenPrice priceB) {
        require(a != b, IdenticalTokens(a));
        (priceA, priceB) = (_kept(a), _kept(b));
        bool needA = _isNone(priceA);
        bool needB = _isNone(priceB);
        if (!needA && !needB) return (priceA, priceB);
        (uint256 start, uint256 end) = ConfigBlob.load(configData);
        if (needA) priceA = _read(start, end, a);
        if (needB) priceB = _read(start, end, b);
    }

    function _pullTwo(address a, address b) internal returns (TokenPrice priceA, TokenPrice priceB) {
        require(a != b, IdenticalTokens(a));
        (priceA, priceB) = (_kept(a), _kept(b));
        if (_isNone(priceA) || _isNone(priceB)) {
            (uint256 start, uint256 end) = ConfigBlob.load(configData);
            priceA = _pull(priceA, start, end, a);
            priceB = _pull(priceB, start, end, b);
        }
    }

    /// @dev What is kept of the token, or what the feeds say, which is kept then.
    function _pull(TokenPrice price, uint256 start, uint256 end, address token) internal returns (TokenPrice) {
        if (!_isNone(price)) return price;
        price = _read(start, end, token);
        _keep(token, price);
        return price;
    }

    /// @dev The transient slot of a token is its address; this contract has no other transient storage.
    function _kept(address token) internal view returns (TokenPrice price) {
        assembly ("memory-safe") {
            price := tload(token)
        }
    }

    function _keep(address token, TokenPrice price) internal {
        assembly ("memory-safe") {
            tstore(token, price)
        }
    }

    function _find(uint256 start, uint256 end, address token) internal pure returns (uint256 entry) {
        entry = ConfigBlob.find(start, end, token);
        require(entry != 0, TokenNotConfigured(token));
    }

    /// @dev Medians of one token by the newest and by the previous rounds.
    function _read(uint256 start, uint256 end, address token) internal view returns (TokenPrice) {
        uint256 entry = _find(start, end, token);
        uint256 head = entry.headOf();
        uint256 count = head.feedCountOf();
        uint256 newest = Median.room(count);
        uint256 previous = Median.room(count);
        (uint256 usable, bool insideGrace) = _collect(entry, count, newest, previous);
        if (usable < head.minFeedsOf()) revert NotEnoughFeeds(token, usable, head.minFeedsOf());

        uint256 newestWad = Median.ofSorted(newest, usable);
        unchecked {
            // Prices are below 2^120.
            uint256 scaledSpread = Median.spread(newest, usable) * _BPS;
            if (scaledSpread > head.maxDisagreementBpsOf() * newestWad) {
                revert FeedsDisagree(token, Math.ceilDiv(scaledSpread, newestWad), head.maxDisagreementBpsOf());
            }
        }
        uint256 previousWad = newestWad;
        if (insideGrace) {
            Median.sort(previous, usable);
            previousWad = Median.ofSorted(previous, usable);
        }
        return TokenPrice.wrap(newestWad | (previousWad << _PRICE_BITS) | (head.tokenDecimalsOf() << _DECIMALS_SHIFT));
    }

    /// @dev Reads the feeds of an entry into the two lists; only the newest are in ascending order.
    function _collect(
        uint256 entry,
        uint256 count,
        uint256 newest,
        uint256 previous
    ) internal view returns (uint256 usable, bool insideGrace) {
        uint256 at;
        uint256 end;
        unchecked {
            at = entry + 64;
            end = at + (count << 5);
        }
        uint256 grace = graceBlocks;
        while (at < end) {
            uint256 feed;
            bool isSigned;
            assembly ("memory-safe") {
                feed := mload(at)
                isSigned := byte(20, feed) // `ConfigBlob.kindOf`: CHAINLINK is 0, SIGNED is 1
            }
            (uint256 newestWad, uint256 previousWad) = isSigned
                ? FeedReader.readSigned(feed, grace)
                : FeedReader.readChainlink(feed, grace * maxBlockSeconds);
            // By hand, because every swap runs this six times.
            assembly ("memory-safe") {
                let bounds := mload(add(entry, 32))
                let minimum := and(bounds, 0xffffffffffffffffffffffffffffffff)
                let range := sub(shr(128, bounds), minimum)
                // A price below the minimum wraps to a distance beyond every range.
                if iszero(or(gt(sub(newestWad, minimum), range), gt(sub(previousWad, minimum), range))) {
                    if xor(newestWad, previousWad) {
                        insideGrace := 1
                    }
                    let offset := shl(5, usable)
                    mstore(add(previous, offset), previousWad)
                    let place := add(newest, offset)
                    for {} gt(place, newest) {} {
                        let below := mload(sub(place, 32))
                        if iszero(gt(below, newestWad)) {
                            break
                        }
                        mstore(place, below)
                        place := sub(place, 32)
                    }
                    mstore(place, newestWad)
                    usable := add(usable, 1)
                }
                at := add(at, 32)
            }
        }
    }

    function _readFeed(uint256 feed) internal view returns (uint256 newestWad, uint256 previousWad) {
        return
            feed.kindOf() == uint256(FeedKind.SIGNED)
                ? FeedReader.readSigned(feed, graceBlocks)
                : FeedReader.readChainlink(feed, graceBlocks * maxBlockSeconds);
    }

    function _inBounds(uint256 entry, uint256 priceWad) internal pure returns (bool) {
        (uint256 minPriceWad, uint256 maxPriceWad) = entry.boundsOf();
        return priceWad >= minPriceWad && priceWad <= maxPriceWad;
    }

    // --- Internal: configuration ---

    /// @dev Rewrites the data contract with `words` in place of the token's entry, or without it when `words` is empty.
    function _replace(address token, bytes memory words) internal {
        (uint256 start, uint256 end) = ConfigBlob.load(configData);
        bytes memory blob;
        uint256 count;
        for (uint256 entry = start; entry < end; entry += entry.entryBytes()) {
            if (entry.headOf().tokenOf() == token) continue;
            blob = bytes.concat(blob, ConfigBlob.copy(entry));
            ++count;
        }
        if (words.length > 0) ++count;
        require(count <= MAX_TOKENS, OutOfRange(count, 0, MAX_TOKENS));
        configData = ConfigBlob.write(bytes.concat(blob, words));
        _keep(token, TokenPrice.wrap(0)); // what was pulled by the old configuration is forgotten
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
