// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ISwapRegistry} from "./ISwapRegistry.sol";

/// @title Exact-input swaps over registered pools: one or two hops, split over up to three routes
/// @notice Ask `quote`, pass its routes to a swap. In the same state the swap pays exactly what was quoted; `minOut` bounds the rest.
/// @dev Amounts are base units of the token they are named after.
interface IEnhancedSwapRouter is ISwapRegistry {
    struct Route {
        uint256 amountIn;
        address firstPool;
        /// @dev Zero: one hop.
        address secondPool;
    }

    struct Order {
        address tokenIn;
        uint256 amountIn;
        address tokenOut;
        /// @dev Least that `to` must receive over all routes.
        uint256 minOut;
        address to;
        /// @dev Unix seconds.
        uint256 deadline;
    }

    /// @notice An ERC-2612 permit of the caller for the router over the order's `amountIn`.
    struct Permit {
        uint256 chainId;
        uint256 nonce;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice A Permit2 signature transfer over the order's `amountIn`, whose witness is the order and its routes.
    struct SignedTransfer {
        address owner;
        uint256 chainId;
        uint256 nonce;
        uint256 deadline;
        bytes signature;
    }

    event Swapped(
        address indexed payer,
        address indexed to,
        address indexed tokenIn,
        uint256 amountIn,
        address tokenOut,
        uint256 amountOut
    );

    /// @notice Thrown when `pool` does not trade `token`, or the last pool of a route does not pay the order's output token.
    error BrokenPath(address pool, address token);
    /// @notice Thrown when a route passes through a token that is not registered for it.
    error NotAnIntermediate(address token);
    /// @notice Thrown when the routes' amounts do not add up to the order's.
    error SplitMismatch(uint256 sum, uint256 amountIn);
    /// @notice Thrown when the receiver is the router or a pool of the path, where the output could not be told from other tokens.
    error BadRecipient(address to);
    /// @notice Thrown when a pool ran out of liquidity before it had taken the whole amount.
    error PartialFill(address pool, uint256 taken, uint256 amountIn);
    /// @notice Thrown by the callback for everybody but the pool that is being called, once.
    error UnexpectedCallback(address caller);
    /// @notice Thrown when a permit was made for another chain.
    error WrongChain(uint256 chainId, uint256 currentChainId);
    /// @notice Thrown when a permit's nonce is not, or no longer, usable.
    error PermitReplayed(address owner, uint256 nonce);
    /// @notice Thrown when the router was deployed without Permit2.
    error Permit2Unavailable();
    /// @notice Thrown when no registered path pays anything for the amount.
    error NoRoute(address tokenIn, address tokenOut, uint256 amountIn);

    /// @notice Sells the order's `amountIn`, pulled from the caller, along `routes`.
    /// @return amountOut What `to` received.
    function swap(Order calldata order, Route[] calldata routes) external returns (uint256 amountOut);

    /// @notice As `swap`, with the approval given by signature. A permit that somebody else has submitted before is passed over when
    /// the allowance it gave is still there.
    function swapWithPermit(
        Order calldata order,
        Route[] calldata routes,
        Permit calldata permit
    ) external returns (uint256 amountOut);

    /// @notice As `swap`, paid by `transfer.owner`. Anybody may submit: the signature binds receiver, minimum, deadline and routes.
    function swapWithPermit2(
        Order calldata order,
        Route[] calldata routes,
        SignedTransfer calldata transfer
    ) external returns (uint256 amountOut);

    /// @notice The best split over at most `maxRoutes` routes, never worse than the best single route.
    /// @dev A view in the strict sense, but it walks pool states: for `eth_call`, not for contracts that count gas.
    function quote(
        address tokenIn,
        uint256 amountIn,
        address tokenOut,
        uint256 maxRoutes
    ) external view returns (uint256 amountOut, Route[] memory routes);

    /// @notice EIP-712 hash of what a Permit2 signature carries beside token and amount.
    function witnessOf(Order calldata order, Route[] calldata routes) external pure returns (bytes32);

    /// @notice The canonical Permit2, or zero.
    function permit2() external view returns (address);
}
