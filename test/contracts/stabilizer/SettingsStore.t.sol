// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {SettingsStore} from "../../../contracts/stabilizer/SettingsStore.sol";
import {Base} from "../Base.t.sol";

contract SettingsWriter {
    function write(bytes memory words, uint256 nonce) external {
        SettingsStore.write(words, nonce);
    }

    function read(uint256 nonce, uint256 size) external view returns (bytes memory words) {
        words = new bytes(size);
        uint256 position;
        assembly ("memory-safe") {
            position := add(words, 32)
        }
        SettingsStore.read(nonce, position, size);
    }

    function addressOf(uint256 nonce) external view returns (address) {
        return SettingsStore.addressOf(nonce);
    }
}

/// @notice The name of a data contract is the nonce it was created with, over every length that its encoding can have.
contract SettingsStoreTest is Base {
    function test_write_findsItsContractAtEveryLengthOfTheNonce() public {
        SettingsWriter writer = new SettingsWriter();
        uint24[9] memory nonces = [1, 2, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, type(uint24).max];
        for (uint256 index = 0; index < nonces.length; ++index) {
            if (nonces[index] > 2) vm.setNonce(address(writer), nonces[index]);
            writer.write(abi.encode(index, keccak256(abi.encode(index))), nonces[index]);
        }
        for (uint256 index = 0; index < nonces.length; ++index) {
            assertEq(
                keccak256(writer.read(nonces[index], 64)),
                keccak256(abi.encode(index, keccak256(abi.encode(index)))),
                "what was written"
            );
            (bool ok, bytes memory answer) = writer.addressOf(nonces[index]).call(abi.encode(index));
            assertTrue(ok && answer.length == 0, "a call does nothing");
        }
    }

    function test_write_refusesAnyOtherNonceThanTheNext() public {
        SettingsWriter writer = new SettingsWriter();
        vm.expectRevert(SettingsStore.SettingsNotWritten.selector);
        writer.write("", 2);
        vm.expectRevert(SettingsStore.SettingsNotWritten.selector);
        writer.write("", 0);
        writer.write("", 1); // a failure takes its nonce back
        vm.setNonce(address(writer), 1 << 24);
        vm.expectRevert(SettingsStore.SettingsNotWritten.selector);
        writer.write("", 1 << 24);
    }
}
