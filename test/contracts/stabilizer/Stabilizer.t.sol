// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IStabilizerLimits} from "../../../contracts/interfaces/IStabilizerLimits.sol";
import {StabilizerBase} from "./StabilizerBase.t.sol";

contract StabilizerTest is StabilizerBase {
    function test_execute_returnsThePoolToItsAnchor() public {
        disturb(stablePool, true, 40_000);
        uint256 before = inventoryValue();
        (int256 deviation, bool acts) = stabilizer.checkDeviationWad(address(stablePool));
        assertTrue(acts, "acts");
        assertLt(deviation, -int256(THETA), "deviation");
        execute(keeper, stablePool);
        assertApproxEqAbs(stablePool.spotRatio(), WAD, 1e9, "at the anchor");
        assertGe(inventoryValue(), before, "inventory");
        assertReason(stablePool, IStabilizerLimits.Reason.COOLDOWN, "the history is still outside");
    }
}
