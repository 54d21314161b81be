// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {PmmMath} from "../pmm/PmmMath.sol";

/// @title PmmMathHarness
/// @notice Runs the library on many states in one call, for differential tests.
contract PmmMathHarness {
    struct Answer {
        bool ok;
        uint256 amountOut;
        uint256 newInTarget;
        uint256 ratioWad;
        uint256 shortDown;
        uint256 shortUp;
    }

    function run(
        PmmMath.State[] calldata states,
        bool[] calldata isSellBase,
        uint256[] calldata amountsIn
    ) external view returns (Answer[] memory answers) {
        answers = new Answer[](states.length);
        for (uint256 j = 0; j < states.length; ++j) {
            try this.one(states[j], isSellBase[j], amountsIn[j]) returns (Answer memory answer) {
                answers[j] = answer;
            } catch {} // stays not ok
        }
    }

    function one(
        PmmMath.State memory state,
        bool isSellBase,
        uint256 amountIn
    ) external pure returns (Answer memory answer) {
        answer.ok = true;
        (answer.amountOut, answer.newInTarget) = PmmMath.trade(isSellBase, state, amountIn);
        answer.ratioWad = PmmMath.ratioWad(state);
        (answer.shortDown, answer.shortUp) = PmmMath.shortage(state);
    }
}
