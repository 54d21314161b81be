// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IRescueBounty} from "../../../contracts/interfaces/IRescueBounty.sol";
import {RescueBounty} from "../../../contracts/rescue/RescueBounty.sol";
import {RescueBase} from "./RescueBase.t.sol";
import {SigningWallet} from "./TbtcStandIns.sol";

/// @notice Bounties released by their operator's signature.
contract ReleaseTest is RescueBase {
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant RELEASE_TYPEHASH = keccak256(
        "Release(address operator,address deposit,address recipient,uint256 amountWei,uint256 nonce,uint256 deadline)"
    );

    function setUp() public override {
        super.setUp();
        _pledge(operator, 3 ether);
        _pledge(partner, 1 ether);
        // Redeemed, and not through here.
        deposit.set(AWAITING_SIGNATURE);
    }

    function _refuse(IRescueBounty.Release memory order, bytes memory signature, bytes memory reason) internal {
        vm.expectRevert(reason);
        escrow.release(order, signature);
    }

    function _bad() internal view returns (bytes memory) {
        return abi.encodeWithSelector(IRescueBounty.BadSignature.selector, operator);
    }

    // BOUNTY-5
    function test_BOUNTY5_bookedOnceToWhomTheOperatorNamed() public {
        IRescueBounty.Release memory order = _release(1 ether);
        bytes memory signature = _sign("operator", order);
        vm.prank(rival);
        escrow.release(order, signature);
        assertEq(escrow.collectableWei(provider), 1 ether);
        assertEq(_bounty().openWei, 3 ether);
        (uint256 leftWei, ) = escrow.pledgeOf(address(deposit), operator);
        assertEq(leftWei, 2 ether);
        bytes32 digest = escrow.releaseDigest(order);
        assertTrue(escrow.isReleaseUsed(digest));
        _refuse(order, signature, abi.encodeWithSelector(IRescueBounty.ReleaseUsed.selector, digest));

        order.nonce = 2;
        escrow.release(order, _sign("operator", order));
        assertEq(escrow.collectableWei(provider), 2 ether, "another one, of the same amount");
        _withdraw(operator);
        assertEq(escrow.collectableWei(operator), 1 ether);
        assertEq(_bounty().openWei, 1 ether, "the partner's");
    }

    // BOUNTY-5
    function test_BOUNTY5_leavesNothingAnnouncedThatIsGone() public {
        _announce(operator);
        assertEq(_bounty().leavingWei, 3 ether);
        IRescueBounty.Release memory order = _release(1 ether);
        escrow.release(order, _sign("operator", order));
        assertEq(_bounty().leavingWei, 2 ether);
        order.amountWei = 2 ether;
        escrow.release(order, _sign("operator", order));
        assertEq(_bounty().leavingWei, 0);
        (, uint256 readyAt) = escrow.pledgeOf(address(deposit), operator);
        assertEq(readyAt, 0);
    }

    // BOUNTY-5
    function test_BOUNTY5_theDigestIsThatOfTheStandard() public view {
        IRescueBounty.Release memory order = _release(1 ether);
        bytes32 domain = keccak256(
            abi.encode(
                DOMAIN_TYPEHASH,
                keccak256("Cantilever RescueBounty"),
                keccak256("1"),
                block.chainid,
                address(escrow)
            )
        );
        bytes32 structHash = keccak256(
            abi.encode(
                RELEASE_TYPEHASH,
                order.operator,
                order.deposit,
                order.recipient,
                order.amountWei,
                order.nonce,
                order.deadline
            )
        );
        assertEq(escrow.releaseDigest(order), keccak256(abi.encodePacked(hex"1901", domain, structHash)));
    }

    // BOUNTY-5
    function test_BOUNTY5_refusesAnotherSignerChainContractOrOrder() public {
        IRescueBounty.Release memory order = _release(1 ether);
        _refuse(order, _sign("partner", order), _bad());
        _refuse(order, "", _bad());
        bytes memory signature = _sign("operator", order);

        RescueBounty other = RescueBounty(deploy("RescueBounty", abi.encode(token, depositToken)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf("operator"), other.releaseDigest(order));
        _refuse(order, abi.encodePacked(r, s, v), _bad());
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        _refuse(order, signature, _bad());
        vm.chainId(here);
        // A new recipient, nonce or deadline is an order that nobody signed.
        order.recipient = rival;
        _refuse(order, signature, _bad());
        order.recipient = provider;
        order.amountWei += 1;
        _refuse(order, signature, _bad());
        order.amountWei -= 1;
        order.nonce += 1;
        _refuse(order, signature, _bad());
        order.nonce -= 1;
        order.deadline += 1;
        _refuse(order, signature, _bad());
        order.deadline -= 1;
        escrow.release(order, signature);
    }

    // BOUNTY-5
    function test_BOUNTY5_refusesTheOtherFormOfASignature() public {
        IRescueBounty.Release memory order = _release(1 ether);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf("operator"), escrow.releaseDigest(order));
        uint256 curveOrder = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        bytes memory other = abi.encodePacked(r, bytes32(curveOrder - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        _refuse(order, other, _bad());
    }

    // BOUNTY-5
    function test_BOUNTY5_expiresAndPaysNoMoreThanWasPledged() public {
        IRescueBounty.Release memory order = _release(3 ether + 1);
        _refuse(
            order,
            _sign("operator", order),
            abi.encodeWithSelector(
                IRescueBounty.PledgeTooSmall.selector,
                address(deposit),
                operator,
                3 ether,
                3 ether + 1
            )
        );
        order.amountWei = 0;
        _refuse(order, _sign("operator", order), abi.encodeWithSelector(ICommonErrors.ZeroAmount.selector));
        order.amountWei = 3 ether;
        order.recipient = address(0);
        _refuse(order, _sign("operator", order), abi.encodeWithSelector(ICommonErrors.ZeroAddress.selector));
        order.recipient = provider;
        bytes memory signature = _sign("operator", order);
        vm.warp(order.deadline + 1);
        _refuse(
            order,
            signature,
            abi.encodeWithSelector(ICommonErrors.DeadlineExpired.selector, order.deadline, order.deadline + 1)
        );
        vm.warp(order.deadline);
        escrow.release(order, signature);
    }

    // BOUNTY-5
    function test_BOUNTY5_doesNotGoRoundTheNotice() public {
        IRescueBounty.Release memory order = _release(1 ether);
        order.recipient = operator;
        bytes memory signature = _sign("operator", order);
        for (uint256 state = ACTIVE; state <= COURTESY_CALL; state += COURTESY_CALL - ACTIVE) {
            deposit.set(state);
            _refuse(
                order,
                signature,
                abi.encodeWithSelector(IRescueBounty.StillRescuable.selector, address(deposit), state)
            );
        }
    }

    // BOUNTY-5
    function test_BOUNTY5_anOperatorMayThankAProviderWhoseRescueWasLiquidated() public {
        deposit.set(COURTESY_CALL);
        _rescue(provider);
        deposit.set(LIQUIDATING);
        IRescueBounty.Release memory order = _release(3 ether);
        escrow.release(order, _sign("operator", order));
        assertEq(escrow.collectableWei(provider), 3 ether);
    }

    // BOUNTY-5
    function test_BOUNTY5_aContractSignsByItsOwnRule() public {
        SigningWallet wallet = new SigningWallet(vm.addr(keyOf("operator")));
        vm.deal(address(wallet), 1 ether);
        deposit.set(ACTIVE);
        wallet.act(address(escrow), 1 ether, abi.encodeCall(IRescueBounty.pledge, (_pledgeOf(deposit, 1 ether))));
        deposit.set(REDEEMED);
        IRescueBounty.Release memory order = _release(1 ether);
        order.operator = address(wallet);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf("partner"), escrow.releaseDigest(order));
        _refuse(
            order,
            abi.encode(r, s, v),
            abi.encodeWithSelector(IRescueBounty.BadSignature.selector, address(wallet))
        );
        (v, r, s) = vm.sign(keyOf("operator"), escrow.releaseDigest(order));
        escrow.release(order, abi.encode(r, s, v));
        assertEq(escrow.collectableWei(provider), 1 ether);
    }

    // BOUNTY-5
    function testFuzz_BOUNTY5_noOtherKeySigns(uint256 key, uint96 amountWei) public {
        key = bound(key, 1, type(uint128).max);
        IRescueBounty.Release memory order = _release(bound(amountWei, 1, 3 ether));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, escrow.releaseDigest(order));
        _refuse(order, abi.encodePacked(r, s, v), _bad());
    }
}
