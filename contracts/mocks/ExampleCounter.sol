// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// @title ExampleCounter
/// @notice Exists only so that the compiler, the generated types and both test runners have something to work on.
contract ExampleCounter is Ownable {
    /// @notice Emitted after every increment with the new count.
    event Incremented(address indexed caller, uint256 step, uint256 count);

    /// @notice Thrown when a step exceeds the limit.
    error StepAboveLimit(uint256 step, uint256 limit);

    uint256 public constant MAX_STEP = 100;

    uint256 public count;

    constructor(address owner_) Ownable(owner_) {}

    /// @notice Adds `step` to the count.
    function increment(uint256 step) external {
        require(step <= MAX_STEP, StepAboveLimit(step, MAX_STEP));
        count += step;
        emit Incremented(msg.sender, step, count);
    }

    /// @notice Sets the count back to zero.
    function reset() external onlyOwner {
        count = 0;
    }
}
