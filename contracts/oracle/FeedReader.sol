// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {ISignedPriceFeed} from "../interfaces/ISignedPriceFeed.sol";
import {IXAUOracle} from "../interfaces/IXAUOracle.sol";
import {ConfigBlob} from "./ConfigBlob.sol";

/// @title FeedReader
/// @notice Reads a feed that may be hostile: bounded gas, bounded copy of the answer, no decoding that can revert.
/// @dev Answers the newest price and the one that counts as previous (equal outside the grace window), 1e18; both 0 when the feed cannot be
/// used: it reverts, runs out of its allowance, returns too little, is stale, from the future, not positive or too large to be a price.
/// @dev When a call fails although the caller left less gas than the allowance, the whole read reverts, because the caller might have
/// caused the failure (EIP-150 hands on at most 63/64 of what is left).
library FeedReader {
    using ConfigBlob for uint256;

    /// @notice Gas a SIGNED feed is entitled to; ours needs about 5,100.
    uint256 internal constant SIGNED_FEED_GAS = 30_000;
    /// @notice Gas a CHAINLINK feed is entitled to; a proxy and its aggregator need about 15,000 to 35,000.
    uint256 internal constant CHAINLINK_FEED_GAS = 100_000;
    /// @dev Cold account access and the opcode's own work, taken before the 63/64 rule applies.
    uint256 private constant _CALL_OVERHEAD_GAS = 3_000;

    /// @notice `ISignedPriceFeed.latestTwo`: the previous answer counts while the newest round arrived less than `graceBlocks` ago.
    function readSigned(
        uint256 feed,
        uint256 graceBlocks
    ) internal view returns (uint256 newestWad, uint256 previousWad) {
        bytes4 selector = ISignedPriceFeed.latestTwo.selector;
        uint256 gasBefore = gasleft();
        bool success;
        assembly ("memory-safe") {
            let buffer := mload(0x40) // free memory: used and left
            mstore(buffer, selector)
            success := staticcall(SIGNED_FEED_GAS, shr(96, feed), buffer, 4, buffer, 128)
            if and(success, gt(returndatasize(), 127)) {
                // Times after now wrap to ages beyond every limit.
                let age := sub(timestamp(), mload(add(buffer, 32)))
                let ageBlocks := sub(number(), mload(add(buffer, 64)))
                if iszero(or(gt(age, and(shr(64, feed), 0xffffff)), gt(ageBlocks, number()))) {
                    // An answer beyond 128 bits is no price; below, 64 bits more do not overflow.
                    let unit := and(feed, 0xffffffffffffffff)
                    let answer := mload(buffer)
                    newestWad := mul(mul(answer, unit), iszero(shr(128, answer)))
                    previousWad := newestWad
                    if lt(ageBlocks, graceBlocks) {
                        answer := mload(add(buffer, 96))
                        previousWad := mul(mul(answer, unit), iszero(shr(128, answer)))
                    }
                }
            }
        }
        if (!success) _requireFed(gasBefore, SIGNED_FEED_GAS);
    }

    /// @notice `IAggregatorV3`: the round `latest - 1` counts while the newest is younger than `windowSeconds`. A feed with two rounds
    /// inside the window, or with no readable round before, cannot be used during it.
    function readChainlink(
        uint256 feed,
        uint256 windowSeconds
    ) internal view returns (uint256 newestWad, uint256 previousWad) {
        address source = feed.sourceOf();
        uint256 unit = feed.unitOf();
        (uint256 roundId, uint256 answer, uint256 updatedAt) = _readRound(
            source,
            abi.encodeCall(IAggregatorV3.latestRoundData, ())
        );
        unchecked {
            uint256 age = block.timestamp - updatedAt; // a time after now wraps to an age beyond every limit
            if (age > feed.maxAgeSecondsOf()) return (0, 0);
            newestWad = _toWad(answer, unit);
            if (age >= windowSeconds) return (newestWad, newestWad);

            if (roundId == 0 || roundId > type(uint80).max) return (0, 0);
            uint256 previousAt;
            (, answer, previousAt) = _readRound(
                source,
                abi.encodeCall(IAggregatorV3.getRoundData, (uint80(roundId - 1)))
            );
            if (previousAt == 0 || previousAt > updatedAt || block.timestamp - previousAt < windowSeconds) {
                return (0, 0);
            }
            previousWad = _toWad(answer, unit);
        }
    }

    /// @dev All zero when the call fails or returns fewer than five words.
    function _readRound(
        address source,
        bytes memory callData
    ) private view returns (uint256 roundId, uint256 answer, uint256 updatedAt) {
        uint256 gasBefore = gasleft();
        bool success;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            success := staticcall(CHAINLINK_FEED_GAS, source, add(callData, 32), mload(callData), buffer, 160)
            if and(success, gt(returndatasize(), 159)) {
                roundId := mload(buffer)
                answer := mload(add(buffer, 32))
                updatedAt := mload(add(buffer, 96))
            }
        }
        if (!success) _requireFed(gasBefore, CHAINLINK_FEED_GAS);
    }

    /// @dev 0 for an answer too large to be a price, which a negative one also is; 128 bits times 10^18 do not overflow.
    function _toWad(uint256 answer, uint256 unit) private pure returns (uint256) {
        unchecked {
            return answer > type(uint128).max ? 0 : answer * unit;
        }
    }

    function _requireFed(uint256 gasBefore, uint256 allowance) private pure {
        uint256 required = (allowance * 64) / 63 + _CALL_OVERHEAD_GAS;
        require(gasBefore >= required, IXAUOracle.GasTooLow(gasBefore, required));
    }
}
