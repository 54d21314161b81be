// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IPegBoard} from "../interfaces/IPegBoard.sol";
import {IPegManager} from "../interfaces/IPegManager.sol";

/// @title PegBoard
/// @notice What reserves, buckets and the bridge ask before they move value: is this token halted?
/// @dev ROLES. Owner (two steps, a timelock): which manager answers for which token. PRICE SOURCES, ROUNDING, TOKEN REQUIREMENTS: none.
/// @dev LIVENESS. The managers are trusted contracts of ours whose `stateOf` cannot revert. HOW TO STOP IT. `assign(token, 0)`.
contract PegBoard is IPegBoard, Ownable2Step {
    /// @inheritdoc IPegBoard
    mapping(address token => address manager) public managerOf;

    constructor(address owner_) Ownable(owner_) {}

    /// @inheritdoc IPegBoard
    function assign(address token, address manager) external onlyOwner {
        require(token != address(0), ZeroAddress());
        if (manager != address(0)) {
            require(manager.code.length > 0, NotAContract(manager));
            require(IPegManager(manager).isManaged(token), NotManagedBy(token, manager));
        }
        managerOf[token] = manager;
        emit Assigned(token, manager);
    }

    /// @inheritdoc IPegBoard
    function stateOf(address token) public view returns (IPegManager.State) {
        address manager = managerOf[token];
        return manager == address(0) ? IPegManager.State.NORMAL : IPegManager(manager).stateOf(token);
    }

    /// @inheritdoc IPegBoard
    function isHalted(address token) external view returns (bool) {
        return stateOf(token) == IPegManager.State.HALTED;
    }
}
