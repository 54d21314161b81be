// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {OutflowMeter} from "../reserve/OutflowMeter.sol";

/// @title OutflowMeterHarness
/// @notice The library behind a door, for the tests.
contract OutflowMeterHarness {
    using OutflowMeter for OutflowMeter.Meter;

    OutflowMeter.Meter private _meter;

    function configure(uint72 minimum, uint72 maxRisePerHour, uint32 halfLifeSeconds) external {
        _meter.configure(minimum, maxRisePerHour, halfLifeSeconds);
    }

    function record(int256 flow) external returns (uint256) {
        return _meter.record(flow);
    }

    function windowNow() external view returns (int256) {
        return _meter.windowNow();
    }

    function peakNow() external view returns (uint256) {
        return _meter.peakNow();
    }

    function peakAfter(uint256 outflow) external view returns (uint256) {
        return _meter.peakAfter(outflow);
    }

    function roomToRise() external view returns (uint256) {
        return _meter.roomToRise();
    }
}
