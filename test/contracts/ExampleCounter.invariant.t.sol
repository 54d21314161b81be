// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ExampleCounter} from "../../contracts/mocks/ExampleCounter.sol";
import {Base} from "./Base.t.sol";

/// @title CounterHandler
/// @notice The only way in which the invariant run reaches the counter.
contract CounterHandler is Base {
    ExampleCounter public immutable COUNTER;
    uint256 public expected;

    constructor(ExampleCounter counter_) {
        COUNTER = counter_;
    }

    function increment(uint256 step) external {
        step = bound(step, 0, 100);
        COUNTER.increment(step);
        expected += step;
    }
}

contract ExampleCounterInvariantTest is Base {
    ExampleCounter internal counter;
    CounterHandler internal handler;

    function setUp() public {
        counter = new ExampleCounter(address(this));
        handler = new CounterHandler(counter);
        targetContract(address(handler));
        targetSender(makeAddr("trader"));
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = CounterHandler.increment.selector;
        targetSelector(address(handler), selectors);
    }

    function invariant_countIsSumOfSteps() public view {
        assertEq(counter.count(), handler.expected(), "count");
    }
}
