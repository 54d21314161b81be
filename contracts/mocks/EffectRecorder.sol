// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title EffectRecorder
/// @notice Counts how often each effect happened: what the crash benchmark asks instead of the keeper's own books.
contract EffectRecorder {
    event Effect(bytes32 indexed key, uint256 count);

    mapping(bytes32 key => uint256) public count;

    function record(bytes32 key) external {
        emit Effect(key, ++count[key]);
    }
}
