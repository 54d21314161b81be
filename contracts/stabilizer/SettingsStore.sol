// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title SettingsStore
/// @notice Keeps a run of words as the code of a data contract: one cold account gives a decision all settings of a pool, where storage
/// would cost a cold slot for every 32 bytes.
/// @dev A data contract is named by the nonce it was created with, so that its name fits beside counters in one slot.
/// @dev The code begins with STOP, so a call to it does nothing.
library SettingsStore {
    /// @dev Thrown when the data contract could not be created where it is looked for. Only lack of gas can cause it.
    error SettingsNotWritten();

    /// @dev 2^24 - 1 writes: the longest nonce that `addressOf` encodes.
    uint256 internal constant MAX_NONCE = type(uint24).max;

    /// @notice Creates the data contract. `nonce` must be the caller's next: 1 for the first contract it creates.
    function write(bytes memory words, uint256 nonce) internal {
        // PUSH2 size, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN: returns what follows these ten bytes.
        bytes memory creationCode = abi.encodePacked(
            hex"61",
            uint16(words.length + 1),
            hex"80600a3d393df3",
            hex"00",
            words
        );
        address data;
        assembly ("memory-safe") {
            data := create(0, add(creationCode, 32), mload(creationCode))
        }
        require(data != address(0) && data == addressOf(nonce) && nonce <= MAX_NONCE, SettingsNotWritten());
    }

    /// @notice Copies the first `size` bytes of the words to `position` in memory.
    function read(uint256 nonce, uint256 position, uint256 size) internal view {
        address data = addressOf(nonce);
        assembly ("memory-safe") {
            extcodecopy(data, position, 1, size)
        }
    }

    /// @notice Where the contract created with `nonce` lies: the last 20 bytes of keccak256(rlp([creator, nonce])).
    function addressOf(uint256 nonce) internal view returns (address data) {
        assembly ("memory-safe") {
            // A nonce below 0x80 is its own encoding; a longer one follows 0x80 + its length in bytes.
            let size := add(add(gt(nonce, 0x7f), gt(nonce, 0xff)), gt(nonce, 0xffff))
            let tail := or(mul(gt(size, 0), shl(72, add(0x80, size))), shl(sub(72, shl(3, size)), nonce))
            mstore(0x00, or(or(shl(248, add(0xd6, size)), shl(240, 0x94)), or(shl(80, address()), tail)))
            data := shr(96, shl(96, keccak256(0x00, add(23, size))))
        }
    }
}
