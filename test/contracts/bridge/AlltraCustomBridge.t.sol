// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {AlltraCustomBridge} from "../../../contracts/bridge/AlltraCustomBridge.sol";
import {IAlltraCustomBridge} from "../../../contracts/interfaces/IAlltraCustomBridge.sol";
import {IAttestorSet} from "../../../contracts/interfaces/IAttestorSet.sol";
import {IBridgeLanes} from "../../../contracts/interfaces/IBridgeLanes.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IM1Token} from "../../../contracts/interfaces/IM1Token.sol";
import {BridgeBase} from "./BridgeBase.t.sol";

/// @notice Sending, arriving, and what is refused.
contract AlltraCustomBridgeTest is BridgeBase {
    function _refused(IAlltraCustomBridge.Message memory message, bytes memory reason) private {
        bytes[] memory signatures = _attestDelivery(message, THRESHOLD);
        AlltraCustomBridge end = _end(_other(message.sourceChainId));
        vm.expectRevert(reason);
        end.deliver(message, signatures);
    }

    function _wrongStatus(
        IAlltraCustomBridge.Message memory message,
        IAlltraCustomBridge.Status status
    ) private view returns (bytes memory) {
        return abi.encodeWithSelector(IAlltraCustomBridge.WrongStatus.selector, _id(message), status);
    }

    // --- There and back ---

    function test_BRIDGE2_locksAtHomeAndMintsAbroad() public {
        uint256 amount = 1_000 * unit;
        uint256 before = token.balanceOf(trader);
        IAlltraCustomBridge.Message memory message = _send(amount);
        uint256 feeUnits = unit / 2; // 5 bps
        assertEq(before - token.balanceOf(trader), amount + feeUnits, "paid");
        assertEq(token.balanceOf(treasury), feeUnits, "fee");
        assertEq(token.balanceOf(address(home)), amount, "locked");
        assertEq(home.inFlightUnits(address(token)), amount, "in flight");
        assertTrue(_status(HOME, message) == IAlltraCustomBridge.Status.SENT, "sent");
        assertTrue(_status(ABROAD, message) == IAlltraCustomBridge.Status.NONE, "unknown there");

        assertTrue(_deliver(message) == IAlltraCustomBridge.Status.DELIVERED, "delivered");
        assertEq(token.balanceOf(recipient), amount, "minted");
        assertEq(_mintedAbroad(), amount, "by the bridge");
        assertEq(abroad.bookUnits(address(token)), amount, "books");
        // Home does not know yet.
        assertEq(home.inFlightUnits(address(token)), amount, "not acknowledged");
        _assertConserved();
    }

    function test_BRIDGE2_burnsAbroadAndReleasesAtHome() public {
        _bringAbroad(recipient, 1_000 * unit);
        uint256 amount = 400 * unit;
        address home_ = makeAddr("at home again");
        IAlltraCustomBridge.Message memory back = _send(ABROAD, recipient, home_, amount);
        assertEq(_mintedAbroad(), 600 * unit, "burned");
        assertEq(back.paidUnits, 1_000 * unit, "acknowledges what was paid there");
        _assertConserved();
        assertTrue(_deliver(back) == IAlltraCustomBridge.Status.DELIVERED, "released");
        assertEq(token.balanceOf(home_), amount, "released");
        assertEq(home.bookUnits(address(token)), 600 * unit, "still locked");
        assertEq(home.inFlightUnits(address(token)), 0, "acknowledged by what came back");
        assertEq(home.book(address(token)).acknowledgedUnits, 1_000 * unit, "acknowledged");
        _assertConserved();
    }

    function testFuzz_BRIDGE2_anyAmountsInAnyOrder(uint256[4] memory amounts, uint256 order) public {
        IAlltraCustomBridge.Message[4] memory messages;
        uint256 total;
        for (uint256 i = 0; i < 4; ++i) {
            amounts[i] = bound(amounts[i], unit, 150_000 * unit);
            messages[i] = _send(amounts[i]);
            total += amounts[i];
        }
        for (uint256 left = 4; left > 0; --left) {
            uint256 at = order % left;
            order /= left;
            assertTrue(_deliver(messages[at]) == IAlltraCustomBridge.Status.DELIVERED, "in any order");
            messages[at] = messages[left - 1];
            _assertConserved();
        }
        assertEq(token.balanceOf(recipient), total, "to the unit");
        assertEq(_mintedAbroad(), home.bookUnits(address(token)), "nothing in flight");
    }

    /// @dev Two messages that acknowledge, the older one delivered last: the books only move forward.
    function test_BRIDGE2_aLateAcknowledgementChangesNothing() public {
        _bringAbroad(recipient, 1_000 * unit);
        IAlltraCustomBridge.Message memory older = _send(ABROAD, recipient, recipient, 10 * unit);
        _bringAbroad(recipient, 500 * unit);
        IAlltraCustomBridge.Message memory newer = _send(ABROAD, recipient, recipient, 20 * unit);
        _deliver(newer);
        assertEq(home.book(address(token)).acknowledgedUnits, 1_500 * unit, "newer");
        _deliver(older);
        assertEq(home.book(address(token)).acknowledgedUnits, 1_500 * unit, "stays");
    }

    /// @dev Signed or not: more cannot have arrived than was sent and not refunded.
    function test_BRIDGE2_anAcknowledgementOfMoreThanWasSentIsIgnored() public {
        _bringAbroad(recipient, 1_000 * unit);
        IAlltraCustomBridge.Message memory lie = _send(ABROAD, recipient, recipient, 10 * unit);
        lie.paidUnits = 1_000 * unit + 1;
        _deliver(lie);
        assertEq(home.book(address(token)).acknowledgedUnits, 0, "ignored");
        assertEq(home.inFlightUnits(address(token)), 1_000 * unit, "an upper bound still");
    }

    // --- Sending: what is refused ---

    function test_BRIDGE10_onlyAdaptersSend() public {
        IAlltraCustomBridge.Sending memory sending = _sending();
        vm.chainId(HOME);
        vm.prank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        home.send(sending);
        vm.prank(timelock);
        home.setAdapter(address(homeAdapter), false);
        vm.prank(address(homeAdapter));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(homeAdapter)));
        home.send(sending);
    }

    function _sending() private returns (IAlltraCustomBridge.Sending memory) {
        vm.prank(trader);
        token.approve(address(home), type(uint256).max);
        return
            IAlltraCustomBridge.Sending({
                token: address(token),
                from: trader,
                recipient: recipient,
                amountUnits: 100 * unit,
                feeUnits: 0,
                feeTo: treasury,
                expiresAt: vm.getBlockTimestamp() + 1 days
            });
    }

    function _refuseSending(IAlltraCustomBridge.Sending memory sending, bytes memory reason) private {
        vm.chainId(HOME);
        vm.prank(address(homeAdapter));
        vm.expectRevert(reason);
        home.send(sending);
    }

    function test_BRIDGE7_refusesToSendWhatCouldNeverArriveOrComeBackInTime() public {
        uint256 time = vm.getBlockTimestamp();
        IAlltraCustomBridge.Sending memory sending = _sending();
        sending.expiresAt = time;
        _refuseSending(sending, abi.encodeWithSelector(IAlltraCustomBridge.MessageExpired.selector, time, time));
        uint256 latest = time + 30 days;
        sending.expiresAt = latest + 1;
        _refuseSending(
            sending,
            abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, latest + 1, time + 1, latest)
        );
        sending.expiresAt = latest;
        sending.recipient = address(0);
        _refuseSending(sending, abi.encodeWithSelector(ICommonErrors.ZeroAddress.selector));
        sending.recipient = address(abroad);
        _refuseSending(sending, abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(abroad)));
        sending.recipient = address(token);
        _refuseSending(sending, abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(token)));
        sending.recipient = recipient;
        sending.feeUnits = sending.amountUnits + 1;
        _refuseSending(
            sending,
            abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, sending.feeUnits, 0, sending.amountUnits)
        );
        sending.feeUnits = 0;
        sending.token = address(this);
        _refuseSending(sending, abi.encodeWithSelector(IBridgeLanes.UnknownToken.selector, address(this)));
    }

    function test_BRIDGE4_grossOutboundLimit() public {
        IAlltraCustomBridge.Sending memory sending = _sending();
        sending.amountUnits = 1_000_000 * unit + 1;
        _refuseSending(
            sending,
            abi.encodeWithSelector(
                IBridgeLanes.OutboundLimit.selector,
                address(token),
                sending.amountUnits,
                1_000_000 * unit
            )
        );
        _send(999_000 * unit);
        assertEq(home.outAvailable(address(token)), 1_000 * unit, "left");
        // What comes back or arrives does not make room: the limit is gross.
        sending.amountUnits = 1_000 * unit + 1;
        _refuseSending(
            sending,
            abi.encodeWithSelector(
                IBridgeLanes.OutboundLimit.selector,
                address(token),
                sending.amountUnits,
                1_000 * unit
            )
        );
        skipTime(10, 2);
        assertEq(home.outAvailable(address(token)), 1_010 * unit, "refills");
        _send(1_010 * unit);
        sending.amountUnits = unit - 1;
        _refuseSending(
            sending,
            abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, unit - 1, unit, type(uint96).max)
        );
    }

    /// @dev More than was minted here cannot leave, whoever has it: tokens that home never locked for.
    function test_BRIDGE2_refusesToBurnMoreThanWasMinted() public {
        _bringAbroad(recipient, 1_000 * unit);
        vm.chainId(ABROAD);
        vm.prank(trader);
        token.approve(address(abroad), type(uint256).max);
        IAlltraCustomBridge.Sending memory sending = _sending();
        sending.amountUnits = 1_000 * unit + 1;
        vm.chainId(ABROAD);
        vm.prank(address(abroadAdapter));
        vm.expectRevert(
            abi.encodeWithSelector(
                IBridgeLanes.BookExceeded.selector,
                address(token),
                sending.amountUnits,
                1_000 * unit
            )
        );
        abroad.send(sending);
    }

    /// @dev The token's own limit for this minter counts beside the lane's.
    function test_BRIDGE4_burnsInsideTheTokensOwnLimit() public {
        _bringAbroad(recipient, 1_000 * unit);
        vm.prank(timelock);
        token.setMinterLimit(
            IM1Token.MinterLimit(address(abroad), uint128(600_000 * unit), uint128(unit), uint128(300 * unit), 0)
        );
        IAlltraCustomBridge.Sending memory sending = _sending();
        (sending.from, sending.amountUnits) = (recipient, 301 * unit);
        vm.prank(recipient);
        token.approve(address(abroad), type(uint256).max);
        vm.chainId(ABROAD);
        vm.prank(address(abroadAdapter));
        vm.expectRevert(
            abi.encodeWithSelector(
                IM1Token.BurnLimitExceeded.selector,
                address(abroad),
                sending.amountUnits,
                300 * unit
            )
        );
        abroad.send(sending);
    }

    function test_BRIDGE5_aSendThatCannotBeTakenLeavesNothing() public {
        IAlltraCustomBridge.Sending memory sending = _sending();
        vm.prank(trader);
        token.approve(address(home), sending.amountUnits - 1);
        _refuseSending(
            sending,
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector,
                address(home),
                sending.amountUnits - 1,
                sending.amountUnits
            )
        );
        vm.prank(trader);
        token.approve(address(home), type(uint256).max);
        vm.prank(pauser);
        token.pause();
        _refuseSending(sending, abi.encodeWithSelector(ICommonErrors.Paused.selector));
        assertEq(home.lastNonce(), 0, "no message");
        assertEq(home.book(address(token)).sentUnits, 0, "no book");
    }

    // --- Arriving: what is refused ---

    // BRIDGE-1
    function test_BRIDGE1_deliversOnce() public {
        IAlltraCustomBridge.Message memory message = _send(1_000 * unit);
        _deliver(message);
        _refused(message, _wrongStatus(message, IAlltraCustomBridge.Status.DELIVERED));
        vm.expectRevert(_wrongStatus(message, IAlltraCustomBridge.Status.DELIVERED));
        abroad.retry(message);
        assertEq(token.balanceOf(recipient), 1_000 * unit, "once");
        // Neither where it was sent from.
        vm.chainId(HOME);
        vm.expectRevert(abi.encodeWithSelector(IAlltraCustomBridge.WrongChain.selector, HOME, ABROAD));
        home.deliver(message, new bytes[](0));
    }

    // BRIDGE-7
    function test_BRIDGE7_deliversUntilItExpires() public {
        IAlltraCustomBridge.Message memory first = _send(1_000 * unit);
        IAlltraCustomBridge.Message memory second = _send(1_000 * unit);
        skipTime(LIFETIME, 2);
        assertTrue(_deliver(first) == IAlltraCustomBridge.Status.DELIVERED, "in the last second");
        skipTime(1, 2);
        _refused(
            second,
            abi.encodeWithSelector(
                IAlltraCustomBridge.MessageExpired.selector,
                second.expiresAt,
                vm.getBlockTimestamp()
            )
        );
    }

    function test_BRIDGE1_refusesMessagesOfOtherChains() public {
        IAlltraCustomBridge.Message memory message = _send(1_000 * unit);
        message.sourceChainId = 1;
        vm.expectRevert(abi.encodeWithSelector(IAlltraCustomBridge.WrongChain.selector, 1, HOME));
        home.messageId(message);
        vm.chainId(ABROAD);
        bytes memory arriving = abi.encodeWithSelector(IAlltraCustomBridge.WrongChain.selector, 1, HOME);
        vm.expectRevert(arriving);
        abroad.deliver(message, new bytes[](0));
        vm.expectRevert(arriving);
        abroad.retry(message);
        vm.expectRevert(arriving);
        abroad.cancel(message);
        bytes memory departed = abi.encodeWithSelector(IAlltraCustomBridge.WrongChain.selector, 1, ABROAD);
        vm.expectRevert(departed);
        abroad.refund(message, new bytes[](0));
        vm.expectRevert(departed);
        abroad.retryRefund(message);
    }

    /// @dev The same fields between two other bridges are another message.
    function test_BRIDGE1_theIdNamesBothBridges() public {
        IAlltraCustomBridge.Message memory message = _send(1_000 * unit);
        vm.chainId(ABROAD);
        AlltraCustomBridge stranger = AlltraCustomBridge(
            deploy("AlltraCustomBridge", abi.encode(_params(address(home))))
        );
        assertNotEq(stranger.messageId(message), _id(message), "another bridge");
        assertEq(abroad.messageId(message), _id(message), "one id on both ends");
        bytes[] memory signatures = _attestDelivery(message, THRESHOLD);
        vm.expectPartialRevert(IAttestorSet.BadSigner.selector);
        stranger.deliver(message, signatures);
    }

    // --- What it is made of ---

    function test_BRIDGE1_bothEndsHaveOneConstructor() public {
        AlltraCustomBridge.BridgeParams memory params = _params(address(0));
        (params.chainIdA, params.chainIdB) = (ABROAD, HOME);
        vm.chainId(HOME);
        AlltraCustomBridge end = AlltraCustomBridge(deploy("AlltraCustomBridge", abi.encode(params)));
        assertEq(end.remoteBridge(), address(end), "the same address there");
        assertEq(end.remoteChainId(), ABROAD, "whichever is named first");
        vm.chainId(1);
        vm.expectRevert(abi.encodeWithSelector(IAlltraCustomBridge.WrongChain.selector, 1, HOME));
        deploy("AlltraCustomBridge", abi.encode(params));
        vm.chainId(HOME);
        params.chainIdA = HOME;
        vm.expectRevert(abi.encodeWithSelector(IAlltraCustomBridge.WrongChain.selector, HOME, HOME));
        deploy("AlltraCustomBridge", abi.encode(params));
    }

    // BRIDGE-13
    function test_BRIDGE13_tiersSayHowDeepAMessageMustLie() public {
        assertEq(home.confirmationsFor(address(token), 1), 0, "the finalized block until something is set");
        IAlltraCustomBridge.Tier[] memory tiers = new IAlltraCustomBridge.Tier[](3);
        tiers[0] = IAlltraCustomBridge.Tier(0, 3);
        tiers[1] = IAlltraCustomBridge.Tier(uint128(1_000 * unit), 12);
        tiers[2] = IAlltraCustomBridge.Tier(uint128(100_000 * unit), 0);
        vm.startPrank(timelock);
        home.setTiers(address(token), tiers);
        assertEq(home.confirmationsFor(address(token), 1_000 * unit - 1), 3, "small");
        assertEq(home.confirmationsFor(address(token), 1_000 * unit), 12, "middle, at its edge");
        assertEq(home.confirmationsFor(address(token), 100_000 * unit), 0, "large: finalized");
        assertEq(home.tiers(address(token)).length, 3, "tiers");
        tiers[1].fromUnits = tiers[2].fromUnits;
        vm.expectRevert(abi.encodeWithSelector(IAlltraCustomBridge.TiersNotAscending.selector));
        home.setTiers(address(token), tiers);
        tiers[0].fromUnits = 1;
        vm.expectRevert(abi.encodeWithSelector(IAlltraCustomBridge.TiersNotAscending.selector));
        home.setTiers(address(token), tiers);
        tiers[0] = IAlltraCustomBridge.Tier(0, 0);
        tiers[2] = IAlltraCustomBridge.Tier(uint128(100_000 * unit), 64);
        vm.expectRevert(abi.encodeWithSelector(IAlltraCustomBridge.TiersNotAscending.selector));
        home.setTiers(address(token), tiers);
        tiers[0] = IAlltraCustomBridge.Tier(0, 12);
        tiers[1] = IAlltraCustomBridge.Tier(uint128(1_000 * unit), 11);
        vm.expectRevert(abi.encodeWithSelector(IAlltraCustomBridge.TiersNotAscending.selector));
        home.setTiers(address(token), tiers);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 9, 0, 8));
        home.setTiers(address(token), new IAlltraCustomBridge.Tier[](9));
        home.setTiers(address(token), new IAlltraCustomBridge.Tier[](0));
        assertEq(home.confirmationsFor(address(token), 1), 0, "cleared");
        vm.stopPrank();
    }

    function test_BRIDGE6_onlyTheOwnerConfigures() public {
        bytes memory reason = abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", guardian);
        vm.startPrank(guardian);
        vm.expectRevert(reason);
        home.setAdapter(attacker, true);
        vm.expectRevert(reason);
        home.setTiers(address(token), new IAlltraCustomBridge.Tier[](0));
        vm.expectRevert(reason);
        home.setCoordinator(attacker);
        vm.expectRevert(reason);
        home.setLimits(address(token), _limits());
        vm.expectRevert(reason);
        home.addLane(attacker, IBridgeLanes.Mode.LOCK, _limits());
        vm.expectRevert(reason);
        home.unpause();
        vm.stopPrank();
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, timelock));
        home.renounceOwnership();
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.ZeroAddress.selector));
        home.setAdapter(address(0), true);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        home.setCoordinator(attacker);
        vm.stopPrank();
    }
}

/// @notice The same with the decimals of XAU.
contract AlltraCustomBridge18Test is AlltraCustomBridgeTest {
    function _decimals() internal pure override returns (uint8) {
        return 18;
    }
}
