// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IAlltraCustomBridge} from "../../../contracts/interfaces/IAlltraCustomBridge.sol";
import {IBridgeBook} from "../../../contracts/interfaces/IBridgeReserveCoordinator.sol";
import {IBridgeLanes} from "../../../contracts/interfaces/IBridgeLanes.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {HostileToken} from "../../../contracts/mocks/HostileToken.sol";
import {ScriptedTarget} from "../../../contracts/mocks/ScriptedTarget.sol";
import {Vm} from "../Vm.sol";
import {BridgeBase} from "./BridgeBase.t.sol";

/// @notice Lanes and their limits, tokens that misbehave, callers who leave too little gas, and the coordinator's book.
contract BridgeLanesTest is BridgeBase {
    HostileToken internal bad;
    ScriptedTarget internal book;

    function setUp() public override {
        super.setUp();
        bad = HostileToken(deploy("HostileToken", abi.encode(_decimals())));
        bad.mint(trader, 10_000 * unit);
        book = ScriptedTarget(deploy("ScriptedTarget", ""));
        book.script(IBridgeBook.recordSend.selector, ScriptedTarget.Kind.RETURN, "");
        vm.startPrank(timelock);
        home.addLane(address(bad), IBridgeLanes.Mode.LOCK, _limits());
        homeAdapter.setTerms(address(bad), _terms());
        vm.stopPrank();
        vm.prank(trader);
        bad.approve(address(home), type(uint256).max);
    }

    function _sending(uint256 amountUnits) private view returns (IAlltraCustomBridge.Sending memory) {
        return
            IAlltraCustomBridge.Sending({
                token: address(bad),
                from: trader,
                recipient: recipient,
                amountUnits: amountUnits,
                feeUnits: 0,
                feeTo: treasury,
                expiresAt: vm.getBlockTimestamp() + LIFETIME
            });
    }

    function _sendBad(uint256 amountUnits) private {
        IAlltraCustomBridge.Sending memory sending = _sending(amountUnits);
        vm.chainId(HOME);
        vm.prank(address(homeAdapter));
        home.send(sending);
    }

    /// @dev A message from abroad that releases the hostile token at home.
    function _arrival(uint256 nonce, uint256 amountUnits) private view returns (IAlltraCustomBridge.Message memory) {
        return
            IAlltraCustomBridge.Message({
                sourceChainId: ABROAD,
                nonce: nonce,
                token: address(bad),
                sender: trader,
                recipient: recipient,
                amountUnits: amountUnits,
                sentAt: vm.getBlockTimestamp(),
                expiresAt: vm.getBlockTimestamp() + LIFETIME,
                paidUnits: 0
            });
    }

    function _notPayable(
        IAlltraCustomBridge.Message memory message,
        bytes memory reason
    ) private view returns (bytes memory) {
        return abi.encodeWithSelector(IAlltraCustomBridge.NotPayable.selector, _id(message), reason);
    }

    // --- Lanes ---

    function test_BRIDGE4_aLaneIsAddedOnceAndItsModeStays() public {
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(IBridgeLanes.LaneExists.selector, address(token)));
        home.addLane(address(token), IBridgeLanes.Mode.MINT, _limits());
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        home.addLane(attacker, IBridgeLanes.Mode.LOCK, _limits());
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 0, 1, 2));
        home.addLane(address(book), IBridgeLanes.Mode.NONE, _limits());
        // Minting needs a token with minters' buckets: what has no such function says nothing.
        vm.expectRevert(bytes(""));
        home.addLane(address(book), IBridgeLanes.Mode.MINT, _limits());
        vm.expectRevert(abi.encodeWithSelector(IBridgeLanes.UnknownToken.selector, address(book)));
        home.setLimits(address(book), _limits());
        IBridgeLanes.Limits memory none = _limits();
        none.minUnits = 0;
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.ZeroAmount.selector));
        home.setLimits(address(token), none);
        vm.stopPrank();
        assertEq(home.tokens().length, 2, "lanes");
        assertTrue(home.mode(address(token)) == IBridgeLanes.Mode.LOCK, "locks");
        assertTrue(abroad.mode(address(token)) == IBridgeLanes.Mode.MINT, "mints");
        assertTrue(home.mode(address(book)) == IBridgeLanes.Mode.NONE, "no lane");
    }

    function test_BRIDGE4_limitsKeepWhatTheBucketsHeld() public {
        _send(900_000 * unit);
        IBridgeLanes.Limits memory wider = _limits();
        (wider.outCapacity, wider.inCapacity) = (uint128(2_000_000 * unit), uint128(10 * unit));
        vm.expectEmit(address(home));
        emit IBridgeLanes.SetLimits(address(token), wider);
        vm.prank(timelock);
        home.setLimits(address(token), wider);
        assertEq(home.outAvailable(address(token)), 100_000 * unit, "not full again");
        assertEq(home.inAvailable(address(token)), 10 * unit, "at most the capacity");
        IBridgeLanes.Limits memory kept = home.limits(address(token));
        assertEq(kept.outCapacity, wider.outCapacity, "capacity out");
        assertEq(kept.inCapacity, wider.inCapacity, "capacity in");
        assertEq(kept.outRefillPerSecond, unit, "refill out");
        assertEq(kept.inRefillPerSecond, unit, "refill in");
        assertEq(kept.minUnits, unit, "minimum");
    }

    function test_BRIDGE4_zeroCapacityClosesADirection() public {
        IBridgeLanes.Limits memory closed = _limits();
        (closed.outCapacity, closed.inCapacity) = (0, 0);
        vm.prank(timelock);
        home.setLimits(address(bad), closed);
        IAlltraCustomBridge.Sending memory sending = _sending(unit);
        vm.prank(address(homeAdapter));
        vm.expectRevert(abi.encodeWithSelector(IBridgeLanes.OutboundLimit.selector, address(bad), unit, 0));
        home.send(sending);
    }

    /// @dev In any stretch of time at most the capacity and what refilled passes; what is refused takes nothing.
    function testFuzz_BRIDGE4_neverMoreThanCapacityAndRefill(
        uint256[6] memory amounts,
        uint256[6] memory waits
    ) public {
        uint256 started = vm.getBlockTimestamp();
        _issue(trader, 10_000_000 * unit);
        uint256 total;
        for (uint256 i = 0; i < 6; ++i) {
            uint256 amount = bound(amounts[i], unit, 700_000 * unit);
            uint256 available = home.outAvailable(address(token));
            if (amount <= available) {
                _send(amount);
                total += amount;
            } else {
                IAlltraCustomBridge.Sending memory sending = _sending(amount);
                sending.token = address(token);
                vm.chainId(HOME);
                vm.prank(address(homeAdapter));
                vm.expectRevert(
                    abi.encodeWithSelector(IBridgeLanes.OutboundLimit.selector, address(token), amount, available)
                );
                home.send(sending);
            }
            skipTime(bound(waits[i], 1, 1 days), 2);
            assertLe(total, (1_000_000 + vm.getBlockTimestamp() - started) * unit, "BRIDGE-4: gross limit");
        }
        assertEq(home.book(address(token)).sentUnits, total, "books");
    }

    function test_BRIDGE12_onlyTheBridgeItselfPays() public {
        address[4] memory others = [attacker, timelock, address(homeAdapter), address(abroad)];
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, others[i]));
            home.payOut(address(token), others[i], 1, true);
        }
    }

    // --- Tokens that misbehave ---

    function test_BRIDGE12_takesExactlyTheAmountOrNothing() public {
        bad.setMode(HostileToken.Mode.FEE_ON_TRANSFER);
        IAlltraCustomBridge.Sending memory sending = _sending(100 * unit);
        vm.startPrank(address(homeAdapter));
        vm.expectRevert(
            abi.encodeWithSelector(ICommonErrors.TransferMismatch.selector, address(bad), 99 * unit, 100 * unit)
        );
        home.send(sending);
        bad.setMode(HostileToken.Mode.RETURNS_FALSE);
        vm.expectRevert(abi.encodeWithSignature("SafeERC20FailedOperation(address)", address(bad)));
        home.send(sending);
        bad.setMode(HostileToken.Mode.REVERTS);
        vm.expectRevert(abi.encodeWithSelector(HostileToken.Refused.selector));
        home.send(sending);
        vm.stopPrank();
        assertEq(home.bookUnits(address(bad)), 0, "no book");
    }

    /// @dev A token that begins to misbehave after it was locked: nothing of it is booked that did not happen.
    function test_BRIDGE12_aTokenThatTurnsBadStaysClaimable() public {
        _sendBad(1_000 * unit);
        IAlltraCustomBridge.Message memory arrival = _arrival(1, 400 * unit);
        bad.setMode(HostileToken.Mode.REVERTS);
        bytes[] memory signatures = _attestDelivery(arrival, THRESHOLD);
        assertTrue(home.deliver(arrival, signatures) == IAlltraCustomBridge.Status.ACCEPTED, "accepted");
        vm.expectRevert(_notPayable(arrival, abi.encodeWithSelector(HostileToken.Refused.selector)));
        home.retry(arrival);
        bad.setMode(HostileToken.Mode.RETURNS_FALSE);
        vm.expectRevert(
            _notPayable(arrival, abi.encodeWithSignature("SafeERC20FailedOperation(address)", address(bad)))
        );
        home.retry(arrival);
        assertEq(home.bookUnits(address(bad)), 1_000 * unit, "still locked");
        // What left is what the book says, whatever of it arrives.
        bad.setMode(HostileToken.Mode.FEE_ON_TRANSFER);
        home.retry(arrival);
        assertEq(bad.balanceOf(address(home)), 600 * unit, "left");
        assertEq(home.bookUnits(address(bad)), 600 * unit, "booked");
        assertEq(bad.balanceOf(recipient), 396 * unit, "the token took the rest");
    }

    /// @dev A token that moves nothing, or more than it was told, is not believed.
    // BRIDGE-12
    function test_BRIDGE12_paysExactlyTheAmountOrNothing() public {
        _sendBad(1_000 * unit);
        IAlltraCustomBridge.Message memory arrival = _arrival(1, 400 * unit);
        vm.mockCall(
            address(bad),
            abi.encodeWithSelector(bad.transfer.selector, recipient, 400 * unit),
            abi.encode(true)
        );
        bytes[] memory signatures = _attestDelivery(arrival, THRESHOLD);
        assertTrue(home.deliver(arrival, signatures) == IAlltraCustomBridge.Status.ACCEPTED, "nothing moved");
        vm.expectRevert(
            _notPayable(
                arrival,
                abi.encodeWithSelector(ICommonErrors.TransferMismatch.selector, address(bad), 0, 400 * unit)
            )
        );
        home.retry(arrival);
        vm.clearMockedCalls();
        bad.setHook(address(bad), abi.encodeCall(bad.slash, (address(home), unit)));
        vm.expectRevert(
            _notPayable(
                arrival,
                abi.encodeWithSelector(ICommonErrors.TransferMismatch.selector, address(bad), 401 * unit, 400 * unit)
            )
        );
        home.retry(arrival);
        assertEq(bad.balanceOf(address(home)), 1_000 * unit, "undone");
        assertEq(home.bookUnits(address(bad)), 1_000 * unit, "still locked");
    }

    /// @dev From inside a transfer nothing of the bridge can be called.
    // BRIDGE-12
    function test_BRIDGE12_nothingCanBeReentered() public {
        _sendBad(1_000 * unit);
        IAlltraCustomBridge.Message memory arrival = _arrival(1, 400 * unit);
        IAlltraCustomBridge.Message memory other = _arrival(2, 400 * unit);
        bytes[] memory signatures = _attestDelivery(other, THRESHOLD);
        other.sourceChainId = HOME;
        bytes[] memory refunds = _attestRefund(other, THRESHOLD);
        other.sourceChainId = ABROAD;
        bytes[6] memory calls = [
            abi.encodeCall(home.deliver, (other, signatures)),
            abi.encodeCall(home.retry, (other)),
            abi.encodeCall(home.cancel, (other)),
            abi.encodeCall(home.refund, (other, refunds)),
            abi.encodeCall(home.retryRefund, (other)),
            abi.encodeCall(home.veto, (bytes32(uint256(1))))
        ];
        for (uint256 i = 0; i < 6; ++i) {
            bad.setHook(address(home), calls[i]);
            arrival.nonce = 10 + i;
            arrival.amountUnits = 10 * unit;
            signatures = _attestDelivery(arrival, THRESHOLD);
            assertTrue(home.deliver(arrival, signatures) == IAlltraCustomBridge.Status.DELIVERED, "delivered");
            assertFalse(bad.hookSucceeded(), "re-entered while paying");
            assertEq(bad.hookError(), bytes4(keccak256("ReentrancyGuardReentrantCall()")), "guarded");
            _sendBad(unit);
            assertFalse(bad.hookSucceeded(), "re-entered while taking");
            assertEq(bad.hookError(), bytes4(keccak256("ReentrancyGuardReentrantCall()")), "guarded");
        }
        bad.setHook(address(home), abi.encodeCall(home.send, (_sending(unit))));
        _sendBad(unit);
        assertFalse(bad.hookSucceeded(), "not an adapter, nor twice");
    }

    /// @dev One token's trouble is no other's.
    function test_BRIDGE12_otherTokensDoNotNotice() public {
        _sendBad(1_000 * unit);
        IAlltraCustomBridge.Message memory message = _send(500 * unit);
        bad.setMode(HostileToken.Mode.HOOKS);
        bad.slash(address(home), 1_000 * unit);
        assertTrue(_deliver(message) == IAlltraCustomBridge.Status.DELIVERED, "the honest one arrives");
        _assertConserved();
        IAlltraCustomBridge.Message memory arrival = _arrival(1, 400 * unit);
        assertTrue(_deliver(arrival) == IAlltraCustomBridge.Status.ACCEPTED, "the rebased one waits");
    }

    // --- Too little gas ---

    /// @dev Whatever a caller leaves, a payable message is delivered or the call reverts: never accepted unpaid, never unbooked.
    // BRIDGE-9
    function testFuzz_BRIDGE9_noGasMakesAPaymentOrTheBookFail(uint256 gasLimit) public {
        _script(ScriptedTarget.Kind.RETURN);
        IAlltraCustomBridge.Message memory message = _send(1_000 * unit);
        bytes[] memory signatures = _attestDelivery(message, THRESHOLD);
        gasLimit = bound(gasLimit, 30_000, 900_000);
        vm.recordLogs();
        try abroad.deliver{gas: gasLimit}(message, signatures) returns (IAlltraCustomBridge.Status status) {
            assertTrue(status == IAlltraCustomBridge.Status.DELIVERED, "BRIDGE-9: accepted for want of gas");
            assertEq(_failures(), 0, "BRIDGE-9: the book was passed over");
            assertEq(token.balanceOf(recipient), 1_000 * unit, "paid");
        } catch {
            assertEq(uint8(_status(ABROAD, message)), uint8(IAlltraCustomBridge.Status.NONE), "nothing happened");
            assertEq(token.balanceOf(recipient), 0, "nothing paid");
        }
    }

    function test_BRIDGE9_tooLittleGasIsSaidAndEnoughIsEnough() public {
        _script(ScriptedTarget.Kind.RETURN);
        IAlltraCustomBridge.Message memory message = _send(1_000 * unit);
        bytes[] memory signatures = _attestDelivery(message, THRESHOLD);
        vm.expectPartialRevert(IBridgeLanes.GasTooLow.selector);
        abroad.deliver{gas: 300_000}(message, signatures);
        assertTrue(abroad.deliver{gas: 450_000}(message, signatures) == IAlltraCustomBridge.Status.DELIVERED, "enough");
    }

    /// @dev A token that burns whatever it gets, or answers without end, costs its own gas and no more.
    function test_BRIDGE9_aTokenThatBurnsAllGasIsAcceptedInBoundedGas() public {
        ScriptedTarget burner = ScriptedTarget(deploy("ScriptedTarget", ""));
        burner.script(bytes4(keccak256("balanceOf(address)")), ScriptedTarget.Kind.BURN_GAS, "");
        ScriptedTarget talker = ScriptedTarget(deploy("ScriptedTarget", ""));
        talker.script(bytes4(keccak256("balanceOf(address)")), ScriptedTarget.Kind.REVERT, new bytes(5_000));
        _sendBad(1_000 * unit);
        vm.startPrank(timelock);
        home.addLane(address(burner), IBridgeLanes.Mode.LOCK, _limits());
        home.addLane(address(talker), IBridgeLanes.Mode.LOCK, _limits());
        vm.stopPrank();
        IAlltraCustomBridge.Message memory arrival = _arrival(1, 1);
        (arrival.token, arrival.amountUnits) = (address(burner), 0);
        bytes[] memory signatures = _attestDelivery(arrival, THRESHOLD);
        assertTrue(
            home.deliver{gas: 500_000}(arrival, signatures) == IAlltraCustomBridge.Status.ACCEPTED,
            "burnt its own"
        );
        (arrival.token, arrival.nonce) = (address(talker), 2);
        signatures = _attestDelivery(arrival, THRESHOLD);
        vm.recordLogs();
        home.deliver{gas: 500_000}(arrival, signatures);
        bytes memory reason = abi.decode(vm.getRecordedLogs()[0].data, (bytes));
        assertEq(reason.length, 256, "so much of it is kept");
    }

    // --- The coordinator's book ---

    function _script(ScriptedTarget.Kind kind) private {
        book.script(IBridgeBook.recordDelivery.selector, kind, "");
        book.script(IBridgeBook.recordRefund.selector, kind, "");
        vm.startPrank(timelock);
        home.setCoordinator(address(book));
        abroad.setCoordinator(address(book));
        vm.stopPrank();
    }

    /// @dev Of the calls since `recordLogs`.
    function _failures() private returns (uint256 count) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == IAlltraCustomBridge.CoordinatorFailed.selector) ++count;
        }
    }

    // BRIDGE-11
    function test_BRIDGE11_theBookIsToldOfEverythingThatMoves() public {
        _script(ScriptedTarget.Kind.RETURN);
        vm.expectCall(address(book), abi.encodeCall(IBridgeBook.recordSend, (address(token), 100 * unit)), 2);
        IAlltraCustomBridge.Message memory first = _send(100 * unit);
        IAlltraCustomBridge.Message memory second = _send(100 * unit);
        skipTime(90, 2);
        vm.expectCall(address(book), abi.encodeCall(IBridgeBook.recordDelivery, (address(token), 100 * unit, 90)), 1);
        _deliver(first);
        _cancel(recipient, second);
        vm.expectCall(address(book), abi.encodeCall(IBridgeBook.recordRefund, (address(token), 100 * unit)), 1);
        _refund(second);
    }

    /// @dev The source's clock may be ahead.
    function test_BRIDGE11_aMessageFromTheFutureHasNoLatency() public {
        _script(ScriptedTarget.Kind.RETURN);
        skipTime(1 minutes, 2);
        IAlltraCustomBridge.Message memory message = _send(100 * unit);
        vm.warp(vm.getBlockTimestamp() - 10);
        vm.expectCall(address(book), abi.encodeCall(IBridgeBook.recordDelivery, (address(token), 100 * unit, 0)), 1);
        _deliver(message);
    }

    /// @dev What waits for a limit or a freeze says nothing about how long messages take.
    function test_BRIDGE11_whatWasRetriedHasNoLatency() public {
        _script(ScriptedTarget.Kind.RETURN);
        vm.prank(freezer);
        token.freeze(recipient);
        IAlltraCustomBridge.Message memory message = _send(100 * unit);
        _deliver(message);
        skipTime(6 hours, 2);
        vm.prank(freezer);
        token.unfreeze(recipient);
        vm.expectCall(address(book), abi.encodeCall(IBridgeBook.recordDelivery, (address(token), 100 * unit, 0)), 1);
        vm.chainId(ABROAD);
        abroad.retry(message);
    }

    /// @dev Neither does what the guardian held: only the way after the hold counts; and a hold that was over before it was sent is none.
    // BRIDGE-11
    function test_BRIDGE11_whatAHoldTookIsNoLatency() public {
        _script(ScriptedTarget.Kind.RETURN);
        IAlltraCustomBridge.Message memory held = _send(100 * unit);
        skipTime(10, 2);
        vm.prank(guardian);
        abroad.pause();
        skipTime(24 hours + 7, 2);
        vm.expectCall(address(book), abi.encodeCall(IBridgeBook.recordDelivery, (address(token), 100 * unit, 7)), 1);
        _deliver(held);
        IAlltraCustomBridge.Message memory later = _send(50 * unit);
        skipTime(90, 2);
        vm.expectCall(address(book), abi.encodeCall(IBridgeBook.recordDelivery, (address(token), 50 * unit, 90)), 1);
        _deliver(later);
        // Ended early: until then it was held.
        IAlltraCustomBridge.Message memory ended = _send(40 * unit);
        vm.startPrank(timelock);
        abroad.pause();
        skipTime(2 hours, 2);
        abroad.unpause();
        vm.stopPrank();
        skipTime(3, 2);
        vm.expectCall(address(book), abi.encodeCall(IBridgeBook.recordDelivery, (address(token), 40 * unit, 3)), 1);
        _deliver(ended);
    }

    function test_BRIDGE11_theCoordinatorRefusesSends() public {
        _script(ScriptedTarget.Kind.RETURN);
        book.script(
            IBridgeBook.recordSend.selector,
            ScriptedTarget.Kind.REVERT,
            abi.encodeWithSelector(ICommonErrors.NothingPending.selector)
        );
        IAlltraCustomBridge.Sending memory sending = _sending(unit);
        vm.chainId(HOME);
        vm.prank(address(homeAdapter));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NothingPending.selector));
        home.send(sending);
        assertEq(home.lastNonce(), 0, "nothing sent");
    }

    // BRIDGE-11
    function test_BRIDGE11_aCoordinatorThatFailsStopsNothingThatArrives() public {
        IAlltraCustomBridge.Message memory first = _send(100 * unit);
        IAlltraCustomBridge.Message memory second = _send(100 * unit);
        IAlltraCustomBridge.Message memory third = _send(100 * unit);
        _script(ScriptedTarget.Kind.REVERT);
        bytes[] memory signatures = _attestDelivery(first, THRESHOLD);
        vm.expectEmit(address(abroad));
        emit IAlltraCustomBridge.CoordinatorFailed(_id(first), "");
        assertTrue(abroad.deliver(first, signatures) == IAlltraCustomBridge.Status.DELIVERED, "delivered");
        _script(ScriptedTarget.Kind.BURN_GAS);
        signatures = _attestDelivery(second, THRESHOLD);
        vm.expectEmit(address(abroad));
        emit IAlltraCustomBridge.CoordinatorFailed(_id(second), "");
        assertTrue(
            abroad.deliver{gas: 600_000}(second, signatures) == IAlltraCustomBridge.Status.DELIVERED,
            "burning gas costs its own"
        );
        _cancel(recipient, third);
        signatures = _attestRefund(third, THRESHOLD);
        vm.expectEmit(address(home));
        emit IAlltraCustomBridge.CoordinatorFailed(_id(third), "");
        assertTrue(home.refund(third, signatures) == IAlltraCustomBridge.Status.REFUNDED, "refunded");
    }
}

/// @notice The same with the decimals of XAU.
contract BridgeLanes18Test is BridgeLanesTest {
    function _decimals() internal pure override returns (uint8) {
        return 18;
    }
}
