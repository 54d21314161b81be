// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

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
        ledger = Ledger(deploy("Ledger", abi.encode(oracle, timelock)));
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
