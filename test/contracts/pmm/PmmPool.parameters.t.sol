// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IPmmPool, IPmmPublicPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {PmmTestBase} from "./PmmTestBase.sol";

contract PmmPoolParametersTest is PmmTestBase {
    PlainERC20 private base;
    PlainERC20 private quote;
    IPmmPublicPool private pool;

    function setUp() public {
        setUpFactory(0);
        base = PlainERC20(deploy("PlainERC20", abi.encode("cUSDT", 6)));
        quote = PlainERC20(deploy("PlainERC20", abi.encode("cUSDC", 6)));
        pool = IPmmPublicPool(fund(publicParams(address(base), address(quote), WAD, K), 1e12, 1e12));
        nextBlock();
    }

    function propose(uint256 i, uint256 k, uint256 fee) private {
        vm.prank(governor);
        pool.proposeParameters(i, k, fee);
    }

    function test_POOL9_onlyGovernanceProposesAndCancels() public {
        vm.prank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        pool.proposeParameters(WAD, K, FEE);
        vm.prank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        pool.cancelParameters();
        vm.prank(governor);
        vm.expectRevert(ICommonErrors.NothingPending.selector);
        pool.cancelParameters();
        vm.expectRevert(ICommonErrors.NothingPending.selector);
        pool.applyParameters();
        propose(WAD, K, FEE);
        vm.prank(governor);
        pool.cancelParameters();
        (, , , uint256 readyAt) = pool.pendingParameters();
        assertEq(readyAt, 0);
    }

    function test_POOL9_stepsAndBoundsAreChecked() public {
        uint256 stepI = WAD + FEE + 1;
        vm.startPrank(governor);
        vm.expectRevert(abi.encodeWithSelector(IPmmPool.StepTooLarge.selector, WAD, stepI, FEE));
        pool.proposeParameters(stepI, K, FEE);
        vm.expectRevert(abi.encodeWithSelector(IPmmPool.StepTooLarge.selector, WAD, WAD - FEE - 1, FEE));
        pool.proposeParameters(WAD - FEE - 1, K, FEE);
        uint256 stepK = (K * 5) / 4 + 1;
        vm.expectRevert(abi.encodeWithSelector(IPmmPool.StepTooLarge.selector, K, stepK, 0.25e18));
        pool.proposeParameters(WAD, stepK, FEE);
        vm.expectRevert(abi.encodeWithSelector(IPmmPool.StepTooLarge.selector, FEE, 2 * FEE + 1, 2e18));
        pool.proposeParameters(WAD, K, 2 * FEE + 1);
        vm.expectRevert(abi.encodeWithSelector(IPmmPool.StepTooLarge.selector, FEE, FEE / 2 - 1, 2e18));
        pool.proposeParameters(WAD, K, FEE / 2 - 1);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 0, 1e13, 1e16));
        pool.proposeParameters(WAD, K, 0);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 1e14 - 1, 1e14, 0.999e18));
        pool.proposeParameters(WAD, 1e14 - 1, FEE);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 0, 1e9, 1e36));
        pool.proposeParameters(0, K, FEE);
        vm.stopPrank();
        propose(WAD + FEE, (K * 5) / 4, 2 * FEE); // the largest allowed step of each
    }

    function test_POOL9_appliesOnlyAfterTheDelay() public {
        propose(WAD + FEE / 2, K, FEE);
        (uint256 i, uint256 k, uint256 fee, uint256 readyAt) = pool.pendingParameters();
        assertEq(i, WAD + FEE / 2);
        assertEq(k, K);
        assertEq(fee, FEE);
        assertEq(readyAt, vm.getBlockTimestamp() + DELAY);
        vm.warp(readyAt - 1);
        vm.roll(vm.getBlockNumber() + 1);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotReady.selector, readyAt, readyAt - 1));
        pool.applyParameters();
        vm.warp(readyAt);
        vm.prank(attacker); // anyone
        pool.applyParameters();
        assertEq(pool._I_(), WAD + FEE / 2);
        vm.expectRevert(ICommonErrors.NothingPending.selector);
        pool.applyParameters();
    }

    function test_POOL9_D13_appliesOnlyAtTheAnchor() public {
        propose(WAD + FEE, K, FEE);
        vm.warp(vm.getBlockTimestamp() + DELAY);
        vm.roll(vm.getBlockNumber() + 1);
        sell(pool, attacker, true, 5e10);
        vm.expectPartialRevert(IPmmPool.NotBalanced.selector);
        pool.applyParameters();
        nextBlock();
        (, uint256 amountIn) = pool.amountToAnchor();
        sell(pool, stabilizer, false, amountIn + 1);
        // Back now, but the last block ended outside.
        vm.expectPartialRevert(IPmmPool.NotBalanced.selector);
        pool.applyParameters();
        nextBlock();
        pool.applyParameters();
        assertEq(pool._I_(), WAD + FEE);
    }

    /// @dev POOL-9, D13: whatever an attacker trades before and after the largest step, he loses.
    function testFuzz_POOL9_D13_sandwichAroundAStepLoses(
        uint256 size,
        uint256 kStart,
        bool isBase,
        bool up,
        bool kUp
    ) public {
        uint256 k = bound(kStart, 1e14, 0.5e18);
        pool = IPmmPublicPool(fund(publicParams(address(base), address(quote), WAD, k), 1e12, 1e12));
        nextBlock();
        uint256 newK = kUp ? k + k / 4 : k - k / 4;
        propose(up ? WAD + FEE : WAD - FEE, newK < 1e14 ? 1e14 : newK, FEE);
        vm.warp(vm.getBlockTimestamp() + DELAY);
        vm.roll(vm.getBlockNumber() + 1);
        // The largest trade that still leaves the pool within one fee of its anchor, or less.
        size = bound(size, 1e6, 1e12);
        uint256 snapshot = vm.snapshotState();
        for (;;) {
            sell(pool, provider, isBase, size);
            uint256 ratio = pool.spotRatio();
            vm.revertToState(snapshot);
            if ((ratio > WAD ? ratio - WAD : WAD - ratio) <= FEE) break;
            size /= 2;
        }
        uint256 got = sell(pool, attacker, isBase, size);
        pool.applyParameters();
        uint256 back = sell(pool, attacker, !isBase, got);
        assertLe(back, size, "the sandwich gained");
    }

    /// @dev POOL-11: DODO's cumulative price stays continuous and adds the new price after a change of i.
    function test_POOL11_cumulativePriceIsContinuousOverAChangeOfI() public {
        sell(pool, trader, true, 1e6);
        propose(WAD + FEE, K, FEE);
        vm.warp(vm.getBlockTimestamp() + DELAY);
        vm.roll(vm.getBlockNumber() + 1);
        uint256 before = pool._BASE_PRICE_CUMULATIVE_LAST_();
        uint256 priceBefore = pool.getMidPrice();
        uint256 elapsed = vm.getBlockTimestamp() - pool._BLOCK_TIMESTAMP_LAST_();
        pool.applyParameters();
        uint256 atChange = pool._BASE_PRICE_CUMULATIVE_LAST_();
        assertEq(atChange - before, priceBefore * elapsed);
        vm.warp(vm.getBlockTimestamp() + 100);
        vm.roll(vm.getBlockNumber() + 50);
        uint256 priceAfter = pool.getMidPrice();
        sell(pool, trader, true, 1e6);
        assertApproxEqAbs(pool._BASE_PRICE_CUMULATIVE_LAST_() - atChange, priceAfter * 100, 100);
    }
}
