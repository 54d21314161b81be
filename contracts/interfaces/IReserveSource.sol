// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title What holds a part of a token's reserve
interface IReserveSource {
    /// @notice What this contract holds now against outflows of `token`, base units of `token`, rounded down.
    function reserveUnits(address token) external view returns (uint256);
}
