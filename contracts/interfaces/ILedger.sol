// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Accounts in XAU
/// @notice Double-entry book: every post takes from one account what it gives to another, so all balances together are always 0.
/// @dev Units: XAU wei, 1e18 = one troy ounce. An account is a name chosen by its writers, for example keccak256("reserve.cUSDT").
interface ILedger is ICommonErrors {
    /// @notice Emitted for each post, with both balances after it. `xauWei` = what moved.
    event Posted(
        bytes32 indexed debitAccount,
        bytes32 indexed creditAccount,
        address indexed token,
        uint256 amountUnits,
        uint256 xauWei,
        int256 debitBalanceAfter,
        int256 creditBalanceAfter,
        address writer
    );
    event SetWriter(address indexed writer, bool isWriter);

    /// @notice Thrown when both sides of a post are one account.
    error SameAccount(bytes32 account);

    /// @notice Adds the value of `amountUnits` of `token` to `debitAccount` and takes it from `creditAccount`: writers only.
    /// @dev Valued at the oracle's newest prices, rounded down to XAU wei; both sides move by the same integer. Reverts when the oracle
    /// has doubts or the value rounds to 0.
    function post(
        bytes32 debitAccount,
        bytes32 creditAccount,
        address token,
        uint256 amountUnits
    ) external returns (uint256 xauWei);

    /// @notice Allows or forbids posting: the owner (timelock) only.
    function setWriter(address writer, bool isWriter) external;

    /// @notice Debits minus credits, XAU wei.
    function balanceOf(bytes32 account) external view returns (int256 xauWei);

    function isWriter(address account) external view returns (bool);

    function oracle() external view returns (address);
}
