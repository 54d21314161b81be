// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";

import {IBridgeAdapter} from "../../../contracts/interfaces/IBridgeAdapter.sol";
import {IBridgeReserveCoordinator} from "../../../contracts/interfaces/IBridgeReserveCoordinator.sol";
import {ICapitalBuckets} from "../../../contracts/interfaces/ICapitalBuckets.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IPegManager} from "../../../contracts/interfaces/IPegManager.sol";
import {HostileToken} from "../../../contracts/mocks/HostileToken.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {CoordinatorBase} from "./CoordinatorBase.t.sol";

// solhint-disable check-send-result, multiple-sends
contract BridgeReserveCoordinatorTest is CoordinatorBase {
    struct Flow {
        uint256 at;
        int256 units;
    }

    Flow[] private _flows;

    // The gate

    /// @dev LANE-1.
    function test_LANE1_aSendRaisesItsOwnRequirement() public {
        IBridgeReserveCoordinator.LaneState memory lane = laneOf(cUSDC);
        assertEq(lane.peakUnitsPerMinute, 1_000 * UNIT, "the minimum");
        assertEq(lane.requiredUnits, 500 * UNIT, "at 30 seconds");
        assertEq(lane.reserveUnits, BUFFER, "bucket D");

        // 20,000 carry a peak of 40,000 a minute at 30 seconds.
        vm.expectEmit(address(coordinator));
        emit IBridgeReserveCoordinator.PeakMeasured(address(cUSDC), int256(40_000 * UNIT), 40_000 * UNIT);
        bridge.record(address(cUSDC), 40_000 * UNIT);
        assertEq(laneOf(cUSDC).requiredUnits, BUFFER, "all of it is needed now");
        refusesSend(cUSDC, 1, BUFFER + 1);
        // A minute later the window is empty and the peak has decayed a little.
        skipTime(60, 2);
        sendOut(cUSDC, 40_000 * UNIT);
        assertEq(laneOf(cUSDC).peakUnitsPerMinute, 40_000 * UNIT, "the window counts again");
    }

    /// @dev LANE-1.
    function test_LANE1_whatCameInLeavesRoom() public {
        sendOut(cUSDC, 40_000 * UNIT);
        bridge.deliver(address(cUSDC), trader, 10_000 * UNIT, 20);
        sendOut(cUSDC, 10_000 * UNIT);
        refusesSend(cUSDC, 1, BUFFER + 1);
        bridge.refund(address(cUSDC), trader, 10_000 * UNIT);
        sendOut(cUSDC, 10_000 * UNIT);
        assertEq(laneOf(cUSDC).inFlightUnits, 40_000 * UNIT, "what the bridge says is under way");
    }

    /// @dev LANE-1. The model: a list of flows, summed over 60 seconds; P rises freely here, so it is at least that sum.
    function testFuzz_LANE1_refusedExactlyWhenTheRuleWouldBreak(uint256 seed) public {
        for (uint256 step = 0; step < 24; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            skipTime(seed % 37, 2);
            bool gold = (seed >> 8) % 2 == 0;
            M1Token token = gold ? xau : cUSDC;
            uint256 unit = gold ? 5e14 : UNIT;
            uint256 amount = bound(seed >> 16, 1, 25_000 * unit);
            if ((seed >> 16) % 5 == 0) {
                told(token, amount, MIN_LATENCY);
                _note(gold, -int256(amount), _quantumOf(gold));
                continue;
            }
            IBridgeReserveCoordinator.LaneState memory before = laneOf(token);
            int256 window = _window(gold) + _quantized(int256(amount), _quantumOf(gold));
            uint256 peak = window > int256(before.peakUnitsPerMinute) ? uint256(window) : before.peakUnitsPerMinute;
            uint256 needed = (peak * MIN_LATENCY + 59) / 60;
            mint(token, trader, amount);
            vm.startPrank(trader);
            token.approve(address(bridge), amount);
            try bridge.send(order(token, amount)) {
                assertLe(needed, before.reserveUnits, "LANE-1: taken, so the rule holds");
                assertEq(laneOf(token).peakUnitsPerMinute, peak, "the peak that it caused");
                _note(gold, int256(amount), _quantumOf(gold));
            } catch (bytes memory reason) {
                assertEq(
                    reason,
                    abi.encodeWithSelector(
                        IBridgeReserveCoordinator.ReserveTooLow.selector,
                        address(token),
                        before.reserveUnits,
                        needed
                    ),
                    "LANE-1: refused for the rule alone"
                );
                assertGt(needed, before.reserveUnits, "LANE-1: refused, so the rule would break");
                assertEq(laneOf(token).peakUnitsPerMinute, before.peakUnitsPerMinute, "no trace");
            }
            vm.stopPrank();
        }
    }

    /// @dev LANE-1.
    function test_LANE1_withoutReserveNothingLeaves() public {
        drainBuffer(BUFFER);
        refusesSend(cUSDC, 1, 500 * UNIT);
        assertEq(coordinator.sendableUnits(address(cUSDC)), 0, "and the view says so");
        // What arrives still arrives.
        told(cUSDC, 1, 1);
    }

    /// @dev LANE-1.
    function test_LANE1_pumpingThePeakClosesNoLane() public {
        // As much and as often as is taken: the requirement reaches the reserve and never passes it.
        for (uint256 minute = 0; minute < 30; ++minute) {
            sendOut(cUSDC, coordinator.sendableUnits(address(cUSDC)));
            assertLe(laneOf(cUSDC).requiredUnits, BUFFER, "never more than there is");
            skipTime(60, 2);
        }
        assertEq(coordinator.sendableUnits(address(cUSDC)), 40_000 * UNIT, "as much as ever");
    }

    /// @dev LANE-1.
    function test_LANE1_onlyTheBridgeTells() public {
        address[3] memory strangers = [attacker, keeper, timelock];
        for (uint256 index = 0; index < 3; ++index) {
            bytes memory refusal = abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, strangers[index]);
            vm.startPrank(strangers[index]);
            vm.expectRevert(refusal);
            coordinator.recordSend(address(cUSDC), 1);
            vm.expectRevert(refusal);
            coordinator.recordDelivery(address(cUSDC), 1, 1);
            vm.expectRevert(refusal);
            coordinator.recordRefund(address(cUSDC), 1);
            vm.stopPrank();
        }
    }

    /// @dev LANE-8.
    function testFuzz_LANE8_sendableIsExact(uint256 first, uint256 amount, uint256 wait, bool gold) public {
        M1Token token = gold ? xau : cUSDC;
        uint256 unit = gold ? 5e14 : UNIT;
        uint256 quantum = gold ? 1e12 : 1;
        told(token, bound(first, 0, 5_000 * unit), MAX_LATENCY);
        skipTime(bound(wait, 1, 200), 2);
        uint256 early = coordinator.sendableUnits(address(token));
        sendOut(token, bound(amount, 0, early > 1e27 ? 1e24 : early));
        skipTime(bound(wait >> 128, 1, 90), 2);
        uint256 largest = coordinator.sendableUnits(address(token));
        uint256 snapshot = vm.snapshotState();
        if (largest != ALL) {
            vm.expectPartialRevert(IBridgeReserveCoordinator.ReserveTooLow.selector);
            vm.prank(address(bridge));
            coordinator.recordSend(address(token), largest + quantum);
        }
        vm.revertToState(snapshot);
        vm.prank(address(bridge));
        if (largest > 0) coordinator.recordSend(address(token), largest);
    }

    // What must not fail

    /// @dev LANE-2.
    function testFuzz_LANE2_whatArrivesIsNeverRefused(
        uint256 amount,
        uint256 seconds_,
        uint256 wait,
        bool gold
    ) public {
        M1Token token = gold ? xau : cUSDC;
        vm.startPrank(address(bridge));
        coordinator.recordDelivery(address(token), amount, seconds_);
        skipTime(bound(wait, 1, 10 days), 2);
        coordinator.recordRefund(address(token), amount);
        coordinator.recordDelivery(address(token), seconds_, amount);
        vm.stopPrank();
        assertLe(laneOf(token).latencySeconds, MAX_LATENCY, "inside the bounds");
        assertGe(laneOf(token).latencySeconds, MIN_LATENCY, "inside the bounds");
    }

    /// @dev LANE-2.
    function test_LANE2_neitherHaltNorPauseNorAnEmptyBucketStopsWhatArrives() public {
        drainBuffer(BUFFER);
        halt(cUSDC);
        vm.prank(guardian);
        coordinator.pause();
        vm.startPrank(address(bridge));
        coordinator.recordDelivery(address(cUSDC), ALL, ALL);
        coordinator.recordRefund(address(cUSDC), ALL);
        vm.stopPrank();
    }

    /// @dev LANE-2.
    function test_LANE2_anUnsizedTokenIsNoLane() public {
        bytes memory refusal = abi.encodeWithSelector(IBridgeReserveCoordinator.LaneNotSized.selector, address(cEURT));
        vm.startPrank(address(bridge));
        vm.expectRevert(refusal);
        coordinator.recordSend(address(cEURT), 1);
        vm.expectRevert(refusal);
        coordinator.recordDelivery(address(cEURT), 1, 1);
        vm.expectRevert(refusal);
        coordinator.recordRefund(address(cEURT), 1);
        vm.stopPrank();
    }

    // Latency

    /// @dev LANE-3.
    function test_LANE3_oneLateMessageRaisesAQuarterAtMost() public {
        // As heavy as it likes, and a year late.
        told(cUSDC, 1_000_000 * UNIT, 365 days);
        assertEq(latency(), MIN_LATENCY + QUARTER, "a quarter of the range");
        told(cUSDC, 1_000_000 * UNIT, 365 days);
        assertEq(latency(), MIN_LATENCY + QUARTER, "nothing is left for a second one");
        assertEq(laneOf(cUSDC).requiredUnits, 8_000 * UNIT, "1,000 a minute for 480 seconds");
    }

    /// @dev LANE-3.
    function test_LANE3_dustCountsLittle() public {
        // A thousandth of a minute's peak: a thousandth of the step.
        for (uint256 index = 0; index < 10; ++index) told(cUSDC, UNIT, MAX_LATENCY);
        assertEq(latency(), MIN_LATENCY + 5, "10 * 450 / 1,000 seconds, rounded up");
        told(cUSDC, 0, MAX_LATENCY);
        assertEq(latency(), MIN_LATENCY + 5, "nothing counts nothing");
    }

    /// @dev LANE-3.
    function test_LANE3_whatIsReallySlowIsBelievedInHours() public {
        for (uint256 minute = 0; minute < 240; ++minute) {
            told(cUSDC, 500 * UNIT, 1_000);
            skipTime(60, 2);
        }
        // Late again a moment ago: the decay of one minute is all that it has lost.
        assertGe(latency(), 985, "measured");
        assertLe(latency(), 1_000, "and no more than that");
    }

    /// @dev LANE-3.
    function test_LANE3_aFastMessageLowersNothingAndTimeHalves() public {
        told(cUSDC, 1_000 * UNIT, 280);
        assertEq(latency(), 280, "measured");
        told(cUSDC, 1_000_000 * UNIT, 0);
        assertEq(latency(), 280, "slow messages may be the large ones");
        skipTime(1 hours, 2);
        assertEq(latency(), 140, "half");
        skipTime(1 days, 2);
        assertEq(latency(), MIN_LATENCY, "never below the minimum");
    }

    /// @dev LANE-3. A liar who chooses amounts, latencies and moments.
    function testFuzz_LANE3_riseOfAnyHourIsThreeQuartersOfTheRange(uint256 seed) public {
        uint256[] memory at = new uint256[](40);
        uint256[] memory rises = new uint256[](40);
        for (uint256 step = 0; step < 40; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            skipTime(seed % 600, 2);
            uint256 before = latency();
            told(cUSDC, seed >> 200, (seed >> 16) % 4_000);
            uint256 later = latency();
            assertLe(later, MAX_LATENCY, "LANE-3: bounds");
            assertGe(later, before, "a message lowers nothing");
            assertLe(later - before, QUARTER, "LANE-3: one message");
            (at[step], rises[step]) = (vm.getBlockTimestamp(), later - before);
            uint256 sum;
            uint256 count;
            for (uint256 back = 0; back <= step; ++back) {
                if (at[step] - at[back] > 1 hours || rises[back] == 0) continue;
                sum += rises[back];
                ++count;
            }
            // Each difference of two numbers that were rounded up to a second may say one too many.
            assertLe(sum, 3 * QUARTER + count, "LANE-3: one hour");
        }
    }

    /// @dev LANE-3.
    function test_LANE3_newBoundsHoldAtOnce() public {
        told(cUSDC, 1_000_000 * UNIT, MAX_LATENCY);
        IBridgeReserveCoordinator.Sizing memory wanted = laneSizing(UNIT);
        wanted.maxLatencySeconds = 60;
        vm.prank(timelock);
        coordinator.setSizing(address(cUSDC), wanted);
        assertEq(latency(), 60, "down to the new maximum");
        (wanted.minLatencySeconds, wanted.maxLatencySeconds) = (90, 90);
        vm.prank(timelock);
        coordinator.setSizing(address(cUSDC), wanted);
        told(cUSDC, 1_000_000 * UNIT, MAX_LATENCY);
        assertEq(latency(), 90, "a range of nothing is a constant");
    }

    // Peg

    /// @dev LANE-4.
    function test_LANE4_aHaltedTokenNeitherLeavesNorIsLevelled() public {
        halt(cUSDC);
        bytes memory refusal = abi.encodeWithSelector(IBridgeReserveCoordinator.PegHalted.selector, address(cUSDC));
        vm.prank(address(bridge));
        vm.expectRevert(refusal);
        coordinator.recordSend(address(cUSDC), 1);
        vm.prank(keeper);
        vm.expectRevert(refusal);
        coordinator.rebalance(address(cUSDC), UNIT, 0);
        assertEq(coordinator.sendableUnits(address(cUSDC)), 0, "view");
        assertEq(uint256(laneOf(cUSDC).peg), uint256(IPegManager.State.HALTED), "state");
        // Other tokens, arrivals and absorbing go on; the board forgets nothing and the coordinator keeps nothing.
        sendOut(xau, 1e18);
        mint(cUSDC, address(coordinator), UNIT);
        coordinator.absorb(address(cUSDC));
        vm.prank(timelock);
        stable.liftVeto(address(cUSDC));
        sendOut(cUSDC, UNIT);
    }

    /// @dev LANE-11: the way home of whoever holds what was minted.
    function test_LANE11_whatBurnsIsNeverRefused() public {
        bridge.setBurns(address(cUSDC));
        halt(cUSDC);
        drainBuffer(BUFFER);
        assertEq(coordinator.sendableUnits(address(cUSDC)), type(uint256).max, "view");
        sendOut(cUSDC, 700_000 * UNIT);
        IBridgeReserveCoordinator.LaneState memory now_ = laneOf(cUSDC);
        assertEq(now_.reserveUnits, 0, "D is empty");
        assertGt(now_.peakUnitsPerMinute, 1_000 * UNIT, "recorded all the same");
        assertTrue(coordinator.check(address(cUSDC)), "and what is missing is told");
        vm.prank(keeper);
        vm.expectRevert(abi.encodeWithSelector(IBridgeReserveCoordinator.PegHalted.selector, address(cUSDC)));
        coordinator.rebalance(address(cUSDC), UNIT, 0);
    }

    // One rule for D

    /// @dev LANE-12. Above the policy's low water, and still too little for what is measured: anyone may refill it, up to twice that.
    function test_LANE12_whatIsMeasuredMakesDLow() public {
        _policies(5_000, 10_000);
        refusesFill(cUSDC, cUSDT, ICapitalBuckets.RefillReason.NOT_LOW);
        // 38,000 a minute need 19,000; a late message brings it to more than D holds.
        sendOut(cUSDC, 38_000 * UNIT);
        refusesFill(cUSDC, cUSDT, ICapitalBuckets.RefillReason.NOT_LOW);
        told(cUSDC, 38_000 * UNIT, 45);
        uint256 required = laneOf(cUSDC).requiredUnits;
        assertGt(required, BUFFER, "the lane is short");
        (uint256 low, uint256 target) = buckets.levels(D, address(cUSDC));
        assertEq(low, required, "low");
        assertEq(target, 2 * required, "target");
        vm.prank(attacker);
        buckets.refill(D, address(cUSDC), address(cUSDT), ALL, ALL);
        uint256 held = buckets.bucketUnits(D, address(cUSDC));
        assertGt(held, 2 * required - 2, "filled");
        assertLe(held, 2 * required, "and no more");
        assertGt(coordinator.sendableUnits(address(cUSDC)), 0, "open again");
        assertAllBooks();
    }

    /// @dev LANE-12. A refill of one lane closes no other, and neither does the owner.
    function test_LANE12_nothingTakesWhatIsMeasured() public {
        _policies(5_000, 10_000);
        // 14,000 a minute need 7,000, and 14,000 are kept of 20,000.
        sendOut(cUSDC, 14_000 * UNIT);
        _drainOther();
        vm.prank(attacker);
        (, uint256 paid, ) = buckets.refill(D, address(cUSDT), address(cUSDC), ALL, ALL);
        assertGt(paid, 5_999 * UNIT, "all but what is kept");
        assertGe(buckets.bucketUnits(D, address(cUSDC)), 14_000 * UNIT, "twice what is needed");
        uint256 spare = buckets.bucketUnits(D, address(cUSDC)) - 7_000 * UNIT;
        vm.startPrank(timelock);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICapitalBuckets.CrossChainTooLow.selector,
                address(cUSDC),
                7_000 * UNIT - 1,
                7_000 * UNIT
            )
        );
        buckets.move(address(cUSDC), D, E, spare + 1);
        buckets.move(address(cUSDC), D, E, spare);
        vm.stopPrank();
        skipTime(60, 2);
        assertGt(coordinator.sendableUnits(address(cUSDC)), 13_000 * UNIT, "still open");
    }

    /// @dev LANE-12. Who is no coordinator, or does not know the token, changes nothing: the policy alone counts.
    function test_LANE12_withoutAMeasureThePolicyCounts() public {
        _policies(5_000, 10_000);
        (uint256 low, uint256 target) = buckets.levels(D, address(cUSDT));
        assertEq(low, 5_000 * UNIT, "not sized");
        assertEq(target, 10_000 * UNIT, "not sized");
        sendOut(cUSDC, 38_000 * UNIT);
        address[3] memory others = [address(0), attacker, address(board)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(timelock);
            buckets.setBridge(others[i]);
            (low, target) = buckets.levels(D, address(cUSDC));
            assertEq(low, 5_000 * UNIT, "no coordinator");
            assertEq(target, 10_000 * UNIT, "no coordinator");
        }
        (low, ) = buckets.levels(B, address(cUSDC));
        assertEq(low, 400_000 * UNIT, "other buckets are not asked about");
    }

    // Triggers

    /// @dev LANE-9.
    function test_LANE9_triggersWhenDueAndOncePerCooldown() public {
        assertFalse(coordinator.check(address(cUSDC)), "nothing is missing");
        sendOut(cUSDC, 40_000 * UNIT);
        assertFalse(coordinator.check(address(cUSDC)), "just enough");
        drainBuffer(1);
        vm.expectEmit(address(coordinator));
        emit IBridgeReserveCoordinator.RebalancingTriggered(address(cUSDC), BUFFER - 1, BUFFER, 40_000 * UNIT);
        vm.prank(attacker);
        assertTrue(coordinator.check(address(cUSDC)), "anyone");
        assertEq(laneOf(cUSDC).triggerReadyAt, vm.getBlockTimestamp() + LANE_COOLDOWN, "cooldown");
        skipTime(LANE_COOLDOWN - 1, 2);
        assertFalse(coordinator.check(address(cUSDC)), "too early");
        // The decay alone has brought it back by now; it must be missing for a trigger.
        skipTime(1, 2);
        assertFalse(coordinator.check(address(cUSDC)), "no longer due");
        drainBuffer(BUFFER - 1);
        assertTrue(coordinator.check(address(cUSDC)), "due again");
    }

    // Rebalancing

    /// @dev LANE-5.
    function test_LANE5_movesSurplusToTheOtherCoordinator() public {
        bridge.setFee(address(cUSDC), 5 * UNIT);
        IBridgeReserveCoordinator.LaneState memory before = laneOf(cUSDC);
        vm.expectEmit(address(bridge));
        emit IBridgeAdapter.OrderSent(
            bytes32(uint256(1)),
            address(coordinator),
            REMOTE_CHAIN,
            address(cUSDC),
            remote,
            4_000 * UNIT,
            address(cUSDC),
            5 * UNIT
        );
        vm.prank(keeper);
        assertEq(coordinator.rebalance(address(cUSDC), 4_000 * UNIT, 5 * UNIT), bytes32(uint256(1)), "id");
        IBridgeReserveCoordinator.LaneState memory then_ = laneOf(cUSDC);
        assertEq(then_.reserveUnits, BUFFER - 4_005 * UNIT, "amount and fee have left D");
        assertEq(then_.requiredUnits, before.requiredUnits, "a rebalancing is no demand");
        assertEq(cUSDC.balanceOf(address(coordinator)), 0, "nothing stays here");
        assertEq(cUSDC.allowance(address(coordinator), address(bridge)), 0, "nor any allowance");
        assertAllBooks();
        // The next one is a user's again.
        bridge.setFee(address(0), 0);
        sendOut(cUSDC, 4_000 * UNIT);
        assertEq(laneOf(cUSDC).peakUnitsPerMinute, 4_000 * UNIT, "counted");

        vm.prank(keeper);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICommonErrors.NotReady.selector,
                vm.getBlockTimestamp() + LANE_COOLDOWN,
                vm.getBlockTimestamp()
            )
        );
        coordinator.rebalance(address(cUSDC), UNIT, UNIT);
        assertEq(then_.rebalanceReadyAt, vm.getBlockTimestamp() + LANE_COOLDOWN, "and says until when");
    }

    /// @dev LANE-5.
    function test_LANE5_leavesTwiceWhatIsRequired() public {
        // 18,000 a minute need 9,000 of 20,000.
        sendOut(cUSDC, 18_000 * UNIT);
        refusesRebalance(
            2_000 * UNIT + 1,
            0,
            abi.encodeWithSelector(IBridgeReserveCoordinator.NothingToRebalance.selector, address(cUSDC), 2_000 * UNIT)
        );
        // The fee is part of it.
        bridge.setFee(address(cUSDC), 1);
        refusesRebalance(
            2_000 * UNIT,
            1,
            abi.encodeWithSelector(IBridgeReserveCoordinator.NothingToRebalance.selector, address(cUSDC), 2_000 * UNIT)
        );
        vm.prank(keeper);
        coordinator.rebalance(address(cUSDC), 2_000 * UNIT - 1, 1);
        assertEq(laneOf(cUSDC).reserveUnits, 18_000 * UNIT, "twice 9,000");
    }

    /// @dev LANE-5: in calm times the requirement is little, and may rise faster than D is filled again.
    function test_LANE5_leavesTheBucketsTarget() public {
        ICapitalBuckets.Policy memory kept = policy(cUSDC, 17_000, 19_000);
        vm.prank(timelock);
        buckets.setPolicy(D, address(cUSDC), kept);
        refusesRebalance(
            1_000 * UNIT + 1,
            0,
            abi.encodeWithSelector(IBridgeReserveCoordinator.NothingToRebalance.selector, address(cUSDC), 1_000 * UNIT)
        );
        vm.prank(keeper);
        coordinator.rebalance(address(cUSDC), 1_000 * UNIT, 0);
        assertEq(laneOf(cUSDC).reserveUnits, 19_000 * UNIT, "the target");
    }

    /// @dev LANE-5.
    function test_LANE5_dustStartsNoCooldown() public {
        uint256 least = 2_500 * UNIT;
        refusesRebalance(
            least - 1,
            0,
            abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, least - 1, least, BUFFER - 1_000 * UNIT)
        );
        vm.prank(keeper);
        coordinator.rebalance(address(cUSDC), least, 0);
    }

    /// @dev LANE-5.
    function test_LANE5_boundsStepAndFee() public {
        uint256 step = 5_000 * UNIT;
        refusesRebalance(step + 1, 0, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, step + 1, 1, step));
        refusesRebalance(0, 0, abi.encodeWithSelector(ICommonErrors.ZeroAmount.selector));
        bridge.setFee(address(cUSDC), 5 * UNIT + 1);
        refusesRebalance(
            1_000 * UNIT,
            ALL,
            abi.encodeWithSelector(IBridgeAdapter.FeeAboveMaximum.selector, 5 * UNIT + 1, 5 * UNIT)
        );
        refusesRebalance(
            2_000 * UNIT,
            UNIT,
            abi.encodeWithSelector(IBridgeAdapter.FeeAboveMaximum.selector, 5 * UNIT + 1, UNIT)
        );
        bridge.setFee(address(xau), 1);
        refusesRebalance(
            UNIT,
            ALL,
            abi.encodeWithSelector(IBridgeReserveCoordinator.FeeNotInToken.selector, address(xau))
        );
    }

    /// @dev LANE-5.
    function test_LANE5_needsAKeeperAndARoute() public {
        vm.prank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        coordinator.rebalance(address(cUSDC), UNIT, 0);
        bytes memory noRoute = abi.encodeWithSelector(IBridgeReserveCoordinator.NoRoute.selector, address(cUSDC));
        bridge.setClosed(true);
        refusesRebalance(UNIT, 0, noRoute);
        vm.prank(timelock);
        coordinator.setRoute(address(0), 0, address(0));
        refusesRebalance(UNIT, 0, noRoute);
    }

    /// @dev LANE-6.
    function test_LANE6_whatArrivesBecomesPartOfD() public {
        vm.prank(keeper);
        coordinator.rebalance(address(cUSDC), 4_000 * UNIT, 0);
        // It expired over there and came back.
        bridge.refund(address(cUSDC), address(coordinator), 4_000 * UNIT);
        vm.prank(attacker);
        assertEq(coordinator.absorb(address(cUSDC)), 4_000 * UNIT, "whole");
        assertEq(buckets.bucketUnits(D, address(cUSDC)), BUFFER, "D as before");
        assertAllBooks();
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        coordinator.absorb(address(cUSDC));
    }

    /// @dev LANE-7.
    function test_LANE7_pauseStopsRebalancingAlone() public {
        vm.prank(guardian);
        coordinator.pause();
        refusesRebalance(UNIT, 0, abi.encodeWithSelector(ICommonErrors.Paused.selector));
        sendOut(cUSDC, UNIT);
        bridge.deliver(address(cUSDC), trader, UNIT, 1);
        mint(cUSDC, address(coordinator), 1);
        coordinator.absorb(address(cUSDC));
        coordinator.check(address(cUSDC));
        skipTime(24 hours, 2);
        vm.prank(keeper);
        coordinator.rebalance(address(cUSDC), 5_000 * UNIT, 0);
    }

    // Hostile tokens

    /// @dev LANE-6.
    function test_LANE6_aTokenThatTakesAFeeStaysWhereItIs() public {
        HostileToken token = _hostile();
        token.setMode(HostileToken.Mode.FEE_ON_TRANSFER);
        vm.prank(keeper);
        vm.expectPartialRevert(ICommonErrors.TransferMismatch.selector);
        coordinator.rebalance(address(token), 5_000 * UNIT, 0);
        token.setMode(HostileToken.Mode.HONEST);
        token.mint(address(coordinator), UNIT);
        token.setMode(HostileToken.Mode.FEE_ON_TRANSFER);
        vm.expectPartialRevert(ICommonErrors.TransferMismatch.selector);
        coordinator.absorb(address(token));
        assertEq(buckets.bucketUnits(D, address(token)), BUFFER, "D untouched");
    }

    /// @dev LANE-6.
    function test_LANE6_aCallbackGetsNothing() public {
        HostileToken token = _hostile();
        bytes4 entered = ReentrancyGuard.ReentrancyGuardReentrantCall.selector;
        // While the tokens lie here between bucket and bridge.
        token.setHook(address(coordinator), abi.encodeCall(coordinator.absorb, (address(token))));
        vm.prank(keeper);
        coordinator.rebalance(address(token), 5_000 * UNIT, 0);
        assertFalse(token.hookSucceeded(), "absorb");
        assertEq(bytes32(token.hookError()), bytes32(entered), "absorb");
        // A send inside it finds the buckets in the middle of a call, or itself not the bridge.
        skipTime(LANE_COOLDOWN, 2);
        token.setHook(address(coordinator), abi.encodeCall(coordinator.recordSend, (address(token), UNIT)));
        vm.prank(keeper);
        coordinator.rebalance(address(token), 5_000 * UNIT, 0);
        assertFalse(token.hookSucceeded(), "recordSend");
        assertEq(buckets.bucketUnits(D, address(token)), BUFFER - 10_000 * UNIT, "two rebalancings and nothing else");
    }

    // Settings

    /// @dev LANE-10.
    function test_LANE10_settings() public {
        IBridgeReserveCoordinator.Sizing memory wanted = laneSizing(UNIT);
        IBridgeReserveCoordinator.Sizing memory found = coordinator.sizing(address(cUSDC));
        assertEq(abi.encode(found), abi.encode(wanted), "as set, 6 decimals");
        found = coordinator.sizing(address(xau));
        assertEq(abi.encode(found), abi.encode(laneSizing(5e14)), "as set, 18 decimals");

        wanted.minLatencySeconds = MAX_LATENCY + 1;
        refusesSizing(wanted, IBridgeReserveCoordinator.InconsistentSizing.selector);
        wanted = laneSizing(UNIT);
        wanted.minLatencySeconds = 0;
        refusesSizing(wanted, ICommonErrors.OutOfRange.selector);
        wanted = laneSizing(UNIT);
        wanted.maxLatencySeconds = 1 days + 1;
        refusesSizing(wanted, ICommonErrors.OutOfRange.selector);
        wanted = laneSizing(UNIT);
        wanted.halfLifeSeconds = 1 hours - 1;
        refusesSizing(wanted, ICommonErrors.OutOfRange.selector);
        wanted = laneSizing(UNIT);
        wanted.cooldownSeconds = 0;
        refusesSizing(wanted, ICommonErrors.OutOfRange.selector);
        wanted = laneSizing(UNIT);
        wanted.minPeakUnits = 0;
        refusesSizing(wanted, ICommonErrors.OutOfRange.selector);
        wanted = laneSizing(UNIT);
        wanted.maxRiseUnitsPerHour = 7_199;
        refusesSizing(wanted, ICommonErrors.OutOfRange.selector);
        wanted.maxRiseUnitsPerHour = type(uint128).max;
        refusesSizing(wanted, ICommonErrors.OutOfRange.selector);

        vm.startPrank(timelock);
        vm.expectPartialRevert(ICapitalBuckets.TokenNotAdded.selector);
        coordinator.setSizing(attacker, laneSizing(UNIT));
        vm.expectPartialRevert(ICommonErrors.NotAContract.selector);
        coordinator.setRoute(attacker, REMOTE_CHAIN, remote);
        vm.expectRevert(ICommonErrors.ZeroAddress.selector);
        coordinator.setRoute(address(bridge), REMOTE_CHAIN, address(0));
        vm.expectRevert(ICommonErrors.ZeroAddress.selector);
        coordinator.setKeeper(address(0), true);
        vm.stopPrank();
    }

    /// @dev LANE-10.
    function test_LANE10_onlyTheOwnerSets() public {
        bytes memory refusal = abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", attacker);
        vm.startPrank(attacker);
        vm.expectRevert(refusal);
        coordinator.setSizing(address(cUSDC), laneSizing(UNIT));
        vm.expectRevert(refusal);
        coordinator.setKeeper(attacker, true);
        vm.expectRevert(refusal);
        coordinator.setRoute(address(bridge), 1, attacker);
        vm.stopPrank();
    }

    // Gas

    /// @dev Cold accounts, without the transaction's own 21,000; a lane in use, so no cell is written for the first time.
    function test_gas_hooks() public {
        for (uint256 second = 0; second < 120; ++second) {
            told(cUSDC, UNIT, 20);
            skipTime(1, 1);
        }
        bytes memory leaves = abi.encodeCall(coordinator.recordSend, (address(cUSDC), 10 * UNIT));
        // The first send asks which mode the lane has; no later one does.
        vm.prank(address(bridge));
        coordinator.recordSend(address(cUSDC), UNIT);
        // A message every twelve seconds.
        for (uint256 turn = 0; turn < 10; ++turn) {
            skipTime(12, 1);
            told(cUSDC, UNIT, 20);
        }
        skipTime(12, 1);
        assertLt(measure("recordSend", leaves), 42_000, "recordSend");
        skipTime(12, 1);
        bytes memory arrives = abi.encodeCall(coordinator.recordDelivery, (address(cUSDC), 10 * UNIT, 20));
        assertLt(measure("recordDelivery", arrives), 26_000, "recordDelivery");
        skipTime(12, 1);
        arrives = abi.encodeCall(coordinator.recordDelivery, (address(cUSDC), 10 * UNIT, 600));
        assertLt(measure("recordDelivery, late", arrives), 32_000, "recordDelivery, late");
        for (uint256 second = 0; second < 60; ++second) {
            told(cUSDC, UNIT, 20);
            skipTime(1, 1);
        }
        skipTime(58, 1);
        assertLt(measure("recordSend, 59 cells expire", leaves), 100_000, "recordSend, 59 cells expire");
        bytes memory gold = abi.encodeCall(coordinator.recordSend, (address(xau), 1e18));
        bridge.setBurns(address(xau));
        vm.prank(address(bridge));
        coordinator.recordSend(address(xau), 1e18);
        skipTime(12, 1);
        assertLt(
            measure("recordSend, burns", gold),
            47_000,
            "recordSend, burns: a cell of its own, no board, no buckets"
        );
    }

    function measure(string memory name, bytes memory data) private returns (uint256 gasUsed) {
        vm.cool(address(coordinator));
        vm.cool(address(buckets));
        vm.cool(address(board));
        vm.cool(address(stable));
        vm.prank(address(bridge));
        (bool ok, ) = address(coordinator).call(data);
        gasUsed = vm.snapshotGasLastCall(name);
        assertTrue(ok, name);
    }

    // Helpers

    /// @dev What nobody but the coordinator itself can: leaves D with less than it needs.
    function drainBuffer(uint256 amountUnits) private {
        vm.prank(address(coordinator));
        buckets.bridgeTake(address(cUSDC), amountUnits, provider);
    }

    function refusesSend(M1Token token, uint256 amountUnits, uint256 needed) private {
        mint(token, trader, amountUnits);
        uint256 held = buckets.bucketUnits(D, address(token));
        vm.startPrank(trader);
        token.approve(address(bridge), ALL);
        vm.expectRevert(
            abi.encodeWithSelector(IBridgeReserveCoordinator.ReserveTooLow.selector, address(token), held, needed)
        );
        bridge.send(order(token, amountUnits));
        vm.stopPrank();
    }

    /// @dev Policies of D for the two stablecoins, so low that no refill is due, with refills from 100 on.
    function _policies(uint256 lowUsd, uint256 targetUsd) private {
        M1Token[2] memory both = [cUSDC, cUSDT];
        for (uint256 i = 0; i < 2; ++i) {
            ICapitalBuckets.Policy memory own = policy(both[i], lowUsd, targetUsd);
            own.minRefillUnits = uint128(100 * UNIT);
            vm.prank(timelock);
            buckets.setPolicy(D, address(both[i]), own);
        }
        vm.prank(timelock);
        buckets.move(address(cUSDT), E, D, 60_000 * UNIT);
    }

    /// @dev D's other stablecoin goes down to 3,000, below its low water.
    function _drainOther() private {
        vm.prank(address(coordinator));
        buckets.bridgeTake(address(cUSDT), 57_000 * UNIT, provider);
    }

    function refusesFill(M1Token scarce, M1Token surplus, ICapitalBuckets.RefillReason reason) private view {
        assertEq(uint256(buckets.quoteRefill(D, address(scarce), address(surplus)).reason), uint256(reason), "reason");
    }

    function refusesRebalance(uint256 amountUnits, uint256 maxFeeUnits, bytes memory refusal) private {
        vm.prank(keeper);
        vm.expectRevert(refusal);
        coordinator.rebalance(address(cUSDC), amountUnits, maxFeeUnits);
    }

    function refusesSizing(IBridgeReserveCoordinator.Sizing memory wanted, bytes4 selector) private {
        vm.prank(timelock);
        vm.expectPartialRevert(selector);
        coordinator.setSizing(address(cUSDC), wanted);
    }

    function halt(M1Token token) private {
        vm.prank(guardian);
        stable.veto(address(token), IPegManager.State.HALTED);
    }

    function _hostile() private returns (HostileToken token) {
        token = HostileToken(deploy("HostileToken", abi.encode(6)));
        token.mint(address(this), BUFFER);
        token.approve(address(buckets), BUFFER);
        vm.prank(timelock);
        buckets.addToken(address(token), 10 * BUFFER);
        buckets.fund(address(token), BUFFER);
        vm.startPrank(timelock);
        buckets.move(address(token), E, D, BUFFER);
        coordinator.setSizing(address(token), laneSizing(UNIT));
        vm.stopPrank();
    }

    function _quantized(int256 units, int256 quantum) private pure returns (int256) {
        return units >= 0 ? ((units + quantum - 1) / quantum) * quantum : (units / quantum) * quantum;
    }

    function _quantumOf(bool gold) private pure returns (int256) {
        return gold ? int256(1e12) : int256(1);
    }

    function _note(bool gold, int256 units, int256 quantum) private {
        _flows.push(Flow(vm.getBlockTimestamp() * 2 + (gold ? 1 : 0), _quantized(units, quantum)));
    }

    function _window(bool gold) private view returns (int256 sum) {
        for (uint256 index = 0; index < _flows.length; ++index) {
            Flow memory flow = _flows[index];
            bool isGold = flow.at % 2 == 1;
            if (isGold == gold && flow.at / 2 + 60 > vm.getBlockTimestamp()) sum += flow.units;
        }
    }
}
