// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";
import {IPegManager} from "./IPegManager.sol";

/// @title One place that answers for every token, whichever peg manager looks after it
interface IPegBoard is ICommonErrors {
    /// @notice How a token stands, for people and keepers.
    struct TokenStatus {
        address token;
        address manager;
        /// @dev false: its manager did not answer; nothing below means anything.
        bool readable;
        /// @dev The state that counts, and the measured one as of the last poke: they differ while a veto lasts.
        IPegManager.State state;
        IPegManager.State measured;
        /// @dev A poke would change something now.
        bool pokeDue;
        /// @dev false: oracle or reference have a doubt; the next two are 0 then.
        bool priceKnown;
        uint256 priceUsdWad;
        int256 priceDeviationWad;
        /// @dev End of the guardian's veto, unix seconds; in the past when there is none.
        uint256 vetoUntil;
    }

    event Assigned(address indexed token, address indexed manager);
    /// @notice A manager refused a poke; the other tokens of the call were poked. `failure`: selector of the error, 0 without data.
    event PokeFailed(address indexed token, bytes4 failure);

    /// @notice Thrown when the manager does not manage the token.
    error NotManagedBy(address token, address manager);

    /// @notice Anyone. Pokes the managers of these tokens; those that nobody manages are left out.
    function poke(address[] calldata which) external;

    /// @notice The state that counts; NORMAL for a token that nobody manages.
    function stateOf(address token) external view returns (IPegManager.State);

    /// @notice Whether the token's state is HALTED.
    function isHalted(address token) external view returns (bool);

    /// @notice The manager of a token, or zero.
    function managerOf(address token) external view returns (address);

    /// @notice Tokens with a manager, in the order of their first assignment.
    function tokens() external view returns (address[] memory);

    /// @notice Every token with a manager. One that cannot be read never hides the others.
    function status() external view returns (TokenStatus[] memory);

    /// @notice One token. Reverts when its manager does.
    function statusOf(address token) external view returns (TokenStatus memory);

    /// @notice Owner only. Zero takes the token off the board.
    function assign(address token, address manager) external;
}
