// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IEnhancedSwapRouter} from "./IEnhancedSwapRouter.sol";
import {ISwapRegistry} from "./ISwapRegistry.sol";

/// @title Finds the best split over a registry's pools
interface ISwapQuoter {
    /// @notice See `IEnhancedSwapRouter.quote`.
    function quote(
        ISwapRegistry registry,
        address tokenIn,
        uint256 amountIn,
        address tokenOut,
        uint256 maxRoutes
    ) external view returns (uint256 amountOut, IEnhancedSwapRouter.Route[] memory routes);

    /// @notice Net output of one pool for an exact input, as a swap in this state pays it; 0 when it would not trade.
    /// @param trader Whoever will call the pool: fees may depend on it.
    function quotePool(
        address pool,
        ISwapRegistry.PoolEntry calldata entry,
        address trader,
        address tokenIn,
        uint256 amountIn
    ) external view returns (uint256 amountOut);
}
