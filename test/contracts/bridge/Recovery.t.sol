// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IAlltraCustomBridge} from "../../../contracts/interfaces/IAlltraCustomBridge.sol";
import {IAttestorSet} from "../../../contracts/interfaces/IAttestorSet.sol";
import {IBridgeLanes} from "../../../contracts/interfaces/IBridgeLanes.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IM1Token} from "../../../contracts/interfaces/IM1Token.sol";
import {BridgeBase} from "./BridgeBase.t.sol";

/// @notice Every path of docs/bridge.md by which funds come back, and everybody who may not take them.
contract RecoveryTest is BridgeBase {
    IAlltraCustomBridge.Message internal message;
    uint256 internal amount;

    function setUp() public override {
        super.setUp();
        amount = 1_000 * unit;
        message = _send(amount);
    }

    function _assertStatus(
        uint256 chainId,
        IAlltraCustomBridge.Message memory which,
        IAlltraCustomBridge.Status status
    ) private view {
        assertEq(uint8(_status(chainId, which)), uint8(status), "status");
    }

    /// @dev Attested, and not paid for `reason`.
    function _accepted(IAlltraCustomBridge.Message memory which, bytes memory reason) private {
        bytes[] memory signatures = _attestDelivery(which, THRESHOLD);
        vm.expectEmit(address(abroad));
        emit IAlltraCustomBridge.Accepted(_id(which), reason);
        IAlltraCustomBridge.Status status = abroad.deliver(which, signatures);
        assertEq(uint8(status), uint8(IAlltraCustomBridge.Status.ACCEPTED), "accepted");
        _assertStatus(ABROAD, which, IAlltraCustomBridge.Status.ACCEPTED);
        vm.expectRevert(abi.encodeWithSelector(IAlltraCustomBridge.NotPayable.selector, _id(which), reason));
        abroad.retry(which);
        assertEq(token.balanceOf(which.recipient), 0, "nothing paid");
        assertEq(abroad.book(address(token)).paidUnits, _mintedAbroad(), "nothing booked");
        _assertConserved();
    }

    function _retried(IAlltraCustomBridge.Message memory which) private {
        vm.chainId(ABROAD);
        vm.prank(attacker);
        abroad.retry(which);
        _assertStatus(ABROAD, which, IAlltraCustomBridge.Status.DELIVERED);
        assertEq(token.balanceOf(which.recipient), which.amountUnits, "paid to its recipient, whoever calls");
        vm.expectRevert(_wrongStatus(which, IAlltraCustomBridge.Status.DELIVERED));
        abroad.retry(which);
        _assertConserved();
    }

    function _wrongStatus(
        IAlltraCustomBridge.Message memory which,
        IAlltraCustomBridge.Status status
    ) private view returns (bytes memory) {
        return abi.encodeWithSelector(IAlltraCustomBridge.WrongStatus.selector, _id(which), status);
    }

    // --- What cannot be paid at once stays claimable ---

    // BRIDGE-5
    function test_BRIDGE5_aPausedTokenIsPaidLater() public {
        vm.prank(pauser);
        token.pause();
        _accepted(message, abi.encodeWithSelector(ICommonErrors.Paused.selector));
        skipTime(3 days, 2);
        // Accepted in time: it may be paid after it expired.
        _retried(message);
    }

    function test_BRIDGE5_aFrozenRecipientIsPaidLater() public {
        vm.prank(freezer);
        token.freeze(recipient);
        _accepted(message, abi.encodeWithSelector(IM1Token.AccountFrozen.selector, recipient));
        vm.prank(freezer);
        token.unfreeze(recipient);
        _retried(message);
    }

    function test_BRIDGE4_theMintersLimitBoundsWhatArrives() public {
        vm.prank(timelock);
        token.setMinterLimit(IM1Token.MinterLimit(address(abroad), uint128(600 * unit), uint128(unit), 0, 0));
        _accepted(
            message,
            abi.encodeWithSelector(IM1Token.MintLimitExceeded.selector, address(abroad), amount, 600 * unit)
        );
        vm.prank(timelock);
        token.setMinterLimit(IM1Token.MinterLimit(address(abroad), uint128(2_000 * unit), uint128(unit), 0, 0));
        skipTime(400, 2);
        _retried(message);
    }

    /// @dev Whoever has all keys of the attestors still gets no more than the bucket, and then so much a second.
    function test_BRIDGE4_grossInboundLimitBoundsEvenAllAttestorsTogether() public {
        vm.prank(timelock);
        token.setMinterLimit(
            IM1Token.MinterLimit(address(abroad), uint128(2_000_000 * unit), uint128(2_000_000 * unit), 0, 0)
        );
        skipTime(1, 2);
        IAlltraCustomBridge.Message memory forged = message;
        forged.recipient = attacker;
        forged.amountUnits = 800_000 * unit;
        assertTrue(_deliver(forged) == IAlltraCustomBridge.Status.DELIVERED, "the whole bucket");
        forged.nonce = 2;
        forged.recipient = makeAddr("accomplice");
        forged.amountUnits = unit;
        bytes[] memory signatures = _attestDelivery(forged, THRESHOLD);
        assertTrue(abroad.deliver(forged, signatures) == IAlltraCustomBridge.Status.ACCEPTED, "no more");
        vm.expectRevert(
            abi.encodeWithSelector(
                IAlltraCustomBridge.NotPayable.selector,
                _id(forged),
                abi.encodeWithSelector(IBridgeLanes.InboundLimit.selector, address(token), unit, 0)
            )
        );
        abroad.retry(forged);
        skipTime(10, 2);
        forged.amountUnits = 10 * unit;
        forged.nonce = 3;
        assertTrue(_deliver(forged) == IAlltraCustomBridge.Status.DELIVERED, "what has refilled");
        assertEq(abroad.inAvailable(address(token)), 0, "and no more");
    }

    /// @dev A leaked key of the minter: the token itself bounds it, and home releases no more than it locked.
    // BRIDGE-4
    function test_BRIDGE4_aLeakedMinterKeyIsBoundedByItsBucket() public {
        vm.startPrank(address(abroad));
        vm.expectPartialRevert(IM1Token.MintLimitExceeded.selector);
        token.mint(attacker, 600_001 * unit);
        token.mint(attacker, 600_000 * unit);
        vm.expectPartialRevert(IM1Token.MintLimitExceeded.selector);
        token.mint(attacker, 1);
        vm.stopPrank();
        // It cannot even leave: the bridge burns no more than it has minted.
        assertEq(abroad.bookUnits(address(token)), 0, "not in the books");
    }

    function test_BRIDGE2_homeReleasesNoMoreThanIsLocked() public {
        IAlltraCustomBridge.Message memory forged = message;
        (forged.sourceChainId, forged.recipient, forged.amountUnits) = (ABROAD, attacker, amount + 1);
        bytes[] memory signatures = _attestDelivery(forged, THRESHOLD);
        assertTrue(home.deliver(forged, signatures) == IAlltraCustomBridge.Status.ACCEPTED, "accepted");
        vm.expectRevert(
            abi.encodeWithSelector(
                IAlltraCustomBridge.NotPayable.selector,
                _id(forged),
                abi.encodeWithSelector(IBridgeLanes.BookExceeded.selector, address(token), amount + 1, amount)
            )
        );
        home.retry(forged);
        assertEq(token.balanceOf(attacker), 0, "nothing");
    }

    function test_BRIDGE5_anUnknownTokenIsPaidWhenItsLaneIsThere() public {
        IAlltraCustomBridge.Message memory other = message;
        other.token = address(homeAdapter);
        bytes[] memory signatures = _attestDelivery(other, THRESHOLD);
        assertTrue(abroad.deliver(other, signatures) == IAlltraCustomBridge.Status.ACCEPTED, "accepted");
        vm.expectRevert(
            abi.encodeWithSelector(
                IAlltraCustomBridge.NotPayable.selector,
                _id(other),
                abi.encodeWithSelector(IBridgeLanes.UnknownToken.selector, other.token)
            )
        );
        abroad.retry(other);
        vm.prank(other.recipient);
        abroad.cancel(other);
        _assertStatus(ABROAD, other, IAlltraCustomBridge.Status.CANCELLED);
    }

    // --- Cancelling ---

    function test_BRIDGE7_theRecipientCancelsAtAnyTime() public {
        _cancel(recipient, message);
        _assertStatus(ABROAD, message, IAlltraCustomBridge.Status.CANCELLED);
        bytes[] memory signatures = _attestDelivery(message, THRESHOLD);
        vm.expectRevert(_wrongStatus(message, IAlltraCustomBridge.Status.CANCELLED));
        abroad.deliver(message, signatures);
        vm.expectRevert(_wrongStatus(message, IAlltraCustomBridge.Status.CANCELLED));
        abroad.retry(message);
        vm.expectRevert(_wrongStatus(message, IAlltraCustomBridge.Status.CANCELLED));
        vm.prank(recipient);
        abroad.cancel(message);
    }

    // BRIDGE-7
    function test_BRIDGE7_anyoneCancelsAfterItExpiredAndNobodyElseBefore() public {
        address[4] memory others = [trader, keeper, guardian, timelock];
        vm.chainId(ABROAD);
        skipTime(LIFETIME, 2);
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IAlltraCustomBridge.NotCancellable.selector,
                    _id(message),
                    others[i],
                    message.expiresAt
                )
            );
            vm.prank(others[i]);
            abroad.cancel(message);
        }
        skipTime(1, 2);
        _cancel(attacker, message);
        _assertStatus(ABROAD, message, IAlltraCustomBridge.Status.CANCELLED);
    }

    function test_BRIDGE1_whatIsDeliveredIsNeverCancelled() public {
        _deliver(message);
        vm.chainId(ABROAD);
        vm.expectRevert(_wrongStatus(message, IAlltraCustomBridge.Status.DELIVERED));
        vm.prank(recipient);
        abroad.cancel(message);
        bytes32 id = _id(message);
        vm.expectRevert(_wrongStatus(message, IAlltraCustomBridge.Status.DELIVERED));
        vm.prank(guardian);
        abroad.veto(id);
        _expire(message);
        vm.expectRevert(_wrongStatus(message, IAlltraCustomBridge.Status.DELIVERED));
        abroad.cancel(message);
    }

    // --- Coming back ---

    // BRIDGE-5
    function test_BRIDGE5_expiredThenCancelledThenRefunded() public {
        _expire(message);
        _cancel(keeper, message);
        uint256 before = token.balanceOf(trader);
        assertTrue(_refund(message) == IAlltraCustomBridge.Status.REFUNDED, "refunded");
        assertEq(token.balanceOf(trader) - before, amount, "to who sent it");
        assertEq(home.bookUnits(address(token)), 0, "nothing locked");
        assertEq(home.inFlightUnits(address(token)), 0, "nothing in flight");
        _assertConserved();
    }

    function test_BRIDGE5_acceptedThenCancelledByItsRecipientThenRefunded() public {
        vm.prank(freezer);
        token.freeze(recipient);
        _accepted(message, abi.encodeWithSelector(IM1Token.AccountFrozen.selector, recipient));
        vm.prank(keeper);
        vm.expectPartialRevert(IAlltraCustomBridge.NotCancellable.selector);
        abroad.cancel(message);
        _cancel(recipient, message);
        assertTrue(_refund(message) == IAlltraCustomBridge.Status.REFUNDED, "refunded");
        _assertConserved();
    }

    function test_BRIDGE5_acceptedThenExpiredIsCancelledByAnyoneAndRefunded() public {
        vm.prank(pauser);
        token.pause();
        _accepted(message, abi.encodeWithSelector(ICommonErrors.Paused.selector));
        _expire(message);
        _cancel(attacker, message);
        assertTrue(_refund(message) == IAlltraCustomBridge.Status.REFUNDED, "refunded");
    }

    /// @dev The way of what was burned: it is minted again, whatever the bucket for arrivals holds.
    function test_BRIDGE5_refundsWhatWasBurnedAbroad() public {
        _deliver(message);
        IAlltraCustomBridge.Message memory back = _send(ABROAD, recipient, trader, 500 * unit);
        assertEq(_mintedAbroad(), 500 * unit, "burned");
        IBridgeLanes.Limits memory closed = _limits();
        (closed.inCapacity, closed.inRefillPerSecond) = (0, 0);
        vm.prank(timelock);
        abroad.setLimits(address(token), closed);
        _veto(guardian, back);
        assertTrue(_refund(back) == IAlltraCustomBridge.Status.REFUNDED, "refunded");
        assertEq(token.balanceOf(recipient), amount - unit / 4, "minted again; the fee was for the sending");
        assertEq(abroad.bookUnits(address(token)), amount, "books");
        _assertConserved();
    }

    // BRIDGE-1
    function test_BRIDGE1_refundsOnce() public {
        _cancel(recipient, message);
        bytes[] memory signatures = _attestRefund(message, THRESHOLD);
        home.refund(message, signatures);
        vm.expectRevert(_wrongStatus(message, IAlltraCustomBridge.Status.REFUNDED));
        home.refund(message, signatures);
        vm.expectRevert(_wrongStatus(message, IAlltraCustomBridge.Status.REFUNDED));
        home.retryRefund(message);
    }

    // BRIDGE-5
    function test_BRIDGE5_aRefundThatCannotBePaidStaysClaimable() public {
        _cancel(recipient, message);
        vm.prank(freezer);
        token.freeze(trader);
        bytes memory reason = abi.encodeWithSelector(IM1Token.AccountFrozen.selector, trader);
        bytes[] memory signatures = _attestRefund(message, THRESHOLD);
        vm.expectEmit(address(home));
        emit IAlltraCustomBridge.RefundAccepted(_id(message), reason);
        assertTrue(home.refund(message, signatures) == IAlltraCustomBridge.Status.REFUND_ACCEPTED, "accepted");
        vm.expectRevert(abi.encodeWithSelector(IAlltraCustomBridge.NotPayable.selector, _id(message), reason));
        home.retryRefund(message);
        vm.expectRevert(_wrongStatus(message, IAlltraCustomBridge.Status.REFUND_ACCEPTED));
        home.refund(message, signatures);
        assertEq(home.bookUnits(address(token)), amount, "still locked");

        vm.prank(freezer);
        token.unfreeze(trader);
        uint256 before = token.balanceOf(trader);
        vm.prank(attacker);
        home.retryRefund(message);
        assertEq(token.balanceOf(trader) - before, amount, "paid to who sent it, whoever calls");
        _assertStatus(HOME, message, IAlltraCustomBridge.Status.REFUNDED);
    }

    /// @dev Neither fewer signatures, nor those for the delivery, nor of an old epoch; nor anything that was not sent from here.
    function test_BRIDGE3_noRefundWithoutSignaturesForIt() public {
        bytes[] memory few = _attestRefund(message, THRESHOLD - 1);
        vm.expectRevert(abi.encodeWithSelector(IAttestorSet.NotEnoughSignatures.selector, THRESHOLD - 1, THRESHOLD));
        home.refund(message, few);
        bytes[] memory forDelivery = _attestDelivery(message, THRESHOLD);
        vm.chainId(HOME);
        vm.expectPartialRevert(IAttestorSet.BadSigner.selector);
        home.refund(message, forDelivery);
        bytes[] memory old = _attestRefund(message, THRESHOLD);
        vm.prank(guardian);
        home.removeAttestor(vm.addr(keys[4]));
        vm.expectPartialRevert(IAttestorSet.BadSigner.selector);
        home.refund(message, old);
    }

    function test_BRIDGE1_refundsOnlyWhatWasSentFromHere() public {
        IAlltraCustomBridge.Message memory never = message;
        never.nonce = 2;
        _veto(guardian, never);
        bytes[] memory signatures = _attestRefund(never, THRESHOLD);
        vm.expectRevert(_wrongStatus(never, IAlltraCustomBridge.Status.NONE));
        home.refund(never, signatures);
        vm.chainId(ABROAD);
        vm.expectRevert(abi.encodeWithSelector(IAlltraCustomBridge.WrongChain.selector, HOME, ABROAD));
        abroad.refund(message, signatures);
    }

    // --- The guardian ---

    // BRIDGE-6
    function test_BRIDGE6_theHoldStopsDeliveriesAndNothingElse() public {
        IAlltraCustomBridge.Message memory accepted = _send(unit);
        vm.prank(freezer);
        token.freeze(recipient);
        _deliver(accepted);
        vm.prank(freezer);
        token.unfreeze(recipient);
        _bringAbroad(keeper, 10 * unit);

        vm.startPrank(guardian);
        home.pause();
        abroad.pause();
        vm.stopPrank();
        bytes[] memory signatures = _attestDelivery(message, THRESHOLD);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.Paused.selector));
        abroad.deliver(message, signatures);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.Paused.selector));
        abroad.retry(accepted);

        // Sending both ways, cancelling, refunding: as always.
        _send(5 * unit);
        IAlltraCustomBridge.Message memory back = _send(ABROAD, keeper, keeper, 5 * unit);
        _cancel(recipient, message);
        assertTrue(_refund(message) == IAlltraCustomBridge.Status.REFUNDED, "refund at home");
        _cancel(keeper, back);
        assertTrue(_refund(back) == IAlltraCustomBridge.Status.REFUNDED, "refund abroad");

        // It ends by itself, and the guardian cannot begin another for a day.
        uint256 until = abroad.pausedUntil();
        assertEq(until, vm.getBlockTimestamp() + 24 hours, "24 hours");
        skipTime(24 hours, 2);
        vm.expectRevert(
            abi.encodeWithSelector(ICommonErrors.NotReady.selector, until + 24 hours, vm.getBlockTimestamp())
        );
        vm.prank(guardian);
        abroad.pause();
        _retried(accepted);
        vm.prank(timelock);
        abroad.pause();
        assertEq(abroad.pausedUntil(), vm.getBlockTimestamp() + 24 hours, "only the owner renews");
    }

    /// @dev What was on its way when the hold began still arrives after it.
    function test_BRIDGE6_aHoldExpiresNothing() public {
        vm.prank(guardian);
        abroad.pause();
        skipTime(24 hours, 2);
        assertTrue(_deliver(message) == IAlltraCustomBridge.Status.DELIVERED, "after the hold");
    }

    function test_BRIDGE6_theGuardianVetoesByIdAlsoWhatNobodySent() public {
        IAlltraCustomBridge.Message memory never = message;
        never.nonce = 7;
        _veto(guardian, never);
        _assertStatus(ABROAD, never, IAlltraCustomBridge.Status.CANCELLED);
        bytes[] memory signatures = _attestDelivery(never, THRESHOLD);
        vm.expectRevert(_wrongStatus(never, IAlltraCustomBridge.Status.CANCELLED));
        abroad.deliver(never, signatures);
        _veto(timelock, message);
        assertTrue(_refund(message) == IAlltraCustomBridge.Status.REFUNDED, "what was vetoed comes back");
        bytes32 id = _id(message);
        vm.chainId(ABROAD);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        vm.prank(attacker);
        abroad.veto(id);
    }

    /// @dev On the source a veto is nothing: what was sent can be refunded.
    // BRIDGE-6
    function test_BRIDGE6_theGuardianCannotVetoARefund() public {
        bytes32 id = _id(message);
        vm.chainId(HOME);
        vm.expectRevert(_wrongStatus(message, IAlltraCustomBridge.Status.SENT));
        vm.prank(guardian);
        home.veto(id);
        // Neither before it is sent.
        IAlltraCustomBridge.Message memory coming = _next(HOME, trader, recipient, 3 * unit);
        id = _id(coming);
        vm.prank(guardian);
        home.veto(id);
        IAlltraCustomBridge.Message memory sent = _send(3 * unit);
        assertEq(_id(sent), id, "the same");
        _assertStatus(HOME, sent, IAlltraCustomBridge.Status.SENT);
        _cancel(recipient, sent);
        assertTrue(_refund(sent) == IAlltraCustomBridge.Status.REFUNDED, "refunded");
    }

    /// @dev He moves nothing, and what he holds or vetoes comes to its owner in the end.
    function test_BRIDGE6_theGuardianHasNoOtherPower() public {
        vm.startPrank(guardian);
        vm.expectPartialRevert(ICommonErrors.NotAuthorized.selector);
        home.payOut(address(token), guardian, amount, false);
        vm.expectPartialRevert(IAlltraCustomBridge.NotCancellable.selector);
        vm.chainId(ABROAD);
        abroad.cancel(message);
        vm.stopPrank();
    }
}

/// @notice The same with the decimals of XAU.
contract Recovery18Test is RecoveryTest {
    function _decimals() internal pure override returns (uint8) {
        return 18;
    }
}
