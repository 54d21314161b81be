// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {OutflowMeterHarness} from "../../../contracts/mocks/OutflowMeterHarness.sol";
import {Base} from "../Base.t.sol";

/// @notice The meter against a model that keeps every flow and every rise in lists and adds them up anew for each answer.
contract OutflowMeterTest is Base {
    uint72 private constant MINIMUM = 1_000;
    /// @dev Even per second and half, so that the model needs no fractions.
    uint72 private constant MAX_RISE = 7_200_000;
    uint32 private constant HALF_LIFE = 1 days;

    struct Flow {
        uint256 second;
        int256 amount;
    }

    OutflowMeterHarness private meter;
    Flow[] private flows;
    Flow[] private rises;
    uint256 private modelPeak;
    uint256 private modelPeakAt;

    function setUp() public {
        vm.warp(1_800_000_000);
        meter = OutflowMeterHarness(deploy("OutflowMeterHarness", ""));
        meter.configure(MINIMUM, MAX_RISE, HALF_LIFE);
        modelPeakAt = vm.getBlockTimestamp();
    }

    // The model

    function _modelWindow() private view returns (int256 sum) {
        uint256 now_ = vm.getBlockTimestamp();
        for (uint256 i = 0; i < flows.length; ++i) if (flows[i].second + 60 > now_) sum += flows[i].amount;
    }

    /// @dev The room of a bucket: walked through rise by rise.
    function _modelRoom() private view returns (uint256 room) {
        uint256 half = MAX_RISE / 2;
        room = half;
        for (uint256 i = 0; i < rises.length; ++i) {
            room -= uint256(rises[i].amount);
            uint256 until = i + 1 < rises.length ? rises[i + 1].second : vm.getBlockTimestamp();
            room += (half / 3_600) * (until - rises[i].second);
            if (room > half) room = half;
        }
    }

    /// @dev Halved in a loop, then the straight line.
    function _modelDecayed() private view returns (uint256 value) {
        uint256 age = vm.getBlockTimestamp() - modelPeakAt;
        value = modelPeak;
        for (; age >= HALF_LIFE; age -= HALF_LIFE) value = (value + 1) / 2;
        value -= (value * age) / HALF_LIFE / 2;
        if (value < MINIMUM) value = MINIMUM;
    }

    function _modelRecord(int256 amount) private {
        flows.push(Flow(vm.getBlockTimestamp(), amount));
        uint256 peak = _modelDecayed();
        int256 window = _modelWindow();
        if (window <= int256(peak)) return;
        uint256 rise = uint256(window) - peak;
        uint256 room = _modelRoom();
        if (rise > room) rise = room;
        if (rise == 0) return;
        rises.push(Flow(vm.getBlockTimestamp(), int256(rise)));
        (modelPeak, modelPeakAt) = (peak + rise, vm.getBlockTimestamp());
    }

    function _compare() private view {
        assertEq(meter.windowNow(), _modelWindow(), "window");
        assertEq(meter.peakNow(), _modelDecayed(), "peak");
        assertEq(meter.roomToRise(), _modelRoom(), "room");
    }

    function _record(int256 amount) private {
        meter.record(amount);
        _modelRecord(amount);
        _compare();
    }

    // Tests

    /// @dev RES-3: the window and P are those of the model, whatever the order of flows and pauses.
    function testFuzz_RES3_agreesWithTheModel(uint256 seed) public {
        uint256 largestWindow;
        for (uint256 step = 0; step < 120; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 kind = seed % 10;
            // Mostly inside the window; sometimes exactly at its edge, sometimes hours later.
            uint256 pause = (seed >> 8) % 4;
            if (kind == 0) pause = 58 + ((seed >> 16) % 4);
            if (kind == 1) pause = (seed >> 16) % 6 hours;
            if (kind == 2) pause = (seed >> 16) % 3 days;
            vm.warp(vm.getBlockTimestamp() + pause);
            _compare();
            int256 amount = int256((seed >> 64) % (kind < 5 ? 5_000_000 : 20_000));
            if ((seed >> 32) % 3 == 0) amount = -amount;
            uint256 expected = amount < 0 ? 0 : meter.peakAfter(uint256(amount));
            _record(amount);
            if (amount >= 0) assertEq(meter.peakNow(), expected, "announced peak");
            int256 window = meter.windowNow();
            if (window > int256(largestWindow)) largestWindow = uint256(window);
        }
        assertGt(rises.length, 2, "P rose at all");
        assertGt(largestWindow, MINIMUM, "something flowed");
    }

    function test_RES3_cellsLeaveTheWindowAfterExactly60Seconds() public {
        _record(500);
        vm.warp(vm.getBlockTimestamp() + 59);
        assertEq(meter.windowNow(), int256(500), "59 seconds later");
        vm.warp(vm.getBlockTimestamp() + 1);
        assertEq(meter.windowNow(), int256(0), "60 seconds later");
        // The second of the old cell comes round again and must not count twice.
        _record(7);
        assertEq(meter.windowNow(), int256(7), "same cell, next round");
    }

    /// @dev RES-3, pitfall D20: more in than out is a negative window, and the next outflow counts against it.
    function test_RES3_inflowBeforeOutflowDoesNotUnderflow() public {
        _record(-9_000_000);
        assertEq(meter.windowNow(), -int256(9_000_000));
        assertEq(meter.peakNow(), MINIMUM);
        _record(8_000_000);
        assertEq(meter.windowNow(), -int256(1_000_000));
        assertEq(meter.peakNow(), MINIMUM, "nothing left on balance");
    }

    /// @dev RES-3: amounts beyond a cell saturate; a redemption is never stopped by its meter.
    function testFuzz_RES3_neverReverts(int256 a, int256 b, uint256 pause) public {
        meter.record(a);
        vm.warp(vm.getBlockTimestamp() + bound(pause, 0, 90));
        meter.record(b);
        meter.peakAfter(uint256(b));
        assertLe(meter.windowNow(), 2 * int256(type(int64).max));
        assertGe(meter.windowNow(), -2 * int256(type(int64).max));
        assertGe(meter.peakNow(), MINIMUM);
    }

    function test_RES3_aFullWindowOfLargestCellsFits() public {
        for (uint256 i = 0; i < 61; ++i) {
            meter.record(type(int256).max);
            vm.warp(vm.getBlockTimestamp() + 1);
        }
        assertEq(meter.windowNow(), 59 * int256(type(int64).max));
        assertLe(meter.peakNow(), MINIMUM + 2 * uint256(MAX_RISE), "the rise is capped however large the flow");
    }

    /// @dev RES-4: half after a half-life, on a straight line in between, never below the minimum.
    function test_RES4_decayRule() public {
        _record(3_000_000);
        assertEq(meter.peakNow(), 3_000_000);
        vm.warp(vm.getBlockTimestamp() + HALF_LIFE / 2);
        assertEq(meter.peakNow(), 2_250_000, "straight to the first half");
        vm.warp(vm.getBlockTimestamp() + HALF_LIFE / 2);
        assertEq(meter.peakNow(), 1_500_000, "half");
        vm.warp(vm.getBlockTimestamp() + 10 * uint256(HALF_LIFE));
        assertEq(meter.peakNow(), 1_465, "rounded up");
        vm.warp(vm.getBlockTimestamp() + 500 * uint256(HALF_LIFE));
        assertEq(meter.peakNow(), MINIMUM, "the minimum stays");
    }

    /// @dev RES-5: no sequence of flows makes P rise by more than the cap within any hour.
    function testFuzz_RES5_riseOfAnyHourIsCapped(uint256 seed) public {
        uint256[] memory time = new uint256[](80);
        uint256[] memory total = new uint256[](80);
        uint256 sum;
        for (uint256 i = 0; i < 80; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            vm.warp(vm.getBlockTimestamp() + (seed % 200));
            uint256 before = meter.peakNow();
            meter.record(int256((seed >> 32) % 40_000_000));
            uint256 peak = meter.peakNow();
            if (peak > before) sum += peak - before;
            (time[i], total[i]) = (vm.getBlockTimestamp(), sum);
            for (uint256 j = 0; j < i; ++j) {
                // The rise at time j itself is inside the hour, so the sum before it is the one to subtract.
                if (time[i] - time[j] >= 1 hours) continue;
                assertLe(sum - (j == 0 ? 0 : total[j - 1]), MAX_RISE, "rise within an hour");
            }
        }
        assertGt(sum, MAX_RISE / 2, "the cap was reached");
    }

    function test_configure_keepsPeakAndUsedRoom() public {
        _record(3_000_000);
        uint256 room = meter.roomToRise();
        meter.configure(MINIMUM, 2 * MAX_RISE, HALF_LIFE / 2);
        assertEq(meter.peakNow(), 3_000_000, "P goes on");
        assertEq(meter.roomToRise(), room, "no new room");
        meter.configure(5_000_000, 7_200, HALF_LIFE);
        assertEq(meter.peakNow(), 5_000_000, "the new minimum holds at once");
        assertEq(meter.roomToRise(), 3_600, "room shrinks with the cap");
    }
}
