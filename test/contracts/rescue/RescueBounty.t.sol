// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IRescueAgent} from "../../../contracts/interfaces/IRescueAgent.sol";
import {IRescueBounty} from "../../../contracts/interfaces/IRescueBounty.sol";
import {RescueBase} from "./RescueBase.t.sol";
import {DepositStandIn, HostileAccount} from "./TbtcStandIns.sol";

/// @notice Pledges, rescues, claims and withdrawals.
contract RescueBountyTest is RescueBase {
    function test_constructor_refusesAddressesThatCannotBeRight() public {
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, operator));
        this.create(operator, address(depositToken));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, operator));
        this.create(address(token), operator);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.IdenticalTokens.selector, address(token)));
        this.create(address(token), address(token));
        assertEq(address(escrow.token()), address(token));
        assertEq(address(escrow.depositToken()), address(depositToken));
        assertEq(escrow.NOTICE_SECONDS(), NOTICE);
    }

    function create(address token_, address depositToken_) external {
        deploy("RescueBounty", abi.encode(token_, depositToken_));
    }

    /// @dev To announce, cancel, release or withdraw.
    function _assertNothingLeft(address who) internal {
        (uint256 pledgedWei, uint256 readyAt) = escrow.pledgeOf(address(deposit), who);
        assertEq(pledgedWei + readyAt, 0);
        bytes memory nothing = abi.encodeWithSelector(
            IRescueBounty.PledgeTooSmall.selector,
            address(deposit),
            who,
            0,
            1
        );
        _refuseWithdrawal(who, nothing);
        vm.expectRevert(nothing);
        _announce(who);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NothingPending.selector));
        vm.prank(who);
        escrow.cancelWithdrawal(_one(deposit));
    }

    // --- Pledging ---

    // BOUNTY-1
    function test_BOUNTY1_pledgesOfSeveralOperatorsAddUp() public {
        _pledge(operator, 2 ether);
        _pledge(partner, 1 ether);
        _pledge(operator, 3 ether);
        assertEq(_bounty().openWei, 6 ether);
        assertEq(address(escrow).balance, 6 ether);
        (uint256 pledgedWei, uint256 readyAt) = escrow.pledgeOf(address(deposit), operator);
        assertEq(pledgedWei, 5 ether);
        assertEq(readyAt, 0);
    }

    // BOUNTY-1
    function test_BOUNTY1_pledgesForSeveralDepositsCostTheirSum() public {
        DepositStandIn second = _open();
        IRescueBounty.Pledge[] memory both = new IRescueBounty.Pledge[](2);
        both[0] = IRescueBounty.Pledge(address(deposit), 1 ether);
        both[1] = IRescueBounty.Pledge(address(second), 2 ether);
        for (uint256 valueWei = 2 ether; valueWei <= 4 ether; valueWei += 2 ether) {
            vm.expectRevert(abi.encodeWithSelector(IRescueBounty.ValueMismatch.selector, 3 ether, valueWei));
            vm.prank(operator);
            escrow.pledge{value: valueWei}(both);
        }
        vm.prank(operator);
        escrow.pledge{value: 3 ether}(both);
        assertEq(escrow.bounties(_one(second))[0].openWei, 2 ether);
        assertEq(_bounty().openWei, 1 ether);
    }

    // BOUNTY-1
    function test_BOUNTY1_takesNoEtherOutsideOfPledges() public {
        vm.prank(operator);
        (bool ok, ) = address(escrow).call{value: 1}("");
        assertFalse(ok);
        vm.expectRevert(abi.encodeWithSelector(IRescueBounty.ValueMismatch.selector, 0, 1));
        vm.prank(operator);
        escrow.pledge{value: 1}(new IRescueBounty.Pledge[](0));
    }

    // BOUNTY-6
    function test_BOUNTY6_pledgesOnlyForDepositsOfTheFactoryThatCanBeRescued() public {
        DepositStandIn foreign = new DepositStandIn(token);
        vm.expectRevert(abi.encodeWithSelector(IRescueBounty.UnknownDeposit.selector, address(foreign)));
        vm.prank(operator);
        escrow.pledge{value: 1}(_pledgeOf(foreign, 1));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.ZeroAmount.selector));
        _pledge(operator, 0);
        for (uint256 state = 0; state < 12; ++state) {
            if (state == ACTIVE || state == COURTESY_CALL) continue;
            deposit.set(state);
            vm.expectRevert(abi.encodeWithSelector(IRescueBounty.NotRescuable.selector, address(deposit), state));
            _pledge(operator, 1);
        }
    }

    // BOUNTY-6
    function test_BOUNTY6_callsNothingThatNobodyPledgedFor() public {
        DepositStandIn foreign = new DepositStandIn(token);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IRescueBounty.BountyBelowMinimum.selector, 0, 1));
        escrow.rescue(_order(foreign));
        vm.expectRevert(abi.encodeWithSelector(IRescueBounty.NotRescued.selector, address(foreign)));
        escrow.claim(_one(foreign));
        bytes memory nothing = abi.encodeWithSelector(
            IRescueBounty.PledgeTooSmall.selector,
            address(foreign),
            address(this),
            0,
            1
        );
        vm.expectRevert(nothing);
        escrow.withdraw(_one(foreign));
        vm.expectRevert(nothing);
        escrow.announceWithdrawal(_one(foreign));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NothingPending.selector));
        escrow.cancelWithdrawal(_one(foreign));
    }

    // --- Rescuing and claiming ---

    // BOUNTY-2
    function test_BOUNTY2_paysWhoRedeemedThroughItOnceThePaymentIsProven() public {
        _pledge(operator, 2 ether);
        _pledge(partner, 1 ether);
        _announce(partner);
        deposit.set(COURTESY_CALL);
        address agent = escrow.agentOf(provider);
        vm.expectEmit(address(escrow));
        emit IRescueBounty.Rescued(address(deposit), provider, agent, 3 ether, COST);
        vm.prank(provider);
        (uint256 bountyWei, uint256 costUnits) = escrow.rescue(_order(deposit));
        assertEq(bountyWei, 3 ether);
        assertEq(costUnits, COST);
        assertEq(deposit.redeemer(), agent);
        assertEq(deposit.script(), SCRIPT);
        assertEq(bytes32(deposit.outputValue()), bytes32(OUTPUT));
        assertEq(token.balanceOf(provider), 100e18 - COST);
        assertEq(_bounty().provider, provider);

        for (uint256 state = AWAITING_SIGNATURE; state <= AWAITING_PROOF; ++state) {
            deposit.set(state);
            vm.expectRevert(abi.encodeWithSelector(IRescueBounty.NotRedeemed.selector, address(deposit), state));
            escrow.claim(_one(deposit));
        }
        deposit.set(REDEEMED);
        // Anybody may claim; it is the provider's.
        vm.prank(rival);
        escrow.claim(_one(deposit));
        assertEq(escrow.collectableWei(provider), 3 ether);
        assertEq(escrow.collectableWei(rival), 0);
        vm.expectRevert(abi.encodeWithSelector(IRescueBounty.AlreadyClaimed.selector, address(deposit)));
        escrow.claim(_one(deposit));
        _assertNothingLeft(operator);
        _assertNothingLeft(partner);

        address payable purse = payable(makeAddr("purse"));
        vm.prank(provider);
        escrow.collect(purse);
        assertEq(purse.balance, 3 ether);
        assertEq(address(escrow).balance, 0);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NothingPending.selector));
        vm.prank(provider);
        escrow.collect(purse);
    }

    // BOUNTY-2
    function test_BOUNTY2_claimsNothingTwiceInOneCall() public {
        _pledge(operator, 1 ether);
        _rescue(provider);
        deposit.set(REDEEMED);
        address[] memory twice = new address[](2);
        (twice[0], twice[1]) = (address(deposit), address(deposit));
        vm.expectRevert(abi.encodeWithSelector(IRescueBounty.AlreadyClaimed.selector, address(deposit)));
        escrow.claim(twice);
    }

    // BOUNTY-2
    function test_BOUNTY2_callsAnUnsafeDepositItselfAndLeavesASafeOneAlone() public {
        _pledge(operator, 1 ether);
        deposit.secure(true);
        vm.expectPartialRevert(DepositStandIn.Refused.selector);
        _rescue(provider);
        assertEq(_bounty().provider, address(0));
        deposit.secure(false);
        _rescue(provider);
        assertEq(deposit.currentState(), AWAITING_SIGNATURE);
    }

    // BOUNTY-2
    function test_BOUNTY2_aRedemptionMadeElsewhereEarnsNothingByItself() public {
        _pledge(operator, 1 ether);
        for (uint256 state = AWAITING_SIGNATURE; state <= REDEEMED; ++state) {
            deposit.set(state);
            vm.expectRevert(abi.encodeWithSelector(IRescueBounty.NotRescued.selector, address(deposit)));
            escrow.claim(_one(deposit));
            vm.expectRevert(abi.encodeWithSelector(IRescueBounty.NotRescuable.selector, address(deposit), state));
            _rescue(provider);
        }
    }

    // BOUNTY-2
    function test_BOUNTY2_theFasterOfTwoProvidersIsPaid() public {
        _pledge(operator, 1 ether);
        _rescue(rival);
        vm.expectRevert(
            abi.encodeWithSelector(IRescueBounty.NotRescuable.selector, address(deposit), AWAITING_SIGNATURE)
        );
        _rescue(provider);
        assertEq(_bounty().provider, rival);
        assertEq(token.balanceOf(provider), 100e18);
    }

    // BOUNTY-2
    function test_BOUNTY2_anOperatorMayRescueHimselfAndTakesTheOthersPledges() public {
        _equip(operator);
        _pledge(operator, 1 ether);
        _pledge(partner, 1 ether);
        _rescue(operator);
        deposit.set(REDEEMED);
        escrow.claim(_one(deposit));
        assertEq(escrow.collectableWei(operator), 2 ether);
    }

    // --- What a provider can rely on ---

    // BOUNTY-3
    function test_BOUNTY3_refusesLessBountyMoreCostAndLaterThanTheProviderOrdered() public {
        _pledge(operator, 1 ether);
        IRescueBounty.Order memory order = _order(deposit);
        order.minBountyWei = 1 ether + 1;
        vm.startPrank(provider);
        vm.expectRevert(abi.encodeWithSelector(IRescueBounty.BountyBelowMinimum.selector, 1 ether, 1 ether + 1));
        escrow.rescue(order);
        order.minBountyWei = 1 ether;
        order.maxCostUnits = COST - 1;
        vm.expectRevert(abi.encodeWithSelector(IRescueBounty.CostAboveMaximum.selector, COST, COST - 1));
        escrow.rescue(order);
        order.maxCostUnits = COST;
        order.deadline = vm.getBlockTimestamp() - 1;
        vm.expectRevert(
            abi.encodeWithSelector(ICommonErrors.DeadlineExpired.selector, order.deadline, order.deadline + 1)
        );
        escrow.rescue(order);
        order.deadline += 1;
        escrow.rescue(order);
    }

    // BOUNTY-3
    function test_BOUNTY3_nothingTakesABountyFromARescueThatRuns() public {
        _pledge(operator, 1 ether);
        _announce(operator);
        vm.warp(vm.getBlockTimestamp() + NOTICE);
        _rescue(provider);
        IRescueBounty.Release memory order = _release(1 ether);
        bytes memory signature = _sign("operator", order);
        for (uint256 state = AWAITING_SIGNATURE; state <= REDEEMED; ++state) {
            deposit.set(state);
            _assertEarmarked(operator);
            vm.expectRevert(abi.encodeWithSelector(IRescueBounty.Earmarked.selector, address(deposit), provider));
            escrow.release(order, signature);
        }
        escrow.claim(_one(deposit));
        assertEq(escrow.collectableWei(provider), 1 ether);
    }

    // BOUNTY-3
    function test_BOUNTY3_aRescueThatEndsInALiquidationGivesThePledgesBackAtOnce() public {
        _pledge(operator, 1 ether);
        _pledge(partner, 2 ether);
        _rescue(provider);
        for (uint256 state = 9; state <= LIQUIDATED; ++state) {
            deposit.set(state);
            vm.expectRevert(abi.encodeWithSelector(IRescueBounty.NotRedeemed.selector, address(deposit), state));
            escrow.claim(_one(deposit));
        }
        _withdraw(operator);
        assertEq(escrow.collectableWei(operator), 1 ether);
        assertEq(_bounty().openWei, 2 ether);
        _withdraw(partner);
        assertEq(escrow.collectableWei(partner), 2 ether);
    }

    // --- Withdrawing ---

    // BOUNTY-4
    function test_BOUNTY4_anOperatorWithdrawsHisOwnAfterTheNotice() public {
        _pledge(operator, 1 ether);
        _pledge(partner, 2 ether);
        _refuseWithdrawal(operator, abi.encodeWithSelector(ICommonErrors.NothingPending.selector));
        _announce(operator);
        uint256 readyAt = vm.getBlockTimestamp() + NOTICE;
        assertEq(_bounty().openWei, 3 ether, "still paid");
        assertEq(_bounty().leavingWei, 1 ether, "but not to rely on");
        vm.warp(readyAt - 1);
        _refuseWithdrawal(operator, abi.encodeWithSelector(ICommonErrors.NotReady.selector, readyAt, readyAt - 1));
        vm.warp(readyAt);
        _withdraw(operator);
        assertEq(_bounty().openWei, 2 ether);
        assertEq(_bounty().leavingWei, 0);
        _assertNothingLeft(operator);
        vm.prank(operator);
        assertEq(escrow.collect(payable(operator)), 1 ether);
        assertEq(operator.balance, 100 ether);
    }

    // BOUNTY-4
    function test_BOUNTY4_pledgingAgainOrCancellingTakesTheAnnouncementBack() public {
        _pledge(operator, 1 ether);
        _announce(operator);
        _pledge(operator, 1 ether);
        assertEq(_bounty().leavingWei, 0);
        vm.warp(vm.getBlockTimestamp() + NOTICE);
        _refuseWithdrawal(operator, abi.encodeWithSelector(ICommonErrors.NothingPending.selector));
        _announce(operator);
        assertEq(_bounty().leavingWei, 2 ether);
        vm.startPrank(operator);
        escrow.cancelWithdrawal(_one(deposit));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NothingPending.selector));
        escrow.cancelWithdrawal(_one(deposit));
        vm.stopPrank();
        assertEq(_bounty().leavingWei, 0);
        vm.warp(vm.getBlockTimestamp() + NOTICE);
        _refuseWithdrawal(operator, abi.encodeWithSelector(ICommonErrors.NothingPending.selector));
    }

    // BOUNTY-4
    function test_BOUNTY4_announcingAgainOnlyStartsTheNoticeAnew() public {
        _pledge(operator, 1 ether);
        _announce(operator);
        vm.warp(vm.getBlockTimestamp() + NOTICE - 1);
        _announce(operator);
        assertEq(_bounty().leavingWei, 1 ether);
        (, uint256 readyAt) = escrow.pledgeOf(address(deposit), operator);
        assertEq(readyAt, vm.getBlockTimestamp() + NOTICE);
    }

    // BOUNTY-4
    function test_BOUNTY4_needsNoNoticeWhenNothingIsLeftToRescue() public {
        _pledge(operator, 1 ether);
        uint256 start = vm.snapshotState();
        for (uint256 state = AWAITING_SIGNATURE; state <= LIQUIDATED; ++state) {
            if (state == COURTESY_CALL) continue;
            deposit.set(state);
            _withdraw(operator);
            assertEq(escrow.collectableWei(operator), 1 ether);
            vm.revertToState(start);
            start = vm.snapshotState();
        }
    }

    // BOUNTY-4
    function testFuzz_BOUNTY4_everybodyGetsHisOwnBack(uint96 ownWei, uint96 othersWei, uint32 waitedSeconds) public {
        (uint256 own, uint256 others) = (bound(ownWei, 1, 100 ether), bound(othersWei, 1, 100 ether));
        _pledge(operator, own);
        _pledge(partner, others);
        _announce(operator);
        (, uint256 readyAt) = escrow.pledgeOf(address(deposit), operator);
        vm.warp(vm.getBlockTimestamp() + bound(waitedSeconds, 0, 2 * NOTICE));
        if (vm.getBlockTimestamp() < readyAt) {
            vm.expectPartialRevert(ICommonErrors.NotReady.selector);
            _withdraw(operator);
            return;
        }
        _withdraw(operator);
        assertEq(escrow.collectableWei(operator), own);
        assertEq(_bounty().openWei, others);
        assertEq(address(escrow).balance, own + others);
    }

    // --- Hostile accounts and tokens ---

    // BOUNTY-7
    function test_BOUNTY7_anAccountThatRefusesEtherHoldsUpItself() public {
        HostileAccount hostile = new HostileAccount();
        vm.deal(address(hostile), 1 ether);
        hostile.refuse(true);
        bytes memory pledging = abi.encodeCall(IRescueBounty.pledge, (_pledgeOf(deposit, 1 ether)));
        assertTrue(hostile.call(address(escrow), 1 ether, pledging));
        _pledge(operator, 1 ether);
        deposit.set(LIQUIDATED);
        assertTrue(hostile.call(address(escrow), 0, abi.encodeCall(IRescueBounty.withdraw, (_one(deposit)))));
        bytes memory collecting = abi.encodeCall(IRescueBounty.collect, (payable(address(hostile))));
        assertFalse(hostile.call(address(escrow), 0, collecting));
        _withdraw(operator);
        vm.prank(operator);
        escrow.collect(payable(operator));
        assertEq(escrow.collectableWei(address(hostile)), 1 ether);
        hostile.refuse(false);
        assertTrue(hostile.call(address(escrow), 0, collecting));
        assertEq(address(escrow).balance, 0);
    }

    // BOUNTY-7
    function test_BOUNTY7_anAccountThatCallsBackIsPaidOnce() public {
        HostileAccount hostile = new HostileAccount();
        vm.deal(address(hostile), 1 ether);
        assertTrue(
            hostile.call(address(escrow), 1 ether, abi.encodeCall(IRescueBounty.pledge, (_pledgeOf(deposit, 1 ether))))
        );
        _pledge(operator, 5 ether);
        deposit.set(LIQUIDATED);
        assertTrue(hostile.call(address(escrow), 0, abi.encodeCall(IRescueBounty.withdraw, (_one(deposit)))));
        bytes memory collecting = abi.encodeCall(IRescueBounty.collect, (payable(address(hostile))));
        hostile.callBackWith(collecting);
        assertTrue(hostile.call(address(escrow), 0, collecting));
        assertFalse(hostile.reentered());
        assertEq(address(hostile).balance, 1 ether);
        assertEq(address(escrow).balance, 5 ether);
    }

    // BOUNTY-7
    function test_BOUNTY7_nothingEntersWhileTbtcMoves() public {
        _pledge(operator, 1 ether);
        IRescueBounty.Release memory unsigned;
        bytes[8] memory calls = [
            abi.encodeCall(IRescueBounty.rescue, (_order(deposit))),
            abi.encodeCall(IRescueBounty.claim, (_one(deposit))),
            abi.encodeCall(IRescueBounty.withdraw, (_one(deposit))),
            abi.encodeCall(IRescueBounty.collect, (payable(rival))),
            abi.encodeCall(IRescueBounty.announceWithdrawal, (_one(deposit))),
            abi.encodeCall(IRescueBounty.cancelWithdrawal, (_one(deposit))),
            abi.encodeCall(IRescueBounty.release, (unsigned, "")),
            abi.encodeCall(IRescueBounty.pledge, (new IRescueBounty.Pledge[](0)))
        ];
        uint256 start = vm.snapshotState();
        for (uint256 i = 0; i < calls.length; ++i) {
            token.callBackWith(address(escrow), calls[i]);
            _rescue(provider);
            assertFalse(token.reentered());
            assertEq(token.answer(), abi.encodeWithSignature("ReentrancyGuardReentrantCall()"));
            vm.revertToState(start);
            start = vm.snapshotState();
        }
    }

    // --- Agents ---

    // BOUNTY-8
    function test_BOUNTY8_anAgentObeysItsProviderAloneAndHoldsWhatAFailureGivesBack() public {
        _pledge(operator, 1 ether);
        IRescueAgent agent = IRescueAgent(escrow.agentOf(provider));
        vm.expectEmit(address(escrow));
        emit IRescueBounty.AgentCreated(provider, address(agent));
        _rescue(provider);
        assertEq(agent.provider(), provider);
        deposit.set(LIQUIDATED);
        token.mint(address(agent), COST);
        vm.deal(address(this), 1 ether);
        deposit.compensate{value: 1 ether}();

        bytes memory taking = abi.encodeCall(DepositStandIn.withdrawFunds, ());
        address[3] memory strangers = [rival, operator, address(escrow)];
        for (uint256 i = 0; i < strangers.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, strangers[i]));
            vm.prank(strangers[i]);
            agent.execute(address(deposit), 0, taking);
        }
        vm.startPrank(provider);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, provider));
        agent.redeem(address(deposit), COST, OUTPUT, SCRIPT);
        agent.execute(address(deposit), 0, taking);
        agent.execute(address(token), 0, abi.encodeCall(token.transfer, (provider, COST)));
        agent.execute(rival, 1 ether, "");
        vm.stopPrank();
        assertEq(token.balanceOf(provider), 100e18);
        assertEq(rival.balance, 1 ether);
        vm.expectRevert(abi.encodeWithSelector(DepositStandIn.Refused.selector, LIQUIDATED));
        vm.prank(provider);
        agent.execute(address(deposit), 0, abi.encodeCall(DepositStandIn.notifyCourtesyCall, ()));
    }

    // BOUNTY-8
    function test_BOUNTY8_aProviderKeepsHisAgentAndOthersHaveTheirOwn() public {
        DepositStandIn second = _open();
        DepositStandIn third = _open();
        vm.startPrank(operator);
        escrow.pledge{value: 1}(_pledgeOf(deposit, 1));
        escrow.pledge{value: 1}(_pledgeOf(second, 1));
        escrow.pledge{value: 1}(_pledgeOf(third, 1));
        vm.stopPrank();
        _rescue(provider);
        vm.prank(provider);
        escrow.rescue(_order(second));
        vm.prank(rival);
        escrow.rescue(_order(third));
        assertEq(second.redeemer(), deposit.redeemer());
        assertNotEq(third.redeemer(), deposit.redeemer());
        assertEq(token.balanceOf(deposit.redeemer()), 0, "it spends what it gets");
    }
}
