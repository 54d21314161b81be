// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title Errors with one meaning across all contracts
interface ICommonErrors {
    /// @notice Thrown when an address argument that must be set is the zero address.
    error ZeroAddress();

    /// @notice Thrown when an amount argument that must be positive is zero.
    error ZeroAmount();

    /// @notice Thrown when an address that must hold code holds none.
    error NotAContract(address account);

    /// @notice Thrown when `deadline` (unix seconds) lies before the block's timestamp.
    error DeadlineExpired(uint256 deadline, uint256 timestamp);

    /// @notice Thrown when a swap would pay less than the caller's minimum. Units: output token base units.
    error OutputBelowMinimum(uint256 amountOut, uint256 minAmountOut);

    /// @notice Thrown when the caller is not allowed to do this.
    error NotAuthorized(address caller);

    /// @notice Thrown when a token moved another amount than it was told to (fee-on-transfer, rebasing, lying tokens).
    error TransferMismatch(address token, uint256 received, uint256 expected);

    /// @notice Thrown on re-entrance, and by guarded views while the contract is in the middle of a call.
    error Reentrant();

    /// @notice Thrown when `value` is outside the closed range it must lie in.
    error OutOfRange(uint256 value, uint256 minimum, uint256 maximum);

    /// @notice Thrown when two arguments that must differ are equal.
    error IdenticalTokens(address token);

    /// @notice Thrown when an action waits until `readyAt` (unix seconds).
    error NotReady(uint256 readyAt, uint256 timestamp);

    /// @notice Thrown when there is nothing pending to apply or cancel.
    error NothingPending();

    /// @notice Thrown while the contract, or the function, is paused.
    error Paused();
}
