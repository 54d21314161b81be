// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title Median
/// @notice Median of a few prices. Odd count: the middle one. Even count: the mean of the two middle ones, rounded down.
library Median {
    /// @notice Puts `value` into its place among the first `count` ascending values of `list`, which has room for one more.
    function insert(uint256[] memory list, uint256 count, uint256 value) internal pure {
        assembly ("memory-safe") {
            let first := add(list, 32)
            let at := add(first, shl(5, count))
            for {} gt(at, first) {} {
                let below := mload(sub(at, 32))
                if iszero(gt(below, value)) { break }
                mstore(at, below)
                at := sub(at, 32)
            }
            mstore(at, value)
        }
    }

    /// @notice Median of the first `count` values, ascending; `count` > 0, values below 2^255.
    function ofSorted(uint256[] memory list, uint256 count) internal pure returns (uint256) {
        uint256 middle = count >> 1;
        if (count & 1 == 1) return list[middle];
        unchecked {
            return (list[middle - 1] + list[middle]) >> 1;
        }
    }
}
