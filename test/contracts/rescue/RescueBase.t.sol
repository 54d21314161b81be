// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IRescueBounty} from "../../../contracts/interfaces/IRescueBounty.sol";
import {RescueBounty} from "../../../contracts/rescue/RescueBounty.sol";
import {Base} from "../Base.t.sol";
import {DepositStandIn, DepositTokenStandIn, TbtcTokenStandIn} from "./TbtcStandIns.sol";

/// @notice The escrow over stand-ins of tBTC, two operators with ether, two providers with TBTC.
abstract contract RescueBase is Base {
    uint256 internal constant ACTIVE = 4;
    uint256 internal constant AWAITING_SIGNATURE = 5;
    uint256 internal constant AWAITING_PROOF = 6;
    uint256 internal constant REDEEMED = 7;
    uint256 internal constant COURTESY_CALL = 8;
    uint256 internal constant LIQUIDATING = 10;
    uint256 internal constant LIQUIDATED = 11;
    uint256 internal constant NOTICE = 1 days;
    uint256 internal constant COST = 1e17;
    bytes8 internal constant OUTPUT = 0x8096980000000000;
    bytes internal constant SCRIPT = hex"160014000102030405060708090a0b0c0d0e0f10111213";

    TbtcTokenStandIn internal token;
    DepositTokenStandIn internal depositToken;
    RescueBounty internal escrow;
    DepositStandIn internal deposit;
    address internal operator;
    address internal partner;
    address internal provider;
    address internal rival;

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        token = new TbtcTokenStandIn();
        depositToken = new DepositTokenStandIn();
        escrow = RescueBounty(deploy("RescueBounty", abi.encode(token, depositToken)));
        deposit = _open();
        (operator, partner) = (makeAddr("operator"), makeAddr("partner"));
        (provider, rival) = (makeAddr("provider"), makeAddr("rival"));
        vm.deal(operator, 100 ether);
        vm.deal(partner, 100 ether);
        _equip(provider);
        _equip(rival);
    }

    function _equip(address who) internal {
        token.mint(who, 100e18);
        vm.prank(who);
        token.approve(address(escrow), type(uint256).max);
    }

    function _open() internal returns (DepositStandIn opened) {
        opened = new DepositStandIn(token);
        depositToken.mint(address(opened));
    }

    function _one(DepositStandIn of_) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(of_);
    }

    function _pledgeOf(
        DepositStandIn for_,
        uint256 amountWei
    ) internal pure returns (IRescueBounty.Pledge[] memory list) {
        list = new IRescueBounty.Pledge[](1);
        list[0] = IRescueBounty.Pledge(address(for_), uint128(amountWei));
    }

    function _pledge(address who, uint256 amountWei) internal {
        vm.prank(who);
        escrow.pledge{value: amountWei}(_pledgeOf(deposit, amountWei));
    }

    function _order(DepositStandIn of_) internal view returns (IRescueBounty.Order memory) {
        return IRescueBounty.Order(address(of_), OUTPUT, SCRIPT, COST, 1, vm.getBlockTimestamp());
    }

    function _rescue(address who) internal {
        vm.prank(who);
        escrow.rescue(_order(deposit));
    }

    function _announce(address who) internal {
        vm.prank(who);
        escrow.announceWithdrawal(_one(deposit));
    }

    function _withdraw(address who) internal {
        vm.prank(who);
        escrow.withdraw(_one(deposit));
    }

    /// @dev With `reason`, whole.
    function _refuseWithdrawal(address who, bytes memory reason) internal {
        vm.expectRevert(reason);
        _withdraw(who);
    }

    function _bounty() internal view returns (IRescueBounty.Bounty memory) {
        return escrow.bounties(_one(deposit))[0];
    }

    function _release(uint256 amountWei) internal view returns (IRescueBounty.Release memory) {
        return
            IRescueBounty.Release(operator, address(deposit), provider, amountWei, 1, vm.getBlockTimestamp() + 1 hours);
    }

    function _sign(string memory role, IRescueBounty.Release memory order) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf(role), escrow.releaseDigest(order));
        return abi.encodePacked(r, s, v);
    }

    function _assertEarmarked(address who) internal {
        _refuseWithdrawal(
            who,
            abi.encodeWithSelector(IRescueBounty.Earmarked.selector, address(deposit), _bounty().provider)
        );
    }
}
