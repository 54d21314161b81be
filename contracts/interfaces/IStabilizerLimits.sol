// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";
import {IPegManager, IPegSink} from "./IPegManager.sol";

/// @title Answers how much the stabilizer may do now, in which direction, and why not
/// @dev Every limit is per pool and lies inside immutable ceilings; caps and buckets are in XAU wei at the oracle. Ratios and
/// deviations are 1e18 fixed point, deviation = ratio - 1 (positive: base is dear, sell base into the pool).
interface IStabilizerLimits is ICommonErrors, IPegSink {
    /// @notice Why nothing is allowed. The order is ABI: append only.
    enum Reason {
        NONE,
        NOT_REGISTERED,
        PAUSED,
        INSIDE_BAND,
        NOT_SUSTAINED,
        SPOT_DISAGREES,
        COOLDOWN,
        GAS_PRICE,
        ORACLE_UNAVAILABLE,
        ANCHOR_DISAGREES,
        CAP_EXHAUSTED,
        BUCKET_EXHAUSTED,
        NO_INVENTORY,
        BELOW_MINIMUM,
        WRONG_DIRECTION,
        SLIPPAGE,
        WOULD_LOSE,
        HISTORY_UNAVAILABLE,
        EXECUTION_FAILED,
        /// @dev A token of the pool is HALTED: its peg manager says so.
        PEG_HALTED,
        /// @dev The oracle prices a token of the pool outside its guard, whatever its peg manager has noticed so far.
        PRICE_OUTSIDE_GUARD
    }

    struct PoolConfig {
        /// @dev Trigger threshold theta and fast threshold, 1e18 = 1 (3 bps = 3e14).
        uint64 thresholdWad;
        uint64 fastThresholdWad;
        /// @dev Share of the amount that returns the pool to the anchor, 0 < gain <= 1e18.
        uint64 gainWad;
        /// @dev Worst accepted execution against the anchor.
        uint64 maxSlippageWad;
        /// @dev FIXED pools: largest |oracle / i - 1|; beyond it nothing happens.
        uint64 maxDeviationAgreeWad;
        /// @dev An execution below this share of the allowed size reverts unless it is the full close.
        uint64 minShareWad;
        /// @dev Blocks between executions (1..300), N consecutive blocks, W blocks of the average.
        uint16 minBlocks;
        uint8 confirmations;
        uint8 windowBlocks;
        /// @dev Per-block cap, bucket capacity and bucket refill per block, smallest trade: XAU wei.
        uint128 capXauWei;
        uint128 bucketXauWei;
        uint128 bucketRefillXauWeiPerBlock;
        uint128 minTradeXauWei;
        /// @dev Caller's share of the oracle gain, and what may be paid per day and pool: XAU wei.
        uint64 rewardShareWad;
        uint128 rewardBudgetXauWeiPerDay;
    }

    struct GlobalConfig {
        /// @dev Volume of all pools in one block; at least the sum of the two largest pool caps.
        uint128 capXauWei;
        uint128 maxGasPriceWei;
        /// @dev Value of one whole native coin for the reward's bound of twice the gas cost: XAU wei. 0 = no reward.
        uint128 nativePriceXauWei;
    }

    /// @notice What protects the stabilizer from a token that loses its peg. All zero: nothing does.
    struct PegGuard {
        /// @dev Tells the token's peg state by `pegChanged`; zero = nobody, and the state is NORMAL.
        address manager;
        /// @dev Oracle price of a whole token at which the stabilizer may trade it, both ends included: USD, 1e18.
        uint128 minPriceUsdWad;
        uint128 maxPriceUsdWad;
        /// @dev Per-block cap of the token's pools while it is DEFENDING, as a multiple of the configured one: 1e18 = 1, 1e18 .. 10e18. The
        /// ceiling cuts it off. Of the two tokens of a pool the smaller multiple counts.
        uint64 defendingCapWad;
    }

    /// @notice What governance can never exceed; immutable.
    struct Ceilings {
        uint128 poolCapXauWei;
        uint128 bucketXauWei;
        uint128 bucketRefillXauWeiPerBlock;
        uint128 rewardBudgetXauWeiPerDay;
        uint128 globalCapXauWei;
        uint128 maxGasPriceWei;
        uint128 nativePriceXauWei;
    }

    /// @notice What `consume` allowed, with the prices it was allowed at.
    struct Grant {
        /// @dev Anything but NONE: nothing was consumed.
        Reason reason;
        bool sellBase;
        address pool;
        address tokenIn;
        address tokenOut;
        /// @dev Input to trade now and the smallest that is accepted, token base units.
        uint256 amountIn;
        uint256 minAmountIn;
        /// @dev Value of `amountIn`, rounded up, and of `unitOut` = 10^decimals of `tokenOut`, rounded down: XAU wei at the oracle.
        uint256 valueInXauWei;
        uint256 priceOutXauWei;
        uint256 unitOut;
        /// @dev Least output by the pool's own anchor (FIXED pools; 0 for ORACLE pools, whose anchor is the oracle).
        uint256 anchorOut;
        /// @dev The newest block-end.
        uint256 ratioBeforeWad;
        uint256 maxSlippageWad;
    }

    /// @notice The answer for one pool. `reason == NONE` means: act.
    struct Allowance {
        Reason reason;
        /// @dev Trade against the public pool: true sells base into it.
        bool sellBase;
        address tokenIn;
        address tokenOut;
        /// @dev Largest input allowed now (gain, caps, bucket, inventory), token base units.
        uint256 maxAmountIn;
        /// @dev Smallest input that is not refused, token base units.
        uint256 minAmountIn;
        /// @dev Input that returns the pool exactly to the anchor.
        uint256 fullCloseIn;
        /// @dev Newest block-end, average over W and spot, each minus 1e18; 0 where it cannot be read.
        int256 blockEndDeviationWad;
        int256 averageDeviationWad;
        int256 spotDeviationWad;
        /// @dev First block in which the cooldown is over.
        uint256 readyAtBlock;
    }

    event SetPoolConfig(address indexed pool, PoolConfig config);
    event SetGlobalConfig(GlobalConfig config);
    event SetStabilizer(address indexed stabilizer);
    event SetFactory(address indexed factory, bool accepted);
    event SetGuardian(address indexed guardian);
    event PausedUntil(uint256 timestamp);
    event SetPegGuard(address indexed token, PegGuard guard);
    /// @notice What the pools of the token follow from now on.
    event PegStateChanged(address indexed token, IPegManager.State indexed state);
    event PoolRegistered(address indexed pool, address indexed baseToken, address indexed quoteToken);
    event PoolRemoved(address indexed pool);

    error PoolNotRegistered(address pool);
    error PoolAlreadyRegistered(address pool);
    /// @notice Thrown when a pair already has a registered pool.
    error PairTaken(address baseToken, address quoteToken);
    /// @notice Thrown when the pool is not a public pool of the accepted factory that exempts this stabilizer from its fee.
    error NotAStabilizedPool(address pool);
    /// @notice Thrown when the global cap would not cover the two largest pool caps.
    error GlobalCapTooSmall(uint256 capXauWei, uint256 requiredXauWei);
    /// @notice Thrown when W + N - 1 block-ends are more than a pool keeps for us.
    error HistoryTooLong(uint256 blocks, uint256 maxBlocks);
    /// @notice Thrown when the stabilizer is set a second time.
    error StabilizerAlreadySet(address stabilizer);
    /// @notice Thrown when the fast threshold lies below the slow one.
    error FastBelowThreshold(uint256 fastThresholdWad, uint256 thresholdWad);

    /// @notice The full answer for a pool at this block, for an inventory of `stabilizer`. Never reverts for a registered pool.
    /// @dev Quotes the pool for `maxAmountIn`, so that WOULD_LOSE and SLIPPAGE are known before a transaction is sent.
    function allowance(address pool) external view returns (Allowance memory);

    /// @notice Stabilizer only. Checks everything for the pool of the pair and consumes cap, bucket and cooldown for
    /// min(maxAmountIn, allowed). A reason other than NONE comes without any effect.
    /// @dev Reason WRONG_DIRECTION: `grant.tokenIn` is the right one.
    function consume(address tokenIn, address tokenOut, uint256 maxAmountIn) external returns (Grant memory grant);

    /// @notice Like `consume` for a pool, in whichever direction it needs.
    function consumePool(address pool, uint256 maxAmountIn) external returns (Grant memory grant);

    /// @notice Stabilizer only, once after each `consume` or `consumePool` of the same transaction. What the caller of that execution
    /// gets: min(share of the gain, twice the gas cost, what is left of the budget of the day), and takes it from the budget. XAU wei.
    function consumeReward(uint256 gainXauWei) external returns (uint256 rewardXauWei);

    /// @notice Registered pools in order of registration.
    function pools() external view returns (address[] memory);

    function isRegistered(address pool) external view returns (bool);

    /// @notice The pool registered for a pair in either order, or zero.
    function poolFor(address tokenA, address tokenB) external view returns (address);

    function poolConfig(address pool) external view returns (PoolConfig memory);

    function globalConfig() external view returns (GlobalConfig memory);

    function ceilings() external view returns (Ceilings memory);

    function oracle() external view returns (address);

    function isFactory(address factory) external view returns (bool);

    function stabilizer() external view returns (address);

    function guardian() external view returns (address);

    function pegGuard(address token) external view returns (PegGuard memory);

    /// @notice What the token's manager told last.
    function pegStateOf(address token) external view returns (IPegManager.State);

    /// @notice Unix seconds until which nothing is allowed; in the past when not paused.
    function pausedUntil() external view returns (uint256);

    /// @notice What a pool has used: last execution, bucket level now, today's rewards, and all pools' volume in this block. XAU wei.
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
        );

    /// @notice Owner only. Registers a public pool of the factory; one pool per pair.
    function registerPool(address pool, PoolConfig calldata config) external;

    /// @notice Owner only. Counters stay: neither cooldown nor bucket is refilled by a change.
    function setPoolConfig(address pool, PoolConfig calldata config) external;

    /// @notice Owner only.
    function removePool(address pool) external;

    /// @notice Owner only.
    function setGlobalConfig(GlobalConfig calldata config) external;

    /// @notice Owner only. Another manager than before starts at NORMAL: `IPegManager.setSink` makes him tell what he knows, and has to
    /// follow in the same batch. A manager who is taken away must lose his sink in the same batch, or his next change is refused.
    function setPegGuard(address token, PegGuard calldata guard) external;

    /// @notice Owner only. Pools of accepted factories may be registered.
    function setFactory(address factory, bool accepted) external;

    /// @notice Owner only, once.
    function setStabilizer(address newStabilizer) external;

    /// @notice Owner only.
    function setGuardian(address newGuardian) external;

    /// @notice Guardian: stops acting for MAX_PAUSE_SECONDS, then waits as long before the next pause. Owner: at any time.
    function pause() external;

    /// @notice Owner only. Ends a pause early.
    function unpause() external;
}
