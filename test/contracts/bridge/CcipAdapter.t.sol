// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";

import {CcipAdapter} from "../../../contracts/bridge/CcipAdapter.sol";
import {IBridgeAdapter} from "../../../contracts/interfaces/IBridgeAdapter.sol";
import {IBridgeLanes} from "../../../contracts/interfaces/IBridgeLanes.sol";
import {Client} from "../../../contracts/interfaces/ICcip.sol";
import {ICcipAdapter} from "../../../contracts/interfaces/ICcipAdapter.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {CcipRouter} from "../../../contracts/mocks/CcipRouter.sol";
import {HostileToken} from "../../../contracts/mocks/HostileToken.sol";
import {CcipBase} from "./CcipBase.t.sol";

/// @dev Pays too much and takes nothing back.
contract CoinRefuser {
    function send(CcipAdapter adapter, IBridgeAdapter.Order calldata order) external payable {
        adapter.send{value: msg.value}(order);
    }
}

/// @dev Its transfers never end while it eats.
contract GasEater is ERC20 {
    bool public eats;

    constructor() ERC20("Eater", "EAT") {}

    function setEats(bool eats_) external {
        eats = eats_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        while (eats) continue;
        super._update(from, to, amount);
    }
}

// solhint-disable check-send-result, multiple-sends
contract CcipAdapterTest is CcipBase {
    // There and back

    /// @dev CCIP-1.
    function test_CCIP1_lockedAtHomeMintedAbroadAndBack() public {
        bytes32 id = sendFrom(home, holder, 1_000 * UNIT);
        assertEq(home.inFlightUnits(address(token)), 1_000 * UNIT, "in flight");
        assertBooks(1_000 * UNIT);
        arrives(abroadRouter, id);
        assertEq(token.balanceOf(holder), 1_000 * UNIT, "arrived");
        assertStatus(abroad, id, ICcipAdapter.Status.PAID, "paid");
        assertBooks(0);

        id = sendFrom(abroad, holder, 400 * UNIT);
        assertBooks(400 * UNIT);
        arrives(homeRouter, id);
        assertEq(token.balanceOf(holder), 1_400 * UNIT, "released");
        assertEq(home.inFlightUnits(address(token)), 0, "acknowledged by the message back");
        assertBooks(0);
    }

    /// @dev CCIP-1.
    function test_CCIP1_abroadBurnsNoMoreThanItMinted() public {
        arrives(abroadRouter, sendFrom(home, holder, 10 * UNIT));
        uint256 fee = feeOf(abroad, 11 * UNIT);
        IBridgeAdapter.Order memory wanted = order(abroad, holder, 11 * UNIT);
        vm.prank(trader);
        vm.expectRevert(
            abi.encodeWithSelector(IBridgeLanes.BookExceeded.selector, address(token), 11 * UNIT, 10 * UNIT)
        );
        abroad.send{value: fee}(wanted);
        assertEq(abroad.quote(HOME_CHAIN + 1, address(token), 1).maxAmountUnits, 10 * UNIT, "and the quote says so");
    }

    // Sending

    /// @dev CCIP-2.
    function test_CCIP2_excessComesBackAndTooLittleIsRefused() public {
        uint256 fee = feeOf(home, UNIT);
        IBridgeAdapter.Quote memory quote = home.quote(ABROAD_CHAIN, address(token), UNIT);
        assertEq(quote.feeToken, address(0), "in coin");
        assertEq(quote.maxAmountUnits, 10 * START, "the bucket");
        IBridgeAdapter.Order memory wanted = order(home, holder, UNIT);
        uint256 before = trader.balance;
        vm.prank(trader);
        home.send{value: fee + 5e18}(wanted);
        assertEq(before - trader.balance, fee, "the fee and no more");
        assertEq(address(home).balance, 0, "nothing stays");
        assertEq(address(homeRouter).balance, fee, "the router has it");

        vm.startPrank(trader);
        vm.expectRevert(abi.encodeWithSelector(IBridgeAdapter.FeeTooLow.selector, fee - 1, fee));
        home.send{value: fee - 1}(wanted);
        wanted.maxFeeUnits = fee - 1;
        vm.expectRevert(abi.encodeWithSelector(IBridgeAdapter.FeeAboveMaximum.selector, fee, fee - 1));
        home.send{value: fee}(wanted);
        vm.stopPrank();

        CoinRefuser refuser = new CoinRefuser();
        _mint(address(refuser), UNIT);
        vm.prank(address(refuser));
        token.approve(address(home), UNIT);
        wanted.maxFeeUnits = fee;
        vm.prank(trader);
        vm.expectRevert(abi.encodeWithSelector(ICcipAdapter.ExcessRefused.selector, 1));
        refuser.send{value: fee + 1}(home, wanted);
        vm.prank(trader);
        refuser.send{value: fee}(home, wanted);
    }

    /// @dev CCIP-2.
    function test_CCIP2_aFeeInLink() public {
        ICcipAdapter.Transport memory own = transport(address(abroad));
        own.feeToken = address(link);
        vm.prank(timelock);
        home.setTransport(own);
        uint256 fee = feeOf(home, UNIT);
        assertEq(home.quote(ABROAD_CHAIN, address(token), UNIT).feeToken, address(link), "named");
        IBridgeAdapter.Order memory wanted = order(home, holder, UNIT);
        link.mint(trader, fee);
        vm.startPrank(trader);
        link.approve(address(home), fee);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 1, 0, 0));
        home.send{value: 1}(wanted);
        bytes32 id = home.send(wanted);
        vm.stopPrank();
        assertEq(link.balanceOf(address(homeRouter)), fee, "paid");
        assertEq(link.allowance(address(home), address(homeRouter)), 0, "no allowance stays");
        arrives(abroadRouter, id);
    }

    /// @dev CCIP-2. What is locked here never pays a fee, whatever the fee's token does.
    function test_CCIP2_lockedTokensPayNoFee() public {
        HostileToken hostile = HostileToken(deploy("HostileToken", abi.encode(18)));
        CcipRouter router = CcipRouter(deploy("CcipRouter", abi.encode(HOME_SELECTOR, address(hostile))));
        router.setSupported(ABROAD_SELECTOR, true);
        CcipAdapter adapter = CcipAdapter(
            deploy("CcipAdapter", abi.encode(address(router), ABROAD_CHAIN, ABROAD_SELECTOR, timelock))
        );
        ICcipAdapter.Transport memory own = transport(address(abroad));
        own.feeToken = address(hostile);
        vm.startPrank(timelock);
        adapter.setTransport(own);
        adapter.addLane(address(hostile), IBridgeLanes.Mode.LOCK, limitsOf(1e24));
        vm.stopPrank();
        hostile.mint(trader, 100e18);
        IBridgeAdapter.Order memory wanted = order(adapter, holder, 1e18);
        wanted.token = address(hostile);
        vm.startPrank(trader);
        hostile.approve(address(adapter), ALL);
        adapter.send(wanted);
        hostile.setMode(HostileToken.Mode.FEE_ON_TRANSFER);
        vm.expectPartialRevert(ICommonErrors.TransferMismatch.selector);
        adapter.send(wanted);
        vm.stopPrank();
        assertEq(hostile.balanceOf(address(adapter)), 1e18, "what was locked");
    }

    /// @dev CCIP-2.
    function test_CCIP2_withPermit() public {
        uint256 key = keyOf("signing holder");
        address signer = makeAddr("signing holder");
        _mint(signer, 2 * UNIT);
        vm.deal(signer, 10e18);
        IBridgeAdapter.Permit memory permit = _permit(key, signer, UNIT);
        IBridgeAdapter.Order memory wanted = order(home, holder, UNIT);
        uint256 fee = feeOf(home, UNIT);
        vm.prank(signer);
        home.sendWithPermit{value: fee}(wanted, permit);
        // Used before by somebody who saw it: the allowance is there all the same.
        permit = _permit(key, signer, UNIT);
        vm.prank(attacker);
        token.permit(signer, address(home), permit.valueUnits, permit.deadline, permit.v, permit.r, permit.s);
        vm.prank(signer);
        home.sendWithPermit{value: fee}(wanted, permit);
        // And used up it allows nothing.
        vm.prank(signer);
        vm.expectPartialRevert(bytes4(keccak256("ERC20InsufficientAllowance(address,uint256,uint256)")));
        home.sendWithPermit{value: fee}(wanted, permit);
        wanted.token = attacker;
        vm.prank(signer);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        home.sendWithPermit{value: fee}(wanted, permit);
    }

    /// @dev CCIP-3.
    function test_CCIP3_refusesWhatItCannotCarry() public {
        uint256 fee = feeOf(home, UNIT);
        IBridgeAdapter.Order memory wanted = order(home, holder, UNIT);
        vm.startPrank(trader);
        wanted.destinationChainId = 10;
        vm.expectRevert(abi.encodeWithSelector(IBridgeAdapter.UnsupportedChain.selector, 10));
        home.send{value: fee}(wanted);
        vm.expectRevert(abi.encodeWithSelector(IBridgeAdapter.UnsupportedChain.selector, 10));
        home.quote(10, address(token), UNIT);
        wanted = order(home, address(0), UNIT);
        vm.expectRevert(ICommonErrors.ZeroAddress.selector);
        home.send{value: fee}(wanted);
        address[2] memory useless = [address(abroad), address(token)];
        for (uint256 i = 0; i < 2; ++i) {
            wanted = order(home, useless[i], UNIT);
            vm.expectRevert(abi.encodeWithSelector(ICcipAdapter.BadRecipient.selector, useless[i]));
            home.send{value: fee}(wanted);
        }
        wanted = order(home, holder, UNIT);
        wanted.deadline = vm.getBlockTimestamp() - 1;
        vm.expectPartialRevert(ICommonErrors.DeadlineExpired.selector);
        home.send{value: fee}(wanted);
        wanted = order(home, holder, UNIT - 1);
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        home.send{value: fee}(wanted);
        wanted = order(home, holder, 10 * START + 1);
        vm.expectPartialRevert(IBridgeLanes.OutboundLimit.selector);
        home.send{value: fee}(wanted);
        wanted = order(home, holder, UNIT);
        wanted.token = address(link);
        vm.expectRevert(abi.encodeWithSelector(IBridgeLanes.UnknownToken.selector, address(link)));
        home.send{value: fee}(wanted);
        vm.stopPrank();
        assertTrue(home.carries(ABROAD_CHAIN, address(token)), "carries");
        assertFalse(home.carries(ABROAD_CHAIN, address(link)), "another token");
        assertFalse(home.carries(HOME_CHAIN, address(token)), "another chain");

        // A lane that CCIP has closed, then one that the owner has.
        homeRouter.setSupported(ABROAD_SELECTOR, false);
        _refusesClosed(fee);
        homeRouter.setSupported(ABROAD_SELECTOR, true);
        vm.prank(timelock);
        home.setTransport(transport(address(0)));
        _refusesClosed(fee);
    }

    /// @dev CCIP-3. What routers read, as published.
    function test_CCIP3_encodesWhatRoutersRead() public {
        assertTrue(home.supportsInterface(0x85572ffb), "ccipReceive(Any2EVMMessage)");
        assertTrue(home.supportsInterface(0x01ffc9a7), "ERC-165");
        assertFalse(home.supportsInterface(0xffffffff), "not everything");
        bytes32 id = sendFrom(home, holder, UNIT);
        CcipRouter.Sent memory sent = homeRouter.sentMessage(id);
        assertEq(sent.receiver, address(abroad), "receiver");
        assertEq(sent.gasLimit, GAS_LIMIT, "gas, version 2");
        assertEq(
            homeRouter.gasLimitOf(abi.encodePacked(bytes4(0x181dcf10), uint256(7), uint256(1))),
            7,
            "version 2 by hand"
        );
        ICcipAdapter.Transport memory own = transport(address(abroad));
        (own.legacyArgs, own.gasLimit) = (true, 700_000);
        vm.prank(timelock);
        home.setTransport(own);
        assertEq(homeRouter.sentMessage(sendFrom(home, holder, UNIT)).gasLimit, 700_000, "gas, version 1");
    }

    // Arriving

    /// @dev CCIP-4.
    function test_CCIP4_hearsOnlyTheOtherAdapterThroughTheRouter() public {
        bytes32 id = sendFrom(home, holder, UNIT);
        Client.Any2EVMMessage memory message = _message(id);
        vm.prank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        abroad.ccipReceive(message);

        vm.startPrank(address(abroadRouter));
        message.sourceChainSelector = 333;
        vm.expectRevert(abi.encodeWithSelector(ICcipAdapter.UnknownSelector.selector, 333));
        abroad.ccipReceive(message);
        message = _message(id);
        message.sender = abi.encode(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICcipAdapter.UnknownSender.selector, message.sender));
        abroad.ccipReceive(message);
        message.sender = abi.encodePacked(address(home));
        vm.expectPartialRevert(ICcipAdapter.UnknownSender.selector);
        abroad.ccipReceive(message);
        message = _message(id);
        message.destTokenAmounts = new Client.EVMTokenAmount[](1);
        vm.expectRevert(abi.encodeWithSelector(ICcipAdapter.UnexpectedTokens.selector, 1));
        abroad.ccipReceive(message);
        message = _message(id);
        message.data = abi.encodePacked(uint256(2), new bytes(7 * 32));
        vm.expectRevert(abi.encodeWithSelector(ICcipAdapter.UnknownVersion.selector, 2));
        abroad.ccipReceive(message);
        message.data = abi.encode(uint256(1));
        // The decoder of the language says nothing.
        vm.expectRevert(bytes(""));
        abroad.ccipReceive(message);
        vm.stopPrank();
        assertStatus(abroad, id, ICcipAdapter.Status.NONE, "nothing of all that counts");
        arrives(abroadRouter, id);
    }

    /// @dev CCIP-4. A stranger's message through CCIP fails there, for ever.
    function test_CCIP4_aStrangersMessageFails() public {
        Client.EVM2AnyMessage memory message;
        message.receiver = abi.encode(address(abroad));
        message.data = homeRouter.sentMessage(sendFrom(home, attacker, UNIT)).data;
        message.extraArgs = abi.encodeWithSelector(bytes4(0x97a657c9), uint256(GAS_LIMIT));
        vm.prank(attacker);
        bytes32 id = homeRouter.ccipSend{value: 1e18}(ABROAD_SELECTOR, message);
        assertEq(uint256(executeAt(abroadRouter, id)), uint256(CcipRouter.State.FAILURE), "failed");
        assertEq(token.balanceOf(attacker), 0, "nothing came");
    }

    /// @dev CCIP-5.
    function test_CCIP5_eachIdOnce() public {
        bytes32 id = sendFrom(home, holder, UNIT);
        Client.Any2EVMMessage memory message = _message(id);
        arrives(abroadRouter, id);
        vm.expectPartialRevert(CcipRouter.AlreadyExecuted.selector);
        abroadRouter.execute(homeRouter, id);
        // Even from a router that forgets.
        vm.prank(address(abroadRouter));
        vm.expectRevert(abi.encodeWithSelector(ICcipAdapter.WrongStatus.selector, id, ICcipAdapter.Status.PAID));
        abroad.ccipReceive(message);
        vm.expectPartialRevert(ICcipAdapter.WrongStatus.selector);
        abroad.retry(id);
        vm.expectPartialRevert(ICcipAdapter.WrongStatus.selector);
        abroad.sendBack(id, ALL);
        assertEq(token.balanceOf(holder), UNIT, "once");
    }

    /// @dev CCIP-6.
    function test_CCIP6_aFailingPaymentIsKeptAndRetriedByAnyone() public {
        vm.prank(freezer);
        token.freeze(holder);
        bytes32 id = sendFrom(home, holder, UNIT);
        arrives(abroadRouter, id);
        assertStatus(abroad, id, ICcipAdapter.Status.CLAIMABLE, "kept");
        ICcipAdapter.Claim memory claim = abroad.claimOf(id);
        assertEq(claim.recipient, holder, "for him");
        assertEq(claim.amountUnits, UNIT, "all of it");
        assertBooks(UNIT);
        vm.prank(attacker);
        vm.expectPartialRevert(ICcipAdapter.NotPayable.selector);
        abroad.retry(id);
        vm.prank(freezer);
        token.unfreeze(holder);
        vm.prank(attacker);
        abroad.retry(id);
        assertEq(token.balanceOf(holder), UNIT, "paid");
        assertEq(abroad.claimOf(id).amountUnits, 0, "no claim stays");
        vm.expectPartialRevert(ICcipAdapter.WrongStatus.selector);
        abroad.retry(id);
        assertBooks(0);
    }

    /// @dev CCIP-6.
    function test_CCIP6_anEmptyBucketIsWaitedFor() public {
        vm.prank(timelock);
        abroad.setLimits(address(token), IBridgeLanes.Limits(1e12, 1e6, uint128(2 * UNIT), 1e6, 1));
        bytes32 first = sendFrom(home, holder, 2 * UNIT);
        bytes32 second = sendFrom(home, holder, 2 * UNIT);
        arrives(abroadRouter, second);
        arrives(abroadRouter, first);
        assertStatus(abroad, second, ICcipAdapter.Status.PAID, "the first to arrive");
        assertStatus(abroad, first, ICcipAdapter.Status.CLAIMABLE, "the other waits");
        skipTime(2, 2);
        abroad.retry(first);
        assertEq(token.balanceOf(holder), 4 * UNIT, "both");
    }

    /// @dev CCIP-6. Too little gas fails the message in CCIP, where anyone gives it more; it never makes a payment fail.
    function test_CCIP6_tooLittleGasFailsTheMessageNotThePayment() public {
        bytes32 id = sendFrom(home, holder, UNIT);
        // A router that gives less than was paid for.
        Client.Any2EVMMessage memory message = _message(id);
        vm.prank(address(abroadRouter));
        (bool ok, bytes memory answer) = address(abroad).call{gas: 250_000}(
            abi.encodeCall(abroad.ccipReceive, (message))
        );
        assertFalse(ok, "refused");
        assertEq(bytes32(bytes4(answer)), bytes32(IBridgeLanes.GasTooLow.selector), "by name");
        assertStatus(abroad, id, ICcipAdapter.Status.NONE, "as if nothing had come");
        arrives(abroadRouter, id);
        assertEq(token.balanceOf(holder), UNIT, "paid");
    }

    /// @dev CCIP-6. A message that failed in CCIP, because the owner had closed the lane, is executed again when it is open.
    function test_CCIP6_aFailedMessageIsExecutedAgain() public {
        bytes32 id = sendFrom(home, holder, UNIT);
        vm.prank(timelock);
        abroad.setTransport(transport(address(0)));
        assertEq(uint256(executeAt(abroadRouter, id)), uint256(CcipRouter.State.FAILURE), "nobody is heard");
        vm.prank(timelock);
        abroad.setTransport(transport(address(home)));
        vm.prank(attacker);
        abroadRouter.manuallyExecute(homeRouter, id, 0);
        assertEq(token.balanceOf(holder), UNIT, "paid");
        assertBooks(0);
    }

    /// @dev CCIP-6. The worst payment that there can be, at the least gas that a message can have, still leaves enough to keep the claim.
    function test_CCIP6_aTokenThatBurnsAllItsGasIsKept() public {
        GasEater eater = new GasEater();
        eater.mint(trader, 1e18);
        vm.prank(timelock);
        home.addLane(address(eater), IBridgeLanes.Mode.LOCK, limitsOf(1e24));
        IBridgeAdapter.Order memory wanted = order(home, holder, 1e18);
        wanted.token = address(eater);
        uint256 fee = feeOf(home, 1e18);
        vm.startPrank(trader);
        eater.approve(address(home), ALL);
        home.send{value: fee}(wanted);
        vm.stopPrank();

        eater.setEats(true);
        bytes32 id = bytes32(uint256(77));
        ICcipAdapter.Payload memory payload = ICcipAdapter.Payload(
            1,
            ICcipAdapter.Kind.TRANSFER,
            address(eater),
            trader,
            holder,
            1e18,
            0,
            0
        );
        vm.cool(address(home));
        vm.cool(address(eater));
        _arrive(home, homeRouter, payload, id, home.MIN_GAS_LIMIT());
        assertStatus(home, id, ICcipAdapter.Status.CLAIMABLE, "kept");
        eater.setEats(false);
        home.retry(id);
        assertEq(eater.balanceOf(holder), 1e18, "paid");
    }

    // The way back

    /// @dev CCIP-7.
    function test_CCIP7_theRecipientSendsBackAtOnceAnyoneLater() public {
        vm.prank(freezer);
        token.freeze(holder);
        uint256 before = token.balanceOf(trader);
        bytes32 first = sendFrom(home, holder, 3 * UNIT);
        bytes32 second = sendFrom(home, holder, 5 * UNIT);
        arrives(abroadRouter, first);
        arrives(abroadRouter, second);
        uint256 openAt = vm.getBlockTimestamp() + abroad.RETURN_DELAY_SECONDS();
        (address feeToken, uint256 fee) = abroad.quoteSendBack(first);
        assertEq(feeToken, address(0), "in coin");

        vm.deal(holder, 1e18);
        vm.prank(holder);
        bytes32 back = abroad.sendBack{value: 1e18}(first, fee);
        assertEq(holder.balance, 1e18 - fee, "excess is his");
        assertStatus(abroad, first, ICcipAdapter.Status.RETURNED, "tombstone");
        vm.expectPartialRevert(ICcipAdapter.WrongStatus.selector);
        abroad.retry(first);
        arrives(homeRouter, back);
        assertEq(token.balanceOf(trader), before - 5 * UNIT, "paid back");
        assertEq(home.inFlightUnits(address(token)), 5 * UNIT, "one under way");

        vm.startPrank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotReady.selector, openAt, vm.getBlockTimestamp()));
        abroad.sendBack{value: fee}(second, fee);
        skipTime(abroad.RETURN_DELAY_SECONDS(), 2);
        vm.expectRevert(abi.encodeWithSelector(IBridgeAdapter.FeeAboveMaximum.selector, fee, fee - 1));
        abroad.sendBack{value: fee}(second, fee - 1);
        back = abroad.sendBack{value: fee}(second, fee);
        vm.stopPrank();
        arrives(homeRouter, back);
        assertEq(token.balanceOf(trader), before, "both");
        assertBooks(0);
        assertEq(home.book(address(token)).refundedUnits, 8 * UNIT, "refunded");
    }

    /// @dev CCIP-7. What was burned abroad and cannot be released at home is minted again abroad.
    function test_CCIP7_burnedAbroadComesBackAsMinted() public {
        arrives(abroadRouter, sendFrom(home, trader, 10 * UNIT));
        vm.prank(freezer);
        token.freeze(holder);
        bytes32 id = sendFrom(abroad, holder, 10 * UNIT);
        uint256 before = token.balanceOf(trader);
        arrives(homeRouter, id);
        skipTime(home.RETURN_DELAY_SECONDS(), 2);
        vm.prank(attacker);
        bytes32 back = home.sendBack{value: 1e18}(id, ALL);
        // Its first owner has been frozen meanwhile: it waits for him, and goes nowhere else.
        vm.prank(freezer);
        token.freeze(trader);
        arrives(abroadRouter, back);
        assertStatus(abroad, back, ICcipAdapter.Status.CLAIMABLE, "kept");
        skipTime(30 days, 2);
        vm.prank(attacker);
        vm.expectPartialRevert(ICcipAdapter.WrongStatus.selector);
        abroad.sendBack{value: 1e18}(back, ALL);
        vm.prank(freezer);
        token.unfreeze(trader);
        abroad.retry(back);
        assertEq(token.balanceOf(trader), before + 10 * UNIT, "minted again");
        assertBooks(0);
    }

    // Guardian

    /// @dev CCIP-8.
    function test_CCIP8_holdsWhatArrivesAndNothingThatLeaves() public {
        bytes32 before = sendFrom(home, holder, UNIT);
        vm.prank(guardian);
        abroad.pause();
        arrives(abroadRouter, before);
        assertStatus(abroad, before, ICcipAdapter.Status.CLAIMABLE, "kept, not failed");
        vm.expectRevert(ICommonErrors.Paused.selector);
        abroad.retry(before);
        skipTime(24 hours, 2);
        abroad.retry(before);
        // Sending is never held.
        vm.prank(timelock);
        abroad.pause();
        arrives(homeRouter, sendFrom(abroad, holder, UNIT));
    }

    /// @dev CCIP-8.
    function test_CCIP8_whatComesBackIsNeverHeld() public {
        vm.prank(freezer);
        token.freeze(holder);
        uint256 before = token.balanceOf(trader);
        bytes32 first = sendFrom(home, holder, UNIT);
        bytes32 second = sendFrom(home, holder, UNIT);
        arrives(abroadRouter, first);
        arrives(abroadRouter, second);
        vm.startPrank(guardian);
        abroad.pause();
        home.pause();
        vm.stopPrank();
        vm.deal(holder, 1e18);
        vm.startPrank(holder);
        (, uint256 fee) = abroad.quoteSendBack(first);
        bytes32 backFirst = abroad.sendBack{value: fee}(first, fee);
        bytes32 backSecond = abroad.sendBack{value: fee}(second, fee);
        vm.stopPrank();
        arrives(homeRouter, backFirst);
        assertEq(token.balanceOf(trader), before - UNIT, "paid back while home is held");
        // One that could not be paid at once is no exception, and no veto stops it.
        vm.prank(freezer);
        token.freeze(trader);
        arrives(homeRouter, backSecond);
        vm.prank(guardian);
        vm.expectRevert(
            abi.encodeWithSelector(ICcipAdapter.WrongStatus.selector, backSecond, ICcipAdapter.Status.CLAIMABLE)
        );
        home.veto(backSecond, true);
        vm.prank(freezer);
        token.unfreeze(trader);
        home.retry(backSecond);
        assertEq(token.balanceOf(trader), before, "both");
        assertBooks(0);
    }

    /// @dev CCIP-8. Also before it arrives; it is paid to nobody here, and its sender has it back.
    function test_CCIP8_aVetoedTransferIsNotPaidAndGoesBack() public {
        uint256 before = token.balanceOf(trader);
        bytes32 early = sendFrom(home, holder, UNIT);
        bytes32 lifted = sendFrom(home, holder, UNIT);
        vm.prank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        abroad.veto(early, true);
        vm.startPrank(guardian);
        abroad.veto(early, true);
        abroad.veto(lifted, true);
        vm.stopPrank();
        arrives(abroadRouter, early);
        arrives(abroadRouter, lifted);
        assertStatus(abroad, early, ICcipAdapter.Status.VETOED, "kept, not failed");
        assertEq(token.balanceOf(holder), 0, "not paid");
        vm.expectPartialRevert(ICcipAdapter.WrongStatus.selector);
        abroad.retry(early);
        // Arriving a second time changes nothing.
        Client.Any2EVMMessage memory again = _message(early);
        vm.prank(address(abroadRouter));
        vm.expectPartialRevert(ICcipAdapter.WrongStatus.selector);
        abroad.ccipReceive(again);
        vm.deal(holder, 1e18);
        vm.prank(holder);
        arrives(homeRouter, abroad.sendBack{value: 1e18}(early, ALL));
        assertEq(token.balanceOf(trader), before - UNIT, "back at its sender's");

        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, guardian));
        abroad.veto(lifted, false);
        vm.prank(timelock);
        abroad.veto(lifted, false);
        abroad.retry(lifted);
        assertEq(token.balanceOf(holder), UNIT, "paid after all");
        assertBooks(0);
        vm.prank(guardian);
        vm.expectPartialRevert(ICcipAdapter.WrongStatus.selector);
        abroad.veto(lifted, true);
    }

    /// @dev CCIP-7. The other side's word alone brings nothing back, however much is locked.
    function test_CCIP7_onlyWhatWasSentComesBackWholeOnceToItsSender() public {
        bytes32 id = sendFrom(home, holder, 50 * UNIT);
        uint256 before = token.balanceOf(address(home));
        _refusesReturn(attacker, 50 * UNIT, 0);
        _refusesReturn(attacker, 50 * UNIT, id);
        _refusesReturn(trader, 51 * UNIT, id);
        _refusesReturn(trader, 49 * UNIT, id);
        assertEq(token.balanceOf(address(home)), before, "nothing has moved");
        _returns(trader, 50 * UNIT, id, bytes32(uint256(900)));
        assertEq(token.balanceOf(address(home)), before - 50 * UNIT, "what was sent");
        _refusesReturn(trader, 50 * UNIT, id);
        assertEq(home.sentHash(id), bytes32(0), "and forgotten");
    }

    /// @dev CCIP-8. A router that lies moves what the lane's limits let through, and no more than is locked.
    function test_CCIP8_aLyingRouterIsBoundedByBookAndBucket() public {
        bytes32 id = sendFrom(home, holder, 50 * UNIT);
        arrives(abroadRouter, id);
        vm.prank(timelock);
        home.setLimits(address(token), IBridgeLanes.Limits(1e12, 1e6, uint128(20 * UNIT), 1, 1));
        _lie(home, homeRouter, 51 * UNIT, ICcipAdapter.Kind.TRANSFER, bytes32(uint256(1)));
        _lie(home, homeRouter, 21 * UNIT, ICcipAdapter.Kind.TRANSFER, bytes32(uint256(2)));
        for (uint256 i = 1; i < 3; ++i) assertStatus(home, bytes32(i), ICcipAdapter.Status.CLAIMABLE, "kept");
        assertEq(token.balanceOf(attacker), 0, "nothing");
        _lie(home, homeRouter, 20 * UNIT, ICcipAdapter.Kind.TRANSFER, bytes32(uint256(4)));
        assertEq(token.balanceOf(attacker), 20 * UNIT, "the bucket");
    }

    // Hostile tokens

    /// @dev CCIP-9.
    function test_CCIP9_hostileTokensLockAndReleaseExactlyOrNotAtAll() public {
        HostileToken hostile = _hostileLane();
        IBridgeAdapter.Order memory wanted = order(home, holder, 1e18);
        wanted.token = address(hostile);
        uint256 fee = feeOf(home, 1e18);
        vm.startPrank(trader);
        hostile.setMode(HostileToken.Mode.FEE_ON_TRANSFER);
        vm.expectPartialRevert(ICommonErrors.TransferMismatch.selector);
        home.send{value: fee}(wanted);
        hostile.setMode(HostileToken.Mode.RETURNS_FALSE);
        vm.expectPartialRevert(bytes4(keccak256("SafeERC20FailedOperation(address)")));
        home.send{value: fee}(wanted);
        hostile.setMode(HostileToken.Mode.REVERTS);
        vm.expectRevert(HostileToken.Refused.selector);
        home.send{value: fee}(wanted);
        vm.stopPrank();

        HostileToken.Mode[2] memory modes = [HostileToken.Mode.RETURNS_FALSE, HostileToken.Mode.REVERTS];
        for (uint256 i = 0; i < 2; ++i) {
            hostile.setMode(modes[i]);
            _deliverHostile(hostile, bytes32(100 + i));
            assertStatus(home, bytes32(100 + i), ICcipAdapter.Status.CLAIMABLE, "kept");
        }
        assertEq(hostile.balanceOf(address(home)), home.bookUnits(address(hostile)), "the book is what is there");
    }

    /// @dev CCIP-9.
    function test_CCIP9_callbacksReenterNothing() public {
        HostileToken hostile = _hostileLane();
        bytes4 entered = ReentrancyGuard.ReentrancyGuardReentrantCall.selector;
        IBridgeAdapter.Order memory wanted = order(home, attacker, 1e18);
        wanted.token = address(hostile);
        bytes[4] memory calls = [
            abi.encodeCall(home.send, (wanted)),
            abi.encodeCall(home.retry, (bytes32(uint256(200)))),
            abi.encodeCall(home.sendBack, (bytes32(uint256(200)), ALL)),
            abi.encodeCall(home.payOut, (address(hostile), attacker, 1e18, false))
        ];
        for (uint256 i = 0; i < 4; ++i) {
            hostile.setHook(address(home), calls[i]);
            _deliverHostile(hostile, bytes32(300 + i));
            assertFalse(hostile.hookSucceeded(), "refused");
            bytes4 wantedError = i == 3 ? ICommonErrors.NotAuthorized.selector : entered;
            assertEq(bytes32(hostile.hookError()), bytes32(wantedError), "by its name");
            assertStatus(home, bytes32(300 + i), ICcipAdapter.Status.PAID, "paid once");
        }
        assertEq(hostile.balanceOf(address(home)), home.bookUnits(address(hostile)), "the book is what is there");
    }

    // Settings

    /// @dev CCIP-10.
    function test_CCIP10_settings() public {
        ICcipAdapter.Transport memory own = transport(address(abroad));
        vm.prank(attacker);
        vm.expectPartialRevert(bytes4(keccak256("OwnableUnauthorizedAccount(address)")));
        home.setTransport(own);
        vm.startPrank(timelock);
        own.gasLimit = 599_999;
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 599_999, 600_000, 3_000_000));
        home.setTransport(own);
        own.gasLimit = 3_000_001;
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        home.setTransport(own);
        own = transport(address(abroad));
        own.feeToken = attacker;
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        home.setTransport(own);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        deploy("CcipAdapter", abi.encode(attacker, ABROAD_CHAIN, ABROAD_SELECTOR, timelock));
        vm.expectRevert(abi.encodeWithSelector(IBridgeAdapter.UnsupportedChain.selector, HOME_CHAIN));
        deploy("CcipAdapter", abi.encode(address(homeRouter), HOME_CHAIN, ABROAD_SELECTOR, timelock));
        vm.expectRevert(abi.encodeWithSelector(ICcipAdapter.UnknownSelector.selector, 0));
        deploy("CcipAdapter", abi.encode(address(homeRouter), ABROAD_CHAIN, 0, timelock));
        assertEq(home.transport().gasLimit, GAS_LIMIT, "as set");
        assertEq(home.spender(address(token)), address(home), "the allowance goes here");
    }

    // Gas

    /// @dev Cold accounts, without the transaction's own 21,000 and the router's share.
    function test_gas_ccip() public {
        arrives(abroadRouter, sendFrom(home, holder, UNIT));
        IBridgeAdapter.Order memory wanted = order(home, holder, UNIT);
        uint256 fee = feeOf(home, UNIT);
        vm.cool(address(home));
        vm.cool(address(token));
        vm.prank(trader);
        home.send{value: fee}(wanted);
        assertLt(vm.snapshotGasLastCall("send"), 350_000, "send");
        Client.Any2EVMMessage memory message = _message(sendFrom(home, holder, UNIT));
        vm.cool(address(abroad));
        vm.cool(address(token));
        vm.prank(address(abroadRouter));
        abroad.ccipReceive(message);
        assertLt(vm.snapshotGasLastCall("ccipReceive"), 150_000, "ccipReceive");
    }

    // Helpers

    function _refusesClosed(uint256 fee) private {
        IBridgeAdapter.Order memory wanted = order(home, holder, UNIT);
        vm.prank(trader);
        vm.expectRevert(abi.encodeWithSelector(IBridgeAdapter.UnsupportedChain.selector, ABROAD_CHAIN));
        home.send{value: fee}(wanted);
        assertFalse(home.carries(ABROAD_CHAIN, address(token)), "closed");
    }

    /// @dev What the network would deliver abroad for a message from home.
    function _message(bytes32 id) private view returns (Client.Any2EVMMessage memory message) {
        message.messageId = id;
        message.sourceChainSelector = HOME_SELECTOR;
        message.sender = abi.encode(address(home));
        message.data = homeRouter.sentMessage(id).data;
    }

    function _returns(address to, uint256 amountUnits, bytes32 inReplyTo, bytes32 id) private {
        ICcipAdapter.Payload memory payload = ICcipAdapter.Payload(
            1,
            ICcipAdapter.Kind.RETURN,
            address(token),
            attacker,
            to,
            amountUnits,
            0,
            inReplyTo
        );
        _arrive(home, homeRouter, payload, id, GAS_LIMIT);
    }

    function _refusesReturn(address to, uint256 amountUnits, bytes32 inReplyTo) private {
        Client.Any2EVMMessage memory message;
        message.messageId = keccak256(abi.encode(to, amountUnits, inReplyTo));
        message.sourceChainSelector = ABROAD_SELECTOR;
        message.sender = abi.encode(address(abroad));
        message.data = abi.encode(
            ICcipAdapter.Payload(1, ICcipAdapter.Kind.RETURN, address(token), attacker, to, amountUnits, 0, inReplyTo)
        );
        vm.prank(address(homeRouter));
        vm.expectRevert(abi.encodeWithSelector(ICcipAdapter.UnknownReturn.selector, inReplyTo));
        home.ccipReceive(message);
    }

    function _lie(CcipAdapter at, CcipRouter router, uint256 amountUnits, ICcipAdapter.Kind kind, bytes32 id) private {
        _arrive(
            at,
            router,
            ICcipAdapter.Payload(1, kind, address(token), attacker, attacker, amountUnits, 0, 0),
            id,
            GAS_LIMIT
        );
    }

    function _arrive(
        CcipAdapter at,
        CcipRouter router,
        ICcipAdapter.Payload memory payload,
        bytes32 id,
        uint256 gasLimit
    ) private {
        Client.Any2EVMMessage memory message;
        message.messageId = id;
        message.sourceChainSelector = at.remoteSelector();
        message.sender = abi.encode(at.transport().remoteAdapter);
        message.data = abi.encode(payload);
        vm.prank(address(router));
        at.ccipReceive{gas: gasLimit}(message);
    }

    /// @dev A lane at home for a token that may do anything, with 10 of it locked.
    function _hostileLane() private returns (HostileToken hostile) {
        hostile = HostileToken(deploy("HostileToken", abi.encode(18)));
        vm.prank(timelock);
        home.addLane(address(hostile), IBridgeLanes.Mode.LOCK, limitsOf(1e24));
        hostile.mint(trader, 100e18);
        IBridgeAdapter.Order memory wanted = order(home, holder, 10e18);
        wanted.token = address(hostile);
        uint256 fee = feeOf(home, 10e18);
        vm.startPrank(trader);
        hostile.approve(address(home), ALL);
        home.send{value: fee}(wanted);
        vm.stopPrank();
    }

    function _deliverHostile(HostileToken hostile, bytes32 id) private {
        ICcipAdapter.Payload memory payload = ICcipAdapter.Payload(
            1,
            ICcipAdapter.Kind.TRANSFER,
            address(hostile),
            trader,
            holder,
            1e18,
            0,
            0
        );
        _arrive(home, homeRouter, payload, id, GAS_LIMIT);
    }

    function _permit(
        uint256 key,
        address signer,
        uint256 valueUnits
    ) private view returns (IBridgeAdapter.Permit memory permit) {
        bytes32 typehash = keccak256(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
        );
        uint256 deadline = vm.getBlockTimestamp();
        bytes32 digest = keccak256(
            abi.encodePacked(
                hex"1901",
                token.DOMAIN_SEPARATOR(),
                keccak256(abi.encode(typehash, signer, address(home), valueUnits, token.nonces(signer), deadline))
            )
        );
        (permit.valueUnits, permit.deadline) = (valueUnits, deadline);
        (permit.v, permit.r, permit.s) = vm.sign(key, digest);
    }
}
