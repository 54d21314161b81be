// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IDodoV2Callee} from "../interfaces/IDodoV2Pool.sol";

/// @title FlashBorrower
/// @notice Borrows from a pool, repays what it was told to and may call anything in between.
contract FlashBorrower is IDodoV2Callee {
    uint256 private _baseBack;
    uint256 private _quoteBack;
    address private _target;
    bytes private _call;
    bool public callSucceeded;
    bytes4 public callError;
    uint256 public callbacks;

    /// @notice What goes back to the pool in the callback.
    function plan(uint256 baseBack, uint256 quoteBack) external {
        (_baseBack, _quoteBack) = (baseBack, quoteBack);
    }

    /// @notice What is called in the callback; its outcome is recorded.
    function planCall(address target, bytes calldata data) external {
        (_target, _call) = (target, data);
    }

    function run(address target, bytes calldata data) external returns (bytes memory answer) {
        bool ok;
        (ok, answer) = target.call(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
    }

    function DSPFlashLoanCall(address, uint256, uint256, bytes calldata data) external {
        _act(data);
    }

    function DPPFlashLoanCall(address, uint256, uint256, bytes calldata data) external {
        _act(data);
    }

    function DVMSellShareCall(address, uint256, uint256, uint256, bytes calldata) external {
        ++callbacks;
        _callBack();
    }

    function _act(bytes calldata data) private {
        ++callbacks;
        (address base, address quote) = abi.decode(data, (address, address));
        _callBack();
        if (_baseBack != 0) IERC20(base).transfer(msg.sender, _baseBack);
        if (_quoteBack != 0) IERC20(quote).transfer(msg.sender, _quoteBack);
    }

    function _callBack() private {
        if (_target == address(0)) return;
        (bool ok, bytes memory answer) = _target.call(_call);
        (callSucceeded, callError) = (ok, answer.length < 4 ? bytes4(0) : bytes4(answer));
    }
}
