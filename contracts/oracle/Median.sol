// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title Median
/// @notice Median of a few prices. Odd count: the middle one. Even count: the mean of the two middle ones, rounded down.
library Median {
    /// @notice Room for `count` values in memory; answers its position.
    function room(uint256 count) internal pure returns (uint256 list) {
        assembly ("memory-safe") {
            list := mload(0x40)
            mstore(0x40, add(list, shl(5, count)))
        }
    }

    /// @notice Brings the first `count` values of `list` into ascending order.
    function sort(uint256 list, uint256 count) internal pure {
        assembly ("memory-safe") {
            let end := add(list, shl(5, count))
            for {
                let next := add(list, 32)
            } lt(next, end) {
                next := add(next, 32)
            } {
                let value := mload(next)
                let at := next
                for {} gt(at, list) {} {
                    let below := mload(sub(at, 32))
                    if iszero(gt(below, value)) {
                        break
                    }
                    mstore(at, below)
                    at := sub(at, 32)
                }
                mstore(at, value)
            }
        }
    }

    /// @notice Median of the first `count` values, ascending; `count` > 0, values below 2^255.
    function ofSorted(uint256 list, uint256 count) internal pure returns (uint256 median) {
        assembly ("memory-safe") {
            let middle := add(list, shl(5, shr(1, count)))
            median := mload(middle)
            if iszero(and(count, 1)) {
                median := shr(1, add(median, mload(sub(middle, 32))))
            }
        }
    }

    /// @notice Largest minus smallest of the first `count` values, ascending; `count` > 0.
    function spread(uint256 list, uint256 count) internal pure returns (uint256 difference) {
        assembly ("memory-safe") {
            difference := sub(mload(add(list, shl(5, sub(count, 1)))), mload(list))
        }
    }
}
