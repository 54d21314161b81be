// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title A contract that keeps the tokens of one capital bucket
interface ICapitalHolder {
    /// @notice Emitted when the buckets are named; it happens once.
    event SetBuckets(address indexed buckets);
    /// @notice Emitted for each release to `to` on the buckets' order.
    event Released(address indexed token, uint256 amountUnits, address indexed to);

    /// @notice Thrown when the buckets are named a second time.
    error BucketsAlreadySet(address buckets);

    /// @notice The only caller of `release`; zero until it is set.
    function buckets() external view returns (address);

    /// @notice What this contract keeps of `token` and could release, base units.
    /// @dev Reverts in the middle of a call, when balances and books may disagree.
    function holding(address token) external view returns (uint256);

    /// @notice Sends exactly `amountUnits` to `to`: the buckets only.
    function release(address token, uint256 amountUnits, address to) external;

    /// @notice Owner only, once.
    function setBuckets(address newBuckets) external;
}
