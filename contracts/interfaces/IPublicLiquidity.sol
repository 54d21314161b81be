// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICapitalHolder} from "./ICapitalHolder.sol";
import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Bucket A: the protocol's own part of the public pools
/// @notice What it holds of a token is what lies here and its part of the pools' reserves. Only what lies here can be released.
interface IPublicLiquidity is ICapitalHolder, ICommonErrors {
    event AddPool(address indexed pool);
    event RemovePool(address indexed pool);
    event Provided(address indexed pool, uint256 shares, uint256 baseIn, uint256 quoteIn);
    event Left(address indexed pool, uint256 shares, uint256 baseOut, uint256 quoteOut);

    error PoolNotAdded(address pool);
    error PoolAlreadyAdded(address pool);
    error TooManyPools(uint256 maximum);
    /// @notice Thrown when a pool is removed while its shares are here.
    error SharesLeft(address pool, uint256 shares);

    function pools() external view returns (address[] memory);

    /// @notice This contract's part of a pool's reserves, rounded down.
    function partOf(address pool) external view returns (uint256 baseUnits, uint256 quoteUnits);

    /// @notice Owner only.
    function addPool(address pool) external;

    /// @notice Owner only, when no shares are left.
    function removePool(address pool) external;

    /// @notice Owner only: puts what lies here into a pool.
    function provide(
        address pool,
        uint256 baseMax,
        uint256 quoteMax,
        uint256 minShares
    ) external returns (uint256 shares);

    /// @notice Owner only: takes it out again, to here.
    function leave(
        address pool,
        uint256 shares,
        uint256 minBaseOut,
        uint256 minQuoteOut
    ) external returns (uint256 baseOut, uint256 quoteOut);
}
