// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";
import {IStabilizerLimits} from "./IStabilizerLimits.sol";

/// @title Holds public pools at their anchor with its own inventory and the private mesh
/// @notice One stabilizer for all pools. It acts only when StabilizerLimits allows, never at a price worse than the anchor, and every
/// execution leaves the inventory (its balances and the mesh reserves, valued in XAU at the oracle) no lower, reward included.
interface IStabilizer is ICommonErrors {
    struct Order {
        address pool;
        /// @dev Largest input, token base units.
        uint256 maxAmountIn;
    }

    /// @notice Emitted for each execution. `boughtBack`: units of the token spent that the mesh gave for what was received, 0 when the
    /// inventory is held. Ratio 1e18 = at the anchor: the newest block-end before; what the trade left behind is the pool's
    /// `recordedRatio`. Inventory change in XAU wei at this block's oracle, after reward, rounded down.
    event Stabilized(
        address indexed pool,
        address indexed caller,
        bool sellBase,
        uint256 amountIn,
        uint256 amountOut,
        uint256 ratioBeforeWad,
        uint256 boughtBack,
        uint256 inventoryChangeXauWei,
        uint256 rewardXauWei
    );
    /// @notice Emitted by `executeBatch` for a pool that was left out; it has no other effect.
    event Skipped(address indexed pool, IStabilizerLimits.Reason reason);
    event Settled(address indexed tokenIn, uint256 amountIn, address indexed tokenOut, uint256 amountOut);
    event SetKeeper(address indexed keeper, bool allowed);
    event Withdrawn(address indexed token, uint256 amountUnits, address indexed to);
    event ApprovalsSynced(address indexed pool, bool approved);

    /// @notice Thrown with the reason why nothing is allowed.
    error NoAction(address pool, IStabilizerLimits.Reason reason);
    /// @notice Thrown when the given tokens name the wrong direction.
    error WrongDirection(address tokenIn, address expectedTokenIn);
    /// @notice Thrown when the trade is smaller than the smallest that may start the cooldown.
    error BelowMinimum(uint256 amountIn, uint256 minAmountIn);
    /// @notice Thrown when an execution would leave the inventory lower. XAU wei.
    error InventoryWouldFall(int256 changeXauWei);

    /// @notice Worst registered pool by |newest block-end deviation|; whole basis points, rounded towards zero.
    function checkDeviation() external view returns (int256 deviationBps, bool shouldRebalance);

    /// @notice The same for one pool.
    function checkDeviation(address pool) external view returns (int256 deviationBps, bool shouldRebalance);

    /// @notice Deviation of the newest block-end with full precision, 1e18 = 100 %.
    function checkDeviationWad(address pool) external view returns (int256 deviationWad, bool shouldRebalance);

    /// @notice Acts on the pool registered for the pair. `tradeSize` is the largest input in `tokenIn` units. Reverts with the reason.
    function executePrivateSwap(uint256 tradeSize, address tokenIn, address tokenOut) external;

    /// @notice Acts on several pools; a pool that cannot be acted on is skipped with an event, never a revert.
    function executeBatch(Order[] calldata orders) external returns (uint256 executed);

    /// @notice Rebalances own balances through the mesh at no loss beyond the mesh's curve (owner or keeper).
    function settle(
        address tokenIn,
        uint256 amountIn,
        address tokenOut,
        uint256 minOut
    ) external returns (uint256 amountOut);

    /// @notice Stabilizer balances and mesh reserves valued together at the oracle, XAU wei.
    function inventoryXauWei() external view returns (uint256);

    /// @notice Own balance plus nothing else: what can be spent on a pool now, token base units.
    function available(address token) external view returns (uint256);

    /// @notice Approves a registered pool or a mesh pool for its two tokens, or revokes a pool that is neither. Anyone may call.
    function syncApprovals(address pool) external;

    /// @notice Approves the mesh pools for their two tokens. Anyone may call, after the mesh got a new pool.
    function syncMeshApprovals() external;

    /// @notice Owner only. Keepers may settle.
    function setKeeper(address keeper, bool allowed) external;

    function isKeeper(address account) external view returns (bool);

    /// @notice Owner only; never paused.
    function withdraw(address token, uint256 amountUnits, address to) external;
}
