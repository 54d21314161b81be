// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IAlltraCustomBridge} from "../../../contracts/interfaces/IAlltraCustomBridge.sol";
import {IAttestorSet} from "../../../contracts/interfaces/IAttestorSet.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {BridgeBase} from "./BridgeBase.t.sol";

/// @notice Who attests, tried at the bridge abroad.
contract AttestorSetTest is BridgeBase {
    uint256 private constant CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint256 private constant DELAY = 2 days;

    IAlltraCustomBridge.Message internal message;

    function setUp() public override {
        super.setUp();
        message = _send(1_000 * unit);
    }

    function _refuseDelivery(bytes[] memory signatures, bytes memory reason) internal {
        vm.chainId(ABROAD);
        vm.expectRevert(reason);
        abroad.deliver(message, signatures);
    }

    function _bad(address signer) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IAttestorSet.BadSigner.selector, signer);
    }

    function _schedule(uint256[] memory newKeys, uint256 threshold) internal {
        vm.prank(timelock);
        abroad.scheduleAttestors(_addressesOf(newKeys), threshold);
    }

    function _assertNobodyWaits() internal view {
        (address[] memory waiting, uint256 threshold, uint256 readyAt) = abroad.scheduledAttestors();
        assertEq(waiting.length + threshold + readyAt, 0, "nobody waits");
    }

    // --- Signatures ---

    function test_BRIDGE3_thresholdOfDistinctAttestorsDelivers() public {
        assertTrue(_deliver(message) == IAlltraCustomBridge.Status.DELIVERED, "three of five");
    }

    function test_BRIDGE3_moreThanTheThresholdDelivers() public {
        bytes[] memory all = _attestDelivery(message, ATTESTORS);
        assertTrue(abroad.deliver(message, all) == IAlltraCustomBridge.Status.DELIVERED, "five of five");
    }

    function test_BRIDGE3_refusesOneTooFew() public {
        bytes[] memory few = _attestDelivery(message, THRESHOLD - 1);
        _refuseDelivery(
            few,
            abi.encodeWithSelector(IAttestorSet.NotEnoughSignatures.selector, THRESHOLD - 1, THRESHOLD)
        );
        _refuseDelivery(
            new bytes[](0),
            abi.encodeWithSelector(IAttestorSet.NotEnoughSignatures.selector, 0, THRESHOLD)
        );
    }

    function test_BRIDGE3_refusesDuplicateAndUnsortedSigners() public {
        bytes[] memory signatures = _attestDelivery(message, THRESHOLD);
        (bytes memory first, bytes memory second) = (signatures[0], signatures[1]);
        signatures[1] = first;
        _refuseDelivery(signatures, _bad(vm.addr(keys[0])));
        (signatures[0], signatures[1]) = (second, first);
        _refuseDelivery(signatures, _bad(vm.addr(keys[0])));
    }

    // BRIDGE-3
    function test_BRIDGE3_refusesMalleableShortAndForeignSignatures() public {
        bytes[] memory signatures = _attestDelivery(message, THRESHOLD);
        bytes memory good = signatures[2];
        bytes32 digest = abroad.deliveryDigest(_id(message));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[2], digest);
        signatures[2] = abi.encodePacked(r, bytes32(CURVE_ORDER - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        _refuseDelivery(signatures, _bad(address(0)));
        signatures[2] = abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
        _refuseDelivery(signatures, _bad(address(0)));
        signatures[2] = abi.encodePacked(good, uint8(0));
        _refuseDelivery(signatures, _bad(address(0)));
        signatures[2] = "";
        _refuseDelivery(signatures, _bad(address(0)));
        // Whoever sorts last among outsiders, so that it is the set that refuses and not the order.
        uint256 outsider = keyOf("outsider");
        for (uint256 i = 0; vm.addr(outsider) < vm.addr(keys[1]); ++i) outsider = keyOf(vm.toString(i));
        signatures[2] = _signature(outsider, digest);
        _refuseDelivery(signatures, _bad(vm.addr(outsider)));
    }

    function test_BRIDGE3_refusesSignaturesForAnotherPurposeChainOrContract() public {
        bytes32 id = _id(message);
        vm.chainId(ABROAD);
        bytes[] memory refunds = _signatures(abroad.refundDigest(id), THRESHOLD);
        vm.chainId(ABROAD);
        vm.expectPartialRevert(IAttestorSet.BadSigner.selector);
        abroad.deliver(message, refunds);
        vm.chainId(HOME);
        bytes[] memory elsewhere = _signatures(home.deliveryDigest(id), THRESHOLD);
        vm.chainId(ABROAD);
        vm.expectPartialRevert(IAttestorSet.BadSigner.selector);
        abroad.deliver(message, elsewhere);
        // The same contract under another chain id: a fork of the chain that took a new one.
        vm.chainId(7);
        bytes[] memory forked = _signatures(abroad.deliveryDigest(id), THRESHOLD);
        vm.chainId(ABROAD);
        vm.expectPartialRevert(IAttestorSet.BadSigner.selector);
        abroad.deliver(message, forked);
    }

    /// @dev Every field is in the id: signatures for one message are good for no other.
    // BRIDGE-3
    function testFuzz_BRIDGE3_bindsEveryField(uint256 field, uint256 change) public {
        bytes[] memory signatures = _attestDelivery(message, THRESHOLD);
        IAlltraCustomBridge.Message memory forged = message;
        change = bound(change, 1, type(uint64).max);
        field = bound(field, 0, 7);
        if (field == 0) forged.nonce += change;
        if (field == 1) forged.token = address(uint160(forged.token) ^ uint160(change));
        if (field == 2) forged.sender = address(uint160(forged.sender) ^ uint160(change));
        if (field == 3) forged.recipient = address(uint160(forged.recipient) ^ uint160(change));
        if (field == 4) forged.amountUnits += change;
        if (field == 5) forged.sentAt += change;
        if (field == 6) forged.expiresAt += change;
        if (field == 7) forged.paidUnits += change;
        vm.chainId(ABROAD);
        vm.expectPartialRevert(IAttestorSet.BadSigner.selector);
        abroad.deliver(forged, signatures);
    }

    // --- Changes of the set ---

    // BRIDGE-8
    function test_BRIDGE8_aSetCountsAfterItsDelayAndAnyoneAppliesIt() public {
        uint256[] memory newKeys = _sortedKeys("successor", 4);
        _schedule(newKeys, 2);
        uint256 readyAt = vm.getBlockTimestamp() + DELAY;
        skipTime(DELAY - 1, 2);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotReady.selector, readyAt, readyAt - 1));
        abroad.applyAttestors();
        skipTime(1, 2);
        vm.prank(attacker);
        abroad.applyAttestors();

        assertEq(abroad.attestorEpoch(), 2, "epoch");
        assertEq(abroad.attestorThreshold(), 2, "threshold");
        assertEq(abroad.attestors().length, 4, "attestors");
        for (uint256 i = 0; i < 4; ++i) assertTrue(abroad.isAttestor(vm.addr(newKeys[i])), "in");
        for (uint256 i = 0; i < ATTESTORS; ++i) assertFalse(abroad.isAttestor(vm.addr(keys[i])), "out");
        _assertNobodyWaits();
        message = _send(1_000 * unit);
        _refuseDelivery(_attestDelivery(message, THRESHOLD), _bad(vm.addr(keys[0])));
        keys = newKeys;
        bytes[] memory two = _attestDelivery(message, 2);
        assertTrue(abroad.deliver(message, two) == IAlltraCustomBridge.Status.DELIVERED, "two of the new four");
    }

    // BRIDGE-8
    function test_BRIDGE8_signaturesOfAnOldEpochDoNotCountEvenFromThoseWhoStay() public {
        bytes[] memory old = _attestDelivery(message, THRESHOLD);
        vm.prank(guardian);
        abroad.removeAttestor(vm.addr(keys[4]));
        vm.chainId(ABROAD);
        vm.expectPartialRevert(IAttestorSet.BadSigner.selector);
        abroad.deliver(message, old);
        assertTrue(_deliver(message) == IAlltraCustomBridge.Status.DELIVERED, "signed again, it counts");
    }

    // BRIDGE-8
    function test_BRIDGE8_theGuardianRemovesAtOnceAlsoBelowTheThreshold() public {
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(guardian);
            abroad.removeAttestor(vm.addr(keys[i]));
        }
        assertEq(abroad.attestorEpoch(), 4, "an epoch each");
        address[] memory left = abroad.attestors();
        assertEq(left.length, 2, "two left");
        assertEq(left[0], vm.addr(keys[3]), "in order");
        assertEq(left[1], vm.addr(keys[4]), "in order");
        vm.chainId(ABROAD);
        bytes32 digest = abroad.deliveryDigest(_id(message));
        bytes[] memory signatures = new bytes[](2);
        (signatures[0], signatures[1]) = (_signature(keys[3], digest), _signature(keys[4], digest));
        _refuseDelivery(signatures, abi.encodeWithSelector(IAttestorSet.NotEnoughSignatures.selector, 2, THRESHOLD));
        bytes[] memory withRemoved = _signatures(digest, THRESHOLD);
        _refuseDelivery(withRemoved, _bad(vm.addr(keys[0])));

        // Until a new set counts. What waited arrives if it is still in time; here the sender gets it back.
        _schedule(keys, THRESHOLD);
        skipTime(DELAY, 2);
        abroad.applyAttestors();
        _expire(message);
        _cancel(keeper, message);
        assertTrue(_refund(message) == IAlltraCustomBridge.Status.REFUNDED, "recovered");
    }

    /// @dev What a stolen quorum has had accepted is not paid once one of its keys is removed, unless the others attest it anew.
    // BRIDGE-8
    function test_BRIDGE8_nothingAcceptedOutlivesTheSetThatAttestedIt() public {
        vm.prank(freezer);
        token.freeze(recipient);
        assertTrue(_deliver(message) == IAlltraCustomBridge.Status.ACCEPTED, "accepted");
        assertEq(abroad.acceptedEpoch(_id(message)), 1, "by the first epoch");
        bytes[] memory old = _attestDelivery(message, THRESHOLD);
        vm.prank(guardian);
        abroad.removeAttestor(vm.addr(keys[4]));
        bytes memory stale = abi.encodeWithSelector(IAlltraCustomBridge.StaleEpoch.selector, _id(message), 1, 2);
        vm.prank(freezer);
        token.unfreeze(recipient);
        vm.expectRevert(stale);
        abroad.retry(message);
        vm.expectPartialRevert(IAttestorSet.BadSigner.selector);
        abroad.deliver(message, old);
        assertTrue(_deliver(message) == IAlltraCustomBridge.Status.DELIVERED, "attested anew");
        assertEq(abroad.acceptedEpoch(_id(message)), 0, "settled");
        assertEq(token.balanceOf(recipient), 1_000 * unit, "once");
    }

    /// @dev The same for a refund; in the same epoch it is not attested twice.
    function test_BRIDGE8_noAcceptedRefundOutlivesItsSetEither() public {
        _cancel(recipient, message);
        vm.prank(freezer);
        token.freeze(trader);
        assertTrue(_refund(message) == IAlltraCustomBridge.Status.REFUND_ACCEPTED, "accepted");
        vm.prank(guardian);
        home.removeAttestor(vm.addr(keys[4]));
        vm.prank(freezer);
        token.unfreeze(trader);
        vm.expectRevert(abi.encodeWithSelector(IAlltraCustomBridge.StaleEpoch.selector, _id(message), 1, 2));
        home.retryRefund(message);
        assertTrue(_refund(message) == IAlltraCustomBridge.Status.REFUNDED, "attested anew");
    }

    function test_BRIDGE8_whomTheGuardianRemovedStaysOutOfTheAnnouncedSet() public {
        uint256[] memory newKeys = _sortedKeys("successor", 3);
        _schedule(newKeys, 2);
        vm.prank(guardian);
        abroad.removeAttestor(vm.addr(newKeys[1]));
        assertEq(abroad.attestorEpoch(), 1, "the set that counts has not changed");
        skipTime(DELAY, 2);
        abroad.applyAttestors();
        assertEq(abroad.attestors().length, 2, "two of three");
        assertFalse(abroad.isAttestor(vm.addr(newKeys[1])), "stays out");
    }

    /// @dev In the set and announced: out of both.
    function test_BRIDGE8_removesFromBothSets() public {
        _schedule(keys, 4);
        vm.prank(guardian);
        abroad.removeAttestor(vm.addr(keys[0]));
        (address[] memory waiting, , ) = abroad.scheduledAttestors();
        assertEq(waiting.length, 4, "announced");
        assertEq(abroad.attestors().length, 4, "in force");
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IAttestorSet.AttestorUnchanged.selector, vm.addr(keys[0])));
        abroad.removeAttestor(vm.addr(keys[0]));
    }

    /// @dev Else anyone could apply a set that can attest nothing.
    function test_BRIDGE8_aSetBelowItsThresholdIsNeverApplied() public {
        uint256[] memory newKeys = _sortedKeys("successor", 2);
        _schedule(newKeys, 2);
        vm.prank(guardian);
        abroad.removeAttestor(vm.addr(newKeys[0]));
        skipTime(DELAY, 2);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 1, 2, 32));
        abroad.applyAttestors();
        assertEq(abroad.attestors().length, ATTESTORS, "the old set goes on");
    }

    function test_BRIDGE8_guardianAndOwnerWithdrawAnAnnouncement() public {
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NothingPending.selector));
        abroad.applyAttestors();
        address[2] memory allowed = [guardian, timelock];
        for (uint256 i = 0; i < 2; ++i) {
            _schedule(keys, 4);
            vm.prank(allowed[i]);
            abroad.cancelAttestors();
            _assertNobodyWaits();
        }
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NothingPending.selector));
        abroad.cancelAttestors();
    }

    /// @dev An announcement replaces one that waits, and waits anew.
    function test_BRIDGE8_anAnnouncementStartsItsDelayAnew() public {
        _schedule(keys, 4);
        skipTime(DELAY - 1, 2);
        _schedule(keys, 5);
        skipTime(1, 2);
        vm.expectPartialRevert(ICommonErrors.NotReady.selector);
        abroad.applyAttestors();
        skipTime(DELAY, 2);
        abroad.applyAttestors();
        assertEq(abroad.attestorThreshold(), 5, "the second one");
    }

    function test_BRIDGE8_nobodyElseChangesTheSet() public {
        address[] memory set = _addressesOf(keys);
        bytes memory notOwner = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian);
        vm.prank(guardian);
        vm.expectRevert(notOwner);
        abroad.scheduleAttestors(set, THRESHOLD);
        vm.prank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        abroad.removeAttestor(set[0]);
        vm.prank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        abroad.cancelAttestors();
    }

    function test_BRIDGE8_refusesSetsThatAreNone() public {
        address[] memory set = _addressesOf(keys);
        _refuseSet(new address[](0), 1, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 0, 1, 32));
        _refuseSet(new address[](33), 1, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 33, 1, 32));
        _refuseSet(set, 0, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 0, 1, ATTESTORS));
        _refuseSet(set, 6, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 6, 1, ATTESTORS));
        _refuseSet(new address[](1), 1, abi.encodeWithSelector(ICommonErrors.ZeroAddress.selector));
        set[2] = set[1];
        _refuseSet(set, 3, _bad(set[1]));
        (set[0], set[1]) = (set[1], set[0]);
        _refuseSet(set, 3, _bad(set[1]));
    }

    function _refuseSet(address[] memory set, uint256 threshold, bytes memory reason) private {
        vm.prank(timelock);
        vm.expectRevert(reason);
        abroad.scheduleAttestors(set, threshold);
    }

    /// @dev Any order of removals keeps the rest ascending.
    function testFuzz_BRIDGE8_removalsKeepTheOrder(uint256 first, uint256 second) public {
        (first, second) = (bound(first, 0, 4), bound(second, 0, 4));
        vm.startPrank(timelock);
        abroad.removeAttestor(vm.addr(keys[first]));
        if (second != first) abroad.removeAttestor(vm.addr(keys[second]));
        vm.stopPrank();
        address[] memory left = abroad.attestors();
        assertEq(left.length, second == first ? 4 : 3, "left");
        for (uint256 i = 1; i < left.length; ++i) assertLt(uint160(left[i - 1]), uint160(left[i]), "ascending");
    }
}
