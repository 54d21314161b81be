// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Creates, registers and trades DODO V2 pools: DODO's own and ours
/// @dev `initialPrice` is DODO's `i`: quote base units per base base-unit times 1e18, that is
/// price * 10^(18 + quoteDecimals - baseDecimals); `anchorOf` converts a price. Rates 1e18 = 1.
/// @dev Swaps and liquidity are for public pools; private pools are listed, and served by their owner (the mesh).
interface IDODOPMMIntegration is ICommonErrors {
    enum Venue {
        OURS,
        DODO
    }

    /// @notice Addresses of a DODO V2 deployment. Zero where there is none.
    struct DodoAddresses {
        address dspFactory;
        address dspProxy;
        address dspTemplate;
        address dppFactory;
        address dppProxy;
        address dppTemplate;
        /// @dev DODOApprove: what tokens must be approved to.
        address approve;
    }

    struct PoolTerms {
        address baseToken;
        address quoteToken;
        /// @dev MIN_LP_FEE_RATE .. MAX_LP_FEE_RATE.
        uint256 lpFeeRate;
        /// @dev DODO's `i`. On our own factory 0 = priced by the XAU oracle.
        uint256 initialPrice;
        /// @dev MIN_K .. MAX_K.
        uint256 k;
        bool isOpenTWAP;
    }

    struct PoolInfo {
        bool isRegistered;
        bool isPrivate;
        Venue venue;
        address baseToken;
        address quoteToken;
    }

    event PoolRegistered(
        address indexed pool,
        address indexed baseToken,
        address indexed quoteToken,
        Venue venue,
        bool isPrivate
    );
    event PoolRemoved(address indexed pool);
    event SetManager(address indexed manager, bool allowed);
    event SetDefaultVenue(Venue venue);
    event LiquidityAdded(address indexed pool, address indexed to, uint256 baseIn, uint256 quoteIn, uint256 shares);
    event LiquidityRemoved(address indexed pool, address indexed to, uint256 baseOut, uint256 quoteOut, uint256 shares);
    event Swapped(
        address indexed pool,
        address indexed payer,
        address indexed to,
        address tokenIn,
        uint256 amountIn,
        address tokenOut,
        uint256 amountOut
    );

    /// @notice Thrown when a pool is not a clone of an accepted template that its accepted factory lists.
    error PoolNotAccepted(address pool);
    /// @notice Thrown for a clone that nobody has initialised yet.
    error PoolNotInitialised(address pool);
    error PoolNotRegistered(address pool);
    error PoolAlreadyRegistered(address pool);
    /// @notice Thrown when a private pool is asked to trade or to take liquidity here.
    error PrivatePool(address pool);
    /// @notice Thrown when the venue lacks what the call needs.
    error VenueUnavailable(Venue venue);
    /// @notice Thrown when the pool does not trade these two tokens.
    error WrongPair(address pool, address tokenIn, address tokenOut);
    /// @notice Thrown when `i`, or its reciprocal, keeps too few digits: use the higher-decimals or dearer token as base.
    error UnsafeOrientation(address baseToken, address quoteToken, uint256 anchor, uint256 minAnchor);
    /// @notice Thrown when the pool holds nothing to trade with.
    error EmptyPool();
    /// @notice Thrown when fewer shares than asked would be minted.
    error SharesBelowMinimum(uint256 shares, uint256 minShares);

    // Creation: managers only

    /// @notice An empty public pool on the default venue; its swaps revert until it is funded.
    function createPool(
        address baseToken,
        address quoteToken,
        uint256 lpFeeRate,
        uint256 initialPrice,
        uint256 k,
        bool isOpenTWAP
    ) external returns (address pool);

    /// @notice cUSDT against USDT, as `createPool`.
    function createCUSDTUSDTPool(
        uint256 lpFeeRate,
        uint256 initialPrice,
        uint256 k,
        bool isOpenTWAP
    ) external returns (address pool);

    /// @notice cUSDC against USDC, as `createPool`.
    function createCUSDCUSDCPool(
        uint256 lpFeeRate,
        uint256 initialPrice,
        uint256 k,
        bool isOpenTWAP
    ) external returns (address pool);

    /// @notice cUSDT against cUSDC, as `createPool`.
    function createCUSDTCUSDCPool(
        uint256 lpFeeRate,
        uint256 initialPrice,
        uint256 k,
        bool isOpenTWAP
    ) external returns (address pool);

    /// @notice A public pool, funded in the same transaction with at most `baseIn` and `quoteIn` of the caller, in the pool's ratio.
    function createFundedPool(
        Venue venue,
        PoolTerms calldata terms,
        uint256 baseIn,
        uint256 quoteIn,
        uint256 minShares,
        uint256 deadline
    ) external returns (address pool, uint256 shares);

    /// @notice A private pool, created, funded and initialised in one transaction.
    /// @dev OURS: `owner` owns it at once. DODO: ownership of its admin contract is offered to `owner`, who claims it.
    function createPrivatePool(
        Venue venue,
        PoolTerms calldata terms,
        uint256 baseIn,
        uint256 quoteIn,
        address owner,
        uint256 deadline
    ) external returns (address pool);

    /// @notice Registers a pool that exists already; venue and kind are found out and proven.
    function registerPool(address pool) external;

    function removePool(address pool) external;

    // Liquidity and swaps: anyone, public pools

    /// @notice Adds at most `baseIn` and `quoteIn` in the pool's ratio, pulled from the caller; nothing is donated.
    function addLiquidity(
        address pool,
        uint256 baseIn,
        uint256 quoteIn,
        uint256 minShares,
        address to,
        uint256 deadline
    ) external returns (uint256 shares, uint256 baseUsed, uint256 quoteUsed);

    /// @notice Redeems shares, pulled from the caller.
    function removeLiquidity(
        address pool,
        uint256 shares,
        uint256 minBase,
        uint256 minQuote,
        address to,
        uint256 deadline
    ) external returns (uint256 baseOut, uint256 quoteOut);

    /// @notice Sells exactly `amountIn`, pulled from the caller; `to` receives at least `minOut`. Counts what `to` received.
    function swapExactIn(
        address pool,
        address tokenIn,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external returns (uint256 amountOut);

    function swapCUSDTForUSDT(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external returns (uint256 amountOut);

    function swapUSDTForCUSDT(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external returns (uint256 amountOut);

    function swapCUSDCForUSDC(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external returns (uint256 amountOut);

    function swapUSDCForCUSDC(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external returns (uint256 amountOut);

    function swapCUSDTForCUSDC(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external returns (uint256 amountOut);

    function swapCUSDCForCUSDT(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external returns (uint256 amountOut);

    function swapCUSDTForUSDC(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external returns (uint256 amountOut);

    function swapUSDCForCUSDT(
        address pool,
        uint256 amountIn,
        uint256 minOut,
        address to,
        uint256 deadline
    ) external returns (uint256 amountOut);

    // Owner

    function setManager(address manager, bool allowed) external;

    function setDefaultVenue(Venue venue) external;

    // Views

    /// @notice What `swapExactIn` would pay now, fees taken. Reverts EmptyPool on a pool without liquidity.
    function quoteExactIn(address pool, address tokenIn, uint256 amountIn) external view returns (uint256 amountOut);

    /// @notice DODO's `i` for a price in whole quote tokens per whole base token, 1e18, rounded down. Refuses unsafe orientations.
    function anchorOf(address baseToken, address quoteToken, uint256 priceWad) external view returns (uint256 anchor);

    function poolInfo(address pool) external view returns (PoolInfo memory);

    function pools() external view returns (address[] memory);

    function isManager(address account) external view returns (bool);

    function defaultVenue() external view returns (Venue);

    function dodoAddresses() external view returns (DodoAddresses memory);

    /// @notice Our own factory, or zero.
    function pmmFactory() external view returns (address);
}
