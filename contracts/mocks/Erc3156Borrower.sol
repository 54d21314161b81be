// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC3156FlashBorrower} from "@openzeppelin/contracts/interfaces/IERC3156FlashBorrower.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Erc3156Borrower
/// @notice Borrows, makes one planned call, allows the lender to take loan and fee, and answers what it is told to.
contract Erc3156Borrower is IERC3156FlashBorrower {
    address private _target;
    bytes private _call;
    bytes32 private _answer = keccak256("ERC3156FlashBorrower.onFlashLoan");
    bool public callSucceeded;
    bytes4 public callError;

    /// @notice What is called inside the loan; its outcome is recorded, never bubbled. Zero = nothing.
    function plan(address target, bytes calldata data) external {
        (_target, _call) = (target, data);
    }

    function setAnswer(bytes32 answer) external {
        _answer = answer;
    }

    function approveFor(address token, address spender) external {
        IERC20(token).approve(spender, type(uint256).max);
    }

    function onFlashLoan(
        address,
        address token,
        uint256 amount,
        uint256 fee,
        bytes calldata
    ) external returns (bytes32) {
        if (_target != address(0)) {
            (bool ok, bytes memory answer) = _target.call(_call);
            (callSucceeded, callError) = (ok, answer.length < 4 ? bytes4(0) : bytes4(answer));
        }
        IERC20(token).approve(msg.sender, amount + fee);
        return _answer;
    }
}
