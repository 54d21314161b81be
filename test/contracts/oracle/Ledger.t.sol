// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {IXAUOracle} from "../../../contracts/interfaces/IXAUOracle.sol";
import {Ledger} from "../../../contracts/oracle/Ledger.sol";
import {Base} from "../Base.t.sol";
import {OracleBase} from "./OracleBase.t.sol";

/// @notice Posts random amounts of three tokens among five accounts.
contract LedgerHandler is Base {
    Ledger public immutable LEDGER;
    address[3] private _tokens;
    uint256 public posts;
    mapping(uint256 account => int256) public expected;

    constructor(Ledger ledger, address[3] memory tokens) {
        LEDGER = ledger;
        _tokens = tokens;
    }

    function accountOf(uint256 index) public pure returns (bytes32) {
        return keccak256(abi.encode("account", index));
    }

    function post(uint256 debit, uint256 credit, uint256 token, uint256 amount) external {
        debit %= 5;
        credit = (debit + 1 + (credit % 4)) % 5;
        amount = bound(amount, 1, 1e30);
        uint256 value = LEDGER.post(accountOf(debit), accountOf(credit), _tokens[token % 3], amount);
        expected[debit] += int256(value);
        expected[credit] -= int256(value);
        ++posts;
    }
}

contract LedgerInvariantTest is OracleBase {
    LedgerHandler internal handler;
    Ledger internal ledger;

    function setUp() public override {
        super.setUp();
        ledger = new Ledger(oracle, timelock);
        handler = new LedgerHandler(ledger, [address(xau), address(six), address(eight)]);
        vm.prank(timelock);
        ledger.setWriter(address(handler), true);
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = LedgerHandler.post.selector;
        targetSelector(address(handler), selectors);
    }

    function invariant_ORACLE22_ledgerSumsToZero() public view {
        int256 sum;
        for (uint256 i = 0; i < 5; ++i) {
            int256 balance = ledger.balanceOf(handler.accountOf(i));
            assertEq(balance, handler.expected(i), "balance");
            sum += balance;
        }
        assertEq(sum, int256(0), "all accounts together");
    }
}

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
        ledger = new Ledger(oracle, timelock);
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
