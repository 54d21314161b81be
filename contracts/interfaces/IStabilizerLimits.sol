// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Answers how much the stabilizer may do now, in which direction, and why not
/// @dev Every limit is per pool and lies inside immutable ceilings; caps and buckets are in XAU wei at the oracle. Ratios and
/// deviations are 1e18 fixed point, deviation = ratio - 1 (positive: base is dear, sell base into the pool).
interface IStabilizerLimits is ICommonErrors {
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
        HISTORY_UNAVAILABLE
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
        /// @dev Newest block-end, average over W and spot, each minus 1e18.
        int256 blockEndDeviationWad;
        int256 averageDeviationWad;
        int256 spotDeviationWad;
        /// @dev First block in which the cooldown is over.
        uint256 readyAtBlock;
    }

    event SetPoolConfig(address indexed pool, PoolConfig config);
    event SetGlobalConfig(GlobalConfig config);
    event PoolRegistered(address indexed pool, address indexed baseToken, address indexed quoteToken);
    event PoolRemoved(address indexed pool);

    error PoolNotRegistered(address pool);
    error PoolAlreadyRegistered(address pool);
    /// @notice Thrown when a pair already has a registered pool.
    error PairTaken(address baseToken, address quoteToken);
    /// @notice Thrown by consumption when the answer is a reason.
    error NotAllowedNow(address pool, Reason reason);

    /// @notice The full answer for a pool at this block, for an inventory of `stabilizer`. Never reverts for a registered pool.
    function allowance(address pool) external view returns (Allowance memory);

    /// @notice Registered pools in order of registration.
    function pools() external view returns (address[] memory);

    /// @notice The pool registered for a pair in either order, or zero.
    function poolFor(address tokenA, address tokenB) external view returns (address);

    function poolConfig(address pool) external view returns (PoolConfig memory);

    function globalConfig() external view returns (GlobalConfig memory);
}
