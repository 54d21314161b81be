// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IReserveSystem} from "../../../contracts/interfaces/IReserveSystem.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {PlainReserveSource} from "../../../contracts/mocks/PlainReserveSource.sol";
import {ReserveSystem} from "../../../contracts/reserve/ReserveSystem.sol";
import {Base} from "../Base.t.sol";

contract ReserveSystemTest is Base {
    uint256 private constant TOKEN = 1e6;

    ReserveSystem private system;
    PlainERC20 private token;
    PlainReserveSource private vault;
    PlainReserveSource private buckets;
    address private timelock;
    address private attacker;

    function setUp() public {
        vm.warp(1_800_000_000);
        timelock = makeAddr("timelock");
        attacker = makeAddr("attacker");
        system = ReserveSystem(deploy("ReserveSystem", abi.encode(timelock)));
        token = PlainERC20(deploy("PlainERC20", abi.encode("cUSDC", 6)));
        vault = PlainReserveSource(deploy("PlainReserveSource", abi.encode(system)));
        buckets = PlainReserveSource(deploy("PlainReserveSource", abi.encode(system)));
        vm.startPrank(timelock);
        system.registerToken(address(token), _bounds(), _sizing());
        system.setReporter(address(token), address(vault), true);
        system.setReporter(address(token), address(buckets), true);
        vm.stopPrank();
    }

    function _bounds() private pure returns (IReserveSystem.Bounds memory) {
        return
            IReserveSystem.Bounds({
                minPeakLow: uint128(100 * TOKEN),
                minPeakHigh: uint128(1_000_000 * TOKEN),
                maxRiseLow: uint128(1_000 * TOKEN),
                maxRiseHigh: uint128(1_000_000 * TOKEN),
                replenishLow: 60,
                replenishHigh: 1 days
            });
    }

    /// @dev The example of the plan: P = 10,000 a minute, T = 5 minutes.
    function _sizing() private pure returns (IReserveSystem.Sizing memory) {
        return
            IReserveSystem.Sizing({
                minPeakUnits: uint128(10_000 * TOKEN),
                maxRiseUnitsPerHour: uint128(20_000 * TOKEN),
                halfLifeSeconds: 1 days,
                replenishSeconds: 300,
                floorBps: 10_000,
                warnBps: 30_000,
                policyBps: 50_000,
                targetMinutes: 35
            });
    }

    function _tier() private view returns (uint256) {
        return uint256(system.state(address(token)).tier);
    }

    function test_requirementsOfThePlansExample() public {
        IReserveSystem.State memory state = system.state(address(token));
        assertEq(state.requiredFloorUnits, 50_000 * TOKEN, "floor");
        assertEq(state.requiredWarnUnits, 150_000 * TOKEN, "warn");
        assertEq(state.requiredPolicyUnits, 250_000 * TOKEN, "policy");
        assertEq(state.requiredTargetUnits, 350_000 * TOKEN, "target");
        // With a long T the policy tier passes P * q, and the target follows it: tiers stay in order.
        IReserveSystem.Sizing memory sizing = _sizing();
        sizing.replenishSeconds = 3_600;
        vm.prank(timelock);
        system.setSizing(address(token), sizing);
        assertEq(system.required(address(token), IReserveSystem.Tier.TARGET), 3_000_000 * TOKEN);
        assertEq(abi.encode(system.sizing(address(token))), abi.encode(sizing));
    }

    function test_tiersFollowTheReserveAndSayWhenTheyChange() public {
        uint256[5] memory reserves = [uint256(49_999), 50_000, 150_000, 250_000, 350_000];
        for (uint256 i = 0; i < 5; ++i) {
            if (i > 0) {
                vm.expectEmit(address(system));
                emit IReserveSystem.TierChanged(
                    address(token),
                    IReserveSystem.Tier(i - 1),
                    IReserveSystem.Tier(i),
                    reserves[i] * TOKEN,
                    50_000 * TOKEN
                );
            }
            vault.report(address(token), 0, reserves[i] * TOKEN);
            assertEq(_tier(), i, "tier");
        }
        assertEq(system.state(address(token)).ratioWad, 7e18, "ratio to the floor");
        assertEq(system.state(address(token)).secondsToExhaustion, 35 * 60, "35 minutes at P");
    }

    /// @dev RES-1: what the reporters said last is what they hold, added up anew.
    function testFuzz_RES1_recordedIsTheSumOfHoldings(uint256 a, uint256 b, bool removed) public {
        (a, b) = (bound(a, 0, 1e30), bound(b, 0, 1e30));
        vault.report(address(token), 0, a);
        buckets.report(address(token), 0, b);
        assertEq(system.recordedReserveUnits(address(token)), a + b);
        assertEq(system.reserveUnits(address(token)), a + b);
        vm.startPrank(timelock);
        system.setReporter(address(token), address(vault), false);
        assertEq(system.recordedReserveUnits(address(token)), b, "a removed reporter no longer counts");
        assertEq(system.reserveUnits(address(token)), b);
        if (removed) return;
        system.setReporter(address(token), address(vault), true);
        assertEq(system.recordedReserveUnits(address(token)), a + b, "a new reporter is asked");
    }

    /// @dev RES-2: an outflow that would break the floor reverts, one unit less passes; `spendable` is such an amount.
    function testFuzz_RES2_gateAtTheFloor(uint256 reserve, uint256 before) public {
        reserve = bound(reserve, 0, 500_000 * TOKEN);
        vault.report(address(token), int256(bound(before, 0, 30_000 * TOKEN)), reserve);
        uint256 allowed = system.spendable(address(token));
        if (allowed > 0) {
            system.checkOutflow(address(token), allowed);
            // What was allowed is taken, and the floor still stands.
            vault.report(address(token), int256(allowed), reserve - allowed);
            assertGe(reserve - allowed, system.required(address(token), IReserveSystem.Tier.FLOOR), "floor");
        }
        uint256 left = reserve - allowed;
        uint256 floor = system.required(address(token), IReserveSystem.Tier.FLOOR);
        uint256 tooMuch = left < floor ? 1 : left - floor + 1;
        vm.expectPartialRevert(IReserveSystem.FloorBreached.selector);
        system.checkOutflow(address(token), tooMuch);
    }

    /// @dev RES-2: an amount above the whole reserve is refused although the difference would be cut to 0.
    function test_RES2_moreThanEverything() public {
        vault.report(address(token), 0, 100_000 * TOKEN);
        uint256 peakAfter = 20_000 * TOKEN; // minimum + half the hourly cap
        vm.expectRevert(
            abi.encodeWithSelector(
                IReserveSystem.FloorBreached.selector,
                address(token),
                uint256(0),
                (peakAfter * 300) / 60
            )
        );
        system.checkOutflow(address(token), type(uint256).max);
    }

    /// @dev RES-2: the gate counts the P which the outflow itself would cause.
    function test_RES2_anOutflowRaisesItsOwnFloor() public {
        vault.report(address(token), 0, 110_000 * TOKEN);
        system.checkOutflow(address(token), 10_000 * TOKEN);
        // 11,001 would leave 98,999, above the floor of 50,000 at P = 10,000, and P = 11,001 asks for 55,005.
        system.checkOutflow(address(token), 11_001 * TOKEN);
        // 20,000 would make P = 20,000 and the floor 100,000.
        vm.expectRevert(
            abi.encodeWithSelector(
                IReserveSystem.FloorBreached.selector,
                address(token),
                90_000 * TOKEN,
                100_000 * TOKEN
            )
        );
        system.checkOutflow(address(token), 20_000 * TOKEN);
    }

    /// @dev RES-6: strangers and removed reporters change nothing and nothing reverts, so no redemption can be stopped from here.
    function test_RES6_recordNeverReverts() public {
        vm.prank(attacker);
        assertFalse(system.record(address(token), 1, 1));
        vm.prank(attacker);
        assertFalse(system.record(attacker, type(int256).min, type(uint256).max));
        assertEq(system.recordedReserveUnits(address(token)), 0);
        vault.report(address(token), type(int256).min, type(uint256).max);
        vault.report(address(token), type(int256).max, type(uint256).max);
        buckets.report(address(token), type(int256).max, type(uint256).max);
        vault.report(address(token), type(int256).max, 0);
        vm.prank(timelock);
        system.setReporter(address(token), address(vault), false);
        assertFalse(vault.report(address(token), 5, 5));
    }

    /// @dev Quanta of 18-decimal tokens: outflows count up, inflows down, requirements stay whole.
    function test_eighteenDecimals() public {
        PlainERC20 big = PlainERC20(deploy("PlainERC20", abi.encode("BIG", 18)));
        IReserveSystem.Bounds memory bounds = _bounds();
        bounds.minPeakHigh = bounds.maxRiseHigh = type(uint128).max;
        IReserveSystem.Sizing memory sizing = _sizing();
        sizing.minPeakUnits = 10_000e18;
        sizing.maxRiseUnitsPerHour = 20_000e18;
        vm.startPrank(timelock);
        system.registerToken(address(big), bounds, sizing);
        system.setReporter(address(big), address(vault), true);
        vm.stopPrank();
        assertEq(system.peakUnits(address(big)), 10_000e18);
        vault.report(address(big), 1, 1e24);
        assertEq(system.windowUnits(address(big)), int256(1e12), "out: up to a quantum");
        vault.report(address(big), -(2e12 - 1), 1e24);
        assertEq(system.windowUnits(address(big)), int256(0), "in: down to a quantum");
        vault.report(address(big), 15_000e18, 1e24);
        assertEq(system.peakUnits(address(big)), 15_000e18);
        assertEq(system.required(address(big), IReserveSystem.Tier.FLOOR), 75_000e18);
    }

    function test_refreshTier_tellsWhatDecayChanged() public {
        vault.report(address(token), int256(20_000 * TOKEN), 60_000 * TOKEN);
        assertEq(_tier(), uint256(IReserveSystem.Tier.BREACHED));
        skipTime(2 days, 2);
        vm.expectEmit(address(system));
        emit IReserveSystem.TierChanged(
            address(token),
            IReserveSystem.Tier.BREACHED,
            IReserveSystem.Tier.FLOOR,
            60_000 * TOKEN,
            50_000 * TOKEN
        );
        assertEq(uint256(system.refreshTier(address(token))), uint256(IReserveSystem.Tier.FLOOR));
    }

    // Bounds, roles, bad input

    function test_sizingStaysInsideTheBoundsOfRegistration() public {
        IReserveSystem.Sizing memory good = _sizing();
        IReserveSystem.Sizing[9] memory bad;
        for (uint256 i = 0; i < 9; ++i) bad[i] = abi.decode(abi.encode(good), (IReserveSystem.Sizing));
        bad[0].minPeakUnits = uint128(100 * TOKEN - 1);
        bad[1].minPeakUnits = uint128(1_000_000 * TOKEN + 1);
        bad[2].maxRiseUnitsPerHour = uint128(1_000_000 * TOKEN + 1);
        bad[3].replenishSeconds = 59;
        bad[4].replenishSeconds = 1 days + 1;
        bad[5].halfLifeSeconds = 1 hours - 1;
        bad[6].targetMinutes = 0;
        bad[7].policyBps = 1_000_001;
        bad[8].targetMinutes = 10_081;
        vm.startPrank(timelock);
        for (uint256 i = 0; i < 9; ++i) {
            vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
            system.setSizing(address(token), bad[i]);
        }
        good.warnBps = 9_999;
        vm.expectRevert(abi.encodeWithSelector(IReserveSystem.TiersOutOfOrder.selector, 10_000, 9_999, 50_000));
        system.setSizing(address(token), good);
        good.floorBps = 0;
        vm.expectPartialRevert(IReserveSystem.TiersOutOfOrder.selector);
        system.setSizing(address(token), good);
        vm.expectPartialRevert(IReserveSystem.TokenAlreadyRegistered.selector);
        system.registerToken(address(token), _bounds(), _sizing());
        vm.stopPrank();
    }

    function test_onlyTheOwnerSetsAnything() public {
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, attacker);
        vm.startPrank(attacker);
        vm.expectRevert(refusal);
        system.registerToken(address(token), _bounds(), _sizing());
        vm.expectRevert(refusal);
        system.setSizing(address(token), _sizing());
        vm.expectRevert(refusal);
        system.setReporter(address(token), attacker, true);
        vm.stopPrank();
        vm.prank(timelock);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, timelock));
        system.renounceOwnership();
    }

    function test_unknownTokensAndTooManyReporters() public {
        vm.expectRevert(abi.encodeWithSelector(IReserveSystem.TokenNotRegistered.selector, attacker));
        system.checkOutflow(attacker, 1);
        vm.startPrank(timelock);
        for (uint256 i = 2; i < system.MAX_REPORTERS(); ++i) {
            system.setReporter(address(token), deploy("PlainReserveSource", abi.encode(system)), true);
        }
        address ninth = deploy("PlainReserveSource", abi.encode(system));
        vm.expectRevert(abi.encodeWithSelector(IReserveSystem.TooManyReporters.selector, 8));
        system.setReporter(address(token), ninth, true);
        system.setReporter(address(token), address(vault), false);
        system.setReporter(address(token), ninth, true);
        assertEq(system.reporters(address(token)).length, 8);
        vm.stopPrank();
    }
}
