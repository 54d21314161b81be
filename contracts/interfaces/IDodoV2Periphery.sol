// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title What Cantilever calls of DODO V2 beyond the pools
/// @dev Written from DODO's published selectors. On every factory the registry is editable by its admin: being listed proves nothing
/// without the check of the clone's target.
interface IDodoV2Registry {
    function getDODOPool(address baseToken, address quoteToken) external view returns (address[] memory pools);

    function getDODOPoolBidirection(
        address token0,
        address token1
    ) external view returns (address[] memory baseToken0Pool, address[] memory baseToken1Pool);
}

/// @dev The pool is registered under `tx.origin`. Neither the clone nor the fee rate is checked there.
interface IDodoV2DspFactory is IDodoV2Registry {
    function createDODOStablePool(
        address baseToken,
        address quoteToken,
        uint256 lpFeeRate,
        uint256 i,
        uint256 k,
        bool isOpenTWAP
    ) external returns (address newStablePool);
}

/// @dev Creates, funds and mints in one transaction. Takes the tokens from its caller through DODOApprove; the caller gets the shares.
interface IDodoV2DspProxy {
    function createDODOStablePair(
        address baseToken,
        address quoteToken,
        uint256 baseInAmount,
        uint256 quoteInAmount,
        uint256 lpFeeRate,
        uint256 i,
        uint256 k,
        bool isOpenTWAP,
        uint256 deadline
    ) external payable returns (address newStablePair, uint256 shares);
}

/// @dev Creates, funds and initialises in one transaction: a clone that waits for `init` can be initialised by anybody. `i` before `k`.
interface IDodoV2DppProxy {
    function createDODOPrivatePool(
        address baseToken,
        address quoteToken,
        uint256 baseInAmount,
        uint256 quoteInAmount,
        uint256 lpFeeRate,
        uint256 i,
        uint256 k,
        bool isOpenTwap,
        uint256 deadline
    ) external payable returns (address newPrivatePool);
}

/// @dev Ownership of DODO's private pools and of their admin contracts; two steps.
interface IDodoV2Ownable {
    function _OWNER_() external view returns (address);

    function transferOwnership(address newOwner) external;

    function claimOwnership() external;
}
