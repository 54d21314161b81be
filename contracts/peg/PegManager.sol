// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IDodoV2Pool} from "../interfaces/IDodoV2Pool.sol";
import {IPegManager, IPegSink} from "../interfaces/IPegManager.sol";
import {IPmmPool} from "../interfaces/IPmmPool.sol";
import {IXAUOracle} from "../interfaces/IXAUOracle.sol";

/// @title PegManager
/// @notice The state machine that both managers share. They differ in what their reference may be.
/// @dev ROLES. Anyone: poke. Guardian: a veto of VETO_SECONDS in either direction, then as long a wait. Owner (two steps, cannot be
/// renounced; a timelock): tokens, sink, guardian, lifting a veto. Nobody can move anything: the contract holds no token.
/// @dev PRICE SOURCES. `XAUOracle` for the token, the configured feed for the reference; pools for block-end ratios. A doubt about a
/// price neither starts a halt nor ends one: what needs a price refuses to act by itself, and calm must be seen to count.
/// @dev ROUNDING. Deviations are rounded away from zero. TOKEN REQUIREMENTS. None; no token is called.
/// @dev LIVENESS. Cost of a poke is bounded: MAX_POOLS histories of at most 64 block-ends. A pool that cannot answer (in the middle of a call, too young) leaves the state as it is.
/// @dev HOW TO STOP IT. `setSink(address(0))` cuts it off; `removeToken` ends one token's management.
abstract contract PegManager is IPegManager, Ownable2Step {
    using SafeCast for uint256;

    uint256 internal constant WAD = 1e18;

    uint256 public constant MAX_TOKENS = 16;
    uint256 public constant MAX_POOLS = 8;
    /// @notice What a pool's history can answer.
    uint256 public constant MAX_HISTORY_BLOCKS = 64;
    /// @notice Longest wait for a halt to begin, so that no configuration can keep it from ever doing so, and to end.
    uint256 public constant MAX_HALT_BLOCKS = 300;
    uint256 public constant MAX_CALM_BLOCKS = 50_000;
    /// @notice Widest market threshold and price band: 10 % and 20 %.
    uint256 public constant MAX_MARKET_WAD = 0.1e18;
    uint256 public constant MAX_BAND_WAD = 0.2e18;
    uint256 public constant MAX_REFERENCE_AGE_SECONDS = 7 days;
    /// @notice How long the guardian's veto lasts, and how long he waits for the next one after that.
    uint256 public constant VETO_SECONDS = 24 hours;
    /// @notice Gas that one pool's history, and the price, are entitled to. With less left a poke reverts: its caller could choose
    /// otherwise what it sees.
    uint256 public constant POOL_GAS = 300_000;
    uint256 public constant PRICE_GAS = 1_200_000;

    /// @dev 8 + 8 + 40 + 40 + 8 + 40 + 40 = 184 bits.
    struct Track {
        State market;
        bool priceHalted;
        /// @dev First block of the uninterrupted run of pokes that saw the price outside, or inside while halted; 0 = none.
        uint40 outsideSince;
        uint40 calmSince;
        State vetoState;
        uint40 vetoUntil;
        uint40 vetoReadyAt;
    }

    IXAUOracle public immutable oracle;
    /// @inheritdoc IPegManager
    address public guardian;
    /// @inheritdoc IPegManager
    IPegSink public sink;

    address[] private _tokens;
    mapping(address token => Config) private _configs;
    mapping(address token => address[]) private _pools;
    mapping(address token => Track) private _tracks;
    /// @dev What the sink was told last.
    mapping(address token => State) private _told;

    constructor(address oracle_, address owner_) Ownable(owner_) {
        require(oracle_.code.length > 0, NotAContract(oracle_));
        oracle = IXAUOracle(oracle_);
    }

    modifier managed(address token) {
        require(isManaged(token), TokenNotManaged(token));
        _;
    }

    /// @dev Reverts unless this kind of manager accepts the reference.
    function _checkReference(address referenceFeed) internal view virtual;

    // --- Anyone ---

    /// @inheritdoc IPegManager
    function poke(address token) external managed(token) returns (State state) {
        (Track memory track, int256 priceDeviationWad) = _next(token);
        _tracks[token] = track;
        return _tell(token, priceDeviationWad);
    }

    // --- Guardian ---

    /// @inheritdoc IPegManager
    function veto(address token, State state) external managed(token) {
        require(msg.sender == guardian, NotAuthorized(msg.sender));
        require(state == State.HALTED || state == State.NORMAL, NotAVetoState(state));
        Track storage track = _tracks[token];
        require(block.timestamp >= track.vetoReadyAt, NotReady(track.vetoReadyAt, block.timestamp));
        uint256 until = block.timestamp + VETO_SECONDS;
        (track.vetoState, track.vetoUntil) = (state, until.toUint40());
        track.vetoReadyAt = (until + VETO_SECONDS).toUint40();
        emit Vetoed(token, state, until);
        _tell(token, 0);
    }

    // --- Owner ---

    /// @inheritdoc IPegManager
    function liftVeto(address token) external onlyOwner managed(token) {
        require(_tracks[token].vetoUntil > block.timestamp, NothingPending());
        _tracks[token].vetoUntil = 0;
        emit Vetoed(token, State.NORMAL, 0);
        _tell(token, 0);
    }

    /// @inheritdoc IPegManager
    function setToken(address token, Config calldata newConfig, address[] calldata pools) external onlyOwner {
        _checkConfig(newConfig);
        _checkReference(newConfig.referenceFeed);
        if (newConfig.referenceFeed != address(0)) {
            require(newConfig.referenceFeed.code.length > 0, NotAContract(newConfig.referenceFeed));
            _inRange(IAggregatorV3(newConfig.referenceFeed).decimals(), 0, 18);
        }
        _inRange(pools.length, 0, MAX_POOLS);
        for (uint256 index = 0; index < pools.length; ++index) {
            IDodoV2Pool pool = IDodoV2Pool(pools[index]);
            bool trades = pool._BASE_TOKEN_() == token || pool._QUOTE_TOKEN_() == token;
            require(trades && pool._IS_OPEN_TWAP_(), NotAPoolOfToken(pools[index], token));
        }
        // Reverts for a token without a price. A feed cannot be the judge of itself.
        IXAUOracle.Feed[] memory feeds = oracle.tokenConfig(token).feeds;
        for (uint256 index = 0; index < feeds.length; ++index) {
            require(feeds[index].source != newConfig.referenceFeed, ReferenceFeedMismatch(newConfig.referenceFeed));
        }
        if (!isManaged(token)) {
            _inRange(_tokens.length + 1, 1, MAX_TOKENS);
            _tokens.push(token);
        }
        _configs[token] = newConfig;
        _pools[token] = pools;
        emit SetToken(token, newConfig, pools);
    }

    /// @inheritdoc IPegManager
    function removeToken(address token) external onlyOwner managed(token) {
        delete _configs[token];
        delete _pools[token];
        delete _tracks[token];
        uint256 last = _tokens.length - 1;
        for (uint256 index = 0; index < last; ++index) {
            if (_tokens[index] == token) _tokens[index] = _tokens[last];
        }
        _tokens.pop();
        _tell(token, 0);
        emit RemoveToken(token);
    }

    /// @inheritdoc IPegManager
    function setSink(address newSink) external onlyOwner {
        require(newSink == address(0) || newSink.code.length > 0, NotAContract(newSink));
        sink = IPegSink(newSink);
        emit SetSink(newSink);
        if (newSink == address(0)) return;
        for (uint256 index = 0; index < _tokens.length; ++index) {
            IPegSink(newSink).pegChanged(_tokens[index], _told[_tokens[index]]);
        }
    }

    /// @inheritdoc IPegManager
    function setGuardian(address newGuardian) external onlyOwner {
        guardian = newGuardian;
        emit SetGuardian(newGuardian);
    }

    /// @notice Always reverts: a manager without an owner could never be corrected.
    function renounceOwnership() public view override onlyOwner {
        revert NotAuthorized(msg.sender);
    }

    // --- Views ---

    /// @inheritdoc IPegManager
    function stateOf(address token) public view returns (State) {
        return _counting(_tracks[token]);
    }

    /// @inheritdoc IPegManager
    function measuredStateOf(address token) external view returns (State) {
        return _tracks[token].priceHalted ? State.HALTED : _tracks[token].market;
    }

    /// @inheritdoc IPegManager
    function pokeDue(address token) external view managed(token) returns (bool) {
        (Track memory track, ) = _next(token);
        bool moves = keccak256(abi.encode(track)) != keccak256(abi.encode(_tracks[token]));
        return moves || _counting(track) != _told[token];
    }

    /// @inheritdoc IPegManager
    function measure(address token) external view managed(token) returns (Measurement memory) {
        return _measure(token, _tracks[token].market);
    }

    /// @inheritdoc IPegManager
    function referenceUsdWad(address token) public view managed(token) returns (uint256) {
        Config storage own = _configs[token];
        address feed = own.referenceFeed;
        if (feed == address(0)) return own.parWad;
        (, int256 answer, , uint256 updatedAt, ) = IAggregatorV3(feed).latestRoundData();
        _inRange(updatedAt, block.timestamp - own.maxReferenceAgeSeconds, block.timestamp);
        uint256 price = _inRange(answer < 0 ? 0 : uint256(answer), 1, type(uint128).max);
        return Math.mulDiv(own.parWad, price, 10 ** IAggregatorV3(feed).decimals());
    }

    /// @inheritdoc IPegManager
    function tokens() external view returns (address[] memory) {
        return _tokens;
    }

    /// @inheritdoc IPegManager
    function isManaged(address token) public view returns (bool) {
        return _configs[token].parWad != 0;
    }

    /// @inheritdoc IPegManager
    function config(address token) external view returns (Config memory) {
        return _configs[token];
    }

    /// @inheritdoc IPegManager
    function poolsOf(address token) external view returns (address[] memory) {
        return _pools[token];
    }

    /// @inheritdoc IPegManager
    function vetoOf(address token) external view returns (State state, uint256 until, uint256 readyAt) {
        Track memory track = _tracks[token];
        return (track.vetoState, track.vetoUntil, track.vetoReadyAt);
    }

    /// @notice The token's oracle price and its reference, USD, 1e18. Its own entry, so that a doubt in either is one failed call.
    function prices(address token) external view returns (uint256 priceUsdWad, uint256 referenceWad) {
        return (oracle.priceInUsd(token), referenceUsdWad(token));
    }

    // --- Internal: measuring ---

    /// @dev What a poke makes of the token's track.
    function _next(address token) internal view returns (Track memory track, int256 priceDeviationWad) {
        track = _tracks[token];
        Measurement memory found = _measure(token, track.market);
        track.market = found.market;
        if (found.priceKnown)
            _followPrice(track, _configs[token], found.priceDeviationWad);
            // Calm that nobody has seen does not count.
        else track.calmSince = 0;
        return (track, found.priceDeviationWad);
    }

    /// @dev The guardian's state while his veto lasts, else the measured one.
    function _counting(Track memory track) private view returns (State) {
        if (track.vetoUntil > block.timestamp) return track.vetoState;
        return track.priceHalted ? State.HALTED : track.market;
    }

    function _measure(address token, State current) internal view returns (Measurement memory found) {
        address[] memory pools = _pools[token];
        Config memory own = _configs[token];
        for (uint256 index = 0; index < pools.length; ++index) {
            State pool = _marketState(pools[index], own, current);
            if (pool > found.market) found.market = pool;
        }
        _requireGas(PRICE_GAS);
        try this.prices{gas: PRICE_GAS}(token) returns (uint256 price, uint256 reference_) {
            if (reference_ == 0) return found;
            (found.priceKnown, found.priceUsdWad) = (true, price);
            found.priceDeviationWad =
                price >= reference_
                    ? Math.mulDiv(price - reference_, WAD, reference_, Math.Rounding.Ceil).toInt256()
                    : -Math.mulDiv(reference_ - price, WAD, reference_, Math.Rounding.Ceil).toInt256();
        } catch {
            return found;
        }
    }

    /// @dev Up after `enterBlocks` block-ends outside a threshold on one side; down by the last `recoverBlocks` being inside.
    function _marketState(address pool, Config memory own, State current) internal view returns (State) {
        uint256 count = Math.max(own.enterBlocks, own.recoverBlocks);
        _requireGas(POOL_GAS);
        try IPmmPool(pool).recentBlockEnds{gas: POOL_GAS}(count) returns (uint256[] memory ratios) {
            if (_allOutside(ratios, own.enterBlocks, own.defendingWad)) return State.DEFENDING;
            bool outside = _allOutside(ratios, own.enterBlocks, own.deviatingWad);
            if (current == State.DEFENDING && !_allInside(ratios, own.recoverBlocks, own.deviatingWad)) return current;
            if (outside) return State.DEVIATING;
            bool calm = current == State.NORMAL || _allInside(ratios, own.recoverBlocks, own.calmWad);
            return calm ? State.NORMAL : State.DEVIATING;
        } catch {
            return current;
        }
    }

    function _allOutside(uint256[] memory ratios, uint256 count, uint256 limitWad) private pure returns (bool) {
        bool above = ratios[0] > WAD;
        for (uint256 index = 0; index < count; ++index) {
            if (above ? ratios[index] <= WAD + limitWad : ratios[index] + limitWad >= WAD) return false;
        }
        return true;
    }

    function _allInside(uint256[] memory ratios, uint256 count, uint256 limitWad) private pure returns (bool) {
        for (uint256 index = 0; index < count; ++index) {
            if (ratios[index] > WAD + limitWad || ratios[index] + limitWad < WAD) return false;
        }
        return true;
    }

    /// @dev A run begins with the first poke that sees it and ends with the first that does not.
    function _followPrice(Track memory track, Config memory own, int256 deviationWad) private view {
        uint256 distance = uint256(deviationWad < 0 ? -deviationWad : deviationWad);
        uint40 here = block.number.toUint40();
        if (distance <= own.bandWad) track.outsideSince = 0;
        else if (track.outsideSince == 0) track.outsideSince = here;
        if (distance > own.recoverBandWad || !track.priceHalted) track.calmSince = 0;
        else if (track.calmSince == 0) track.calmSince = here;

        if (track.outsideSince != 0 && here - track.outsideSince + 1 >= own.haltBlocks) track.priceHalted = true;
        if (track.calmSince != 0 && here - track.calmSince + 1 >= own.calmBlocks) {
            (track.priceHalted, track.calmSince) = (false, 0);
        }
    }

    /// @dev Tells the sink what counts now. A sink that refuses takes the whole change back: state and sink never part.
    function _tell(address token, int256 priceDeviationWad) private returns (State state) {
        state = stateOf(token);
        State told = _told[token];
        if (state == told) return state;
        _told[token] = state;
        emit StateChanged(token, told, state, priceDeviationWad);
        if (address(sink) != address(0)) sink.pegChanged(token, state);
    }

    // --- Internal: checks ---

    function _checkConfig(Config calldata newConfig) private pure {
        _inRange(newConfig.defendingWad, 1, MAX_MARKET_WAD);
        _inRange(newConfig.bandWad, 1, MAX_BAND_WAD);
        _inRange(newConfig.enterBlocks, 1, MAX_HISTORY_BLOCKS);
        _inRange(newConfig.recoverBlocks, 1, MAX_HISTORY_BLOCKS);
        _inRange(newConfig.haltBlocks, 1, MAX_HALT_BLOCKS);
        _inRange(newConfig.calmBlocks, 1, MAX_CALM_BLOCKS);
        _inRange(newConfig.parWad, 1, type(uint128).max);
        bool fed = newConfig.referenceFeed != address(0);
        _inRange(newConfig.maxReferenceAgeSeconds, fed ? 1 : 0, fed ? MAX_REFERENCE_AGE_SECONDS : 0);
        require(
            newConfig.calmWad > 0 &&
                newConfig.calmWad <= newConfig.deviatingWad &&
                newConfig.deviatingWad < newConfig.defendingWad &&
                newConfig.recoverBandWad > 0 &&
                newConfig.recoverBandWad <= newConfig.bandWad,
            InconsistentConfig()
        );
    }

    /// @dev EIP-150 hands on at most 63/64 of what is left.
    function _requireGas(uint256 allowance) private view {
        uint256 required = (allowance * 64) / 63 + 5_000;
        uint256 left = gasleft();
        require(left >= required, GasTooLow(left, required));
    }

    function _inRange(uint256 value, uint256 minimum, uint256 maximum) private pure returns (uint256) {
        require(value >= minimum && value <= maximum, OutOfRange(value, minimum, maximum));
        return value;
    }
}
