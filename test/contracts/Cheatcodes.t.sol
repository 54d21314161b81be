// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {M1Token} from "../../contracts/tokens/M1Token.sol";
import {M1Base} from "./tokens/M1Base.t.sol";
import {Vm} from "./Vm.sol";

/// @title CheatcodesTest
/// @notice Shows that the runner answers the cheatcodes our tests rely on and that `bound` keeps its promise.
contract CheatcodesTest is M1Base {
    /// @dev Slot of M1Token's accounts by address; the storage test finds out when it moves.
    uint256 private constant _ACCOUNTS_SLOT = 6;

    event Frozen(address indexed account);
    event Transfer(address indexed from, address indexed to, uint256 value);

    function test_prank_setsCallerAndOrigin() public {
        vm.expectEmit(address(token));
        emit Frozen(trader);
        vm.prank(freezer);
        token.freeze(trader);
        vm.startPrank(freezer, freezer);
        assertEq(this.origin(), freezer, "origin");
        token.unfreeze(trader);
        vm.stopPrank();
        assertFalse(token.isFrozen(trader), "frozen after unfreeze");
    }

    function test_expectRevert_matchesSelectorDataAndEmitter() public {
        bytes4 selector = IERC20Errors.ERC20InsufficientBalance.selector;
        bytes memory revertData = abi.encodeWithSelector(selector, address(this), 0, 101);
        vm.expectRevert(revertData);
        token.burn(101);
        vm.expectRevert(revertData, address(token));
        token.burn(101);
        vm.expectPartialRevert(selector);
        token.burn(102);
        vm.expectRevert(this.fail.selector);
        this.revertWithSelector();
        vm.expectRevert();
        token.burn(103);
    }

    function test_block_warpRollFeesAndChainId() public {
        vm.warp(1_800_000_000);
        vm.roll(77);
        skipTime(3, 2);
        assertEq(vm.getBlockTimestamp(), 1_800_000_003, "timestamp");
        assertEq(vm.getBlockNumber(), 78, "block number");
        vm.fee(7);
        assertEq(block.basefee, 7, "base fee");
        vm.txGasPrice(9);
        assertEq(tx.gasprice, 9, "gas price");
        vm.chainId(651940);
        assertEq(block.chainid, 651940, "chain id");
        vm.coinbase(holder);
        assertEq(block.coinbase, holder, "coinbase");
        vm.prevrandao(bytes32(uint256(5)));
        assertEq(block.prevrandao, 5, "prevrandao");
        vm.setBlockhash(70, bytes32(uint256(6)));
        assertEq(blockhash(70), bytes32(uint256(6)), "block hash");
    }

    function test_state_storageCodeAndSnapshots() public {
        vm.deal(trader, 3 ether);
        assertEq(trader.balance, 3 ether, "balance");
        bytes32 slot = keccak256(abi.encode(trader, _ACCOUNTS_SLOT));
        vm.store(address(token), slot, bytes32(uint256(42)));
        assertEq(vm.load(address(token), slot), bytes32(uint256(42)), "slot");
        uint256 snapshotId = vm.snapshotState();
        _mint(trader, 1);
        assertEq(token.balanceOf(trader), 43, "balance");
        assertTrue(vm.revertToState(snapshotId), "snapshot exists");
        assertEq(token.balanceOf(trader), 42, "balance after revert");
        vm.etch(holder, address(token).code);
        assertEq(M1Token(holder).balanceOf(trader), 0, "etched");
        assertEq(M1Token(holder).decimals(), 6, "etched code answers");
        vm.setNonce(timelock, 8);
        assertEq(uint256(vm.getNonce(timelock)), 8, "nonce");
    }

    function test_mocks_answerAndRevert() public {
        vm.mockCall(address(token), abi.encodeCall(token.totalSupply, ()), abi.encode(uint256(9)));
        assertEq(token.totalSupply(), 9, "mocked");
        vm.clearMockedCalls();
        assertEq(token.totalSupply(), 0, "not mocked");
        vm.expectCall(address(token), abi.encodeCall(token.mint, (trader, 4)), 2);
        _mint(trader, 4);
        _mint(trader, 4);
        vm.mockCallRevert(
            address(token),
            abi.encodeCall(token.totalSupply, ()),
            abi.encodeWithSelector(this.fail.selector)
        );
        (bool success, bytes memory data) = address(token).call(abi.encodeCall(token.totalSupply, ()));
        assertFalse(success, "mocked revert");
        assertEq(bytes4(data), bytes32(this.fail.selector), "mocked revert data");
    }

    function test_logs_areRecorded() public {
        _mint(address(this), 4);
        vm.recordLogs();
        token.burn(4);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 1, "logs");
        assertEq(logs[0].topics[0], Transfer.selector, "topic");
        assertEq(logs[0].emitter, address(token), "emitter");
    }

    function test_gas_coldAfterCool() public {
        _mint(address(this), 4);
        token.burn(1);
        token.burn(1);
        uint256 warmGas = vm.snapshotGasLastCall("M1Token.burn warm");
        vm.cool(address(token));
        token.burn(1);
        assertGt(vm.snapshotGasLastCall("M1Token.burn cold"), warmGas + 2000, "cold slot costs more");
    }

    function test_sign_recoversToRole() public view {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf("trader"), keccak256("digest"));
        assertEq(ecrecover(keccak256("digest"), v, r, s), trader, "signer");
    }

    function testFuzz_bound_staysInside(uint256 value, uint256 min, uint256 max) public pure {
        if (min > max) (min, max) = (max, min);
        uint256 bounded = bound(value, min, max);
        assertGe(bounded, min, "below min");
        assertLe(bounded, max, "above max");
        if (value >= min && value <= max) assertEq(bounded, value, "inside values stay");
    }

    function testFuzz_bound_signedStaysInside(int256 value, int256 min, int256 max) public pure {
        if (min > max) (min, max) = (max, min);
        int256 bounded = bound(value, min, max);
        assertGe(bounded, min, "below min");
        assertLe(bounded, max, "above max");
    }

    function test_assertions_relativeDelta() public pure {
        assertApproxEqRel(101e18, 100e18, 0.01e18, "one per cent");
        assertApproxEqAbs(uint256(101), 100, 1, "one unit");
    }

    function origin() external view returns (address) {
        return tx.origin;
    }

    function fail() external pure {}

    function revertWithSelector() external pure {
        bytes memory data = abi.encodeWithSelector(CheatcodesTest.fail.selector);
        assembly ("memory-safe") {
            revert(add(data, 0x20), mload(data))
        }
    }
}
