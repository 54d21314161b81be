// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Vm, VM_ADDRESS} from "./Vm.sol";

/// @title Assertions
/// @notice Typed assertions, each with and without a label that names the broken expectation.
abstract contract Assertions {
    function assertTrue(bool condition) internal pure {
        Vm(VM_ADDRESS).assertTrue(condition);
    }

    function assertTrue(bool condition, string memory note) internal pure {
        Vm(VM_ADDRESS).assertTrue(condition, note);
    }

    function assertFalse(bool condition) internal pure {
        Vm(VM_ADDRESS).assertFalse(condition);
    }

    function assertFalse(bool condition, string memory note) internal pure {
        Vm(VM_ADDRESS).assertFalse(condition, note);
    }

    function assertEq(bool left, bool right) internal pure {
        Vm(VM_ADDRESS).assertEq(left, right, "assertEq");
    }

    function assertEq(bool left, bool right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertEq(left, right, note);
    }

    function assertEq(uint256 left, uint256 right) internal pure {
        Vm(VM_ADDRESS).assertEq(left, right, "assertEq");
    }

    function assertEq(uint256 left, uint256 right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertEq(left, right, note);
    }

    function assertEq(int256 left, int256 right) internal pure {
        Vm(VM_ADDRESS).assertEq(left, right, "assertEq");
    }

    function assertEq(int256 left, int256 right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertEq(left, right, note);
    }

    function assertEq(address left, address right) internal pure {
        Vm(VM_ADDRESS).assertEq(left, right, "assertEq");
    }

    function assertEq(address left, address right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertEq(left, right, note);
    }

    function assertEq(bytes32 left, bytes32 right) internal pure {
        Vm(VM_ADDRESS).assertEq(left, right, "assertEq");
    }

    function assertEq(bytes32 left, bytes32 right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertEq(left, right, note);
    }

    function assertEq(string memory left, string memory right) internal pure {
        Vm(VM_ADDRESS).assertEq(left, right, "assertEq");
    }

    function assertEq(string memory left, string memory right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertEq(left, right, note);
    }

    function assertEq(bytes memory left, bytes memory right) internal pure {
        Vm(VM_ADDRESS).assertEq(left, right, "assertEq");
    }

    function assertEq(bytes memory left, bytes memory right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertEq(left, right, note);
    }

    function assertNotEq(uint256 left, uint256 right) internal pure {
        Vm(VM_ADDRESS).assertNotEq(left, right, "assertNotEq");
    }

    function assertNotEq(uint256 left, uint256 right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertNotEq(left, right, note);
    }

    function assertNotEq(address left, address right) internal pure {
        Vm(VM_ADDRESS).assertNotEq(left, right, "assertNotEq");
    }

    function assertNotEq(address left, address right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertNotEq(left, right, note);
    }

    function assertNotEq(bytes32 left, bytes32 right) internal pure {
        Vm(VM_ADDRESS).assertNotEq(left, right, "assertNotEq");
    }

    function assertNotEq(bytes32 left, bytes32 right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertNotEq(left, right, note);
    }

    function assertLt(uint256 left, uint256 right) internal pure {
        Vm(VM_ADDRESS).assertLt(left, right, "assertLt");
    }

    function assertLt(uint256 left, uint256 right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertLt(left, right, note);
    }

    function assertLt(int256 left, int256 right) internal pure {
        Vm(VM_ADDRESS).assertLt(left, right, "assertLt");
    }

    function assertLt(int256 left, int256 right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertLt(left, right, note);
    }

    function assertLe(uint256 left, uint256 right) internal pure {
        Vm(VM_ADDRESS).assertLe(left, right, "assertLe");
    }

    function assertLe(uint256 left, uint256 right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertLe(left, right, note);
    }

    function assertLe(int256 left, int256 right) internal pure {
        Vm(VM_ADDRESS).assertLe(left, right, "assertLe");
    }

    function assertLe(int256 left, int256 right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertLe(left, right, note);
    }

    function assertGt(uint256 left, uint256 right) internal pure {
        Vm(VM_ADDRESS).assertGt(left, right, "assertGt");
    }

    function assertGt(uint256 left, uint256 right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertGt(left, right, note);
    }

    function assertGt(int256 left, int256 right) internal pure {
        Vm(VM_ADDRESS).assertGt(left, right, "assertGt");
    }

    function assertGt(int256 left, int256 right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertGt(left, right, note);
    }

    function assertGe(uint256 left, uint256 right) internal pure {
        Vm(VM_ADDRESS).assertGe(left, right, "assertGe");
    }

    function assertGe(uint256 left, uint256 right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertGe(left, right, note);
    }

    function assertGe(int256 left, int256 right) internal pure {
        Vm(VM_ADDRESS).assertGe(left, right, "assertGe");
    }

    function assertGe(int256 left, int256 right, string memory note) internal pure {
        Vm(VM_ADDRESS).assertGe(left, right, note);
    }

    function assertApproxEqAbs(uint256 left, uint256 right, uint256 maxDelta) internal pure {
        Vm(VM_ADDRESS).assertApproxEqAbs(left, right, maxDelta, "assertApproxEqAbs");
    }

    function assertApproxEqAbs(uint256 left, uint256 right, uint256 maxDelta, string memory note) internal pure {
        Vm(VM_ADDRESS).assertApproxEqAbs(left, right, maxDelta, note);
    }

    function assertApproxEqAbs(int256 left, int256 right, uint256 maxDelta) internal pure {
        Vm(VM_ADDRESS).assertApproxEqAbs(left, right, maxDelta, "assertApproxEqAbs");
    }

    function assertApproxEqAbs(int256 left, int256 right, uint256 maxDelta, string memory note) internal pure {
        Vm(VM_ADDRESS).assertApproxEqAbs(left, right, maxDelta, note);
    }

    /// @dev `maxDeltaWad` is relative to `right`: 0.01e18 is one per cent.
    function assertApproxEqRel(uint256 left, uint256 right, uint256 maxDeltaWad) internal pure {
        Vm(VM_ADDRESS).assertApproxEqRel(left, right, maxDeltaWad, "assertApproxEqRel");
    }

    /// @dev `maxDeltaWad` is relative to `right`: 0.01e18 is one per cent.
    function assertApproxEqRel(uint256 left, uint256 right, uint256 maxDeltaWad, string memory note) internal pure {
        Vm(VM_ADDRESS).assertApproxEqRel(left, right, maxDeltaWad, note);
    }
}
