// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IAlltraCustomBridge} from "../../../contracts/interfaces/IAlltraCustomBridge.sol";
import {IBridgeLanes} from "../../../contracts/interfaces/IBridgeLanes.sol";
import {IM1Token} from "../../../contracts/interfaces/IM1Token.sol";
import {BridgeBase} from "./BridgeBase.t.sol";

/// @notice The bucket that refunds pass: what comes back at once is bounded, and nothing of it is lost or held by anybody.
contract RefundsTest is BridgeBase {
    uint256 private constant CAPACITY = 500_000;
    uint256 private constant REFILL = 100;
    /// @dev After so many seconds an empty bucket is full again.
    uint256 private constant FULL_AGAIN = CAPACITY / REFILL;
    uint256 private constant ROUNDS = 30;

    function setUp() public override {
        super.setUp();
        IM1Token.MinterLimit memory wide = IM1Token.MinterLimit(address(abroad), 1e30, 1e24, 1e30, 1e24);
        vm.prank(timelock);
        token.setMinterLimit(wide);
        skipTime(1, 2);
    }

    /// @dev From the first block, because those of refunds never fall.
    function _limits() internal view override returns (IBridgeLanes.Limits memory) {
        return
            IBridgeLanes.Limits({
                outCapacity: uint128(CAPACITY * unit),
                outRefillPerSecond: uint128(REFILL * unit),
                inCapacity: uint128(CAPACITY * unit),
                inRefillPerSecond: uint128(REFILL * unit),
                minUnits: uint128(unit)
            });
    }

    function _retryRefund(IAlltraCustomBridge.Message memory message) private {
        vm.chainId(HOME);
        vm.prank(attacker);
        home.retryRefund(message);
    }

    function _refusesRetry(IAlltraCustomBridge.Message memory message, uint256 available) private {
        vm.chainId(HOME);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAlltraCustomBridge.NotPayable.selector,
                _id(message),
                abi.encodeWithSelector(
                    IBridgeLanes.RefundLimit.selector,
                    address(token),
                    message.amountUnits,
                    available
                )
            )
        );
        home.retryRefund(message);
    }

    /// @dev A thief with all keys, who has sent the same money there and back for days to be able to refund it all: one bucket at once, and
    /// then so much a second, as with deliveries, until the guardian removes an attestor.
    // BRIDGE-4
    function test_BRIDGE4_refundsOfWhatWasDeliveredAreBoundedEvenForAllAttestorsTogether() public {
        IAlltraCustomBridge.Message[] memory sent = new IAlltraCustomBridge.Message[](ROUNDS);
        uint256 amount = (CAPACITY - 1_000) * unit;
        _issue(attacker, 2 * amount);
        for (uint256 i = 0; i < ROUNDS; ++i) {
            sent[i] = _send(HOME, attacker, attacker, amount);
            _deliver(sent[i]);
            _deliver(_send(ABROAD, attacker, attacker, amount));
            skipTime(FULL_AGAIN, 2);
        }
        // The money of others, which the thief is after.
        for (uint256 i = 0; i < 4; ++i) {
            _deliver(_send(HOME, trader, recipient, amount));
            skipTime(FULL_AGAIN, 2);
        }
        uint256 locked = home.bookUnits(address(token));
        assertEq(locked, 4 * amount, "four times what one bucket holds");

        uint256 paid;
        for (uint256 i = 0; i < ROUNDS; ++i) {
            if (_refund(sent[i]) == IAlltraCustomBridge.Status.REFUNDED) paid += amount;
            else assertTrue(_status(HOME, sent[i]) == IAlltraCustomBridge.Status.REFUND_ACCEPTED, "kept");
        }
        assertEq(paid, amount, "one bucket");
        assertEq(home.refundAvailable(address(token)), CAPACITY * unit - amount, "and nothing more in it");
        skipTime(FULL_AGAIN / 2, 2);
        _refusesRetry(sent[1], CAPACITY * unit - amount + (FULL_AGAIN / 2) * REFILL * unit);
        skipTime(FULL_AGAIN / 2, 2);
        _retryRefund(sent[1]);
        assertEq(home.bookUnits(address(token)), locked - 2 * amount, "and one more in its time");
        address one = vm.addr(keys[0]);
        vm.prank(guardian);
        home.removeAttestor(one);
        skipTime(FULL_AGAIN, 2);
        vm.expectPartialRevert(IAlltraCustomBridge.StaleEpoch.selector);
        home.retryRefund(sent[2]);
    }

    /// @dev Honest refunds that come all at once wait for time alone: no guardian, no owner who closes the lane, no sender or arrival takes
    /// from their bucket.
    // BRIDGE-5
    function test_BRIDGE5_refundsInBulkWaitForTheirBucketAndForNobody() public {
        IAlltraCustomBridge.Message[] memory sent = new IAlltraCustomBridge.Message[](3);
        uint256 amount = 400_000 * unit;
        for (uint256 i = 0; i < 3; ++i) {
            sent[i] = _send(HOME, trader, recipient, amount);
            skipTime(FULL_AGAIN, 2);
        }
        for (uint256 i = 0; i < 3; ++i) _cancel(recipient, sent[i]);
        IBridgeLanes.Limits memory closed = IBridgeLanes.Limits(0, 0, 0, 0, 1);
        vm.prank(timelock);
        home.setLimits(address(token), closed);
        vm.prank(guardian);
        home.pause();
        (uint256 most, uint256 perSecond) = home.refundLimits(address(token));
        assertEq(most, CAPACITY * unit, "as when it left");
        assertEq(perSecond, REFILL * unit, "as when it left");

        uint256 before = token.balanceOf(trader);
        assertTrue(_refund(sent[0]) == IAlltraCustomBridge.Status.REFUNDED, "at once");
        assertTrue(_refund(sent[1]) == IAlltraCustomBridge.Status.REFUND_ACCEPTED, "kept");
        assertTrue(_refund(sent[2]) == IAlltraCustomBridge.Status.REFUND_ACCEPTED, "kept");
        _refusesRetry(sent[1], 100_000 * unit);
        skipTime(3_000, 2);
        _retryRefund(sent[1]);
        _refusesRetry(sent[2], 0);
        skipTime(4_000, 2);
        _retryRefund(sent[2]);
        assertEq(token.balanceOf(trader) - before, 3 * amount, "all of it, to who sent it");
        assertEq(home.bookUnits(address(token)), 0, "nothing stays locked");
        _assertConserved();
    }

    /// @dev What left through wider limits comes back, whole, through narrower ones; and wider ones take effect at once, without filling it.
    // BRIDGE-5
    function test_BRIDGE5_theLimitsOfRefundsRiseAndNeverFall() public {
        IBridgeLanes.Limits memory wider = _limits();
        (wider.outCapacity, wider.outRefillPerSecond) = (uint128(900_000 * unit), uint128(200 * unit));
        vm.prank(timelock);
        home.setLimits(address(token), wider);
        assertEq(home.refundAvailable(address(token)), CAPACITY * unit, "what it held");
        skipTime(2_000, 2);
        assertEq(home.refundAvailable(address(token)), 900_000 * unit, "filled by time");
        IAlltraCustomBridge.Message memory message = _send(900_000 * unit);
        IBridgeLanes.Limits memory narrow = _limits();
        vm.prank(timelock);
        home.setLimits(address(token), narrow);
        _cancel(recipient, message);
        assertTrue(_refund(message) == IAlltraCustomBridge.Status.REFUNDED, "whole");
        (uint256 most, uint256 perSecond) = home.refundLimits(address(token));
        assertEq(most, 900_000 * unit, "capacity");
        assertEq(perSecond, 200 * unit, "refill");
    }

    /// @dev In any stretch of time at most the capacity and what refilled comes back; what finds too little takes nothing and is kept.
    // BRIDGE-4
    function testFuzz_BRIDGE4_neverMoreComesBackThanCapacityAndRefill(
        uint256[6] memory amounts,
        uint256[6] memory waits
    ) public {
        IAlltraCustomBridge.Message[] memory sent = new IAlltraCustomBridge.Message[](6);
        for (uint256 i = 0; i < 6; ++i) {
            sent[i] = _send(bound(amounts[i], unit, CAPACITY * unit));
            _cancel(recipient, sent[i]);
            skipTime(FULL_AGAIN, 2);
        }
        uint256 started = vm.getBlockTimestamp();
        uint256 total;
        for (uint256 i = 0; i < 6; ++i) {
            uint256 available = home.refundAvailable(address(token));
            bool fits = sent[i].amountUnits <= available;
            bool refunded = _refund(sent[i]) == IAlltraCustomBridge.Status.REFUNDED;
            assertTrue(refunded == fits, "exactly what fits");
            if (refunded) total += sent[i].amountUnits;
            assertEq(
                home.refundAvailable(address(token)),
                available - (refunded ? sent[i].amountUnits : 0),
                "and that is taken"
            );
            assertLe(total, (CAPACITY + REFILL * (vm.getBlockTimestamp() - started)) * unit, "BRIDGE-4: refunds");
            skipTime(bound(waits[i], 1, FULL_AGAIN), 2);
        }
        assertEq(home.book(address(token)).refundedUnits, total, "books");
    }
}
