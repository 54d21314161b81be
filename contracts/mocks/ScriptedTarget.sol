// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title Answers each selector with prepared bytes: returns them, reverts with them, or burns all gas
/// @dev Stands for contracts whose failures a reader must survive; an unknown selector reverts without data.
contract ScriptedTarget {
    enum Kind {
        NONE,
        RETURN,
        REVERT,
        BURN_GAS
    }

    struct Answer {
        Kind kind;
        bytes data;
    }

    mapping(bytes4 selector => Answer) private _answers;

    function script(bytes4 selector, Kind kind, bytes calldata data) external {
        _answers[selector] = Answer(kind, data);
    }

    fallback() external {
        Answer memory answer = _answers[msg.sig];
        bytes memory data = answer.data;
        if (answer.kind == Kind.RETURN) {
            assembly ("memory-safe") {
                return(add(data, 0x20), mload(data))
            }
        }
        if (answer.kind == Kind.BURN_GAS) {
            while (true) {}
        }
        assembly ("memory-safe") {
            revert(add(data, 0x20), mload(data))
        }
    }
}
