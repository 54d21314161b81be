// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IDodoV2Pool} from "../interfaces/IDodoV2Pool.sol";
import {IPmmFactory} from "../interfaces/IPmmFactory.sol";
import {IPmmPool} from "../interfaces/IPmmPool.sol";
import {IStabilizerLimits} from "../interfaces/IStabilizerLimits.sol";
import {IXAUOracle} from "../interfaces/IXAUOracle.sol";
import {DeviationTrigger} from "./DeviationTrigger.sol";

/// @title StabilizerLimits
/// @notice Answers how much the stabilizer may do now, in which direction, and why not; keeps the counters.
/// @dev ROLES. Owner (two steps, cannot be renounced; a timelock): pools, limits, factories, guardian, the stabilizer once. Guardian:
/// pauses for at most MAX_PAUSE_SECONDS and then not again for as long. Stabilizer: consumes. Nobody else changes anything.
/// @dev PRICE SOURCES. The pool's own block-end history for the trigger, `XAUOracle` for every amount. Any doubt of either is a reason
/// not to act, never a default. ROUNDING. Amounts allowed round down, volume consumed and minimum sizes round up.
/// @dev TOKEN REQUIREMENTS. At most 36 decimals; those of the pools. LIVENESS. A pool waits for its cooldown, its bucket refills per
/// block, volume counts per block: no limit can be exhausted for longer than its configuration says. No call changes the cooldown but
/// an execution, and none smaller than the minimum counts as one.
/// @dev HOW TO STOP IT. `pause` (guardian or owner), or `removePool`. Neither touches funds, which the stabilizer's owner can withdraw
/// at any time.
contract StabilizerLimits is IStabilizerLimits, Ownable2Step {
    using Math for uint256;
    using SafeCast for uint256;

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
    /// @notice Gas of one execution with both legs, for the reward's bound of twice the gas cost.
    uint256 public constant GAS_PER_EXECUTION = 320_000;
    /// @dev Rewards paid are counted in 1e-9 XAU, rounded up.
    uint256 private constant REWARD_QUANTUM = 1e9;

    /// @dev What the trigger reads. 56 + 56 + 56 + 56 + 16 + 8 + 8 = 256 bits.
    struct Trigger {
        uint56 thresholdWad;
        uint56 fastThresholdWad;
        uint56 maxSlippageWad;
        uint56 maxDeviationAgreeWad;
        uint16 minBlocks;
        uint8 confirmations;
        uint8 windowBlocks;
    }

    /// @dev 4 * 64 = 256 bits. The refill is XAU wei per block.
    struct Shares {
        uint64 gainWad;
        uint64 minShareWad;
        uint64 rewardShareWad;
        uint64 bucketRefillXauWeiPerBlock;
    }

    /// @dev 3 * 72 = 216 bits, XAU wei. `cap` is never 0 for a registered pool.
    struct Amounts {
        uint72 capXauWei;
        uint72 bucketXauWei;
        uint72 minTradeXauWei;
    }

    /// @dev 32 + 32 + 72 + 16 + 40 + 64 = 256 bits; the budget is configuration, kept where it is read.
    struct Usage {
        uint32 lastExecutionBlock;
        uint32 bucketBlock;
        uint72 bucketLevelXauWei;
        uint16 rewardDay;
        uint40 rewardSpentQuanta;
        uint64 rewardBudgetXauWeiPerDay;
    }

    struct PoolState {
        Trigger trigger;
        Shares shares;
        Amounts amounts;
        Usage usage;
    }

    /// @dev 160 + 8 + 8 + 8 + 8 = 192 bits, under the pair's tokens in increasing order.
    struct Pair {
        address pool;
        uint8 lowerDecimals;
        uint8 higherDecimals;
        bool baseIsLower;
        bool fixedPricing;
    }

    /// @dev 72 + 64 + 80 + 32 = 248 bits. Volume counts for `blockNumber` only.
    struct Global {
        uint72 capXauWei;
        uint64 maxGasPriceWei;
        uint80 volumeXauWei;
        uint32 blockNumber;
    }

    /// @dev 160 + 32 + 64 = 256 bits.
    struct Control {
        address stabilizer;
        uint32 pausedUntil;
        uint64 nativePriceXauWei;
    }

    /// @dev Everything one decision needs; memory only.
    struct Question {
        address pool;
        address baseToken;
        address quoteToken;
        uint256 baseUnit;
        uint256 quoteUnit;
        bool fixedPricing;
        uint256 basePriceXauWei;
        uint256 quotePriceXauWei;
        uint256 oracleAnchor;
        Global global;
        Usage usage;
        Amounts amounts;
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

    mapping(address pool => PoolState state) private _states;
    mapping(address lower => mapping(address higher => Pair pair)) private _pairs;
    address[] private _pools;
    Global private _global;
    Control private _control;
    /// @inheritdoc IStabilizerLimits
    address public guardian;
    /// @inheritdoc IStabilizerLimits
    mapping(address factory => bool accepted) public isFactory;

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

    modifier onlyStabilizer() {
        require(msg.sender == _control.stabilizer, NotAuthorized(msg.sender));
        _;
    }

    // Owner: pools

    /// @inheritdoc IStabilizerLimits
    function registerPool(address pool, PoolConfig calldata config) external onlyOwner {
        require(!isRegistered(pool), PoolAlreadyRegistered(pool));
        require(_isStabilizedPool(pool), NotAStabilizedPool(pool));
        address baseToken = IDodoV2Pool(pool)._BASE_TOKEN_();
        address quoteToken = IDodoV2Pool(pool)._QUOTE_TOKEN_();
        Pair storage pair = _pair(baseToken, quoteToken);
        require(pair.pool == address(0), PairTaken(baseToken, quoteToken));
        bool baseIsLower = baseToken < quoteToken;
        uint8 baseDecimals = _decimals(baseToken);
        uint8 quoteDecimals = _decimals(quoteToken);
        pair.pool = pool;
        pair.lowerDecimals = baseIsLower ? baseDecimals : quoteDecimals;
        pair.higherDecimals = baseIsLower ? quoteDecimals : baseDecimals;
        pair.baseIsLower = baseIsLower;
        pair.fixedPricing = IPmmPool(pool).pricing() == IPmmPool.Pricing.FIXED;
        _pools.push(pool);
        emit PoolRegistered(pool, baseToken, quoteToken);
        _setConfig(pool, config);
    }

    /// @inheritdoc IStabilizerLimits
    function setPoolConfig(address pool, PoolConfig calldata config) external onlyOwner {
        require(isRegistered(pool), PoolNotRegistered(pool));
        _setConfig(pool, config);
    }

    /// @inheritdoc IStabilizerLimits
    /// @dev What the pool has used stays, so that registering it again refills nothing.
    function removePool(address pool) external onlyOwner {
        require(isRegistered(pool), PoolNotRegistered(pool));
        PoolState storage state = _states[pool];
        Usage memory used = _refilled(state);
        if (used.bucketBlock != 0) used.bucketBlock = block.number.toUint32();
        state.usage = used;
        delete state.trigger;
        delete state.shares;
        delete state.amounts;
        delete _pair(IDodoV2Pool(pool)._BASE_TOKEN_(), IDodoV2Pool(pool)._QUOTE_TOKEN_()).pool;
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
        _global.capXauWei = _inRange(config.capXauWei, 1, _globalCapCeiling).toUint72();
        _global.maxGasPriceWei = _inRange(config.maxGasPriceWei, 1, _gasPriceCeiling).toUint64();
        _control.nativePriceXauWei = _inRange(config.nativePriceXauWei, 0, _nativePriceCeiling).toUint64();
        _requireGlobalCap();
        emit SetGlobalConfig(config);
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
        require(_control.stabilizer == address(0), StabilizerAlreadySet(_control.stabilizer));
        require(newStabilizer.code.length > 0, NotAContract(newStabilizer));
        _control.stabilizer = newStabilizer;
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
            uint256 readyAt = _control.pausedUntil == 0 ? 0 : _control.pausedUntil + MAX_PAUSE_SECONDS;
            require(block.timestamp >= readyAt, NotReady(readyAt, block.timestamp));
        }
        _setPausedUntil(block.timestamp + MAX_PAUSE_SECONDS);
    }

    /// @inheritdoc IStabilizerLimits
    function unpause() external onlyOwner {
        require(block.timestamp < _control.pausedUntil, NothingPending());
        _setPausedUntil(block.timestamp);
    }

    // Stabilizer

    /// @inheritdoc IStabilizerLimits
    function consume(
        address tokenIn,
        address tokenOut,
        uint256 maxAmountIn
    ) external onlyStabilizer returns (Grant memory grant) {
        Pair memory pair = _pair(tokenIn, tokenOut);
        grant.pool = pair.pool;
        if (pair.pool == address(0)) {
            grant.reason = Reason.NOT_REGISTERED;
            return grant;
        }
        bool inIsBase = (tokenIn < tokenOut) == pair.baseIsLower;
        Question memory question = inIsBase ? _question(pair, tokenIn, tokenOut) : _question(pair, tokenOut, tokenIn);
        _consume(question, grant, maxAmountIn, tokenIn);
    }

    /// @inheritdoc IStabilizerLimits
    function consumePool(address pool, uint256 maxAmountIn) external onlyStabilizer returns (Grant memory grant) {
        grant.pool = pool;
        if (!isRegistered(pool)) {
            grant.reason = Reason.NOT_REGISTERED;
            return grant;
        }
        address baseToken = IDodoV2Pool(pool)._BASE_TOKEN_();
        address quoteToken = IDodoV2Pool(pool)._QUOTE_TOKEN_();
        Question memory question = _question(_pair(baseToken, quoteToken), baseToken, quoteToken);
        _consume(question, grant, maxAmountIn, address(0));
    }

    /// @inheritdoc IStabilizerLimits
    function consumeReward(address pool, uint256 gainXauWei) external onlyStabilizer returns (uint256 rewardXauWei) {
        PoolState storage state = _states[pool];
        Usage memory used = state.usage;
        uint16 today = _today();
        if (used.rewardDay != today) (used.rewardDay, used.rewardSpentQuanta) = (today, 0);
        uint256 spent = used.rewardSpentQuanta * REWARD_QUANTUM;
        rewardXauWei = Math.min(
            gainXauWei.mulDiv(state.shares.rewardShareWad, WAD),
            (2 * GAS_PER_EXECUTION * tx.gasprice * _control.nativePriceXauWei) / WAD
        );
        rewardXauWei = Math.min(rewardXauWei, uint256(used.rewardBudgetXauWeiPerDay).saturatingSub(spent));
        if (rewardXauWei == 0) return 0;
        used.rewardSpentQuanta += rewardXauWei.ceilDiv(REWARD_QUANTUM).toUint40();
        state.usage = used;
    }

    // Views

    /// @inheritdoc IStabilizerLimits
    function allowance(address pool) external view returns (Allowance memory answer) {
        if (!isRegistered(pool)) {
            answer.reason = Reason.NOT_REGISTERED;
            return answer;
        }
        address baseToken = IDodoV2Pool(pool)._BASE_TOKEN_();
        address quoteToken = IDodoV2Pool(pool)._QUOTE_TOKEN_();
        Question memory question = _question(_pair(baseToken, quoteToken), baseToken, quoteToken);
        PoolState storage state = _states[pool];

        answer.readyAtBlock = _readyAtBlock(question.usage, state.trigger);
        answer.reason = _control.pausedUntil > block.timestamp ? Reason.PAUSED : Reason.NONE;
        _note(answer, _trigger(question, state.trigger, answer));
        if (block.number < answer.readyAtBlock) _note(answer, Reason.COOLDOWN);
        if (tx.gasprice > question.global.maxGasPriceWei) _note(answer, Reason.GAS_PRICE);
        _note(answer, _viewPrices(question));
        if (question.quotePriceXauWei == 0) return answer;
        _note(answer, _agreement(question, state.trigger));
        _note(answer, _spot(question, answer));
        answer.spotDeviationWad = _spotDeviation(pool);
        if (answer.tokenIn == address(0)) return answer;
        _note(answer, _size(question, state, answer));
        if (answer.reason == Reason.NONE) answer.reason = _quoted(question, state.trigger, answer);
    }

    /// @inheritdoc IStabilizerLimits
    function pools() external view returns (address[] memory) {
        return _pools;
    }

    /// @inheritdoc IStabilizerLimits
    function isRegistered(address pool) public view returns (bool) {
        return _states[pool].amounts.capXauWei != 0;
    }

    /// @inheritdoc IStabilizerLimits
    function poolFor(address tokenA, address tokenB) external view returns (address) {
        return _pair(tokenA, tokenB).pool;
    }

    /// @inheritdoc IStabilizerLimits
    function poolConfig(address pool) external view returns (PoolConfig memory config) {
        require(isRegistered(pool), PoolNotRegistered(pool));
        PoolState memory state = _states[pool];
        config.thresholdWad = state.trigger.thresholdWad;
        config.fastThresholdWad = state.trigger.fastThresholdWad;
        config.gainWad = state.shares.gainWad;
        config.maxSlippageWad = state.trigger.maxSlippageWad;
        config.maxDeviationAgreeWad = state.trigger.maxDeviationAgreeWad;
        config.minShareWad = state.shares.minShareWad;
        config.minBlocks = state.trigger.minBlocks;
        config.confirmations = state.trigger.confirmations;
        config.windowBlocks = state.trigger.windowBlocks;
        config.capXauWei = state.amounts.capXauWei;
        config.bucketXauWei = state.amounts.bucketXauWei;
        config.bucketRefillXauWeiPerBlock = state.shares.bucketRefillXauWeiPerBlock;
        config.minTradeXauWei = state.amounts.minTradeXauWei;
        config.rewardShareWad = state.shares.rewardShareWad;
        config.rewardBudgetXauWeiPerDay = state.usage.rewardBudgetXauWeiPerDay;
    }

    /// @inheritdoc IStabilizerLimits
    function globalConfig() external view returns (GlobalConfig memory) {
        return GlobalConfig(_global.capXauWei, _global.maxGasPriceWei, _control.nativePriceXauWei);
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
    function stabilizer() external view returns (address) {
        return _control.stabilizer;
    }

    /// @inheritdoc IStabilizerLimits
    function pausedUntil() external view returns (uint256) {
        return _control.pausedUntil;
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
        require(isRegistered(pool), PoolNotRegistered(pool));
        Usage memory used = _refilled(_states[pool]);
        lastExecutionBlock = used.lastExecutionBlock;
        bucketLevelXauWei = used.bucketLevelXauWei;
        rewardTodayXauWei = used.rewardDay == _today() ? used.rewardSpentQuanta * REWARD_QUANTUM : 0;
        blockVolumeXauWei = _global.blockNumber == block.number ? _global.volumeXauWei : 0;
    }

    // Internal: consuming

    /// @dev Leaves everything untouched unless the reason stays NONE.
    function _consume(
        Question memory question,
        Grant memory grant,
        uint256 maxAmountIn,
        address requiredTokenIn
    ) internal {
        Control memory control = _control;
        PoolState storage state = _states[question.pool];
        Trigger memory trigger = state.trigger;
        Allowance memory answer;

        grant.reason = _admission(question, control, trigger, answer);
        if (grant.reason != Reason.NONE) return;
        grant.reason = _spot(question, answer);
        if (grant.reason != Reason.NONE) return;
        grant.sellBase = answer.sellBase;
        grant.tokenIn = answer.tokenIn;
        grant.tokenOut = answer.tokenOut;
        if (requiredTokenIn != address(0) && requiredTokenIn != answer.tokenIn) {
            grant.reason = Reason.WRONG_DIRECTION;
            return;
        }
        grant.reason = _size(question, state, answer);
        grant.minAmountIn = answer.minAmountIn;
        grant.amountIn = Math.min(maxAmountIn, answer.maxAmountIn);
        if (grant.reason != Reason.NONE) return;
        if (grant.amountIn < grant.minAmountIn) {
            grant.reason = Reason.BELOW_MINIMUM;
            return;
        }

        _price(question, grant);
        grant.ratioBeforeWad = uint256(answer.blockEndDeviationWad + int256(WAD));
        grant.maxSlippageWad = trigger.maxSlippageWad;
        _record(question, state, grant);
    }

    /// @dev Everything that does not depend on the pool's state in this block. Pulls the prices, so that the rest of the transaction
    /// reads each feed once.
    function _admission(
        Question memory question,
        Control memory control,
        Trigger memory trigger,
        Allowance memory answer
    ) internal returns (Reason reason) {
        if (control.pausedUntil > block.timestamp) return Reason.PAUSED;
        reason = _trigger(question, trigger, answer);
        if (reason != Reason.NONE) return reason;
        if (block.number < _readyAtBlock(question.usage, trigger)) return Reason.COOLDOWN;
        if (tx.gasprice > question.global.maxGasPriceWei) return Reason.GAS_PRICE;
        reason = _pullPrices(question);
        if (reason != Reason.NONE) return reason;
        return _agreement(question, trigger);
    }

    function _record(Question memory question, PoolState storage state, Grant memory grant) internal {
        // The value is rounded up at the price rounded up: the amount was cut out of the room at the same price, so it always fits.
        uint256 volume = grant.valueInXauWei;
        Usage memory used = question.usage;
        used.lastExecutionBlock = block.number.toUint32();
        used.bucketBlock = used.lastExecutionBlock;
        used.bucketLevelXauWei = (used.bucketLevelXauWei - volume).toUint72();
        state.usage = used;
        Global memory global_ = question.global;
        global_.blockNumber = used.lastExecutionBlock;
        global_.volumeXauWei = (global_.volumeXauWei + volume).toUint80();
        _global = global_;
    }

    function _price(Question memory question, Grant memory grant) internal view {
        (uint256 priceIn, uint256 unitIn) = (question.quotePriceXauWei, question.quoteUnit);
        (grant.priceOutXauWei, grant.unitOut) = (question.basePriceXauWei, question.baseUnit);
        if (grant.sellBase) {
            (grant.priceOutXauWei, priceIn) = (priceIn, grant.priceOutXauWei);
            (grant.unitOut, unitIn) = (unitIn, grant.unitOut);
        }
        unchecked {
            // See `_size`.
            grant.valueInXauWei = (grant.amountIn * (priceIn + 1) + unitIn - 1) / unitIn;
        }
        if (question.fixedPricing) grant.anchorOut = _anchorOut(question.pool, grant.sellBase, grant.amountIn);
    }

    // Internal: the steps of a decision

    /// @dev Copies what is read more than once: refilled usage, amounts, and this block's volume.
    function _question(
        Pair memory pair,
        address baseToken,
        address quoteToken
    ) internal view returns (Question memory question) {
        PoolState storage state = _states[pair.pool];
        question.pool = pair.pool;
        question.baseToken = baseToken;
        question.quoteToken = quoteToken;
        question.baseUnit = 10 ** (pair.baseIsLower ? pair.lowerDecimals : pair.higherDecimals);
        question.quoteUnit = 10 ** (pair.baseIsLower ? pair.higherDecimals : pair.lowerDecimals);
        question.fixedPricing = pair.fixedPricing;
        question.usage = _refilled(state);
        question.amounts = state.amounts;
        question.global = _global;
        if (question.global.blockNumber != block.number) question.global.volumeXauWei = 0;
    }

    function _trigger(
        Question memory question,
        Trigger memory trigger,
        Allowance memory answer
    ) internal view returns (Reason) {
        uint256 count = uint256(trigger.windowBlocks) + trigger.confirmations - 1;
        try IPmmPool(question.pool).recentBlockEnds(count) returns (uint256[] memory ratios) {
            bool inside;
            bool sustained;
            (answer.blockEndDeviationWad, answer.averageDeviationWad, inside, sustained) = DeviationTrigger.evaluate(
                ratios,
                trigger.confirmations,
                trigger.windowBlocks,
                trigger.thresholdWad,
                trigger.fastThresholdWad
            );
            if (sustained) return Reason.NONE;
            return inside ? Reason.INSIDE_BAND : Reason.NOT_SUSTAINED;
        } catch {
            return Reason.HISTORY_UNAVAILABLE;
        }
    }

    /// @dev Direction and amount from the pool as it stands now; they must agree with the history.
    function _spot(Question memory question, Allowance memory answer) internal view returns (Reason) {
        try IPmmPool(question.pool).amountToAnchor() returns (bool sellBase, uint256 amountIn) {
            answer.fullCloseIn = amountIn;
            answer.sellBase = sellBase;
            (answer.tokenIn, answer.tokenOut) =
                sellBase ? (question.baseToken, question.quoteToken) : (question.quoteToken, question.baseToken);
            bool agrees = amountIn > 0 && sellBase == (answer.blockEndDeviationWad > 0);
            return agrees ? Reason.NONE : Reason.SPOT_DISAGREES;
        } catch {
            return Reason.ORACLE_UNAVAILABLE;
        }
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
    function _agreement(Question memory question, Trigger memory trigger) internal view returns (Reason) {
        if (!question.fixedPricing) return Reason.NONE;
        uint256 fixedAnchor = IDodoV2Pool(question.pool)._I_();
        uint256 distance =
            question.oracleAnchor > fixedAnchor
                ? question.oracleAnchor - fixedAnchor
                : fixedAnchor - question.oracleAnchor;
        bool agrees = distance.mulDiv(WAD, fixedAnchor, Math.Rounding.Ceil) <= trigger.maxDeviationAgreeWad;
        return agrees ? Reason.NONE : Reason.ANCHOR_DISAGREES;
    }

    /// @dev The smallest of gain, per-block cap, bucket, global cap and inventory; and the smallest input that is accepted.
    /// Unchecked: amounts of tokens are below 2^128, shares at most 1e18, caps below 2^72, units at most 10^36 and prices below 2^128.
    function _size(
        Question memory question,
        PoolState storage state,
        Allowance memory answer
    ) internal view returns (Reason reason) {
        unchecked {
            (uint256 price, uint256 unit) = answer.sellBase
                ? (question.basePriceXauWei, question.baseUnit)
                : (question.quotePriceXauWei, question.quoteUnit);
            Shares memory shares = state.shares;
            uint256 wanted = (Math.min(answer.fullCloseIn, type(uint128).max) * shares.gainWad) / WAD;
            uint256 allowed;
            (allowed, reason) = _allowed(question, wanted, answer.tokenIn, price, unit);
            uint256 smallest = (question.amounts.minTradeXauWei * unit + price - 1) / price;
            answer.maxAmountIn = allowed;
            answer.minAmountIn = Math.max(smallest, (allowed * shares.minShareWad + WAD - 1) / WAD);
            if (allowed >= smallest) return Reason.NONE;
            // Too small to count as an execution, unless it closes a pool so small that even its full close is: such a pool must
            // stand outside the band now, or somebody could burn the cooldown by bringing the price almost back for one transaction.
            if (allowed == wanted && _abs(_spotDeviation(question.pool)) > state.trigger.thresholdWad) {
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
            uint256 room = uint256(question.global.capXauWei).saturatingSub(question.global.volumeXauWei);
            room = Math.min(room, question.amounts.capXauWei);
            Reason binding = Reason.CAP_EXHAUSTED;
            if (question.usage.bucketLevelXauWei < room) {
                (room, binding) = (question.usage.bucketLevelXauWei, Reason.BUCKET_EXHAUSTED);
            }
            room = (room * unit) / (price + 1);
            if (room < allowed) (allowed, reason) = (room, binding);
            room = IERC20(tokenIn).balanceOf(_control.stabilizer);
            if (room < allowed) (allowed, reason) = (room, Reason.NO_INVENTORY);
        }
    }

    /// @dev What the trade would bring, as the pool quotes it to the stabilizer.
    function _quoted(
        Question memory question,
        Trigger memory trigger,
        Allowance memory answer
    ) internal view returns (Reason) {
        Grant memory grant;
        grant.sellBase = answer.sellBase;
        grant.amountIn = answer.maxAmountIn;
        _price(question, grant);
        (bool quoted, uint256 amountOut) = _tryQuote(question.pool, answer.sellBase, answer.maxAmountIn);
        if (!quoted) return Reason.ORACLE_UNAVAILABLE;
        uint256 valueOut = amountOut.mulDiv(grant.priceOutXauWei, grant.unitOut);
        if (valueOut >= grant.valueInXauWei && amountOut >= grant.anchorOut) return Reason.NONE;
        uint256 floor = grant.valueInXauWei.mulDiv(WAD - trigger.maxSlippageWad, WAD);
        return valueOut < floor ? Reason.SLIPPAGE : Reason.WOULD_LOSE;
    }

    function _tryQuote(
        address pool,
        bool sellBase,
        uint256 amountIn
    ) internal view returns (bool quoted, uint256 amountOut) {
        address trader = _control.stabilizer;
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
        try IXAUOracle(oracle).pullPair(question.baseToken, question.quoteToken) returns (
            uint256 basePriceXauWei,
            uint256 quotePriceXauWei,
            uint256 anchorNew,
            uint256
        ) {
            question.basePriceXauWei = basePriceXauWei;
            question.quotePriceXauWei = quotePriceXauWei;
            question.oracleAnchor = anchorNew;
        } catch {
            return Reason.ORACLE_UNAVAILABLE;
        }
        return _pricesUsable(question);
    }

    function _viewPrices(Question memory question) internal view returns (Reason) {
        IXAUOracle source = IXAUOracle(oracle);
        try source.anchors(question.baseToken, question.quoteToken) returns (uint256 anchorNew, uint256) {
            question.oracleAnchor = anchorNew;
        } catch {
            return Reason.ORACLE_UNAVAILABLE;
        }
        try source.valueInXau(question.baseToken, question.baseUnit) returns (uint256 xauWei) {
            question.basePriceXauWei = xauWei;
        } catch {
            return Reason.ORACLE_UNAVAILABLE;
        }
        try source.valueInXau(question.quoteToken, question.quoteUnit) returns (uint256 xauWei) {
            question.quotePriceXauWei = xauWei;
        } catch {
            return Reason.ORACLE_UNAVAILABLE;
        }
        return _pricesUsable(question);
    }

    /// @dev A price that rounds to nothing could not bound an amount; one beyond 2^128 would overflow.
    function _pricesUsable(Question memory question) internal pure returns (Reason) {
        unchecked {
            // 0 wraps to the top.
            uint256 larger = Math.max(question.basePriceXauWei - 1, question.quotePriceXauWei - 1);
            if (larger < type(uint128).max - 1) return Reason.NONE;
        }
        question.quotePriceXauWei = 0;
        return Reason.ORACLE_UNAVAILABLE;
    }

    /// @dev Least output at the pool's own fixed anchor, rounded down to whole units.
    function _anchorOut(address pool, bool sellBase, uint256 amountIn) internal view returns (uint256) {
        uint256 anchor = IDodoV2Pool(pool)._I_();
        return sellBase ? amountIn.mulDiv(anchor, WAD) : amountIn.mulDiv(WAD, anchor);
    }

    // Internal: counters

    /// @dev Bucket level now. A pool that never executed has a full bucket.
    function _refilled(PoolState storage state) internal view returns (Usage memory used) {
        used = state.usage;
        uint256 capacity = state.amounts.bucketXauWei;
        uint256 level = capacity;
        if (used.bucketBlock != 0) {
            uint256 elapsed = block.number - used.bucketBlock;
            level = Math.min(capacity, used.bucketLevelXauWei + elapsed * state.shares.bucketRefillXauWeiPerBlock);
        }
        used.bucketLevelXauWei = level.toUint72();
    }

    function _readyAtBlock(Usage memory used, Trigger memory trigger) internal pure returns (uint256) {
        return used.lastExecutionBlock == 0 ? 0 : uint256(used.lastExecutionBlock) + trigger.minBlocks;
    }

    /// @dev Days since 1970; 16 bits last until the year 2149.
    function _today() internal view returns (uint16) {
        return (block.timestamp / 1 days).toUint16();
    }

    // Internal: configuration

    function _setConfig(address pool, PoolConfig calldata config) internal {
        PoolState storage state = _states[pool];
        // What was used up under the old settings stays used up; only then the new ones count.
        Usage memory used = isRegistered(pool) ? _refilled(state) : state.usage;
        bool executed = used.lastExecutionBlock != 0;
        state.trigger = Trigger({
            thresholdWad: _inRange(config.thresholdWad, MIN_THRESHOLD_WAD, MAX_THRESHOLD_WAD).toUint56(),
            fastThresholdWad: _inRange(config.fastThresholdWad, MIN_THRESHOLD_WAD, MAX_THRESHOLD_WAD).toUint56(),
            maxSlippageWad: _inRange(config.maxSlippageWad, 0, MAX_SLIPPAGE_WAD).toUint56(),
            maxDeviationAgreeWad: _inRange(config.maxDeviationAgreeWad, 0, MAX_DEVIATION_AGREE_WAD).toUint56(),
            minBlocks: _inRange(config.minBlocks, 1, MAX_MIN_BLOCKS).toUint16(),
            confirmations: _inRange(config.confirmations, 1, MAX_HISTORY_BLOCKS).toUint8(),
            windowBlocks: _inRange(config.windowBlocks, 1, MAX_HISTORY_BLOCKS).toUint8()
        });
        require(
            config.fastThresholdWad >= config.thresholdWad,
            FastBelowThreshold(config.fastThresholdWad, config.thresholdWad)
        );
        uint256 history = uint256(config.confirmations) + config.windowBlocks - 1;
        require(history <= MAX_HISTORY_BLOCKS, HistoryTooLong(history, MAX_HISTORY_BLOCKS));
        state.shares = Shares({
            gainWad: _inRange(config.gainWad, 1, WAD).toUint64(),
            minShareWad: _inRange(config.minShareWad, 1, WAD).toUint64(),
            rewardShareWad: _inRange(config.rewardShareWad, 0, MAX_REWARD_SHARE_WAD).toUint64(),
            bucketRefillXauWeiPerBlock: _inRange(config.bucketRefillXauWeiPerBlock, 1, _refillCeiling).toUint64()
        });
        uint256 cap = _inRange(config.capXauWei, 1, _poolCapCeiling);
        uint256 bucket = _inRange(config.bucketXauWei, 1, _bucketCeiling);
        state.amounts = Amounts({
            capXauWei: cap.toUint72(),
            bucketXauWei: bucket.toUint72(),
            minTradeXauWei: _inRange(config.minTradeXauWei, 1, Math.min(cap, bucket)).toUint72()
        });
        used.bucketLevelXauWei = (executed ? Math.min(used.bucketLevelXauWei, bucket) : bucket).toUint72();
        if (executed) used.bucketBlock = block.number.toUint32();
        used.rewardBudgetXauWeiPerDay = _inRange(config.rewardBudgetXauWeiPerDay, 0, _rewardBudgetCeiling).toUint64();
        state.usage = used;
        _requireGlobalCap();
        emit SetPoolConfig(pool, config);
    }

    /// @dev Two pools at their caps in one block must not stand in each other's way.
    function _requireGlobalCap() internal view {
        uint256 largest;
        uint256 second;
        for (uint256 index = 0; index < _pools.length; ++index) {
            uint256 cap = _states[_pools[index]].amounts.capXauWei;
            if (cap > largest) (largest, second) = (cap, largest);
            else if (cap > second) second = cap;
        }
        require(_global.capXauWei >= largest + second, GlobalCapTooSmall(_global.capXauWei, largest + second));
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
            IPmmPool(pool).stabilizer() == _control.stabilizer &&
            _control.stabilizer != address(0) &&
            (IPmmPool(pool).pricing() == IPmmPool.Pricing.FIXED || IPmmPool(pool).oracle() == oracle);
    }

    function _setPausedUntil(uint256 timestamp) internal {
        _control.pausedUntil = timestamp.toUint32();
        emit PausedUntil(timestamp);
    }

    function _pair(address tokenA, address tokenB) internal view returns (Pair storage) {
        return tokenA < tokenB ? _pairs[tokenA][tokenB] : _pairs[tokenB][tokenA];
    }

    function _decimals(address token) internal view returns (uint8 decimals) {
        decimals = IERC20Metadata(token).decimals();
        _inRange(decimals, 0, 36);
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
