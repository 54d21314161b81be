// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IRescueBounty} from "../../../contracts/interfaces/IRescueBounty.sol";
import {Base} from "../Base.t.sol";
import {RescueBase} from "./RescueBase.t.sol";
import {DepositStandIn} from "./TbtcStandIns.sol";

/// @notice Everybody at once, on several deposits, with a model beside the escrow that says of every call whether it must be accepted.
contract RescueHandler is RescueBase {
    enum Did {
        PLEDGE,
        ANNOUNCE,
        CANCEL,
        WITHDRAW,
        RESCUE,
        CLAIM,
        RELEASE,
        REPLAY,
        COLLECT,
        REFUSED
    }

    uint256 private constant DEPOSITS = 3;
    uint256 private constant ACTORS = 4;
    uint256 private constant DEADLINE = 30 days;

    DepositStandIn[DEPOSITS] public deposits;
    address[ACTORS] public actors;
    string[ACTORS] private _roles = ["operator", "partner", "provider", "rival"];
    mapping(Did did => uint256) public done;
    string public broken;

    // --- The model ---

    mapping(address deposit => mapping(address operator => uint256)) public pledgedWei;
    mapping(address deposit => mapping(address operator => uint256)) public readyAt;
    mapping(address deposit => address) public rescuedBy;
    mapping(address deposit => bool) public claimed;
    mapping(address account => uint256) public bookedWei;
    /// @notice Ether that came in for a deposit, and that was booked out of it to anybody.
    mapping(address deposit => uint256) public inWei;
    mapping(address deposit => uint256) public outWei;
    uint256 public collectedWei;
    IRescueBounty.Release[] private _released;
    bytes[] private _signatures;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < DEPOSITS; ++i) deposits[i] = _open();
        actors = [operator, partner, provider, rival];
        for (uint256 i = 0; i < ACTORS; ++i) {
            vm.deal(actors[i], 1_000_000 ether);
            _equip(actors[i]);
            token.mint(actors[i], 1e30);
        }
        // Runs are short: they begin where there is something to rescue.
        for (uint256 i = 0; i < DEPOSITS; ++i) {
            pledge(0, i, (i + 1) * 1 ether);
            pledge(1, i, 1 ether);
        }
    }

    // --- Calls ---

    function pledge(uint256 who, uint256 which, uint256 amountWei) public {
        (address actor, DepositStandIn of_) = (_actor(who), _deposit(which));
        amountWei = bound(amountWei, 0, 10 ether);
        bool expected = amountWei > 0 && _rescuable(of_);
        bytes memory data = abi.encodeCall(IRescueBounty.pledge, (_pledgeOf(of_, amountWei)));
        if (!_call(actor, amountWei, data, expected, Did.PLEDGE)) return;
        pledgedWei[address(of_)][actor] += amountWei;
        readyAt[address(of_)][actor] = 0;
        inWei[address(of_)] += amountWei;
    }

    function announce(uint256 who, uint256 which) external {
        (address actor, DepositStandIn of_) = (_actor(who), _deposit(which));
        bytes memory data = abi.encodeCall(IRescueBounty.announceWithdrawal, (_one(of_)));
        bool expected = pledgedWei[address(of_)][actor] > 0;
        if (!_call(actor, 0, data, expected, Did.ANNOUNCE)) return;
        readyAt[address(of_)][actor] = vm.getBlockTimestamp() + NOTICE;
    }

    function cancel(uint256 who, uint256 which) external {
        (address actor, DepositStandIn of_) = (_actor(who), _deposit(which));
        bytes memory data = abi.encodeCall(IRescueBounty.cancelWithdrawal, (_one(of_)));
        if (!_call(actor, 0, data, readyAt[address(of_)][actor] != 0, Did.CANCEL)) return;
        readyAt[address(of_)][actor] = 0;
    }

    function withdraw(uint256 who, uint256 which) external {
        (address actor, DepositStandIn of_) = (_actor(who), _deposit(which));
        uint256 ownWei = pledgedWei[address(of_)][actor];
        uint256 ready = readyAt[address(of_)][actor];
        bool noticed = !_rescuable(of_) || (ready != 0 && vm.getBlockTimestamp() >= ready);
        bool expected = ownWei > 0 && !_earmarked(of_) && noticed;
        if (!_call(actor, 0, abi.encodeCall(IRescueBounty.withdraw, (_one(of_))), expected, Did.WITHDRAW)) return;
        _book(of_, actor, actor, ownWei);
    }

    function rescue(uint256 who, uint256 which, uint256 atLeastWei) external {
        (address actor, DepositStandIn of_) = (_actor(who), _deposit(which));
        uint256 openWei = _openWei(of_);
        IRescueBounty.Order memory order = _order(of_);
        order.minBountyWei = atLeastWei % 4 == 0 ? bound(atLeastWei, 0, 20 ether) : openWei;
        bool isCalled = of_.currentState() == COURTESY_CALL || !of_.isSecure();
        bool expected = openWei > 0 && openWei >= order.minBountyWei && _rescuable(of_) && isCalled;
        if (!_call(actor, 0, abi.encodeCall(IRescueBounty.rescue, (order)), expected, Did.RESCUE)) return;
        rescuedBy[address(of_)] = actor;
    }

    function claim(uint256 who, uint256 which) external {
        (address actor, DepositStandIn of_) = (_actor(who), _deposit(which));
        address rescuer = rescuedBy[address(of_)];
        bool expected = rescuer != address(0) && of_.currentState() == REDEEMED && !claimed[address(of_)];
        if (!_call(actor, 0, abi.encodeCall(IRescueBounty.claim, (_one(of_))), expected, Did.CLAIM)) return;
        claimed[address(of_)] = true;
        for (uint256 i = 0; i < ACTORS; ++i) {
            uint256 partWei = pledgedWei[address(of_)][actors[i]];
            if (partWei > 0) _book(of_, actors[i], rescuer, partWei);
        }
    }

    function release(uint256 from, uint256 to, uint256 which, uint256 amountWei, bool byAnother) external {
        (uint256 signer, address signed, DepositStandIn of_) = (from % ACTORS, _actor(from), _deposit(which));
        uint256 ownWei = pledgedWei[address(of_)][signed];
        amountWei = bound(amountWei, 1, amountWei % 4 == 0 || ownWei == 0 ? 20 ether : ownWei);
        IRescueBounty.Release memory order = IRescueBounty.Release({
            operator: signed,
            deposit: address(of_),
            recipient: _actor(to),
            amountWei: amountWei,
            nonce: _released.length,
            deadline: vm.getBlockTimestamp() + DEADLINE
        });
        bytes memory signature = _sign(_roles[byAnother ? (signer + 1) % ACTORS : signer], order);
        bool expected =
            !byAnother && amountWei <= pledgedWei[address(of_)][signed] && !_earmarked(of_) && !_rescuable(of_);
        if (!_call(_actor(to), 0, abi.encodeCall(IRescueBounty.release, (order, signature)), expected, Did.RELEASE))
            return;
        _book(of_, signed, order.recipient, amountWei);
        _released.push(order);
        _signatures.push(signature);
    }

    function replayRelease(uint256 which) external {
        if (_released.length == 0) return;
        uint256 index = which % _released.length;
        bytes memory data = abi.encodeCall(IRescueBounty.release, (_released[index], _signatures[index]));
        _call(_actor(which), 0, data, false, Did.REPLAY);
        ++done[Did.REPLAY];
    }

    function collect(uint256 who) external {
        address actor = _actor(who);
        bytes memory data = abi.encodeCall(IRescueBounty.collect, (payable(actor)));
        uint256 before = actor.balance;
        uint256 ownWei = bookedWei[actor];
        if (!_call(actor, 0, data, ownWei > 0, Did.COLLECT)) return;
        if (actor.balance - before != ownWei) broken = "collected another amount";
        bookedWei[actor] = 0;
        collectedWei += ownWei;
    }

    // --- What tBTC does by itself ---

    /// @dev Along the arrows of the real states; a redemption is made here by somebody who does not go through the escrow.
    function proceed(uint256 which, uint256 how) external {
        DepositStandIn of_ = _deposit(which);
        of_.set(_after(of_.currentState(), how % 4));
        of_.secure(how % 4 == 3);
    }

    function _after(uint256 state, uint256 how) private pure returns (uint256) {
        if (state == ACTIVE) return how == 0 ? AWAITING_SIGNATURE : COURTESY_CALL;
        if (state == COURTESY_CALL && how < 2) return how == 0 ? AWAITING_SIGNATURE : LIQUIDATING;
        if (state == COURTESY_CALL) return ACTIVE;
        if (state == AWAITING_SIGNATURE && how == 1) return AWAITING_PROOF;
        if (state == AWAITING_PROOF && how == 1) return AWAITING_SIGNATURE;
        if (state == AWAITING_SIGNATURE || state == AWAITING_PROOF) return how == 0 ? LIQUIDATING : REDEEMED;
        return state == LIQUIDATING ? LIQUIDATED : state;
    }

    /// @dev Nobody asks for a deposit any more that has ended: there is a fresh one in its place when nothing is open for it.
    function replace(uint256 which) external {
        uint256 index = which % DEPOSITS;
        DepositStandIn of_ = deposits[index];
        if (_openWei(of_) == 0 && (of_.currentState() == REDEEMED || of_.currentState() == LIQUIDATED)) {
            deposits[index] = _open();
        }
    }

    function pass(uint256 elapsedSeconds) external {
        skipTime(bound(elapsedSeconds, 1, NOTICE), 12);
    }

    // --- Checks ---

    function checkBalance() external view {
        uint256 owedWei = 0;
        for (uint256 i = 0; i < DEPOSITS; ++i) owedWei += escrow.bounties(_one(deposits[i]))[0].openWei;
        for (uint256 i = 0; i < ACTORS; ++i) {
            assertEq(escrow.collectableWei(actors[i]), bookedWei[actors[i]], "booked as the model says");
            owedWei += escrow.collectableWei(actors[i]);
        }
        assertEq(address(escrow).balance, owedWei, "holds what it owes");
    }

    function checkDeposits() external view {
        for (uint256 i = 0; i < DEPOSITS; ++i) {
            DepositStandIn of_ = deposits[i];
            IRescueBounty.Bounty memory bounty = escrow.bounties(_one(of_))[0];
            assertEq(bounty.openWei, _openWei(of_), "open is the sum of the pledges");
            assertEq(bounty.leavingWei, _leaving(of_), "leaving is what is announced");
            assertEq(bounty.provider, rescuedBy[address(of_)], "the provider is who rescued");
            assertEq(inWei[address(of_)], outWei[address(of_)] + bounty.openWei, "nothing twice, nothing lost");
        }
    }

    // --- Internal ---

    /// @dev Calls, compares the outcome with what the model expects, and says whether it went through.
    function _call(
        address actor,
        uint256 valueWei,
        bytes memory data,
        bool expected,
        Did did
    ) private returns (bool ok) {
        vm.prank(actor);
        (ok, ) = address(escrow).call{value: valueWei}(data);
        if (ok != expected) broken = string.concat(ok ? "accepted " : "refused ", vm.toString(uint256(did)));
        ++done[ok ? did : Did.REFUSED];
    }

    function _book(DepositStandIn of_, address from, address to, uint256 amountWei) private {
        pledgedWei[address(of_)][from] -= amountWei;
        if (pledgedWei[address(of_)][from] == 0) readyAt[address(of_)][from] = 0;
        bookedWei[to] += amountWei;
        outWei[address(of_)] += amountWei;
    }

    function _actor(uint256 who) private view returns (address) {
        return actors[who % ACTORS];
    }

    function _deposit(uint256 which) private view returns (DepositStandIn) {
        return deposits[which % DEPOSITS];
    }

    function _rescuable(DepositStandIn of_) private view returns (bool) {
        uint256 state = of_.currentState();
        return state == ACTIVE || state == COURTESY_CALL;
    }

    function _earmarked(DepositStandIn of_) private view returns (bool) {
        return rescuedBy[address(of_)] != address(0) && of_.currentState() < 9;
    }

    function _openWei(DepositStandIn of_) private view returns (uint256 sumWei) {
        for (uint256 i = 0; i < ACTORS; ++i) sumWei += pledgedWei[address(of_)][actors[i]];
    }

    function _leaving(DepositStandIn of_) private view returns (uint256 sumWei) {
        for (uint256 i = 0; i < ACTORS; ++i) {
            if (readyAt[address(of_)][actors[i]] != 0) sumWei += pledgedWei[address(of_)][actors[i]];
        }
    }
}

/// @dev What no call may do is noted where it is done; the handler's model decides for each call whether it must go through.
contract RescueBountyInvariantTest is Base {
    RescueHandler internal handler;
    bytes4[] internal selectors;

    function setUp() public {
        handler = new RescueHandler();
        handler.setUp();
        // Named more than once = called more often.
        _weigh(RescueHandler.pledge.selector, 2);
        _weigh(RescueHandler.announce.selector, 2);
        _weigh(RescueHandler.cancel.selector, 1);
        _weigh(RescueHandler.withdraw.selector, 3);
        _weigh(RescueHandler.rescue.selector, 4);
        _weigh(RescueHandler.claim.selector, 3);
        _weigh(RescueHandler.release.selector, 2);
        _weigh(RescueHandler.replayRelease.selector, 1);
        _weigh(RescueHandler.collect.selector, 2);
        _weigh(RescueHandler.proceed.selector, 4);
        _weigh(RescueHandler.replace.selector, 1);
        _weigh(RescueHandler.pass.selector, 2);
        targetContract(address(handler));
        targetSender(makeAddr("anyone"));
        targetSelector(address(handler), selectors);
    }

    function _weigh(bytes4 selector, uint256 weight) private {
        for (uint256 i = 0; i < weight; ++i) selectors.push(selector);
    }

    function _check() private view {
        handler.checkBalance();
        handler.checkDeposits();
        assertEq(handler.broken(), "", "the model expected another answer");
    }

    // BOUNTY-1
    function invariant_BOUNTY1_holdsWhatItOwesAndPaysNothingTwice() public view {
        _check();
    }

    /// @dev BOUNTY-1, by a walk past every kind of call, so that a run in which nothing happens cannot pass for a proof.
    function test_BOUNTY1_everyKindOfCallGoesThroughInTheModel() public {
        handler.pledge(0, 0, 2 ether);
        handler.pledge(1, 0, 1 ether);
        handler.pledge(0, 1, 3 ether);
        handler.pledge(1, 2, 1 ether);
        handler.announce(0, 0);
        handler.cancel(0, 0);
        handler.announce(0, 1);
        handler.withdraw(0, 1);
        handler.pass(1 days);
        handler.withdraw(0, 1);
        handler.rescue(2, 0, 3 ether);
        handler.claim(3, 0);
        handler.withdraw(0, 0);
        handler.release(0, 3, 0, 1 ether, false);
        handler.proceed(0, 2);
        handler.withdraw(1, 0);
        handler.claim(3, 0);
        handler.claim(3, 0);
        handler.withdraw(0, 0);
        handler.announce(0, 0);
        handler.release(0, 3, 0, 1 ether, false);
        handler.proceed(2, 0);
        handler.release(1, 3, 2, 1 ether, true);
        handler.release(1, 3, 2, 0.5 ether, false);
        handler.replayRelease(0);
        for (uint256 i = 0; i < 4; ++i) handler.collect(i);
        handler.replace(0);
        _check();
        RescueHandler.Did[10] memory all = [
            RescueHandler.Did.PLEDGE,
            RescueHandler.Did.ANNOUNCE,
            RescueHandler.Did.CANCEL,
            RescueHandler.Did.WITHDRAW,
            RescueHandler.Did.RESCUE,
            RescueHandler.Did.CLAIM,
            RescueHandler.Did.RELEASE,
            RescueHandler.Did.REPLAY,
            RescueHandler.Did.COLLECT,
            RescueHandler.Did.REFUSED
        ];
        for (uint256 i = 0; i < all.length; ++i) assertGt(handler.done(all[i]), 0, vm.toString(i));
        assertEq(handler.collectedWei(), 5 ether + 5 ether + 0.5 ether, "claimed, withdrawn, released");
    }
}
