// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title ForcedEther
/// @notice Forces ether into a contract that did not ask for it, and cannot be paid itself.
contract ForcedEther {
    constructor() payable {}

    function force(address payable target) external {
        // slither-disable-next-line suicidal
        selfdestruct(target);
    }
}
