// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title Timelock
/// @notice Owner of every governed contract from its first block on: OpenZeppelin's TimelockController without an outside admin.
///
/// ROLES. During deployment the deployer proposes and executes with no delay. The last deployment batch, in one transaction, sets the
/// delay, gives proposer, canceller and executor to the multisig, canceller to the guardian, and takes all of them from the deployer.
/// From then on only the multisig, after the delay, changes anything; the timelock administers its own roles.
///
/// PRICE SOURCES, ROUNDING, TOKEN REQUIREMENTS. None; it holds the shares of the initial liquidity and any tokens sent to it.
///
/// LIVENESS. Without its proposers it does nothing, forever: owned contracts go on working with the settings they have.
///
/// HOW TO STOP IT. The guardian or the multisig cancels a scheduled operation before its delay is over.
contract Timelock is TimelockController {
    /// @param bootstrapper proposes and executes until the handover. No delay and no admin at the start, so that the address depends on
    /// nothing that differs between chains.
    constructor(address bootstrapper) TimelockController(0, _only(bootstrapper), _only(bootstrapper), address(0)) {}

    function _only(address account) private pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = account;
    }
}
