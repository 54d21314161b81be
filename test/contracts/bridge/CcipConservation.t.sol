// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {CcipAdapter} from "../../../contracts/bridge/CcipAdapter.sol";
import {IBridgeAdapter} from "../../../contracts/interfaces/IBridgeAdapter.sol";
import {IBridgeLanes} from "../../../contracts/interfaces/IBridgeLanes.sol";
import {Client} from "../../../contracts/interfaces/ICcip.sol";
import {ICcipAdapter} from "../../../contracts/interfaces/ICcipAdapter.sol";
import {CcipRouter} from "../../../contracts/mocks/CcipRouter.sol";
import {CcipBase} from "./CcipBase.t.sol";

// solhint-disable check-send-result, multiple-sends
/// @dev Lanes whose buckets are soon empty, in both directions and for what comes back.
contract CcipConservationTest is CcipBase {
    struct Leg {
        CcipAdapter from;
        bytes32 id;
        uint256 amountUnits;
    }

    Leg[] private _legs;

    function _capacity() internal pure override returns (uint256) {
        return START / 8;
    }

    /// @dev CCIP-1. Any order of sends, executions, failures, retries, returns, replays and freezes.
    function testFuzz_CCIP1_conservation(uint256 seed) public {
        address[3] memory recipients = [holder, attacker, makeAddr("another holder")];
        for (uint256 step = 0; step < 40; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 dice = seed % 16;
            address who = recipients[(seed >> 8) % 3];
            if (dice < 4) _tryLeg(home, who, bound(seed >> 16, UNIT, START / 10));
            else if (dice < 6) _tryLeg(abroad, who, bound(seed >> 16, UNIT, START / 20));
            else if (dice < 11) _touch(seed >> 16);
            else if (dice == 11) _freeze(who, (seed >> 16) % 2 == 0);
            else if (dice == 12) skipTime((seed >> 16) % 2 days, 2);
            else if (dice == 13) _hold((seed >> 16) % 2 == 0);
            else _forge(seed >> 16);
            assertBooks(_open());
        }
        // Everything comes to an end: what is not paid here is paid back there.
        skipTime(2 days, 2);
        for (uint256 i = 0; i < 3; ++i) _freeze(recipients[i], false);
        for (uint256 round = 0; round < 12 && _open() > 0; ++round) {
            for (uint256 i = 0; i < _legs.length; ++i) _touch(i);
            skipTime(1 days, 2);
        }
        assertEq(_open(), 0, "CCIP-1: nothing is lost under way");
        assertBooks(0);
    }

    /// @dev CCIP-8, BRIDGE-4. A remote side that says of everything it paid that it could not: one bucket comes back at once, the rest is
    /// kept, and comes by time alone, whatever the guardian does and the owner sets.
    function test_CCIP8_whatComesBackInBulkPassesItsBucket() public {
        uint256 amount = _capacity();
        bytes32[3] memory ids;
        for (uint256 i = 0; i < 3; ++i) {
            ids[i] = sendFrom(home, holder, amount);
            arrives(abroadRouter, ids[i]);
            skipTime(2 days, 2);
        }
        uint256 before = token.balanceOf(trader);
        for (uint256 i = 0; i < 3; ++i) _return(ids[i], bytes32(i + 1), amount);
        assertEq(token.balanceOf(trader) - before, amount, "one bucket");
        for (uint256 i = 1; i < 3; ++i) assertStatus(home, bytes32(i + 1), ICcipAdapter.Status.CLAIMABLE, "kept");
        vm.prank(guardian);
        home.pause();
        vm.prank(timelock);
        home.setLimits(address(token), IBridgeLanes.Limits(0, 0, 0, 0, 1));
        vm.expectRevert(
            abi.encodeWithSelector(
                ICcipAdapter.NotPayable.selector,
                bytes32(uint256(2)),
                abi.encodeWithSelector(IBridgeLanes.RefundLimit.selector, address(token), amount, 0)
            )
        );
        home.retry(bytes32(uint256(2)));
        skipTime(amount / UNIT, 2);
        vm.prank(attacker);
        home.retry(bytes32(uint256(2)));
        skipTime(amount / UNIT, 2);
        home.retry(bytes32(uint256(3)));
        assertEq(token.balanceOf(trader) - before, 3 * amount, "all of it");
    }

    // Helpers

    function _return(bytes32 inReplyTo, bytes32 id, uint256 amountUnits) private {
        Client.Any2EVMMessage memory message;
        message.messageId = id;
        message.sourceChainSelector = ABROAD_SELECTOR;
        message.sender = abi.encode(address(abroad));
        message.data = abi.encode(
            ICcipAdapter.Payload(1, ICcipAdapter.Kind.RETURN, address(token), holder, trader, amountUnits, 0, inReplyTo)
        );
        vm.prank(address(homeRouter));
        home.ccipReceive(message);
    }

    // The fuzz's moves

    function _tryLeg(CcipAdapter from, address to, uint256 amountUnits) private {
        IBridgeAdapter.Order memory wanted = order(from, to, amountUnits);
        uint256 fee = feeOf(from, amountUnits);
        vm.prank(trader);
        try from.send{value: fee}(wanted) returns (bytes32 id) {
            _legs.push(Leg(from, id, amountUnits));
        } catch {}
    }

    /// @dev Brings one leg forward: executes, retries, or sends back. Touching one that has arrived must change nothing.
    function _touch(uint256 choice) private {
        if (_legs.length == 0) return;
        Leg memory leg = _legs[choice % _legs.length];
        (CcipAdapter to, CcipRouter at, CcipRouter source) = address(leg.from) == address(home)
            ? (abroad, abroadRouter, homeRouter)
            : (home, homeRouter, abroadRouter);
        ICcipAdapter.Status status = to.statusOf(leg.id);
        if (status == ICcipAdapter.Status.NONE) {
            arrives(at, leg.id);
            return;
        }
        try at.execute(source, leg.id) {
            assertTrue(false, "CCIP-5: executed twice");
        } catch {}
        ICcipAdapter.Claim memory claim = to.claimOf(leg.id);
        try to.retry(leg.id) {
            assertEq(uint256(status), uint256(ICcipAdapter.Status.CLAIMABLE), "CCIP-6: only claims are paid");
            return;
        } catch {}
        if (status == ICcipAdapter.Status.CLAIMABLE && claim.kind == ICcipAdapter.Kind.RETURN) {
            // Who sent it is never frozen here, and returns are not held.
            assertGt(claim.amountUnits, to.refundAvailable(address(token)), "CCIP-7: only its bucket delays a return");
        }
        vm.prank(attacker);
        try to.sendBack{value: 1e17}(leg.id, ALL) returns (bytes32 back) {
            assertEq(uint256(status), uint256(ICcipAdapter.Status.CLAIMABLE), "CCIP-7: only claims come back");
            assertEq(uint256(claim.kind), uint256(ICcipAdapter.Kind.TRANSFER), "CCIP-7: once");
            _legs.push(Leg(to, back, leg.amountUnits));
        } catch {}
    }

    function _freeze(address account, bool frozen) private {
        vm.prank(freezer);
        if (frozen) token.freeze(account);
        else token.unfreeze(account);
    }

    function _hold(bool atHome) private {
        vm.prank(guardian);
        try (atHome ? home : abroad).pause() {} catch {}
    }

    /// @dev A stranger's message, or one that arrived already, at the router's door.
    function _forge(uint256 choice) private {
        if (_legs.length == 0) return;
        Leg memory leg = _legs[choice % _legs.length];
        bool toAbroad = address(leg.from) == address(home);
        CcipAdapter to = toAbroad ? abroad : home;
        Client.Any2EVMMessage memory message;
        bool replay = (choice >> 128) % 2 == 0 && to.statusOf(leg.id) != ICcipAdapter.Status.NONE;
        message.messageId = replay ? leg.id : bytes32(choice);
        message.sourceChainSelector = to.remoteSelector();
        message.sender = abi.encode(replay ? address(leg.from) : attacker);
        message.data = (toAbroad ? homeRouter : abroadRouter).sentMessage(leg.id).data;
        vm.prank(address(toAbroad ? abroadRouter : homeRouter));
        try to.ccipReceive(message) {
            assertTrue(false, "CCIP-4, CCIP-5: taken");
        } catch {}
    }

    /// @dev What is neither paid nor on its way back under another id.
    function _open() private view returns (uint256 sum) {
        for (uint256 i = 0; i < _legs.length; ++i) {
            ICcipAdapter.Status status = (address(_legs[i].from) == address(home) ? abroad : home).statusOf(
                _legs[i].id
            );
            if (status == ICcipAdapter.Status.NONE || status == ICcipAdapter.Status.CLAIMABLE)
                sum += _legs[i].amountUnits;
        }
    }
}
