// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";
import {IPegManager} from "./IPegManager.sol";

/// @title One place that answers for every token, whichever peg manager looks after it
interface IPegBoard is ICommonErrors {
    event Assigned(address indexed token, address indexed manager);

    /// @notice Thrown when the manager does not manage the token.
    error NotManagedBy(address token, address manager);

    /// @notice The state that counts; NORMAL for a token that nobody manages.
    function stateOf(address token) external view returns (IPegManager.State);

    /// @notice Whether the token's state is HALTED.
    function isHalted(address token) external view returns (bool);

    /// @notice The manager of a token, or zero.
    function managerOf(address token) external view returns (address);

    /// @notice Owner only. Zero takes the token off the board.
    function assign(address token, address manager) external;
}
