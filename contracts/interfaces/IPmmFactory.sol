// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";
import {IPmmPool} from "./IPmmPool.sol";

/// @title Creates public and private pools as CREATE2 clones with immutable arguments, and registers them
/// @dev Also answers DODO's DSPFactory functions, so that DODOPMMIntegration runs unchanged on ours and on DODO's.
interface IPmmFactory is ICommonErrors {
    struct PoolParams {
        IPmmPool.Kind kind;
        IPmmPool.Pricing pricing;
        address baseToken;
        address quoteToken;
        /// @dev MIN_LP_FEE_RATE (1e13 = 0.1 bps) .. MAX_LP_FEE_RATE (1e16 = 1 %); never 0.
        uint256 lpFeeRate;
        /// @dev FIXED: MIN_I .. 1e36. ORACLE: must be 0.
        uint256 i;
        /// @dev MIN_K (1e14) .. MAX_K (0.999e18).
        uint256 k;
        /// @dev Private pools: false = no history and no cumulative price. Public pools keep theirs either way.
        bool isOpenTWAP;
        /// @dev Private pools: owner. Public pools: must be zero (governed by the factory's owner).
        address owner;
    }

    /// @dev DODO's event for DSP-type pools, also emitted for ours.
    event NewDSP(address baseToken, address quoteToken, address creator, address dsp);
    /// @dev DODO's event for DPP-type pools, also emitted for ours.
    event NewDPP(address baseToken, address quoteToken, address creator, address dpp);
    event PoolCreated(
        address indexed baseToken,
        address indexed quoteToken,
        address indexed pool,
        IPmmPool.Kind kind,
        IPmmPool.Pricing pricing
    );

    /// @notice Thrown when the anchor of a pair keeps too few digits: use the higher-decimals or dearer token as base.
    error UnsafeOrientation(address baseToken, address quoteToken, uint256 anchor, uint256 minAnchor);
    /// @notice Thrown when an oracle pool is asked of a factory without oracle, or with a non-zero `i`.
    error BadPricing();
    /// @notice Thrown when the first funding mints fewer shares than asked.
    error SharesBelowMinimum(uint256 shares, uint256 minShares);

    function oracle() external view returns (address);

    function stabilizer() external view returns (address);

    /// @notice Who may propose parameter changes of public pools.
    function owner() external view returns (address);

    /// @notice Creates an empty pool: its swaps revert EmptyPool until it is funded.
    function createPool(PoolParams calldata params) external returns (address pool);

    /// @notice Creates a pool and funds it from the caller in one transaction. Private pools mint no shares (`minShares` 0).
    function createFundedPool(
        PoolParams calldata params,
        uint256 baseIn,
        uint256 quoteIn,
        uint256 minShares,
        uint256 deadline
    ) external returns (address pool, uint256 shares);

    /// @notice DODO's DSPFactory call: an empty public pool with fixed `i`.
    function createDODOStablePool(
        address baseToken,
        address quoteToken,
        uint256 lpFeeRate,
        uint256 i,
        uint256 k,
        bool isOpenTWAP
    ) external returns (address newStablePool);

    /// @notice Address at which `creator` would create a pool of these parameters now. It depends on nobody else's actions.
    function predictPool(address creator, PoolParams calldata params) external view returns (address pool);

    function isPool(address pool) external view returns (bool);

    function getDODOPool(address baseToken, address quoteToken) external view returns (address[] memory pools);

    function getDODOPoolBidirection(
        address token0,
        address token1
    ) external view returns (address[] memory baseToken0Pool, address[] memory baseToken1Pool);
}
