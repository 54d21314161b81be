// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {DeviationTrigger} from "../../../contracts/stabilizer/DeviationTrigger.sol";
import {Base} from "../Base.t.sol";

/// @title The trigger against its definition, written out naively
contract DeviationTriggerTest is Base {
    int256 internal constant WAD = 1e18;
    uint256 internal constant THETA = 3e14;
    uint256 internal constant FAST = 8e14;

    function _evaluate(
        int256[] memory deviations,
        uint256 n,
        uint256 w
    ) internal pure returns (int256 newest, int256 average, bool inside, bool sustained) {
        uint256[] memory ratios = new uint256[](deviations.length);
        for (uint256 index = 0; index < ratios.length; ++index) ratios[index] = uint256(WAD + deviations[index]);
        return DeviationTrigger.evaluate(ratios, n, w, THETA, FAST);
    }

    /// @dev The definition: both conditions for each side, block by block, each average computed on its own.
    function _definition(int256[] memory d, uint256 n, uint256 w) internal pure returns (bool) {
        for (int256 side = -1; side <= 1; side += 2) {
            bool slow = true;
            bool fast = true;
            for (uint256 b = 0; b < n; ++b) {
                int256 sum;
                for (uint256 j = b; j < b + w; ++j) sum += d[j];
                if (d[b] * side <= int256(THETA) || sum * side <= int256(THETA * w)) slow = false;
                if (d[b] * side <= int256(FAST)) fast = false;
            }
            if (slow || fast) return true;
        }
        return false;
    }

    /// hardhat-config: fuzz.runs = 512
    function testFuzz_isTheDefinition(uint256 seed, uint256 n, uint256 w) public pure {
        n = bound(n, 1, 6);
        w = bound(w, 1, 6);
        int256[] memory d = new int256[](n + w - 1);
        // Deviations around the thresholds, edges included, mostly on one side.
        int256[8] memory edges = [int256(0), 1e14, 3e14, 3e14 + 1, 4e14, 8e14, 8e14 + 1, 30e14];
        int256 side = seed & 1 == 0 ? int256(1) : int256(-1);
        for (uint256 index = 0; index < d.length; ++index) {
            seed = uint256(keccak256(abi.encode(seed)));
            d[index] = edges[seed % 8] * side * ((seed >> 200) & 15 == 0 ? int256(-1) : int256(1));
        }
        (int256 newest, int256 average, bool inside, bool sustained) = _evaluate(d, n, w);
        assertEq(sustained, _definition(d, n, w), "sustained");
        assertEq(newest, d[0], "newest");
        assertEq(inside, d[0] <= int256(THETA) && d[0] >= -int256(THETA), "inside");
        int256 sum;
        for (uint256 index = 0; index < w; ++index) sum += d[index];
        assertEq(average, sum / int256(w), "average");
    }

    /// @dev One block-end of any size among quiet ones is never enough for N = 2.
    function testFuzz_STAB14_oneSpikeIsNeverSustained(uint256 size, bool above, uint256 age) public pure {
        int256[] memory d = new int256[](4);
        int256 spike = int256(bound(size, 0, 1e24));
        if (!above) spike = -int256(bound(size, 0, 1e18 - 1));
        d[bound(age, 0, 3)] = spike;
        (, , , bool sustained) = _evaluate(d, 2, 3);
        assertFalse(sustained, "spike");
    }

    /// @dev A slow creep over theta is seen four blocks after the first block-end outside, at the latest.
    function test_creepIsSeenWithinFourBlocks() public pure {
        int256[4] memory creep = [int256(3e14 + 4), 3e14 + 3, 3e14 + 2, 3e14 + 1]; // newest first
        int256[] memory d = new int256[](4);
        for (uint256 index = 0; index < 4; ++index) d[index] = creep[index];
        (, , , bool sustained) = _evaluate(d, 2, 3);
        assertTrue(sustained, "outside for four block-ends");
    }
}
