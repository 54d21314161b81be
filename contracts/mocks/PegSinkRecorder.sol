// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IPegManager, IPegSink} from "../interfaces/IPegManager.sol";

/// @title PegSinkRecorder
/// @notice Keeps what it was told; refuses while told to.
contract PegSinkRecorder is IPegSink {
    error Refused();

    mapping(address token => IPegManager.State) public told;
    uint256 public calls;
    bool public refuses;

    function setRefuses(bool refuses_) external {
        refuses = refuses_;
    }

    function pegChanged(address token, IPegManager.State state) external {
        require(!refuses, Refused());
        told[token] = state;
        ++calls;
    }
}
