// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title OutflowMeter
/// @notice Exact net outflow of the last 60 seconds, and its decaying maximum P whose rise is capped.
/// @dev UNITS. Flows are quanta (the caller's choice of unit); positive = out, negative = in. P and its limits are quanta per minute.
/// @dev WINDOW. One cell per second, four in a slot. `active` says which of the 60 seconds up to `newestSecond` have a cell; what lies in
/// the others is never read, so nothing is ever cleared and nobody has to call. A record reads each expired cell once: at most 59 cells
/// in 15 slots, none after a minute of rest.
/// @dev RANGE. A cell saturates at +-(2^63 - 1) quanta, a record never reverts: it lies in the path of a redemption. The sum of 60 cells
/// fits 80 bits, signed, so more coming in than going out is a negative window and no underflow.
/// @dev P RISES when a record finds the window above it, to the window, by no more than a bucket of half the hourly cap that refills with
/// half the cap per hour: at most the cap in any 3,600 seconds. P FALLS by half every half-life since its last rise, on a straight line in
/// between, rounded up, and never below the minimum.
library OutflowMeter {
    uint256 internal constant WINDOW_SECONDS = 60;
    uint256 private constant _WINDOW_MASK = (1 << WINDOW_SECONDS) - 1;
    uint256 private constant _CELL_MASK = type(uint64).max;
    int256 private constant _CELL_MAX = type(int64).max;

    /// @dev 80 + 64 + 40 + 72 = 256, 40 + 72 + 40 + 72 + 32 = 256, 72 bits, and 15 slots of cells.
    struct Meter {
        int80 windowSum;
        uint64 active;
        uint40 newestSecond;
        uint72 peak;
        uint40 peakAt;
        uint72 riseLevel;
        uint40 riseAt;
        uint72 minimum;
        uint32 halfLifeSeconds;
        uint72 maxRisePerHour;
        uint256[15] cells;
    }

    /// @notice Sets the limits. P goes on from where it stands; the room to rise keeps what is left of it, at most half the new cap.
    /// @param maxRisePerHour even numbers keep their unit; `halfLifeSeconds` must not be 0.
    function configure(Meter storage meter, uint72 minimum, uint72 maxRisePerHour, uint32 halfLifeSeconds) internal {
        uint256 room = maxRisePerHour / 2;
        if (meter.halfLifeSeconds != 0) {
            meter.peak = uint72(peakNow(meter));
            room = Math.min(room, _roomToRise(meter));
        }
        meter.peakAt = uint40(block.timestamp);
        meter.riseLevel = uint72(room);
        meter.riseAt = uint40(block.timestamp);
        meter.minimum = minimum;
        meter.halfLifeSeconds = halfLifeSeconds;
        meter.maxRisePerHour = maxRisePerHour;
    }

    /// @notice Adds a flow to this second and lets P rise. Never reverts.
    function record(Meter storage meter, int256 flow) internal returns (uint256 peak) {
        (int256 sum, uint256 active) = _advanced(meter);
        if (flow != 0) {
            uint256 index = block.timestamp % WINDOW_SECONDS;
            uint256 shift = (index & 3) << 6;
            uint256 word = meter.cells[index >> 2];
            int256 before = active & 1 == 0 ? int256(0) : int256(int64(uint64(word >> shift)));
            int256 cell = _clamp(before + _clamp(flow));
            meter.cells[index >> 2] = (word & ~(_CELL_MASK << shift)) | (uint256(uint64(int64(cell))) << shift);
            sum += cell - before;
            active |= 1;
        }
        meter.windowSum = int80(sum);
        meter.active = uint64(active);
        meter.newestSecond = uint40(block.timestamp);

        uint256 current = peakNow(meter);
        peak = _raised(meter, current, sum);
        if (peak > current) {
            meter.riseLevel = uint72(_roomToRise(meter) - (peak - current));
            meter.riseAt = uint40(block.timestamp);
            meter.peak = uint72(peak);
            meter.peakAt = uint40(block.timestamp);
        }
    }

    /// @notice Net outflow of the last 60 seconds (this one included); negative when more came in.
    function windowNow(Meter storage meter) internal view returns (int256 sum) {
        (sum, ) = _advanced(meter);
    }

    /// @notice P now.
    function peakNow(Meter storage meter) internal view returns (uint256) {
        uint256 left = decayed(meter.peak, block.timestamp - meter.peakAt, meter.halfLifeSeconds);
        return Math.max(meter.minimum, left);
    }

    /// @notice What P would be after an outflow in this second.
    function peakAfter(Meter storage meter, uint256 outflow) internal view returns (uint256) {
        (int256 sum, ) = _advanced(meter);
        return _raised(meter, peakNow(meter), sum + _clamp(int256(Math.min(outflow, uint256(_CELL_MAX)))));
    }

    /// @notice By how much P could rise now.
    function roomToRise(Meter storage meter) internal view returns (uint256) {
        return _roomToRise(meter);
    }

    /// @notice peak / 2^(age / halfLife), straight between two halvings, rounded up. For peaks below 2^72.
    function decayed(uint256 peak, uint256 age, uint256 halfLife) internal pure returns (uint256) {
        uint256 halvings = age / halfLife;
        if (halvings >= 72) return 0;
        uint256 value = Math.ceilDiv(peak, 1 << halvings);
        return value - (value * (age % halfLife)) / (2 * halfLife);
    }

    function _raised(Meter storage meter, uint256 current, int256 sum) private view returns (uint256) {
        if (sum <= int256(current)) return current;
        return Math.min(uint256(sum), current + _roomToRise(meter));
    }

    function _roomToRise(Meter storage meter) private view returns (uint256) {
        uint256 half = meter.maxRisePerHour / 2;
        return Math.min(half, meter.riseLevel + (half * (block.timestamp - meter.riseAt)) / 1 hours);
    }

    /// @dev Takes expired cells out of the sum; bit j of the answer stands for the second block.timestamp - j.
    function _advanced(Meter storage meter) private view returns (int256 sum, uint256 active) {
        uint256 newest = meter.newestSecond;
        uint256 elapsed = block.timestamp - newest;
        if (elapsed >= WINDOW_SECONDS) return (0, 0);
        (sum, active) = (meter.windowSum, meter.active);
        if (elapsed == 0) return (sum, active);
        active <<= elapsed;
        uint256 expired = active >> WINDOW_SECONDS;
        active &= _WINDOW_MASK;
        uint256 loaded = type(uint256).max;
        uint256 word;
        // Bit 0 of `expired` is the second `WINDOW_SECONDS` before this one, bit 1 the one before that.
        for (uint256 second = block.timestamp - WINDOW_SECONDS; expired != 0; --second) {
            if (expired & 1 != 0) {
                uint256 index = second % WINDOW_SECONDS;
                if (index >> 2 != loaded) {
                    loaded = index >> 2;
                    word = meter.cells[loaded];
                }
                sum -= int64(uint64(word >> ((index & 3) << 6)));
            }
            expired >>= 1;
        }
    }

    function _clamp(int256 value) private pure returns (int256) {
        if (value > _CELL_MAX) return _CELL_MAX;
        return value < -_CELL_MAX ? -_CELL_MAX : value;
    }
}
