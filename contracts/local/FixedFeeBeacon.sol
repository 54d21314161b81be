// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title Stands for Keep's random beacon: takes a fixed fee for a new keep and never calls back with a number
/// @notice For the local world only. The keep factory goes on with the group selection seed it has.
contract FixedFeeBeacon {
    /// @dev Wei.
    uint256 public constant ENTRY_FEE = 0.001 ether;

    error FeeTooLow(uint256 paid);

    /// @return requestId Always 0: no request is kept.
    function requestRelayEntry(address, uint256) external payable returns (uint256 requestId) {
        require(msg.value >= ENTRY_FEE, FeeTooLow(msg.value));
        return 0;
    }

    function entryFeeEstimate(uint256) external pure returns (uint256) {
        return ENTRY_FEE;
    }
}
