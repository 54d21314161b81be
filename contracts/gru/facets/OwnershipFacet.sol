// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IGruOwnership} from "../../interfaces/IGruOwnership.sol";
import {OwnershipStorage} from "../GruStorage.sol";

/// @title OwnershipFacet
/// @notice Who may schedule cuts: hand-over in two steps, never to nobody.
/// @dev Calls nobody: the diamond runs it without closing its front.
/// @dev ROLES. Owner, pending owner. PRICE SOURCES, ROUNDING: none. LIVENESS: the owner stays until the next one has accepted.
contract OwnershipFacet is IGruOwnership {
    /// @inheritdoc IGruOwnership
    function transferOwnership(address newOwner) external {
        OwnershipStorage.Layout storage ownership = OwnershipStorage.layout();
        require(msg.sender == ownership.owner, NotAuthorized(msg.sender));
        ownership.pendingOwner = newOwner;
        emit OwnershipTransferStarted(msg.sender, newOwner);
    }

    /// @inheritdoc IGruOwnership
    function acceptOwnership() external {
        OwnershipStorage.Layout storage ownership = OwnershipStorage.layout();
        require(msg.sender != address(0) && msg.sender == ownership.pendingOwner, NotAuthorized(msg.sender));
        emit OwnershipTransferred(ownership.owner, msg.sender);
        (ownership.owner, ownership.pendingOwner) = (msg.sender, address(0));
    }

    /// @inheritdoc IGruOwnership
    function owner() external view returns (address) {
        return OwnershipStorage.layout().owner;
    }

    /// @inheritdoc IGruOwnership
    function pendingOwner() external view returns (address) {
        return OwnershipStorage.layout().pendingOwner;
    }
}
