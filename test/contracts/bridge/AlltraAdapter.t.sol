// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {AlltraAdapter} from "../../../contracts/bridge/AlltraAdapter.sol";
import {IBridgeAdapter} from "../../../contracts/interfaces/IBridgeAdapter.sol";
import {IBridgeLanes} from "../../../contracts/interfaces/IBridgeLanes.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IM1Token} from "../../../contracts/interfaces/IM1Token.sol";
import {BridgeBase} from "./BridgeBase.t.sol";

/// @notice One call for users: fee, quote, deadline, permit.
contract AlltraAdapterTest is BridgeBase {
    bytes32 private constant PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    function setUp() public override {
        super.setUp();
        vm.chainId(HOME);
    }

    function _allow(uint256 amountUnits) private {
        vm.prank(trader);
        token.approve(address(home), amountUnits);
    }

    function _refuse(IBridgeAdapter.Order memory order, bytes memory reason) private {
        vm.prank(trader);
        vm.expectRevert(reason);
        homeAdapter.send(order);
    }

    function _permit(uint256 value, uint256 deadline) private view returns (IBridgeAdapter.Permit memory) {
        bytes32 structHash = keccak256(
            abi.encode(PERMIT_TYPEHASH, trader, address(home), value, token.nonces(trader), deadline)
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(
            keyOf("trader"),
            keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), structHash))
        );
        return IBridgeAdapter.Permit(value, deadline, v, r, s);
    }

    // --- Fees ---

    function test_BRIDGE10_feeIsTheLargerOfMinimumAndShareRoundedUp() public view {
        // 5 bps of 200 tokens is a tenth, the minimum.
        assertEq(_fee(1), unit / 10, "minimum");
        assertEq(_fee(200 * unit), unit / 10, "both");
        assertEq(_fee(200 * unit + 1), unit / 10 + 1, "rounded up");
        assertEq(_fee(400 * unit), unit / 5, "share");
    }

    function _fee(uint256 amountUnits) private view returns (uint256) {
        IBridgeAdapter.Quote memory quote = homeAdapter.quote(ABROAD, address(token), amountUnits);
        assertEq(quote.feeToken, address(token), "in the token itself");
        return quote.feeUnits;
    }

    /// @dev What is quoted is what is taken: amount and fee leave the caller, and nobody else.
    // BRIDGE-10
    function testFuzz_BRIDGE10_takesExactlyWhatIsQuotedFromItsCallerOnly(uint256 amountUnits) public {
        amountUnits = bound(amountUnits, unit, 1_000_000 * unit);
        uint256 feeUnits = _fee(amountUnits);
        assertGe(feeUnits * 10_000, amountUnits * FEE_BPS, "never below the share");
        _allow(amountUnits + feeUnits);
        _issue(keeper, 1_000 * unit);
        vm.prank(keeper);
        token.approve(address(home), type(uint256).max);
        uint256 before = token.balanceOf(trader);
        IBridgeAdapter.Order memory order = _order(HOME, recipient, amountUnits);
        order.maxFeeUnits = feeUnits;
        vm.expectEmit(false, true, true, true, address(homeAdapter));
        emit IBridgeAdapter.OrderSent(
            0,
            trader,
            ABROAD,
            address(token),
            recipient,
            amountUnits,
            address(token),
            feeUnits
        );
        vm.prank(trader);
        homeAdapter.send(order);
        assertEq(before - token.balanceOf(trader), amountUnits + feeUnits, "from the caller");
        assertEq(token.balanceOf(treasury), feeUnits, "to the treasury");
        assertEq(token.balanceOf(address(home)), amountUnits, "to the bridge");
        assertEq(token.balanceOf(keeper), 1_000 * unit, "whoever else has allowed it");
        assertEq(token.balanceOf(address(homeAdapter)), 0, "nothing stays here");
    }

    function test_BRIDGE10_refusesAFeeAboveTheCallersMaximum() public {
        _allow(type(uint256).max);
        IBridgeAdapter.Order memory order = _order(HOME, recipient, 1_000 * unit);
        order.maxFeeUnits = unit / 2 - 1;
        _refuse(order, abi.encodeWithSelector(IBridgeAdapter.FeeAboveMaximum.selector, unit / 2, unit / 2 - 1));
    }

    // BRIDGE-10
    function test_BRIDGE10_ceilingsHoldTheOwner() public {
        AlltraAdapter.Terms memory terms = _terms();
        terms.feeBps = 51;
        _refuseTerms(terms, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 51, 0, 50));
        terms = _terms();
        terms.minimumUnits = uint64(unit + 1);
        _refuseTerms(terms, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, unit + 1, 0, unit));
        terms = _terms();
        terms.lifetimeSeconds = 2 days - 1;
        _refuseTerms(terms, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 2 days - 1, 2 days, 7 days));
        terms.lifetimeSeconds = 7 days + 1;
        _refuseTerms(terms, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 7 days + 1, 2 days, 7 days));
        terms = _terms();
        terms.treasury = address(0);
        _refuseTerms(terms, abi.encodeWithSelector(ICommonErrors.ZeroAddress.selector));

        terms.treasury = address(home);
        _refuseTerms(terms, abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(home)));

        AlltraAdapter.AdapterParams memory params = AlltraAdapter.AdapterParams(address(home), timelock, 101, 1e18);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 101, 0, 100));
        deploy("AlltraAdapter", abi.encode(params));
        params.bridge = attacker;
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        deploy("AlltraAdapter", abi.encode(params));
    }

    function _refuseTerms(AlltraAdapter.Terms memory terms, bytes memory reason) private {
        vm.prank(timelock);
        vm.expectRevert(reason);
        homeAdapter.setTerms(address(token), terms);
    }

    function test_BRIDGE10_onlyTheOwnerSetsTerms() public {
        bytes memory reason = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, attacker);
        vm.startPrank(attacker);
        vm.expectRevert(reason);
        homeAdapter.setTerms(address(token), _terms());
        vm.expectRevert(reason);
        homeAdapter.removeTerms(address(token));
        vm.stopPrank();
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, timelock));
        homeAdapter.renounceOwnership();
        AlltraAdapter.Terms memory free = _terms();
        (free.minimumUnits, free.feeBps) = (0, 0);
        homeAdapter.setTerms(address(token), free);
        vm.stopPrank();
        assertEq(_fee(1_000 * unit), 0, "free");
        _allow(1_000 * unit);
        _send(1_000 * unit);
        assertEq(token.balanceOf(treasury), 0, "nothing taken");
    }

    // --- What is refused ---

    function test_BRIDGE10_refusesOtherChainsTokensAndLateOrders() public {
        _allow(type(uint256).max);
        IBridgeAdapter.Order memory order = _order(HOME, recipient, 1_000 * unit);
        order.destinationChainId = HOME;
        _refuse(order, abi.encodeWithSelector(IBridgeAdapter.UnsupportedChain.selector, HOME));
        vm.expectRevert(abi.encodeWithSelector(IBridgeAdapter.UnsupportedChain.selector, 1));
        homeAdapter.quote(1, address(token), 1);
        order = _order(HOME, recipient, 1_000 * unit);
        order.token = address(home);
        _refuse(order, abi.encodeWithSelector(AlltraAdapter.UnsupportedToken.selector, address(home)));
        vm.expectRevert(abi.encodeWithSelector(AlltraAdapter.UnsupportedToken.selector, address(home)));
        homeAdapter.quote(ABROAD, address(home), 1);
        order = _order(HOME, recipient, 1_000 * unit);
        uint256 time = vm.getBlockTimestamp();
        order.deadline = time - 1;
        _refuse(order, abi.encodeWithSelector(ICommonErrors.DeadlineExpired.selector, time - 1, time));
    }

    /// @dev The fee is in the token: a coin would be stranded.
    function test_BRIDGE10_refusesCoins() public {
        _allow(type(uint256).max);
        vm.deal(trader, 1 ether);
        IBridgeAdapter.Order memory order = _order(HOME, recipient, 1_000 * unit);
        vm.prank(trader);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 1, 0, 0));
        homeAdapter.send{value: 1}(order);
    }

    function test_BRIDGE10_carriesWhatHasTermsAndALane() public {
        assertTrue(homeAdapter.carries(ABROAD, address(token)), "carried");
        assertFalse(homeAdapter.carries(HOME, address(token)), "not to itself");
        assertFalse(homeAdapter.carries(ABROAD, address(home)), "no token");
        assertEq(homeAdapter.spender(address(token)), address(home), "who is allowed");
        assertEq(homeAdapter.terms(address(token)).treasury, treasury, "terms");
        vm.prank(timelock);
        homeAdapter.removeTerms(address(token));
        assertFalse(homeAdapter.carries(ABROAD, address(token)), "no longer");
        _allow(type(uint256).max);
        _refuse(
            _order(HOME, recipient, unit),
            abi.encodeWithSelector(AlltraAdapter.UnsupportedToken.selector, address(token))
        );
    }

    // --- Quote ---

    function test_BRIDGE10_theQuotedMaximumIsTaken() public {
        assertEq(_max(HOME), 1_000_000 * unit, "the lane's bucket");
        assertEq(_max(ABROAD), 0, "nothing was minted there");
        _bringAbroad(recipient, 300_000 * unit);
        assertEq(_max(HOME), 700_000 * unit, "what is left of it");
        assertEq(_max(ABROAD), 300_000 * unit, "what was minted");
        vm.prank(timelock);
        token.setMinterLimit(IM1Token.MinterLimit(address(abroad), 0, 0, uint128(200_000 * unit), 0));
        assertEq(_max(ABROAD), 200_000 * unit, "what the token lets it burn");
        _send(ABROAD, recipient, recipient, 200_000 * unit - 1);
        assertEq(_max(ABROAD), 0, "less than the smallest amount");
        _send(700_000 * unit);
        assertEq(_max(HOME), 0, "empty");
    }

    function _max(uint256 chainId) private view returns (uint256) {
        return _adapterOf(chainId).quote(_other(chainId), address(token), unit).maxAmountUnits;
    }

    // --- Permit ---

    function test_BRIDGE10_oneCallWithAPermit() public {
        uint256 amountUnits = 1_000 * unit;
        IBridgeAdapter.Permit memory permit = _permit(amountUnits + unit / 2, vm.getBlockTimestamp());
        IBridgeAdapter.Order memory order = _order(HOME, recipient, amountUnits);
        vm.prank(trader);
        homeAdapter.sendWithPermit(order, permit);
        assertEq(token.balanceOf(address(home)), amountUnits, "sent");
        assertEq(token.allowance(trader, address(home)), 0, "nothing left");
    }

    function test_BRIDGE10_aPermitThatWasUsedBeforeIsNoFailure() public {
        uint256 amountUnits = 1_000 * unit;
        IBridgeAdapter.Permit memory permit = _permit(amountUnits + unit / 2, vm.getBlockTimestamp());
        vm.prank(attacker);
        token.permit(trader, address(home), permit.valueUnits, permit.deadline, permit.v, permit.r, permit.s);
        IBridgeAdapter.Order memory order = _order(HOME, recipient, amountUnits);
        vm.prank(trader);
        homeAdapter.sendWithPermit(order, permit);
        assertEq(token.balanceOf(address(home)), amountUnits, "sent");
    }

    /// @dev A permit is its signer's: in another's call it is worth nothing.
    function test_BRIDGE10_nobodySendsWithAnothersPermit() public {
        IBridgeAdapter.Permit memory permit = _permit(type(uint256).max, vm.getBlockTimestamp());
        IBridgeAdapter.Order memory order = _order(HOME, attacker, 1_000 * unit);
        vm.prank(attacker);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(home), 0, 1_000 * unit)
        );
        homeAdapter.sendWithPermit(order, permit);
        // Neither once it has been submitted.
        token.permit(trader, address(home), permit.valueUnits, permit.deadline, permit.v, permit.r, permit.s);
        vm.prank(attacker);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        homeAdapter.sendWithPermit(order, permit);
    }

    function test_BRIDGE10_aPermitForNoToken() public {
        IBridgeAdapter.Permit memory permit = _permit(1, 1);
        IBridgeAdapter.Order memory order = _order(HOME, recipient, 1_000 * unit);
        order.token = attacker;
        vm.prank(trader);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        homeAdapter.sendWithPermit(order, permit);
        // A contract without permit, or without terms.
        order.token = address(home);
        vm.prank(trader);
        vm.expectRevert(abi.encodeWithSelector(AlltraAdapter.UnsupportedToken.selector, address(home)));
        homeAdapter.sendWithPermit(order, permit);
    }

    function test_BRIDGE10_whatTheBridgeRefusesIsRefused() public {
        _allow(type(uint256).max);
        _refuse(
            _order(HOME, recipient, 1_000_000 * unit + 1),
            abi.encodeWithSelector(
                IBridgeLanes.OutboundLimit.selector,
                address(token),
                1_000_000 * unit + 1,
                1_000_000 * unit
            )
        );
    }
}

/// @notice The same with the decimals of XAU.
contract AlltraAdapter18Test is AlltraAdapterTest {
    function _decimals() internal pure override returns (uint8) {
        return 18;
    }
}
