// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {IXAUOracle} from "../../../contracts/interfaces/IXAUOracle.sol";
import {Ledger} from "../../../contracts/oracle/Ledger.sol";
import {OracleBase} from "./OracleBase.t.sol";

contract LedgerTest is OracleBase {
    Ledger internal ledger;
    address internal writer;
    bytes32 internal constant RESERVE = keccak256("reserve");
    bytes32 internal constant BRIDGE = keccak256("bridge");

    event Posted(
        bytes32 indexed debitAccount,
        bytes32 indexed creditAccount,
        address indexed token,
        uint256 amountUnits,
        uint256 xauWei,
        int256 debitBalanceAfter,
        int256 creditBalanceAfter,
        address writer
    );

    function setUp() public override {
        super.setUp();
        writer = makeAddr("writer");
        ledger = Ledger(deploy("Ledger", abi.encode(oracle, timelock)));
        vm.prank(timelock);
        ledger.setWriter(writer, true);
    }

    function test_post_movesTheOraclesValueRoundedDown() public {
        uint256 value = (uint256(1_000000) * 1e12 * 1e8) / 2650_25000000; // one six in XAU wei
        vm.expectEmit(true, true, true, true, address(ledger));
        emit Posted(RESERVE, BRIDGE, address(six), 1_000000, value, int256(value), -int256(value), writer);
        vm.prank(writer);
        assertEq(ledger.post(RESERVE, BRIDGE, address(six), 1_000000), value, "value");
        vm.prank(writer);
        ledger.post(BRIDGE, RESERVE, address(xau), value + 5);
        assertEq(ledger.balanceOf(RESERVE), int256(-5), "balances may be negative");
        assertEq(ledger.balanceOf(BRIDGE), int256(5), "the other side");
    }

    function test_post_refusesWhatSaysNothing() public {
        vm.startPrank(writer);
        vm.expectRevert(abi.encodeWithSelector(ILedger.SameAccount.selector, RESERVE));
        ledger.post(RESERVE, RESERVE, address(six), 1);
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        ledger.post(RESERVE, BRIDGE, address(six), 0);
        vm.expectPartialRevert(IXAUOracle.TokenNotConfigured.selector);
        ledger.post(RESERVE, BRIDGE, attacker, 1);
        vm.stopPrank();
    }

    function test_D22_postRevertsWhileTheOracleHasDoubts() public {
        vm.warp(vm.getBlockTimestamp() + MAX_AGE + 100);
        vm.expectPartialRevert(IXAUOracle.NotEnoughFeeds.selector);
        vm.prank(writer);
        ledger.post(RESERVE, BRIDGE, address(six), 1_000000);
    }

    function test_ACCESS23_onlyWritersPostAndOnlyTheOwnerNamesThem() public {
        vm.startPrank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        ledger.post(RESERVE, BRIDGE, address(xau), 1);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, attacker));
        ledger.setWriter(attacker, true);
        vm.stopPrank();
        vm.prank(timelock);
        ledger.setWriter(writer, false);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, writer));
        vm.prank(writer);
        ledger.post(RESERVE, BRIDGE, address(xau), 1);
    }
}
