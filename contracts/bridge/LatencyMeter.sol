// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {OutflowMeter} from "../reserve/OutflowMeter.sol";

/// @title LatencyMeter
/// @notice Decaying maximum of how long messages took, inside bounds, whose rise is limited twice.
/// @dev UNITS. Seconds outside, milliseconds inside, so that small steps add up.
/// @dev RISES by what a bucket holds: a quarter of the range, refilled with half of it per hour (what a half-life of an hour takes away at
/// most, so that a latency that is really so high is held): at most three quarters of the range in any hour, whatever messages say. And by no more than the message's weight in that: a message that carries a whole minute of peak flow has
/// weight 1, dust has none. To hold the latency up, somebody must keep real money late, again and again. FALLS by half in a half-life since
/// its last rise, never below the minimum. A fast message lowers nothing: slow ones may be the large ones.
library LatencyMeter {
    uint256 internal constant WEIGHT_ONE = 1e18;
    /// @dev Of the bucket, per second of range: a quarter.
    uint256 private constant _CAPACITY_MS = 250;

    /// @dev 32 + 40 + 32 + 40 + 24 + 24 + 32 + 32 = 256 bits. `tag` is the caller's: kept in the slot that he reads anyway, not read here.
    struct Meter {
        uint32 peakMs;
        uint40 peakAt;
        uint32 riseLevelMs;
        uint40 riseAt;
        uint24 minSeconds;
        uint24 maxSeconds;
        uint32 halfLifeSeconds;
        uint32 tag;
    }

    /// @notice Sets the bounds; the latency goes on from where it stands, inside them. The caller checks 0 < minimum <= maximum <= a day.
    function configure(Meter storage meter, uint24 minSeconds, uint24 maxSeconds, uint32 halfLifeSeconds) internal {
        uint256 room = uint256(maxSeconds - minSeconds) * _CAPACITY_MS;
        uint256 peak = uint256(minSeconds) * 1000;
        if (meter.halfLifeSeconds != 0) {
            peak = Math.min(Math.max(_now(meter), peak), uint256(maxSeconds) * 1000);
            room = Math.min(room, _room(meter));
        }
        (meter.minSeconds, meter.maxSeconds, meter.halfLifeSeconds) = (minSeconds, maxSeconds, halfLifeSeconds);
        _store(meter, peak, room);
    }

    /// @notice Takes a message into account. Never reverts. @param weightWad what it counts, up to `WEIGHT_ONE`.
    /// @return rose whether the latency is another one now.
    function record(Meter storage meter, uint256 latencySeconds, uint256 weightWad) internal returns (bool rose) {
        uint256 current = _now(meter);
        uint256 target = Math.min(latencySeconds, meter.maxSeconds) * 1000;
        if (target <= current) return false;
        uint256 room = _room(meter);
        uint256 step = (_capacity(meter) * Math.min(weightWad, WEIGHT_ONE)) / WEIGHT_ONE;
        uint256 rise = Math.min(target - current, Math.min(room, step));
        if (rise == 0) return false;
        _store(meter, current + rise, room - rise);
        return true;
    }

    /// @notice The latency now, rounded up.
    function secondsNow(Meter storage meter) internal view returns (uint256) {
        return Math.ceilDiv(_now(meter), 1000);
    }

    function _now(Meter storage meter) private view returns (uint256) {
        uint256 decayed = OutflowMeter.decayed(meter.peakMs, block.timestamp - meter.peakAt, meter.halfLifeSeconds);
        return Math.max(uint256(meter.minSeconds) * 1000, decayed);
    }

    function _room(Meter storage meter) private view returns (uint256) {
        uint256 capacity = _capacity(meter);
        return Math.min(capacity, meter.riseLevelMs + (2 * capacity * (block.timestamp - meter.riseAt)) / 1 hours);
    }

    function _capacity(Meter storage meter) private view returns (uint256) {
        return uint256(meter.maxSeconds - meter.minSeconds) * _CAPACITY_MS;
    }

    function _store(Meter storage meter, uint256 peakMs, uint256 roomMs) private {
        (meter.peakMs, meter.peakAt) = (uint32(peakMs), uint40(block.timestamp));
        (meter.riseLevelMs, meter.riseAt) = (uint32(roomMs), uint40(block.timestamp));
    }
}
