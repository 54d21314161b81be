// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Best pool among the registered ones, for routers
/// @dev Amounts are base units of the token they are named after; no decimals are assumed anywhere.
interface IDODOPMMProvider is ICommonErrors {
    event PoolRegistered(address indexed pool, address indexed baseToken, address indexed quoteToken);
    event PoolRemoved(address indexed pool);
    event Executed(
        address indexed pool,
        address indexed payer,
        address indexed to,
        address tokenIn,
        uint256 amountIn,
        address tokenOut,
        uint256 amountOut
    );

    /// @notice Thrown when no registered pool of the pair can pay anything for the amount.
    error NoLiquidity(address tokenIn, address tokenOut, uint256 amountIn);
    /// @notice Thrown when the pool is not a public pool of the integration's registry.
    error NotAPublicPool(address pool);
    error PoolNotRegistered(address pool);
    error PoolAlreadyRegistered(address pool);

    /// @notice Owner only.
    function registerPool(address pool) external;

    /// @notice Owner only. The pair is named, so that a pool which the integration has dropped can be removed, too.
    function removePool(address pool, address tokenA, address tokenB) external;

    /// @notice The most any registered pool pays now, and which. Pools that cannot answer are passed over.
    function getQuote(
        address tokenIn,
        address tokenOut,
        uint256 amountIn
    ) external view returns (uint256 amountOut, address pool);

    /// @notice Sells exactly `amountIn`, pulled from the caller, at the best pool.
    function executeSwap(
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external returns (uint256 amountOut);

    /// @notice Pools registered for a pair, in either order.
    function poolsFor(address tokenA, address tokenB) external view returns (address[] memory);
}
