// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {SelectorTable} from "../../gru/SelectorTable.sol";

/// @title CutInitializer
/// @notice Initializers of a cut: one that declares an interface, one that fails, one that tries to use the diamond's address.
contract CutInitializer {
    error InitRefused(uint256 reason);

    function declareInterface(bytes4 interfaceId) external {
        SelectorTable.layout().supportsInterface[interfaceId] = true;
    }

    function fail(uint256 reason) external pure {
        revert InitRefused(reason);
    }

    function callAsDiamond(address target, bytes calldata data) external {
        (bool ok, bytes memory answer) = target.call(data);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }
}
