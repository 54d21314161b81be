// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {Base} from "../Base.t.sol";
import {M1Base} from "./M1Base.t.sol";

/// @notice Moves a token among six accounts, pauses, freezes, registers and lets time pass; keeps its own books.
contract M1TokenHandler is Base {
    M1Token public immutable TOKEN;
    address[6] public accounts;
    address private immutable _timelock;
    address private immutable _minter;
    address private immutable _pauser;
    address private immutable _freezer;

    mapping(address account => uint256) public balance;
    mapping(address account => bool) public frozen;
    mapping(address account => bool) public system;
    uint256 public supply;
    uint256 public pausedUntil;
    uint256 public pausedByPauserSeconds;
    uint256 public transfers;

    constructor(M1Token token, address timelock, address minter, address pauser, address freezer) {
        TOKEN = token;
        (_timelock, _minter, _pauser, _freezer) = (timelock, minter, pauser, freezer);
        for (uint256 i = 0; i < 6; ++i) accounts[i] = vm.addr(1_000 + i);
    }

    function transfer(uint256 from, uint256 to, uint256 amount) external {
        (address sender, address receiver) = (accounts[from % 6], accounts[to % 6]);
        amount = bound(amount, 0, balance[sender] + 1);
        bool expected =
            vm.getBlockTimestamp() >= pausedUntil && !frozen[sender] && !frozen[receiver] && amount <= balance[sender];
        vm.prank(sender);
        try TOKEN.transfer(receiver, amount) {
            assertTrue(expected, "a transfer passed that had to fail");
            balance[sender] -= amount;
            balance[receiver] += amount;
            ++transfers;
        } catch {
            assertFalse(expected, "a transfer failed that had to pass");
        }
    }

    function mint(uint256 to, uint256 amount) external {
        address receiver = accounts[to % 6];
        amount = bound(amount, 0, 1e24);
        bool expected = vm.getBlockTimestamp() >= pausedUntil && !frozen[receiver];
        vm.prank(_minter);
        try TOKEN.mint(receiver, amount) {
            assertTrue(expected, "a mint passed that had to fail");
            balance[receiver] += amount;
            supply += amount;
        } catch {
            assertFalse(expected, "a mint failed that had to pass");
        }
    }

    function burn(uint256 from, uint256 amount) external {
        address holder = accounts[from % 6];
        if (frozen[holder]) return;
        amount = bound(amount, 0, balance[holder]);
        vm.prank(holder);
        TOKEN.burn(amount);
        balance[holder] -= amount;
        supply -= amount;
    }

    function freeze(uint256 who, bool on) external {
        address account = accounts[who % 6];
        vm.prank(_freezer);
        if (!on) {
            TOKEN.unfreeze(account);
            frozen[account] = false;
        } else {
            try TOKEN.freeze(account) {
                assertFalse(system[account], "a system contract was frozen");
                frozen[account] = true;
            } catch {
                assertTrue(system[account], "an ordinary account could not be frozen");
            }
        }
    }

    function register(uint256 who, bool on) external {
        address account = accounts[who % 6];
        if (on && frozen[account]) return;
        vm.prank(_timelock);
        TOKEN.setSystemContract(account, on);
        system[account] = on;
    }

    function pause() external {
        vm.prank(_pauser);
        try TOKEN.pause() {
            assertGe(vm.getBlockTimestamp(), pausedUntil, "a pauser prolonged a pause");
            pausedUntil = vm.getBlockTimestamp() + 24 hours;
        } catch {}
    }

    function unpause() external {
        if (vm.getBlockTimestamp() >= pausedUntil) return;
        vm.prank(_timelock);
        TOKEN.unpause();
        pausedUntil = 0;
    }

    function wait_(uint256 duration) external {
        skipTime(bound(duration, 1, 30 hours), 2);
    }
}

contract M1TokenInvariantTest is M1Base {
    M1TokenHandler internal handler;

    function setUp() public override {
        super.setUp();
        handler = new M1TokenHandler(token, timelock, minter, pauser, freezer);
        targetContract(address(handler));
        targetSender(trader);
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = M1TokenHandler.transfer.selector;
        selectors[1] = M1TokenHandler.mint.selector;
        selectors[2] = M1TokenHandler.burn.selector;
        selectors[3] = M1TokenHandler.freeze.selector;
        selectors[4] = M1TokenHandler.register.selector;
        selectors[5] = M1TokenHandler.pause.selector;
        selectors[6] = M1TokenHandler.unpause.selector;
        selectors[7] = M1TokenHandler.wait_.selector;
        selectors[8] = M1TokenHandler.mint.selector;
        targetSelector(address(handler), selectors);
    }

    /// @dev ACCESS-23: what the token says is what was moved; flags and amounts in one word never mix.
    function invariant_ACCESS23_flagsAndBooksAgree() public view {
        uint256 sum;
        for (uint256 i = 0; i < 6; ++i) {
            address account = handler.accounts(i);
            assertEq(token.balanceOf(account), handler.balance(account), "balance");
            assertEq(token.isFrozen(account), handler.frozen(account), "frozen flag");
            assertEq(token.isSystemContract(account), handler.system(account), "system flag");
            assertFalse(
                token.isFrozen(account) && token.isSystemContract(account),
                "ACCESS-23: frozen system contract"
            );
            sum += token.balanceOf(account);
        }
        assertEq(sum, token.totalSupply(), "supply is the sum of balances");
        assertEq(token.totalSupply(), handler.supply(), "supply is minted minus burnt");
        assertEq(token.pausedUntil(), handler.pausedUntil(), "pause deadline");
        assertLe(token.pausedUntil(), vm.getBlockTimestamp() + 24 hours, "LIVE-25: no pause beyond 24 h");
    }
}
