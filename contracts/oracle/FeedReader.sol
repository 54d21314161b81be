// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {ISignedPriceFeed} from "../interfaces/ISignedPriceFeed.sol";
import {IXAUOracle} from "../interfaces/IXAUOracle.sol";

/// @title FeedReader
/// @notice Calls a feed that may be hostile: bounded gas, bounded copy of the answer, no decoding that can revert.
/// @dev A call that reverts, runs out of its allowance or returns too little answers `ok = false`. Whatever it returns beyond the words
/// asked for is not copied. When a call fails although the caller left less gas than the allowance, the whole read reverts, because the
/// caller might have caused the failure (EIP-150 hands on at most 63/64 of what is left).
library FeedReader {
    /// @notice Gas a SIGNED feed is entitled to; ours needs about 5,200.
    uint256 internal constant SIGNED_FEED_GAS = 30_000;
    /// @notice Gas a CHAINLINK feed is entitled to; a proxy and its aggregator need about 15,000 to 35,000.
    uint256 internal constant CHAINLINK_FEED_GAS = 100_000;
    /// @dev Cold account access and the opcode's own work, taken before the 63/64 rule applies.
    uint256 private constant _CALL_OVERHEAD_GAS = 3_000;

    /// @notice `ISignedPriceFeed.latestTwo`.
    function readSigned(
        address source
    )
        internal
        view
        returns (bool ok, uint256 answer, uint256 updatedAt, uint256 arrivedInBlock, uint256 previousAnswer)
    {
        bytes4 selector = ISignedPriceFeed.latestTwo.selector;
        uint256 gasBefore = gasleft();
        bool success;
        assembly ("memory-safe") {
            let buffer := mload(0x40) // free memory: used and left
            mstore(buffer, selector)
            success := staticcall(SIGNED_FEED_GAS, source, buffer, 4, buffer, 128)
            ok := and(success, gt(returndatasize(), 127))
            answer := mload(buffer)
            updatedAt := mload(add(buffer, 32))
            arrivedInBlock := mload(add(buffer, 64))
            previousAnswer := mload(add(buffer, 96))
        }
        if (!success) _requireFed(gasBefore, SIGNED_FEED_GAS);
    }

    /// @notice `IAggregatorV3.latestRoundData`.
    function readLatest(
        address source
    ) internal view returns (bool ok, uint256 roundId, int256 answer, uint256 updatedAt) {
        return _readRound(source, abi.encodeCall(IAggregatorV3.latestRoundData, ()));
    }

    /// @notice `IAggregatorV3.getRoundData`.
    function readRound(
        address source,
        uint80 wantedRoundId
    ) internal view returns (bool ok, uint256 roundId, int256 answer, uint256 updatedAt) {
        return _readRound(source, abi.encodeCall(IAggregatorV3.getRoundData, (wantedRoundId)));
    }

    function _readRound(
        address source,
        bytes memory callData
    ) private view returns (bool ok, uint256 roundId, int256 answer, uint256 updatedAt) {
        uint256 gasBefore = gasleft();
        bool success;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            success := staticcall(
                CHAINLINK_FEED_GAS,
                source,
                add(callData, 32),
                mload(callData),
                buffer,
                160
            )
            ok := and(success, gt(returndatasize(), 159))
            roundId := mload(buffer)
            answer := mload(add(buffer, 32))
            updatedAt := mload(add(buffer, 96))
        }
        if (!success) _requireFed(gasBefore, CHAINLINK_FEED_GAS);
    }

    function _requireFed(uint256 gasBefore, uint256 allowance) private pure {
        uint256 required = (allowance * 64) / 63 + _CALL_OVERHEAD_GAS;
        require(gasBefore >= required, IXAUOracle.GasTooLow(gasBefore, required));
    }
}
