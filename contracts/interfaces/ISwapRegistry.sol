// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title The pools a router may call, and the tokens it may pass through
interface ISwapRegistry is ICommonErrors {
    enum Venue {
        NONE,
        /// @dev Our public pools.
        PMM,
        /// @dev DODO's own DSP pools.
        DODO,
        UNISWAP_V3
    }

    struct PoolEntry {
        Venue venue;
        /// @dev Base of a PMM or DODO pool, token0 of a Uniswap pool.
        address tokenA;
        /// @dev Quote, or token1.
        address tokenB;
    }

    event PoolRegistered(address indexed pool, Venue venue, address indexed tokenA, address indexed tokenB);
    event PoolRemoved(address indexed pool, address indexed by);
    /// @notice A token refused to withdraw the approval of a removed pool. It is withdrawn when the pool is added and removed again.
    event ApprovalKept(address indexed token, address indexed pool);
    event SetIntermediate(address indexed token, bool accepted);
    event SetGuardian(address indexed guardian);

    /// @notice Thrown when a pool is not, or no longer, registered here or where it was proven.
    error PoolNotRegistered(address pool);
    error PoolAlreadyRegistered(address pool);
    /// @notice Thrown for private pools: a router that may use one opens it to everybody.
    error PrivatePool(address pool);
    /// @notice Thrown when the pool is not the one that `factory` deployed for its pair and fee.
    error PoolNotAccepted(address pool, address factory);

    /// @notice Owner only. A public pool of the integration's registry, ours or DODO's own. Ours may from now on pull their two tokens
    /// from the router.
    function registerPool(address pool) external;

    /// @notice Owner only. A pool that `factory`, the canonical one of this chain, answers for its pair and fee.
    function registerUniswapPool(address factory, address pool) external;

    /// @notice Owner or guardian, at once. Withdraws what a pool of ours may pull.
    function removePool(address pool) external;

    /// @notice Owner; the guardian may only take a token out.
    function setIntermediate(address token, bool accepted) external;

    /// @notice Owner only.
    function setGuardian(address newGuardian) external;

    /// @notice `venue` NONE when the pool is not registered.
    function poolEntry(address pool) external view returns (PoolEntry memory);

    /// @notice Registered pools of a pair, in either order.
    function poolsFor(address tokenA, address tokenB) external view returns (address[] memory);

    function intermediates() external view returns (address[] memory);

    function isIntermediate(address token) external view returns (bool);

    function guardian() external view returns (address);
}
