// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Assertions} from "./Assertions.sol";
import {Vm, VM_ADDRESS} from "./Vm.sol";

/// @title Base
/// @notice What every Solidity test inherits: cheatcodes, assertions, role actors, bounded inputs and the hooks with which
/// an invariant test says what the runner may call.
abstract contract Base is Assertions {
    /// @notice Selectors of one contract that an invariant run may call.
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    // solhint-disable-next-line const-name-snakecase
    Vm internal constant vm = Vm(VM_ADDRESS);

    /// @notice Tells the runner that this is a test contract.
    bool public constant IS_TEST = true;

    address[] private _targetContracts;
    address[] private _targetSenders;
    FuzzSelector[] private _targetSelectors;

    /// @notice Contracts that an invariant run calls.
    function targetContracts() external view returns (address[] memory) {
        return _targetContracts;
    }

    /// @notice Senders from which an invariant run calls.
    function targetSenders() external view returns (address[] memory) {
        return _targetSenders;
    }

    /// @notice Selectors that an invariant run calls; a target contract without an entry is called through all of them.
    function targetSelectors() external view returns (FuzzSelector[] memory) {
        return _targetSelectors;
    }

    /// @dev Call in `setUp` of an invariant test.
    function targetContract(address target) internal {
        _targetContracts.push(target);
    }

    /// @dev Call in `setUp` of an invariant test.
    function targetSender(address sender) internal {
        _targetSenders.push(sender);
    }

    /// @dev Call in `setUp` of an invariant test, beside `targetContract`.
    function targetSelector(address target, bytes4[] memory selectors) internal {
        _targetSelectors.push(FuzzSelector({addr: target, selectors: selectors}));
    }

    /// @dev Creates a contract of ours from its artifact, with ABI-encoded constructor arguments: the very bytes that are deployed elsewhere, and
    /// the tests need neither compile nor optimize them again. Reverts as the constructor does.
    function deploy(string memory name, bytes memory arguments) internal returns (address created) {
        bytes memory code = bytes.concat(vm.getCode(string.concat(name, ".sol:", name)), arguments);
        assembly ("memory-safe") {
            created := create(0, add(code, 0x20), mload(code))
            if iszero(created) {
                let pointer := mload(0x40)
                returndatacopy(pointer, 0, returndatasize())
                revert(pointer, returndatasize())
            }
        }
    }

    /// @dev An account named after its role. Its private key is `keyOf(role)`.
    function makeAddr(string memory role) internal returns (address account) {
        account = vm.addr(keyOf(role));
        vm.label(account, role);
    }

    /// @dev The private key behind `makeAddr(role)`.
    function keyOf(string memory role) internal pure returns (uint256) {
        return uint256(keccak256(bytes(role)));
    }

    /// @dev Maps `value` into [`min`, `max`], both included. A value inside stays as it is; the runner's favourite edges
    /// (0, 1, 2, 3 and the largest values) go to the edges of the interval; the rest wraps around.
    function bound(uint256 value, uint256 min, uint256 max) internal pure returns (uint256) {
        vm.assertLe(min, max, "bound: min above max");
        if (value >= min && value <= max) return value;
        uint256 size;
        unchecked {
            size = max - min + 1; // 0 stands for 2^256, but then every value is inside
        }
        if (value <= 3 && size > value) return min + value;
        uint256 fromTop = type(uint256).max - value;
        if (fromTop <= 3 && size > fromTop) return max - fromTop;
        return min + (value % size);
    }

    /// @dev As `bound`, for signed values.
    function bound(int256 value, int256 min, int256 max) internal pure returns (int256) {
        uint256 offset = 1 << 255;
        unchecked {
            return int256(bound(uint256(value) + offset, uint256(min) + offset, uint256(max) + offset) - offset);
        }
    }

    /// @dev Moves time forward and the block number with it, `blockSeconds` per block; at least one block.
    function skipTime(uint256 elapsedSeconds, uint256 blockSeconds) internal {
        uint256 blocks = elapsedSeconds / blockSeconds;
        vm.warp(vm.getBlockTimestamp() + elapsedSeconds);
        vm.roll(vm.getBlockNumber() + (blocks == 0 ? 1 : blocks));
    }
}
