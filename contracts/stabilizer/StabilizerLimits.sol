// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IDodoV2Pool} from "../interfaces/IDodoV2Pool.sol";
import {IPegManager, IPegSink} from "../interfaces/IPegManager.sol";
import {IPmmFactory} from "../interfaces/IPmmFactory.sol";
import {IPmmPool} from "../interfaces/IPmmPool.sol";
import {IStabilizerLimits} from "../interfaces/IStabilizerLimits.sol";
import {IXAUOracle} from "../interfaces/IXAUOracle.sol";
import {CounterWords} from "./CounterWords.sol";
import {DeviationTrigger} from "./DeviationTrigger.sol";
import {SettingsStore} from "./SettingsStore.sol";

/// @title StabilizerLimits
/// @notice Answers how much the stabilizer may do now, in which direction, and why not; keeps the counters.
/// @dev ROLES. Owner (two steps, cannot be renounced; a timelock): pools, limits, factories, guardian, the stabilizer once. Guardian:
/// pauses for at most MAX_PAUSE_SECONDS and then not again for as long. Stabilizer: consumes. Peg managers: each tells the states of its
/// own tokens. Nobody else changes anything.
/// @dev PRICE SOURCES. The pool's own block-end history for the trigger, `XAUOracle` for every amount. Any doubt of either is a reason
/// not to act, never a default. PEG. A pool rests while one of its tokens is HALTED, and while the oracle prices one outside its guard:
/// the first is the manager's judgement and lasts until he takes it back, the second needs no word from anybody. ROUNDING. Amounts allowed round down, volume consumed and minimum sizes round up.
/// @dev TOKEN REQUIREMENTS. At most 36 decimals; those of the pools. LIVENESS. A pool waits for its cooldown, its bucket refills per
/// block, volume counts per block: no limit can be exhausted for longer than its configuration says. No call changes the cooldown but
/// an execution, and none smaller than the minimum counts as one. A manager is never asked, so none can block or delay anything.
/// @dev HOW TO STOP IT. `pause` (guardian or owner), or `removePool`. Neither touches funds, which the stabilizer's owner can withdraw
/// at any time.
contract StabilizerLimits is IStabilizerLimits, Ownable2Step {
    using Math for uint256;
    using SafeCast for uint256;
    using CounterWords for uint256;
    using CounterWords for CounterWords.Usage;
    using CounterWords for CounterWords.Meter;

    uint256 internal constant WAD = 1e18;

    /// @notice Longest cooldown a pool can be given, blocks.
    uint256 public constant MAX_MIN_BLOCKS = 300;
    /// @notice W + N - 1 at most: what every pool's ring can answer.
    uint256 public constant MAX_HISTORY_BLOCKS = 64;
    /// @notice Thresholds between 0.01 bps and 500 bps; slippage and disagreement at most 500 bps.
    uint256 public constant MIN_THRESHOLD_WAD = 1e12;
    uint256 public constant MAX_THRESHOLD_WAD = 0.05e18;
    uint256 public constant MAX_SLIPPAGE_WAD = 0.05e18;
    uint256 public constant MAX_DEVIATION_AGREE_WAD = 0.05e18;
    /// @notice The caller's share of the oracle gain: at most half.
    uint256 public constant MAX_REWARD_SHARE_WAD = 0.5e18;
    /// @notice Longest pause by the guardian, and the wait before the next one.
    uint256 public constant MAX_PAUSE_SECONDS = 24 hours;
    /// @notice Largest multiple of a pool's cap while it defends a peg.
    uint256 public constant MAX_DEFENDING_CAP_WAD = 10e18;
    /// @notice Gas of one execution with both legs, for the reward's bound of twice the gas cost.
    uint256 public constant GAS_PER_EXECUTION = 320_000;
    /// @dev Rewards paid are counted in 1e-9 XAU, rounded up.
    uint256 private constant REWARD_QUANTUM = 1e9;

    uint256 private constant HALTED = uint256(IPegManager.State.HALTED);
    uint256 private constant DEFENDING = uint256(IPegManager.State.DEFENDING);

    /// @dev What a decision reads of the settings, one word each, kept as code (see SettingsStore). From `thresholdWad` on the words of
    /// PoolConfig in their order; before them those of GlobalConfig, after them those of the tokens' guards.
    struct Settings {
        address stabilizer;
        address pool;
        address baseToken;
        address quoteToken;
        uint256 baseUnit;
        uint256 quoteUnit;
        bool fixedPricing;
        uint256 globalCapXauWei;
        uint256 maxGasPriceWei;
        uint256 nativePriceXauWei;
        uint256 thresholdWad;
        uint256 fastThresholdWad;
        uint256 gainWad;
        uint256 maxSlippageWad;
        uint256 maxDeviationAgreeWad;
        uint256 minShareWad;
        uint256 minBlocks;
        uint256 confirmations;
        uint256 windowBlocks;
        uint256 capXauWei;
        uint256 bucketXauWei;
        uint256 bucketRefillXauWeiPerBlock;
        uint256 minTradeXauWei;
        uint256 rewardShareWad;
        uint256 rewardBudgetXauWeiPerDay;
        uint256 baseMinUsdWad;
        uint256 baseRangeUsdWad;
        uint256 quoteMinUsdWad;
        uint256 quoteRangeUsdWad;
        uint256 defendingCapXauWei;
    }

    /// @dev Bytes of Settings, and where PoolConfig begins in them.
    uint256 private constant SETTINGS_SIZE = 30 * 32;
    uint256 private constant CONFIG_OFFSET = 10 * 32;
    uint256 private constant CONFIG_SIZE = 15 * 32;

    /// @dev Everything one decision needs; memory only. `poolAnchor` is what the pool trades at, 0 when nobody knows.
    struct Question {
        bytes32 pair;
        Settings settings;
        CounterWords.Usage usage;
        CounterWords.Meter meter;
        uint256 basePriceXauWei;
        uint256 quotePriceXauWei;
        uint256 oracleAnchor;
        uint256 poolAnchor;
    }

    /// @inheritdoc IStabilizerLimits
    address public immutable oracle;

    uint256 private immutable _poolCapCeiling;
    uint256 private immutable _bucketCeiling;
    uint256 private immutable _refillCeiling;
    uint256 private immutable _rewardBudgetCeiling;
    uint256 private immutable _globalCapCeiling;
    uint256 private immutable _gasPriceCeiling;
    uint256 private immutable _nativePriceCeiling;

    /// @dev Layout of the words: CounterWords.
    mapping(bytes32 pair => uint256 word) private _usages;
    /// @dev Registered pools only.
    mapping(address pool => bytes32 pair) private _pairOf;
    address[] private _pools;
    uint256 private _meter;
    GlobalConfig private _globalConfig;
    /// @dev Data contracts created so far; each is named by its number.
    uint256 private _settingsCount;
    /// @inheritdoc IStabilizerLimits
    address public stabilizer;
    /// @dev What the execution consumed last in this transaction may pay its caller: pair, share of the gain (64 bits) above the
    /// stabilizer's address, and the smaller of twice the gas cost and what is left of the budget.
    bytes32 private transient _rewardPair;
    uint256 private transient _rewardTerms;
    uint256 private transient _rewardBoundXauWei;
    /// @inheritdoc IStabilizerLimits
    address public guardian;
    /// @inheritdoc IStabilizerLimits
    mapping(address factory => bool accepted) public isFactory;
    mapping(address token => PegGuard) private _guards;
    /// @inheritdoc IStabilizerLimits
    mapping(address token => IPegManager.State) public pegStateOf;

    /// @dev Ceilings beyond what the storage can keep are refused.
    constructor(address oracle_, Ceilings memory ceilings_, address owner_) Ownable(owner_) {
        require(oracle_.code.length > 0, NotAContract(oracle_));
        oracle = oracle_;
        _poolCapCeiling = _inRange(ceilings_.poolCapXauWei, 1, type(uint72).max);
        _bucketCeiling = _inRange(ceilings_.bucketXauWei, 1, type(uint72).max);
        _refillCeiling = _inRange(ceilings_.bucketRefillXauWeiPerBlock, 1, type(uint64).max);
        _rewardBudgetCeiling = _inRange(ceilings_.rewardBudgetXauWeiPerDay, 0, type(uint64).max);
        _globalCapCeiling = _inRange(ceilings_.globalCapXauWei, 1, type(uint72).max);
        _gasPriceCeiling = _inRange(ceilings_.maxGasPriceWei, 1, type(uint64).max);
        _nativePriceCeiling = _inRange(ceilings_.nativePriceXauWei, 0, type(uint64).max);
    }

    // Owner: pools

    /// @inheritdoc IStabilizerLimits
    function registerPool(address pool, PoolConfig calldata config) external onlyOwner {
        require(!isRegistered(pool), PoolAlreadyRegistered(pool));
        require(_isStabilizedPool(pool), NotAStabilizedPool(pool));
        address baseToken = IDodoV2Pool(pool)._BASE_TOKEN_();
        address quoteToken = IDodoV2Pool(pool)._QUOTE_TOKEN_();
        bytes32 pair = _pair(baseToken, quoteToken);
        require(_usages[pair].settingsIdOf() == 0, PairTaken(baseToken, quoteToken));
        Settings memory settings;
        settings.stabilizer = stabilizer;
        settings.pool = pool;
        settings.baseToken = baseToken;
        settings.quoteToken = quoteToken;
        settings.baseUnit = _unit(baseToken);
        settings.quoteUnit = _unit(quoteToken);
        settings.fixedPricing = IPmmPool(pool).pricing() == IPmmPool.Pricing.FIXED;
        _setGlobal(settings, _globalConfig);
        _pairOf[pool] = pair;
        _pools.push(pool);
        emit PoolRegistered(pool, baseToken, quoteToken);
        CounterWords.Usage memory used;
        _usages[pair].unpackInto(used);
        used.peg = _worstPeg(settings);
        _setConfig(pair, settings, used, config);
    }

    /// @inheritdoc IStabilizerLimits
    function setPoolConfig(address pool, PoolConfig calldata config) external onlyOwner {
        // What was used up under the old settings stays used up; only then the new ones count.
        Question memory question = _registered(pool);
        _setConfig(question.pair, question.settings, question.usage, config);
    }

    /// @inheritdoc IStabilizerLimits
    /// @dev What the pool has used stays, so that registering it, or another pool of the pair, refills nothing.
    function removePool(address pool) external onlyOwner {
        Question memory question = _registered(pool);
        CounterWords.Usage memory used = question.usage;
        if (used.bucketBlock != 0) used.bucketBlock = block.number;
        used.settingsId = 0;
        _usages[question.pair] = used.pack();
        delete _pairOf[pool];
        uint256 last = _pools.length - 1;
        for (uint256 index = 0; index < last; ++index) {
            if (_pools[index] == pool) {
                _pools[index] = _pools[last];
                break;
            }
        }
        _pools.pop();
        emit PoolRemoved(pool);
    }

    /// @inheritdoc IStabilizerLimits
    function setGlobalConfig(GlobalConfig calldata config) external onlyOwner {
        _inRange(config.capXauWei, 1, _globalCapCeiling);
        _inRange(config.maxGasPriceWei, 1, _gasPriceCeiling);
        _inRange(config.nativePriceXauWei, 0, _nativePriceCeiling);
        _globalConfig = config;
        for (uint256 index = 0; index < _pools.length; ++index) {
            bytes32 pair = _pairOf[_pools[index]];
            uint256 word = _usages[pair];
            Settings memory settings = _load(word.settingsIdOf());
            _setGlobal(settings, config);
            _usages[pair] = word.withSettingsId(_write(settings));
        }
        _requireGlobalCap();
        emit SetGlobalConfig(config);
    }

    /// @inheritdoc IStabilizerLimits
    function setPegGuard(address token, PegGuard calldata guard) external onlyOwner {
        require(token != address(0), ZeroAddress());
        require(guard.manager == address(0) || guard.manager.code.length > 0, NotAContract(guard.manager));
        // Either a guard or all zero.
        bool none = guard.manager == address(0) && guard.maxPriceUsdWad == 0;
        uint256 most = none ? 0 : type(uint128).max;
        _inRange(guard.minPriceUsdWad, none ? 0 : 1, most);
        _inRange(guard.maxPriceUsdWad, guard.minPriceUsdWad, most);
        _inRange(guard.defendingCapWad, none ? 0 : WAD, none ? 0 : MAX_DEFENDING_CAP_WAD);
        if (guard.manager != _guards[token].manager) _setPegState(token, IPegManager.State.NORMAL);
        _guards[token] = guard;
        for (uint256 index = 0; index < _pools.length; ++index) {
            bytes32 pair = _pairOf[_pools[index]];
            uint256 word = _usages[pair];
            Settings memory settings = _load(word.settingsIdOf());
            if (settings.baseToken != token && settings.quoteToken != token) continue;
            _setGuards(settings);
            _usages[pair] = word.withSettingsId(_write(settings));
        }
        _requireGlobalCap();
        emit SetPegGuard(token, guard);
    }

    // Peg managers

    /// @inheritdoc IPegSink
    function pegChanged(address token, IPegManager.State state) external {
        require(msg.sender == _guards[token].manager, NotAuthorized(msg.sender));
        _setPegState(token, state);
    }

    // Owner: roles

    /// @inheritdoc IStabilizerLimits
    function setFactory(address factory, bool accepted) external onlyOwner {
        require(!accepted || factory.code.length > 0, NotAContract(factory));
        isFactory[factory] = accepted;
        emit SetFactory(factory, accepted);
    }

    /// @inheritdoc IStabilizerLimits
    function setStabilizer(address newStabilizer) external onlyOwner {
        require(stabilizer == address(0), StabilizerAlreadySet(stabilizer));
        require(newStabilizer.code.length > 0, NotAContract(newStabilizer));
        stabilizer = newStabilizer;
        emit SetStabilizer(newStabilizer);
    }

    /// @inheritdoc IStabilizerLimits
    function setGuardian(address newGuardian) external onlyOwner {
        guardian = newGuardian;
        emit SetGuardian(newGuardian);
    }

    /// @notice Always reverts: limits without an owner could never be tightened.
    function renounceOwnership() public view override onlyOwner {
        revert NotAuthorized(msg.sender);
    }

    // Pause

    /// @inheritdoc IStabilizerLimits
    function pause() external {
        if (msg.sender != owner()) {
            require(msg.sender == guardian, NotAuthorized(msg.sender));
            uint256 readyAt = pausedUntil() == 0 ? 0 : pausedUntil() + MAX_PAUSE_SECONDS;
            require(block.timestamp >= readyAt, NotReady(readyAt, block.timestamp));
        }
        _setPausedUntil(block.timestamp + MAX_PAUSE_SECONDS);
    }

    /// @inheritdoc IStabilizerLimits
    function unpause() external onlyOwner {
        require(block.timestamp < pausedUntil(), NothingPending());
        _setPausedUntil(block.timestamp);
    }

    // Stabilizer

    /// @inheritdoc IStabilizerLimits
    function consume(address tokenIn, address tokenOut, uint256 maxAmountIn) external returns (Grant memory grant) {
        Question memory question = _question(_pair(tokenIn, tokenOut));
        if (_mayConsume(question, grant)) _consume(question, grant, maxAmountIn, tokenIn);
    }

    /// @inheritdoc IStabilizerLimits
    function consumePool(address pool, uint256 maxAmountIn) external returns (Grant memory grant) {
        Question memory question = _question(_pairOf[pool]);
        if (_mayConsume(question, grant)) _consume(question, grant, maxAmountIn, address(0));
        else grant.pool = pool;
    }

    /// @inheritdoc IStabilizerLimits
    function consumeReward(uint256 gainXauWei) external returns (uint256 rewardXauWei) {
        uint256 terms = _rewardTerms;
        // Before an execution, and after its reward, it is nobody.
        require(msg.sender == address(uint160(terms)), NotAuthorized(msg.sender));
        _rewardTerms = 0;
        rewardXauWei = Math.min(gainXauWei.mulDiv(terms >> 160, WAD), _rewardBoundXauWei);
        if (rewardXauWei == 0) return 0;
        unchecked {
            // The budget is below 2^64, so the quanta stay below 2^35.
            uint256 quanta = (rewardXauWei + REWARD_QUANTUM - 1) / REWARD_QUANTUM;
            bytes32 pair = _rewardPair;
            _usages[pair] = _usages[pair].plusQuanta(quanta);
        }
    }

    // Views

    /// @inheritdoc IStabilizerLimits
    function allowance(address pool) external view returns (Allowance memory answer) {
        if (!isRegistered(pool)) {
            answer.reason = Reason.NOT_REGISTERED;
            return answer;
        }
        Question memory question = _question(_pairOf[pool]);

        answer.readyAtBlock = _readyAtBlock(question);
        answer.reason = _stopped(question);
        Reason prices = _viewPrices(question);
        _note(answer, _observe(question, answer));
        if (block.number < answer.readyAtBlock) _note(answer, Reason.COOLDOWN);
        if (tx.gasprice > question.settings.maxGasPriceWei) _note(answer, Reason.GAS_PRICE);
        _note(answer, prices);
        if (question.quotePriceXauWei == 0) return answer;
        _note(answer, _agreement(question));
        _note(answer, _spot(question, answer));
        answer.spotDeviationWad = _spotDeviation(pool);
        if (question.poolAnchor == 0) return answer;
        _note(answer, _size(question, answer));
        if (answer.reason == Reason.NONE) answer.reason = _quoted(question, answer);
    }

    /// @inheritdoc IStabilizerLimits
    function pools() external view returns (address[] memory) {
        return _pools;
    }

    /// @inheritdoc IStabilizerLimits
    function isRegistered(address pool) public view returns (bool) {
        return _pairOf[pool] != 0;
    }

    /// @inheritdoc IStabilizerLimits
    function poolFor(address tokenA, address tokenB) external view returns (address) {
        return _load(_usages[_pair(tokenA, tokenB)].settingsIdOf()).pool;
    }

    /// @inheritdoc IStabilizerLimits
    function poolConfig(address pool) external view returns (PoolConfig memory config) {
        Settings memory settings = _registered(pool).settings;
        assembly ("memory-safe") {
            config := add(settings, CONFIG_OFFSET)
        }
    }

    /// @inheritdoc IStabilizerLimits
    function globalConfig() external view returns (GlobalConfig memory) {
        return _globalConfig;
    }

    /// @inheritdoc IStabilizerLimits
    function pegGuard(address token) external view returns (PegGuard memory) {
        return _guards[token];
    }

    /// @inheritdoc IStabilizerLimits
    function ceilings() external view returns (Ceilings memory) {
        return
            Ceilings({
                poolCapXauWei: _poolCapCeiling.toUint128(),
                bucketXauWei: _bucketCeiling.toUint128(),
                bucketRefillXauWeiPerBlock: _refillCeiling.toUint128(),
                rewardBudgetXauWeiPerDay: _rewardBudgetCeiling.toUint128(),
                globalCapXauWei: _globalCapCeiling.toUint128(),
                maxGasPriceWei: _gasPriceCeiling.toUint128(),
                nativePriceXauWei: _nativePriceCeiling.toUint128()
            });
    }

    /// @inheritdoc IStabilizerLimits
    function pausedUntil() public view returns (uint256) {
        return _readMeter().pausedUntil;
    }

    /// @inheritdoc IStabilizerLimits
    function usage(
        address pool
    )
        external
        view
        returns (
            uint256 lastExecutionBlock,
            uint256 bucketLevelXauWei,
            uint256 rewardTodayXauWei,
            uint256 blockVolumeXauWei
        )
    {
        Question memory question = _registered(pool);
        CounterWords.Usage memory used = question.usage;
        lastExecutionBlock = used.lastExecutionBlock;
        bucketLevelXauWei = used.bucketLevelXauWei;
        rewardTodayXauWei = used.rewardDay == _today() ? used.rewardSpentQuanta * REWARD_QUANTUM : 0;
        blockVolumeXauWei = question.meter.volumeXauWei;
    }

    // Internal: consuming

    /// @dev Whether the stabilizer asks about a registered pool. Its address lies in the settings, where it costs nothing to read.
    function _mayConsume(Question memory question, Grant memory grant) internal view returns (bool) {
        if (question.usage.settingsId != 0) {
            require(msg.sender == question.settings.stabilizer, NotAuthorized(msg.sender));
            return true;
        }
        require(msg.sender == stabilizer, NotAuthorized(msg.sender));
        grant.reason = Reason.NOT_REGISTERED;
        return false;
    }

    /// @dev Leaves everything untouched unless the reason stays NONE.
    function _consume(
        Question memory question,
        Grant memory grant,
        uint256 maxAmountIn,
        address requiredTokenIn
    ) internal {
        Allowance memory answer;
        grant.pool = question.settings.pool;
        grant.reason = _admission(question, answer);
        if (grant.reason != Reason.NONE) return;
        grant.sellBase = answer.sellBase;
        grant.tokenIn = answer.tokenIn;
        grant.tokenOut = answer.tokenOut;
        if (requiredTokenIn != address(0) && requiredTokenIn != answer.tokenIn) {
            grant.reason = Reason.WRONG_DIRECTION;
            return;
        }
        grant.reason = _size(question, answer);
        grant.minAmountIn = answer.minAmountIn;
        grant.amountIn = Math.min(maxAmountIn, answer.maxAmountIn);
        if (grant.reason != Reason.NONE) return;
        if (grant.amountIn < grant.minAmountIn) {
            grant.reason = Reason.BELOW_MINIMUM;
            return;
        }

        _price(question, grant);
        grant.ratioBeforeWad = uint256(answer.blockEndDeviationWad + int256(WAD));
        grant.maxSlippageWad = question.settings.maxSlippageWad;
        _record(question, grant.valueInXauWei);
    }

    /// @dev Everything but the size. Pulls the prices first, so that the rest of the transaction reads each feed once and the pool need
    /// not ask again; a price that is not to be had counts only when nothing before it stands in the way.
    function _admission(Question memory question, Allowance memory answer) internal returns (Reason reason) {
        reason = _stopped(question);
        if (reason != Reason.NONE) return reason;
        Reason prices = _pullPrices(question);
        reason = _observe(question, answer);
        if (reason != Reason.NONE) return reason;
        if (block.number < _readyAtBlock(question)) return Reason.COOLDOWN;
        if (tx.gasprice > question.settings.maxGasPriceWei) return Reason.GAS_PRICE;
        if (prices != Reason.NONE) return prices;
        reason = _agreement(question);
        if (reason == Reason.NONE) reason = _spot(question, answer);
    }

    /// @dev `volume` is rounded up at the price rounded up: the amount was cut out of the room at the same price, so it fits the bucket
    /// and the cap, which are below 2^72. Block numbers are below 2^32.
    function _record(Question memory question, uint256 volume) internal {
        CounterWords.Usage memory used = question.usage;
        CounterWords.Meter memory meter = question.meter;
        uint256 today = _today();
        if (used.rewardDay != today) (used.rewardDay, used.rewardSpentQuanta) = (today, 0);
        unchecked {
            used.lastExecutionBlock = block.number;
            used.bucketBlock = block.number;
            used.bucketLevelXauWei -= volume;
            meter.blockNumber = block.number;
            meter.volumeXauWei += volume;
        }
        _usages[question.pair] = used.pack();
        _meter = meter.pack();
        _offerReward(question.pair, question.settings, used.rewardSpentQuanta);
    }

    function _offerReward(bytes32 pair, Settings memory settings, uint256 spentQuanta) internal {
        unchecked {
            // Prices of the native coin and of gas are below 2^64, a dearer gas was refused; quanta are below 2^40.
            uint256 gasCost = (GAS_PER_EXECUTION * tx.gasprice * settings.nativePriceXauWei) / WAD;
            uint256 left = settings.rewardBudgetXauWeiPerDay.saturatingSub(spentQuanta * REWARD_QUANTUM);
            _rewardBoundXauWei = Math.min(2 * gasCost, left);
            _rewardTerms = uint160(settings.stabilizer) | (settings.rewardShareWad << 160);
        }
        _rewardPair = pair;
    }

    function _price(Question memory question, Grant memory grant) internal pure {
        (uint256 priceIn, uint256 unitIn) = (question.quotePriceXauWei, question.settings.quoteUnit);
        (grant.priceOutXauWei, grant.unitOut) = (question.basePriceXauWei, question.settings.baseUnit);
        if (grant.sellBase) {
            (grant.priceOutXauWei, priceIn) = (priceIn, grant.priceOutXauWei);
            (grant.unitOut, unitIn) = (unitIn, grant.unitOut);
        }
        unchecked {
            // See `_size`.
            grant.valueInXauWei = (grant.amountIn * (priceIn + 1) + unitIn - 1) / unitIn;
        }
        // Least output at the pool's own fixed anchor, rounded down to whole units.
        if (question.settings.fixedPricing) {
            uint256 anchor = question.poolAnchor;
            grant.anchorOut = grant.sellBase ? grant.amountIn.mulDiv(anchor, WAD) : grant.amountIn.mulDiv(WAD, anchor);
        }
    }

    // Internal: the steps of a decision

    /// @dev Usage refilled to this block, volume of this block. Without a registered pool nothing but the pair's usage.
    function _question(bytes32 pair) internal view returns (Question memory question) {
        question.pair = pair;
        _usages[pair].unpackInto(question.usage);
        if (question.usage.settingsId == 0) return question;
        _loadInto(question.settings, question.usage.settingsId);
        _refill(question.usage, question.settings);
        _meter.unpackInto(question.meter);
        if (question.meter.blockNumber != block.number) question.meter.volumeXauWei = 0;
    }

    function _registered(address pool) internal view returns (Question memory) {
        require(isRegistered(pool), PoolNotRegistered(pool));
        return _question(_pairOf[pool]);
    }

    /// @dev Whether somebody has said stop: the guardian or the owner for all pools, a peg manager for those of a token.
    function _stopped(Question memory question) internal view returns (Reason) {
        if (question.meter.pausedUntil > block.timestamp) return Reason.PAUSED;
        return question.usage.peg == HALTED ? Reason.PEG_HALTED : Reason.NONE;
    }

    /// @dev What the pool knows: its history for the trigger, and direction and amount from where it stands now.
    function _observe(Question memory question, Allowance memory answer) internal view returns (Reason) {
        Settings memory settings = question.settings;
        uint256 count;
        unchecked {
            count = settings.windowBlocks + settings.confirmations - 1; // both are 1 .. 64
        }
        try IPmmPool(settings.pool).stabilizerView(count, question.oracleAnchor) returns (
            uint256[] memory ratios,
            uint256 anchor,
            bool sellBase,
            uint256 amountIn
        ) {
            if (question.quotePriceXauWei != 0 && anchor != 0) {
                question.poolAnchor = anchor;
                answer.fullCloseIn = amountIn;
                answer.sellBase = sellBase;
                (answer.tokenIn, answer.tokenOut) =
                    sellBase ? (settings.baseToken, settings.quoteToken) : (settings.quoteToken, settings.baseToken);
            }
            bool inside;
            bool sustained;
            (answer.blockEndDeviationWad, answer.averageDeviationWad, inside, sustained) = DeviationTrigger.evaluate(
                ratios,
                settings.confirmations,
                settings.windowBlocks,
                settings.thresholdWad,
                settings.fastThresholdWad
            );
            if (sustained) return Reason.NONE;
            return inside ? Reason.INSIDE_BAND : Reason.NOT_SUSTAINED;
        } catch {
            return Reason.HISTORY_UNAVAILABLE;
        }
    }

    /// @dev Where the pool stands now must agree with its history.
    function _spot(Question memory question, Allowance memory answer) internal pure returns (Reason) {
        if (question.poolAnchor == 0) return Reason.ORACLE_UNAVAILABLE;
        bool agrees = answer.fullCloseIn > 0 && answer.sellBase == (answer.blockEndDeviationWad > 0);
        return agrees ? Reason.NONE : Reason.SPOT_DISAGREES;
    }

    /// @dev 0 when the pool cannot answer.
    function _spotDeviation(address pool) internal view returns (int256) {
        try IPmmPool(pool).spotRatio() returns (uint256 ratioWad) {
            return int256(ratioWad) - int256(WAD);
        } catch {
            return 0;
        }
    }

    /// @dev FIXED pools: the oracle only vetoes an anchor that it contradicts.
    function _agreement(Question memory question) internal pure returns (Reason) {
        // Without the pool's anchor there is nothing to compare: `_spot` says so.
        if (!question.settings.fixedPricing || question.poolAnchor == 0) return Reason.NONE;
        (uint256 fixedAnchor, uint256 oracleAnchor) = (question.poolAnchor, question.oracleAnchor);
        uint256 distance = oracleAnchor > fixedAnchor ? oracleAnchor - fixedAnchor : fixedAnchor - oracleAnchor;
        bool agrees = distance.mulDiv(WAD, fixedAnchor, Math.Rounding.Ceil) <= question.settings.maxDeviationAgreeWad;
        return agrees ? Reason.NONE : Reason.ANCHOR_DISAGREES;
    }

    /// @dev The smallest of gain, per-block cap, bucket, global cap and inventory; and the smallest input that is accepted.
    /// Unchecked: amounts of tokens are below 2^128, shares at most 1e18, caps below 2^72, units at most 10^36 and prices below 2^128.
    function _size(Question memory question, Allowance memory answer) internal view returns (Reason reason) {
        unchecked {
            Settings memory settings = question.settings;
            (uint256 price, uint256 unit) = answer.sellBase
                ? (question.basePriceXauWei, settings.baseUnit)
                : (question.quotePriceXauWei, settings.quoteUnit);
            uint256 wanted = (Math.min(answer.fullCloseIn, type(uint128).max) * settings.gainWad) / WAD;
            uint256 allowed;
            (allowed, reason) = _allowed(question, wanted, answer.tokenIn, price, unit);
            uint256 smallest = (settings.minTradeXauWei * unit + price - 1) / price;
            answer.maxAmountIn = allowed;
            answer.minAmountIn = Math.max(smallest, (allowed * settings.minShareWad + WAD - 1) / WAD);
            if (allowed >= smallest) return Reason.NONE;
            // Too small to count as an execution, unless it closes a pool so small that even its full close is: such a pool must
            // stand outside the band now, or somebody could burn the cooldown by bringing the price almost back for one transaction.
            if (allowed == wanted && _abs(_spotDeviation(settings.pool)) > settings.thresholdWad) {
                answer.minAmountIn = allowed;
                return Reason.NONE;
            }
        }
    }

    /// @dev `wanted` cut down to cap, bucket and inventory, with what bound it. The limits in XAU wei come first, so that only the
    /// smallest is converted. Unchecked: see `_size`.
    function _allowed(
        Question memory question,
        uint256 wanted,
        address tokenIn,
        uint256 price,
        uint256 unit
    ) internal view returns (uint256 allowed, Reason reason) {
        unchecked {
            (allowed, reason) = (wanted, Reason.BELOW_MINIMUM);
            uint256 room = question.settings.globalCapXauWei.saturatingSub(question.meter.volumeXauWei);
            bool defends = question.usage.peg == DEFENDING;
            room = Math.min(room, defends ? question.settings.defendingCapXauWei : question.settings.capXauWei);
            Reason binding = Reason.CAP_EXHAUSTED;
            if (question.usage.bucketLevelXauWei < room) {
                (room, binding) = (question.usage.bucketLevelXauWei, Reason.BUCKET_EXHAUSTED);
            }
            room = (room * unit) / (price + 1);
            if (room < allowed) (allowed, reason) = (room, binding);
            room = IERC20(tokenIn).balanceOf(question.settings.stabilizer);
            if (room < allowed) (allowed, reason) = (room, Reason.NO_INVENTORY);
        }
    }

    /// @dev What the trade would bring, as the pool quotes it to the stabilizer.
    function _quoted(Question memory question, Allowance memory answer) internal view returns (Reason) {
        Grant memory grant;
        grant.sellBase = answer.sellBase;
        grant.amountIn = answer.maxAmountIn;
        _price(question, grant);
        (bool quoted, uint256 amountOut) = _tryQuote(question.settings, answer.sellBase, answer.maxAmountIn);
        if (!quoted) return Reason.ORACLE_UNAVAILABLE;
        uint256 valueOut = amountOut.mulDiv(grant.priceOutXauWei, grant.unitOut);
        if (valueOut >= grant.valueInXauWei && amountOut >= grant.anchorOut) return Reason.NONE;
        uint256 floor = grant.valueInXauWei.mulDiv(WAD - question.settings.maxSlippageWad, WAD);
        return valueOut < floor ? Reason.SLIPPAGE : Reason.WOULD_LOSE;
    }

    function _tryQuote(
        Settings memory settings,
        bool sellBase,
        uint256 amountIn
    ) internal view returns (bool quoted, uint256 amountOut) {
        (address pool, address trader) = (settings.pool, settings.stabilizer);
        if (sellBase) {
            try IDodoV2Pool(pool).querySellBase(trader, amountIn) returns (uint256 out, uint256, uint8, uint256) {
                return (true, out);
            } catch {
                return (false, 0);
            }
        }
        try IDodoV2Pool(pool).querySellQuote(trader, amountIn) returns (uint256 out, uint256, uint8, uint256) {
            return (true, out);
        } catch {
            return (false, 0);
        }
    }

    // Internal: prices

    function _pullPrices(Question memory question) internal returns (Reason) {
        try IXAUOracle(oracle).pullPair(question.settings.baseToken, question.settings.quoteToken) returns (
            uint256 basePriceXauWei,
            uint256 quotePriceXauWei,
            uint256 baseUsdWad,
            uint256 quoteUsdWad,
            uint256 anchorNew
        ) {
            question.basePriceXauWei = basePriceXauWei;
            question.quotePriceXauWei = quotePriceXauWei;
            question.oracleAnchor = anchorNew;
            return _pricesUsable(question, baseUsdWad, quoteUsdWad);
        } catch {
            return Reason.ORACLE_UNAVAILABLE;
        }
    }

    function _viewPrices(Question memory question) internal view returns (Reason) {
        try IXAUOracle(oracle).viewPair(question.settings.baseToken, question.settings.quoteToken) returns (
            uint256 basePriceXauWei,
            uint256 quotePriceXauWei,
            uint256 baseUsdWad,
            uint256 quoteUsdWad,
            uint256 anchorNew
        ) {
            question.basePriceXauWei = basePriceXauWei;
            question.quotePriceXauWei = quotePriceXauWei;
            question.oracleAnchor = anchorNew;
            return _pricesUsable(question, baseUsdWad, quoteUsdWad);
        } catch {
            return Reason.ORACLE_UNAVAILABLE;
        }
    }

    /// @dev A price that rounds to nothing could not bound an amount; one beyond 2^128 would overflow; one outside its guard belongs to a
    /// token whose peg is lost.
    function _pricesUsable(
        Question memory question,
        uint256 baseUsdWad,
        uint256 quoteUsdWad
    ) internal pure returns (Reason) {
        unchecked {
            Settings memory settings = question.settings;
            // 0 wraps to the top.
            uint256 larger = Math.max(question.basePriceXauWei - 1, question.quotePriceXauWei - 1);
            if (larger < type(uint128).max - 1) {
                // A price below the minimum wraps to a distance beyond every range.
                bool guarded =
                    baseUsdWad - settings.baseMinUsdWad <= settings.baseRangeUsdWad &&
                        quoteUsdWad - settings.quoteMinUsdWad <= settings.quoteRangeUsdWad;
                return guarded ? Reason.NONE : Reason.PRICE_OUTSIDE_GUARD;
            }
        }
        (question.quotePriceXauWei, question.oracleAnchor) = (0, 0);
        return Reason.ORACLE_UNAVAILABLE;
    }

    // Internal: counters

    /// @dev Bucket level now. A pool that never executed has a full bucket.
    function _refill(CounterWords.Usage memory used, Settings memory settings) internal view {
        uint256 level = settings.bucketXauWei; // below 2^72
        if (used.bucketBlock != 0) {
            unchecked {
                // 72 bits plus 32 bits times 64 bits.
                uint256 elapsed = block.number - used.bucketBlock;
                level = Math.min(level, used.bucketLevelXauWei + elapsed * settings.bucketRefillXauWeiPerBlock);
            }
        }
        used.bucketLevelXauWei = level;
    }

    function _readyAtBlock(Question memory question) internal pure returns (uint256) {
        unchecked {
            uint256 last = question.usage.lastExecutionBlock;
            return last == 0 ? 0 : last + question.settings.minBlocks;
        }
    }

    function _readMeter() internal view returns (CounterWords.Meter memory meter) {
        _meter.unpackInto(meter);
    }

    /// @dev Days since 1970; 16 bits last until the year 2149.
    function _today() internal view returns (uint256) {
        return (block.timestamp / 1 days).toUint16();
    }

    // Internal: configuration

    /// @dev Every field is read, and so checked, before all are copied as they lie in calldata.
    function _setConfig(
        bytes32 pair,
        Settings memory settings,
        CounterWords.Usage memory used,
        PoolConfig calldata config
    ) internal {
        _inRange(config.thresholdWad, MIN_THRESHOLD_WAD, MAX_THRESHOLD_WAD);
        _inRange(config.fastThresholdWad, MIN_THRESHOLD_WAD, MAX_THRESHOLD_WAD);
        _inRange(config.maxSlippageWad, 0, MAX_SLIPPAGE_WAD);
        _inRange(config.maxDeviationAgreeWad, 0, MAX_DEVIATION_AGREE_WAD);
        _inRange(config.minBlocks, 1, MAX_MIN_BLOCKS);
        _inRange(config.confirmations, 1, MAX_HISTORY_BLOCKS);
        _inRange(config.windowBlocks, 1, MAX_HISTORY_BLOCKS);
        require(
            config.fastThresholdWad >= config.thresholdWad,
            FastBelowThreshold(config.fastThresholdWad, config.thresholdWad)
        );
        uint256 history = uint256(config.confirmations) + config.windowBlocks - 1;
        require(history <= MAX_HISTORY_BLOCKS, HistoryTooLong(history, MAX_HISTORY_BLOCKS));
        _inRange(config.gainWad, 1, WAD);
        _inRange(config.minShareWad, 1, WAD);
        _inRange(config.rewardShareWad, 0, MAX_REWARD_SHARE_WAD);
        _inRange(config.bucketRefillXauWeiPerBlock, 1, _refillCeiling);
        uint256 cap = _inRange(config.capXauWei, 1, _poolCapCeiling);
        uint256 bucket = _inRange(config.bucketXauWei, 1, _bucketCeiling);
        _inRange(config.minTradeXauWei, 1, Math.min(cap, bucket));
        _inRange(config.rewardBudgetXauWeiPerDay, 0, _rewardBudgetCeiling);
        assembly ("memory-safe") {
            calldatacopy(add(settings, CONFIG_OFFSET), config, CONFIG_SIZE)
        }
        _setGuards(settings);

        bool executed = used.lastExecutionBlock != 0;
        used.bucketLevelXauWei = executed ? Math.min(used.bucketLevelXauWei, bucket) : bucket;
        if (executed) used.bucketBlock = block.number;
        used.settingsId = _write(settings);
        _usages[pair] = used.pack();
        _requireGlobalCap();
        emit SetPoolConfig(settings.pool, config);
    }

    function _setGlobal(Settings memory settings, GlobalConfig memory config) internal pure {
        settings.globalCapXauWei = config.capXauWei;
        settings.maxGasPriceWei = config.maxGasPriceWei;
        settings.nativePriceXauWei = config.nativePriceXauWei;
    }

    /// @dev What both tokens' guards allow at the pool's cap.
    function _setGuards(Settings memory settings) internal view {
        (PegGuard memory base, PegGuard memory quote) = (_guards[settings.baseToken], _guards[settings.quoteToken]);
        (settings.baseMinUsdWad, settings.baseRangeUsdWad) = _guardRange(base);
        (settings.quoteMinUsdWad, settings.quoteRangeUsdWad) = _guardRange(quote);
        // A token without a guard does not raise anything.
        uint256 multiple = Math.max(Math.min(base.defendingCapWad, quote.defendingCapWad), WAD);
        settings.defendingCapXauWei = Math.min((settings.capXauWei * multiple) / WAD, _poolCapCeiling);
    }

    /// @dev Smallest price and the distance to the largest; without a guard every price.
    function _guardRange(PegGuard memory guard) internal pure returns (uint256 minimum, uint256 range) {
        if (guard.maxPriceUsdWad == 0) return (0, type(uint256).max);
        return (guard.minPriceUsdWad, uint256(guard.maxPriceUsdWad) - guard.minPriceUsdWad);
    }

    /// @dev Bounded by the number of pools, so that a manager's word always arrives.
    function _setPegState(address token, IPegManager.State state) internal {
        if (pegStateOf[token] == state) return;
        pegStateOf[token] = state;
        emit PegStateChanged(token, state);
        for (uint256 index = 0; index < _pools.length; ++index) {
            bytes32 pair = _pairOf[_pools[index]];
            uint256 word = _usages[pair];
            Settings memory settings = _load(word.settingsIdOf());
            if (settings.baseToken != token && settings.quoteToken != token) continue;
            _usages[pair] = word.withPeg(_worstPeg(settings));
        }
    }

    function _worstPeg(Settings memory settings) internal view returns (uint256) {
        return Math.max(uint256(pegStateOf[settings.baseToken]), uint256(pegStateOf[settings.quoteToken]));
    }

    function _write(Settings memory settings) internal returns (uint256 id) {
        id = ++_settingsCount;
        SettingsStore.write(abi.encode(settings), id);
    }

    /// @dev All zero for id 0.
    function _load(uint256 id) internal view returns (Settings memory settings) {
        if (id != 0) _loadInto(settings, id);
    }

    /// @dev A struct of plain words lies in memory as `abi.encode` wrote it.
    function _loadInto(Settings memory settings, uint256 id) internal view {
        uint256 position;
        assembly ("memory-safe") {
            position := settings
        }
        SettingsStore.read(id, position, SETTINGS_SIZE);
    }

    /// @dev Two pools at their caps in one block must not stand in each other's way, not even while they defend a peg.
    function _requireGlobalCap() internal view {
        uint256 largest;
        uint256 second;
        for (uint256 index = 0; index < _pools.length; ++index) {
            uint256 cap = _load(_usages[_pairOf[_pools[index]]].settingsIdOf()).defendingCapXauWei;
            if (cap > largest) (largest, second) = (cap, largest);
            else if (cap > second) second = cap;
        }
        uint256 globalCap = _globalConfig.capXauWei;
        require(globalCap >= largest + second, GlobalCapTooSmall(globalCap, largest + second));
    }

    /// @dev The accepted factory vouches for the code, so that what the pool says about itself can be believed after that.
    function _isStabilizedPool(address pool) internal view returns (bool) {
        if (pool.code.length == 0) return false;
        try IPmmPool(pool).factory() returns (address factory) {
            if (!isFactory[factory] || !IPmmFactory(factory).isPool(pool)) return false;
        } catch {
            return false;
        }
        return
            IPmmPool(pool).kind() == IPmmPool.Kind.PUBLIC &&
            IPmmPool(pool).stabilizer() == stabilizer &&
            stabilizer != address(0) &&
            (IPmmPool(pool).pricing() == IPmmPool.Pricing.FIXED || IPmmPool(pool).oracle() == oracle);
    }

    function _setPausedUntil(uint256 timestamp) internal {
        CounterWords.Meter memory meter = _readMeter();
        meter.pausedUntil = timestamp.toUint32();
        _meter = meter.pack();
        emit PausedUntil(timestamp);
    }

    /// @dev The same in either order.
    function _pair(address tokenA, address tokenB) internal pure returns (bytes32 pair) {
        (address lower, address higher) = tokenA < tokenB ? (tokenA, tokenB) : (tokenB, tokenA);
        assembly ("memory-safe") {
            mstore(0x00, lower)
            mstore(0x20, higher)
            pair := keccak256(0x00, 0x40)
        }
    }

    function _unit(address token) internal view returns (uint256) {
        return 10 ** _inRange(IERC20Metadata(token).decimals(), 0, 36);
    }

    /// @dev Keeps the first reason.
    function _note(Allowance memory answer, Reason reason) internal pure {
        if (answer.reason == Reason.NONE) answer.reason = reason;
    }

    function _abs(int256 value) internal pure returns (uint256) {
        return uint256(value < 0 ? -value : value);
    }

    function _inRange(uint256 value, uint256 minimum, uint256 maximum) internal pure returns (uint256) {
        require(value >= minimum && value <= maximum, OutOfRange(value, minimum, maximum));
        return value;
    }
}
