// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title When a pool has stood away from its anchor long enough
/// @dev Pure: the answer depends on block-end ratios only, and a swing inside one block leaves none.
library DeviationTrigger {
    int256 internal constant WAD = 1e18;

    /// @notice (block-end and average over W outside theta on one side, in each of the last N ended blocks) or (block-end beyond the
    /// fast threshold on one side in each of them).
    /// @param ratios block-end ratios, newest first, `confirmations + windowBlocks - 1` of them, 1e18 = at the anchor.
    /// @return newest newest block-end minus 1e18.
    /// @return average mean of the newest `windowBlocks` block-ends minus 1e18, rounded towards zero.
    /// @return inside the newest block-end is not outside theta.
    /// @return sustained the rule above holds.
    function evaluate(
        uint256[] memory ratios,
        uint256 confirmations,
        uint256 windowBlocks,
        uint256 thresholdWad,
        uint256 fastThresholdWad
    ) internal pure returns (int256 newest, int256 average, bool inside, bool sustained) {
        // Unchecked, here and below: ratios are below 2^80, thresholds below 2^64, counts below 2^8.
        unchecked {
            newest = int256(ratios[0]) - WAD;
            int256 sum = -int256(windowBlocks) * WAD;
            for (uint256 index = 0; index < windowBlocks; ++index) sum += int256(ratios[index]);
            average = sum / int256(windowBlocks);
            // Deviations count as positive on the side of the newest.
            int256 side = newest > 0 ? int256(1) : int256(-1);
            inside = newest * side <= int256(thresholdWad);
            sustained =
                _allBeyond(ratios, confirmations, int256(fastThresholdWad), side) ||
                (_allBeyond(ratios, confirmations, int256(thresholdWad), side) &&
                    _averagesBeyond(ratios, confirmations, windowBlocks, int256(thresholdWad), sum * side));
        }
    }

    /// @dev Strictly beyond `limit` on one side in each of the newest `count` block-ends.
    function _allBeyond(uint256[] memory ratios, uint256 count, int256 limit, int256 side) private pure returns (bool) {
        unchecked {
            for (uint256 age = 0; age < count; ++age) {
                if ((int256(ratios[age]) - WAD) * side <= limit) return false;
            }
            return true;
        }
    }

    /// @dev The same for the averages. `sum` is the sum of the deviations of the newest window on its side, compared with W * limit, so
    /// that nothing is rounded; its sign is the side.
    function _averagesBeyond(
        uint256[] memory ratios,
        uint256 count,
        uint256 windowBlocks,
        int256 limit,
        int256 sum
    ) private pure returns (bool) {
        unchecked {
            int256 side = int256(ratios[0]) > WAD ? int256(1) : int256(-1);
            limit *= int256(windowBlocks);
            for (uint256 age = 0; sum > limit;) {
                if (++age == count) return true;
                sum += (int256(ratios[age + windowBlocks - 1]) - int256(ratios[age - 1])) * side;
            }
            return false;
        }
    }
}
