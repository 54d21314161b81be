// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title When a pool has stood away from its anchor long enough
/// @dev Pure: the answer depends on block-end ratios only, and a swing inside one block leaves none.
library DeviationTrigger {
    uint256 internal constant WAD = 1e18;

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
        newest = int256(ratios[0]) - int256(WAD);
        bool above = newest > 0;
        // Sum of the deviations of the window that ends with the block looked at; compared with W * theta, so nothing is rounded.
        int256 sum;
        for (uint256 index = 0; index < windowBlocks; ++index) sum += int256(ratios[index]) - int256(WAD);
        average = sum / int256(windowBlocks);
        inside = !_beyond(newest, thresholdWad, above);

        bool slow = true;
        bool fast = true;
        for (uint256 block_ = 0; block_ < confirmations; ++block_) {
            if (block_ > 0) sum += int256(ratios[block_ + windowBlocks - 1]) - int256(ratios[block_ - 1]);
            int256 deviation = int256(ratios[block_]) - int256(WAD);
            slow = slow && _beyond(deviation, thresholdWad, above) && _beyond(sum, thresholdWad * windowBlocks, above);
            fast = fast && _beyond(deviation, fastThresholdWad, above);
        }
        sustained = slow || fast;
    }

    /// @dev Strictly further than `limit` from zero, on the side asked for.
    function _beyond(int256 deviation, uint256 limit, bool above) private pure returns (bool) {
        return above ? deviation > int256(limit) : deviation < -int256(limit);
    }
}
