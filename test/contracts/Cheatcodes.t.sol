// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ExampleCounter} from "../../contracts/mocks/ExampleCounter.sol";
import {Base} from "./Base.t.sol";
import {Vm} from "./Vm.sol";

/// @title CheatcodesTest
/// @notice Shows that the runner answers the cheatcodes our tests rely on and that `bound` keeps its promise.
contract CheatcodesTest is Base {
    ExampleCounter internal counter;
    address internal owner;
    address internal trader;

    event Incremented(address indexed caller, uint256 step, uint256 count);

    function setUp() public {
        owner = makeAddr("owner");
        trader = makeAddr("trader");
        counter = new ExampleCounter(owner);
    }

    function test_prank_setsCallerAndOrigin() public {
        vm.expectEmit(address(counter));
        emit Incremented(trader, 2, 2);
        vm.prank(trader);
        counter.increment(2);
        vm.startPrank(owner, owner);
        assertEq(this.origin(), owner, "origin");
        counter.reset();
        vm.stopPrank();
        assertEq(counter.count(), 0, "count after reset");
    }

    function test_expectRevert_matchesSelectorDataAndEmitter() public {
        bytes memory revertData = abi.encodeWithSelector(ExampleCounter.StepAboveLimit.selector, 101, 100);
        vm.expectRevert(revertData);
        counter.increment(101);
        vm.expectRevert(revertData, address(counter));
        counter.increment(101);
        vm.expectPartialRevert(ExampleCounter.StepAboveLimit.selector);
        counter.increment(102);
        vm.expectRevert(this.fail.selector);
        this.revertWithSelector();
        vm.expectRevert();
        counter.increment(103);
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
        vm.coinbase(owner);
        assertEq(block.coinbase, owner, "coinbase");
        vm.prevrandao(bytes32(uint256(5)));
        assertEq(block.prevrandao, 5, "prevrandao");
        vm.setBlockhash(70, bytes32(uint256(6)));
        assertEq(blockhash(70), bytes32(uint256(6)), "block hash");
    }

    function test_state_storageCodeAndSnapshots() public {
        vm.deal(trader, 3 ether);
        assertEq(trader.balance, 3 ether, "balance");
        vm.store(address(counter), bytes32(uint256(1)), bytes32(uint256(42)));
        assertEq(vm.load(address(counter), bytes32(uint256(1))), bytes32(uint256(42)), "slot");
        uint256 snapshotId = vm.snapshotState();
        counter.increment(1);
        assertEq(counter.count(), 43, "count");
        assertTrue(vm.revertToState(snapshotId), "snapshot exists");
        assertEq(counter.count(), 42, "count after revert");
        vm.etch(trader, address(counter).code);
        assertEq(ExampleCounter(trader).count(), 0, "etched");
        vm.setNonce(owner, 8);
        assertEq(uint256(vm.getNonce(owner)), 8, "nonce");
    }

    function test_mocks_answerAndRevert() public {
        vm.mockCall(address(counter), abi.encodeCall(counter.count, ()), abi.encode(uint256(9)));
        assertEq(counter.count(), 9, "mocked");
        vm.clearMockedCalls();
        assertEq(counter.count(), 0, "not mocked");
        vm.expectCall(address(counter), abi.encodeCall(counter.increment, (4)), 2);
        counter.increment(4);
        counter.increment(4);
        vm.mockCallRevert(
            address(counter),
            abi.encodeCall(counter.count, ()),
            abi.encodeWithSelector(this.fail.selector)
        );
        (bool success, bytes memory data) = address(counter).call(abi.encodeCall(counter.count, ()));
        assertFalse(success, "mocked revert");
        assertEq(bytes4(data), bytes32(this.fail.selector), "mocked revert data");
    }

    function test_logs_areRecorded() public {
        vm.recordLogs();
        counter.increment(4);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 1, "logs");
        assertEq(logs[0].topics[0], Incremented.selector, "topic");
        assertEq(logs[0].emitter, address(counter), "emitter");
    }

    function test_gas_coldAfterCool() public {
        counter.increment(1);
        vm.startSnapshotGas("counter.increment warm");
        counter.increment(1);
        uint256 warmGas = vm.stopSnapshotGas();
        vm.cool(address(counter));
        vm.startSnapshotGas("counter.increment cold");
        counter.increment(1);
        assertGt(vm.stopSnapshotGas(), warmGas + 2000, "cold slot costs more");
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
