// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IPmmPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {IStabilizer} from "../../../contracts/interfaces/IStabilizer.sol";
import {IStabilizerLimits} from "../../../contracts/interfaces/IStabilizerLimits.sol";
import {Vm} from "../Vm.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {StabilizerBase} from "./StabilizerBase.t.sol";

/// @title The stabilizer on real parts; the same tests for stablecoins of 6, 8 and 18 decimals
abstract contract StabilizerTests is StabilizerBase {
    function _all() internal view returns (IPmmPool[4] memory) {
        return [stablePool, xauPool, xauUsdcPool, xauEurPool];
    }

    function _base(IPmmPool pool) internal view returns (M1Token) {
        return M1Token(pool._BASE_TOKEN_());
    }

    function _quote(IPmmPool pool) internal view returns (M1Token) {
        return M1Token(pool._QUOTE_TOKEN_());
    }

    // Acting

    function test_execute_closesEveryPoolInBothDirectionsAtNoLoss() public {
        for (uint256 index = 0; index < 4; ++index) {
            IPmmPool pool = _all()[index];
            for (uint256 side = 0; side < 2; ++side) {
                disturb(pool, side == 0, 40_000);
                uint256 before = inventoryValue();
                (uint256 baseBefore, uint256 quoteBefore) = (inventoryUnits(_base(pool)), inventoryUnits(_quote(pool)));
                execute(keeper, pool);
                assertApproxEqAbs(pool.spotRatio(), WAD, 1e12, "at the anchor");
                // 40,000 at an average of about 2 bps are some 8 USD; the mesh's fees and slippage stay inside the inventory.
                assertGt(microUsd(int256(inventoryValue() - before)), 5_000_000, "gain");
                uint256 moved = side == 0 ? quoteBefore : baseBefore;
                assertLt(
                    inventoryUnits(side == 0 ? _quote(pool) : _base(pool)),
                    moved,
                    "the token sold to the pool left the inventory"
                );
                skipBlocks(8);
            }
        }
    }

    function test_execute_replenishesThroughTheMesh() public {
        disturb(stablePool, true, 40_000);
        uint256 spentBefore = cUSDC.balanceOf(address(stabilizer));
        uint256 gotBefore = cUSDT.balanceOf(address(stabilizer));
        execute(keeper, stablePool);
        assertApproxEqRel(cUSDC.balanceOf(address(stabilizer)), spentBefore, 1e15, "the spent token is back");
        assertEq(
            cUSDT.balanceOf(address(stabilizer)),
            gotBefore,
            "what was bought went into the mesh, reward 0 at gas price 0"
        );
    }

    function test_execute_holdsWhatTheMeshCannotTake() public {
        vm.prank(timelock);
        mesh.setOperator(address(stabilizer), false);
        disturb(stablePool, true, 40_000);
        uint256 spentBefore = cUSDC.balanceOf(address(stabilizer));
        uint256 gotBefore = cUSDT.balanceOf(address(stabilizer));
        uint256 before = inventoryValue();
        execute(keeper, stablePool);
        assertLt(cUSDC.balanceOf(address(stabilizer)), spentBefore, "spent");
        assertGt(cUSDT.balanceOf(address(stabilizer)), gotBefore, "held");
        assertGe(inventoryValue(), before, "inventory");

        vm.prank(timelock);
        mesh.setOperator(address(stabilizer), true);
        uint256 amount = cUSDT.balanceOf(address(stabilizer)) - gotBefore;
        vm.prank(keeper);
        uint256 out = stabilizer.settle(address(cUSDT), amount, address(cUSDC), (amount * 99) / 100);
        assertGt(out, 0, "settled later");
        assertEq(cUSDT.balanceOf(address(stabilizer)), gotBefore, "settled");
    }

    function test_execute_holdsWhenTheMeshIsTooFarFromTheOracle() public {
        // Someone with the right to trade has pushed one mesh pool far away: 5 bps of slippage are not enough then.
        IStabilizerLimits.PoolConfig memory tight = poolConfig();
        tight.maxSlippageWad = 5e14;
        vm.startPrank(timelock);
        limits.setPoolConfig(address(stablePool), tight);
        mesh.setOperator(attacker, true);
        vm.stopPrank();
        uint256 amount = unitsOfUsd(cUSDT, 300_000);
        mint(cUSDT, attacker, amount);
        vm.startPrank(attacker);
        cUSDT.approve(mesh.poolOf(address(cUSDT)), amount);
        mesh.swap(address(cUSDT), amount, address(xau), 0, block.timestamp);
        vm.stopPrank();
        disturb(stablePool, true, 40_000);
        uint256 gotBefore = cUSDT.balanceOf(address(stabilizer));
        execute(keeper, stablePool);
        assertGt(cUSDT.balanceOf(address(stabilizer)), gotBefore, "held");
    }

    function test_execute_emitsWhatHappened() public {
        disturb(stablePool, true, 40_000);
        IStabilizerLimits.Allowance memory answer = limits.allowance(address(stablePool));
        uint256 spentBefore = cUSDC.balanceOf(address(stabilizer));
        vm.recordLogs();
        execute(keeper, stablePool);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 spent = spentBefore - cUSDC.balanceOf(address(stabilizer));
        uint256 found;
        for (uint256 index = 0; index < logs.length; ++index) {
            if (logs[index].topics[0] != IStabilizer.Stabilized.selector) continue;
            ++found;
            assertEq(logs[index].topics[1], bytes32(uint256(uint160(address(stablePool)))), "pool");
            assertEq(logs[index].topics[2], bytes32(uint256(uint160(keeper))), "caller");
            (bool sellBase, uint256 amountIn, , uint256 before, uint256 back, uint256 gain, uint256 reward) = abi
                .decode(logs[index].data, (bool, uint256, uint256, uint256, uint256, uint256, uint256));
            assertFalse(sellBase, "sells quote into a pool that lacks it");
            assertEq(amountIn, answer.fullCloseIn, "full close");
            assertEq(before, uint256(int256(WAD) + answer.blockEndDeviationWad), "block end before");
            assertApproxEqAbs(stablePool.recordedRatio(), WAD, 1e12, "after");
            assertGt(back, 0, "bought back");
            assertEq(amountIn - back, spent, "what the mesh did not give");
            assertGt(gain, 0, "gain");
            assertEq(reward, 0, "no gas price, no reward");
        }
        assertEq(found, 1, "one event");
    }

    // Refusals

    function test_execute_refusesAnUnknownPair() public {
        vm.expectRevert(
            abi.encodeWithSelector(IStabilizer.NoAction.selector, address(0), IStabilizerLimits.Reason.NOT_REGISTERED)
        );
        stabilizer.executePrivateSwap(1e30, address(cUSDT), address(cEURT));
    }

    function test_execute_refusesTheWrongDirection() public {
        disturb(stablePool, true, 40_000);
        vm.expectRevert(abi.encodeWithSelector(IStabilizer.WrongDirection.selector, address(cUSDT), address(cUSDC)));
        stabilizer.executePrivateSwap(1e30, address(cUSDT), address(cUSDC));
    }

    function test_STAB13_falseMeansRevertForEveryCallerAndOrder() public {
        address[3] memory callers = [keeper, attacker, timelock];
        sellUsd(stablePool, true, 20_000); // 2 bps: inside theta
        skipBlocks(8);
        for (uint256 index = 0; index < callers.length; ++index) {
            (, bool acts) = stabilizer.checkDeviation(address(stablePool));
            assertFalse(acts, "inside");
            for (uint256 order = 0; order < 2; ++order) {
                (address tokenIn, address tokenOut) = order == 0
                    ? (address(cUSDT), address(cUSDC))
                    : (address(cUSDC), address(cUSDT));
                vm.prank(callers[index]);
                vm.expectRevert(noAction(stablePool, IStabilizerLimits.Reason.INSIDE_BAND));
                stabilizer.executePrivateSwap(1e30, tokenIn, tokenOut);
            }
        }
    }

    function test_STAB12_oneExecutionPerCooldown() public {
        disturb(stablePool, true, 200_000);
        execute(keeper, stablePool);
        uint256 first = block.number;
        for (uint256 count = 0; count < 2; ++count) {
            skipBlocks(1);
            assertEq(limits.allowance(address(stablePool)).readyAtBlock, first + 3, "ready");
            vm.expectRevert(noAction(stablePool, IStabilizerLimits.Reason.COOLDOWN));
            stabilizer.executePrivateSwap(1e30, address(cUSDC), address(cUSDT));
        }
        skipBlocks(1);
        execute(keeper, stablePool);
        assertEq(lastExecutionBlock(stablePool), first + 3, "exactly after minBlocks");
    }

    function test_STAB17_gasPriceAboveTheLimitHasNoEffect() public {
        disturb(stablePool, true, 40_000);
        vm.txGasPrice(200e9 + 1);
        assertReason(stablePool, IStabilizerLimits.Reason.GAS_PRICE, "reason");
        (, bool acts) = stabilizer.checkDeviation(address(stablePool));
        assertFalse(acts, "skip");
        vm.expectRevert(noAction(stablePool, IStabilizerLimits.Reason.GAS_PRICE));
        stabilizer.executePrivateSwap(1e30, address(cUSDC), address(cUSDT));
        IStabilizer.Order[] memory orders = _order(stablePool);
        vm.expectEmit(address(stabilizer));
        emit IStabilizer.Skipped(address(stablePool), IStabilizerLimits.Reason.GAS_PRICE);
        assertEq(stabilizer.executeBatch(orders), 0, "skipped");
        (uint256 last, uint256 bucket, , uint256 volume) = limits.usage(address(stablePool));
        assertEq(last, 0, "cooldown not burnt");
        assertEq(bucket, 10 * CAP, "bucket full");
        assertEq(volume, 0, "volume");
        vm.txGasPrice(200e9);
        execute(keeper, stablePool);
    }

    function test_D24_pauseStopsActingButNeverWithdrawals() public {
        disturb(stablePool, true, 40_000);
        vm.prank(guardian);
        limits.pause();
        vm.expectRevert(noAction(stablePool, IStabilizerLimits.Reason.PAUSED));
        stabilizer.executePrivateSwap(1e30, address(cUSDC), address(cUSDT));
        vm.prank(keeper);
        vm.expectRevert(ICommonErrors.Paused.selector);
        stabilizer.settle(address(cUSDT), 1e6, address(cUSDC), 0);

        uint256 amount = cUSDC.balanceOf(address(stabilizer));
        vm.prank(timelock);
        stabilizer.withdraw(address(cUSDC), amount, provider);
        assertEq(cUSDC.balanceOf(provider), amount, "withdrawn");
        assertEq(stabilizer.available(address(cUSDC)), 0, "available");
        // The pause ends by itself.
        skipTime(24 hours, 2);
        assertTrue(reasonOf(stablePool) != IStabilizerLimits.Reason.PAUSED, "over");
    }

    function test_D22_oracleTroubleIsNoAction() public {
        disturb(stablePool, true, 40_000);
        skipTime(1 days + 1, 2);
        assertReason(stablePool, IStabilizerLimits.Reason.ORACLE_UNAVAILABLE, "stale");
        vm.expectRevert(noAction(stablePool, IStabilizerLimits.Reason.ORACLE_UNAVAILABLE));
        stabilizer.executePrivateSwap(1e30, address(cUSDC), address(cUSDT));
        assertEq(stabilizer.executeBatch(_order(stablePool)), 0, "skipped");
        (int256 bps, bool acts) = stabilizer.checkDeviation(address(stablePool));
        assertFalse(acts, "no");
        assertLt(bps, 0, "the deviation can still be read");
    }

    function test_batch_skipsOnePoolAndServesTheOther() public {
        disturb(xauPool, true, 40_000);
        sellUsd(stablePool, false, 40_000);
        skipBlocks(4);
        // The stabilizer cannot be paid in cUSDT's pool: a frozen caller is no longer the pool's fault.
        IStabilizer.Order[] memory orders = new IStabilizer.Order[](4);
        orders[0] = IStabilizer.Order(address(stablePool), type(uint128).max);
        orders[1] = IStabilizer.Order(makeAddr("no pool"), 1);
        orders[2] = IStabilizer.Order(address(xauEurPool), type(uint128).max);
        orders[3] = IStabilizer.Order(address(xauPool), 1);
        vm.expectEmit(address(stabilizer));
        emit IStabilizer.Skipped(orders[1].pool, IStabilizerLimits.Reason.NOT_REGISTERED);
        vm.expectEmit(address(stabilizer));
        emit IStabilizer.Skipped(address(xauEurPool), IStabilizerLimits.Reason.INSIDE_BAND);
        vm.expectEmit(address(stabilizer));
        emit IStabilizer.Skipped(address(xauPool), IStabilizerLimits.Reason.BELOW_MINIMUM);
        vm.prank(keeper);
        assertEq(stabilizer.executeBatch(orders), 1, "executed");
        assertEq(lastExecutionBlock(xauPool), 0, "no effect");
        assertEq(lastExecutionBlock(stablePool), block.number, "served");
    }

    function test_batch_undoesAPoolWhoseTokenRefuses() public {
        disturb(stablePool, true, 40_000);
        bytes32 role = cUSDT.FREEZER_ROLE();
        vm.startPrank(timelock);
        cUSDT.grantRole(role, timelock);
        cUSDT.freeze(address(stabilizer));
        vm.stopPrank();
        vm.expectEmit(address(stabilizer));
        emit IStabilizer.Skipped(address(stablePool), IStabilizerLimits.Reason.EXECUTION_FAILED);
        assertEq(stabilizer.executeBatch(_order(stablePool)), 0, "skipped");
        assertEq(lastExecutionBlock(stablePool), 0, "the consumed limits are back");
    }

    // Sizes

    function test_size_isTheSmallestOfGainCapBucketInventory() public {
        disturb(stablePool, true, 40_000);
        IStabilizerLimits.PoolConfig memory config = poolConfig();
        IStabilizerLimits.Allowance memory full = limits.allowance(address(stablePool));
        assertEq(full.maxAmountIn, full.fullCloseIn, "the full close");

        config.gainWad = 0.25e18;
        _set(config);
        assertEq(limits.allowance(address(stablePool)).maxAmountIn, full.fullCloseIn / 4, "gain");

        config = poolConfig();
        config.capXauWei = CAP / 5;
        _set(config);
        uint256 amount = limits.allowance(address(stablePool)).maxAmountIn;
        assertLe(valueXau(cUSDC, amount), CAP / 5, "cap");
        assertApproxEqRel(valueXau(cUSDC, amount), CAP / 5, 1e12, "cap used up");

        config = poolConfig();
        config.bucketXauWei = CAP / 10;
        _set(config);
        amount = limits.allowance(address(stablePool)).maxAmountIn;
        assertApproxEqRel(valueXau(cUSDC, amount), CAP / 10, 1e12, "bucket");

        _set(poolConfig());
        uint256 left = unitsOfUsd(cUSDC, 1_000);
        uint256 all = cUSDC.balanceOf(address(stabilizer));
        vm.prank(timelock);
        stabilizer.withdraw(address(cUSDC), all - left, provider);
        assertEq(limits.allowance(address(stablePool)).maxAmountIn, left, "inventory");
        vm.prank(timelock);
        stabilizer.withdraw(address(cUSDC), left, provider);
        assertReason(stablePool, IStabilizerLimits.Reason.NO_INVENTORY, "none left");
    }

    function test_size_tradeSizeIsAMaximum() public {
        disturb(stablePool, true, 40_000);
        uint256 half = limits.allowance(address(stablePool)).maxAmountIn / 2;
        uint256 before = cUSDC.balanceOf(address(stablePool));
        stabilizer.executePrivateSwap(half, address(cUSDC), address(cUSDT));
        assertEq(cUSDC.balanceOf(address(stablePool)) - before, half, "sold exactly what was asked");
    }

    function test_bucket_isUsedUpAndRefillsPerBlock() public {
        IStabilizerLimits.PoolConfig memory config = poolConfig();
        config.bucketXauWei = CAP;
        config.bucketRefillXauWeiPerBlock = CAP / 100;
        _set(config);
        disturb(stablePool, true, 300_000);
        execute(keeper, stablePool);
        (, uint256 level, , ) = limits.usage(address(stablePool));
        assertLt(level, 1e13, "used up");
        skipBlocks(3);
        IStabilizerLimits.Allowance memory answer = limits.allowance(address(stablePool));
        assertApproxEqRel(
            valueXau(cUSDC, answer.maxAmountIn),
            (3 * uint256(CAP)) / 100,
            1e14,
            "three blocks of refill"
        );
        skipBlocks(200);
        (, level, , ) = limits.usage(address(stablePool));
        assertEq(level, CAP, "never beyond its capacity");
    }

    function testFuzz_STAB15_executionReducesAndNeverOvershoots(
        uint256 usd,
        bool isBase,
        uint256 gain,
        uint256 size
    ) public {
        usd = bound(usd, 31_000, 700_000);
        IStabilizerLimits.PoolConfig memory config = poolConfig();
        config.gainWad = uint64(bound(gain, 0.2e18, 1e18));
        _set(config);
        disturb(stablePool, isBase, usd);
        IStabilizerLimits.Allowance memory answer = limits.allowance(address(stablePool));
        size = bound(size, answer.minAmountIn, 2 * answer.maxAmountIn);
        uint256 before = stablePool.spotRatio();
        uint256 inventory = inventoryValue();
        stabilizer.executePrivateSwap(size, answer.tokenIn, answer.tokenOut);
        uint256 ratio = stablePool.spotRatio();
        if (before < WAD) {
            assertGt(ratio, before, "closer");
            assertLe(ratio, WAD, "not beyond");
        } else {
            assertLt(ratio, before, "closer");
            assertGe(ratio, WAD, "not beyond");
        }
        assertGe(inventoryValue(), inventory, "STAB-16 inventory");
    }

    function testFuzz_STAB16_priceNeverWorseThanTheAnchor(uint256 usd, bool isBase, uint72 eurAnswer) public {
        eurAnswer = uint72(bound(eurAnswer, 1_03000000, 1_15000000));
        report(cEURT, eurAnswer);
        skipBlocks(GRACE + 1);
        usd = bound(usd, 31_000, 500_000);
        disturb(xauEurPool, isBase, usd);
        uint256 xauBefore = xau.balanceOf(address(xauEurPool));
        uint256 eurBefore = cEURT.balanceOf(address(xauEurPool));
        execute(keeper, xauEurPool);
        // What the pool paid, and what it received, at the answers reported above.
        uint256 xauMoved = _distance(xau.balanceOf(address(xauEurPool)), xauBefore);
        uint256 eurMoved = _distance(cEURT.balanceOf(address(xauEurPool)), eurBefore);
        (uint256 spent, uint256 got) = xau.balanceOf(address(xauEurPool)) > xauBefore
            ? (xauMoved, valueXau(cEURT, eurMoved))
            : (valueXau(cEURT, eurMoved), xauMoved);
        assertGe(got, spent, "never worse than the anchor");
    }

    function _distance(uint256 a, uint256 b) internal pure returns (uint256) {
        return a > b ? a - b : b - a;
    }

    // Rewards

    function test_reward_isTheSmallestOfItsThreeBounds() public {
        uint256 share = poolConfig().rewardShareWad;
        // 0.1 gwei: twice 320,000 gas at 1.1 XAU per coin are 7.04e13 XAU wei, below a tenth of the gain of some 8 USD.
        uint256 paid = _rewardAt(0.1e9);
        assertLe(paid, 7.04e13, "twice the gas cost");
        assertApproxEqRel(paid, 7.04e13, 1e16, "close to it");
        // 200 gwei: now the share of the gain binds.
        skipBlocks(10);
        uint256 inventory = inventoryValue();
        paid = _rewardAt(200e9);
        uint256 gain = inventoryValue() + paid - inventory;
        assertApproxEqRel(paid, (gain * share) / WAD, 1e16, "share of the gain");
        // A small budget binds before both, and the next day it is there again.
        IStabilizerLimits.PoolConfig memory config = poolConfig();
        config.rewardBudgetXauWeiPerDay = uint128(paid + paid / 2);
        _set(config);
        skipTime(1 days, 2);
        _reportAll();
        skipBlocks(GRACE);
        uint256 first = _rewardAt(200e9);
        skipBlocks(10);
        uint256 second = _rewardAt(200e9);
        assertLe(first + second, config.rewardBudgetXauWeiPerDay, "budget of the day");
        assertGt(first, second, "the second one gets what is left");
        assertGt(second, 0, "something");
        (, , uint256 today, ) = limits.usage(address(stablePool));
        assertApproxEqAbs(today, first + second, 1e10, "counted");
    }

    function test_reward_isPaidToTheCallerFromTheGain() public {
        disturb(stablePool, true, 40_000);
        vm.txGasPrice(100e9);
        uint256 before = inventoryValue();
        execute(attacker, stablePool);
        assertGt(cUSDT.balanceOf(attacker), 0, "anyone is paid");
        assertGe(inventoryValue(), before, "out of the gain");
    }

    function _reportAll() internal {
        M1Token[4] memory all = [xau, cUSDT, cUSDC, cEURT];
        for (uint256 index = 0; index < 4; ++index) report(all[index], answerOf[address(all[index])]);
    }

    /// @dev Disturbs, executes at a gas price; answers the value that the keeper received, XAU wei.
    function _rewardAt(uint256 gasPrice) internal returns (uint256) {
        disturb(stablePool, true, 40_000);
        vm.txGasPrice(gasPrice);
        int256 before = wealth(keeper);
        execute(keeper, stablePool);
        vm.txGasPrice(0);
        return uint256(wealth(keeper) - before);
    }

    // Views

    function test_checkDeviation_isTheWorstPool() public {
        sellUsd(stablePool, true, 37_000); // 0.005 * ((1 / 0.963)^2 - 1) = 3.92 bps below
        sellUsd(xauPool, false, 90_000); // about +9 bps
        skipBlocks(4);
        (int256 worst, bool acts) = stabilizer.checkDeviation();
        (int256 ofXau, ) = stabilizer.checkDeviation(address(xauPool));
        (int256 ofStable, ) = stabilizer.checkDeviation(address(stablePool));
        assertEq(worst, ofXau, "worst");
        assertTrue(acts, "acts");
        assertGt(ofXau, 7, "positive: base is dear");
        assertEq(ofStable, -3, "rounded towards zero");
        (int256 wad, ) = stabilizer.checkDeviationWad(address(stablePool));
        assertEq(wad / 1e14, ofStable, "same deviation, finer");
        assertEq(uint256(int256(WAD) + wad), stablePool.blockEndRatio(block.number - 1), "newest block end");
    }

    function test_inventory_isEverythingValuedTogether() public view {
        assertApproxEqAbs(stabilizer.inventoryXauWei(), inventoryValue(), 8, "sum");
    }

    // Roles

    function test_ACCESS23_ownerAndKeeperOnly() public {
        vm.startPrank(attacker);
        bytes memory notOwner = abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", attacker);
        vm.expectRevert(notOwner);
        stabilizer.withdraw(address(cUSDC), 1, attacker);
        vm.expectRevert(notOwner);
        stabilizer.setKeeper(attacker, true);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        stabilizer.settle(address(cUSDT), 1, address(cUSDC), 0);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        stabilizer.executeOrder(IStabilizer.Order(address(stablePool), 1), attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        limits.consume(address(cUSDC), address(cUSDT), 1);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        limits.consumePool(address(stablePool), 1);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        limits.consumeReward(1);
        vm.stopPrank();
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, timelock));
        stabilizer.renounceOwnership();
        vm.expectRevert(ICommonErrors.ZeroAddress.selector);
        stabilizer.withdraw(address(cUSDC), 1, address(0));
        vm.stopPrank();
    }

    function test_approvals_followTheRegistry() public {
        vm.prank(timelock);
        limits.removePool(address(stablePool));
        stabilizer.syncApprovals(address(stablePool));
        assertEq(cUSDC.allowance(address(stabilizer), address(stablePool)), 0, "revoked");
        address meshPool = mesh.poolOf(address(cUSDC));
        stabilizer.syncApprovals(meshPool);
        assertEq(cUSDC.allowance(address(stabilizer), meshPool), type(uint256).max, "mesh pools stay approved");
    }

    // Internal

    function _set(IStabilizerLimits.PoolConfig memory config) internal {
        vm.prank(timelock);
        limits.setPoolConfig(address(stablePool), config);
    }

    function _order(IPmmPool pool) internal pure returns (IStabilizer.Order[] memory orders) {
        orders = new IStabilizer.Order[](1);
        orders[0] = IStabilizer.Order(address(pool), type(uint128).max);
    }
}

contract StabilizerSixDecimalsTest is StabilizerTests {}

contract StabilizerEightDecimalsTest is StabilizerTests {
    function _decimals() internal pure override returns (uint8) {
        return 8;
    }
}

contract StabilizerEighteenDecimalsTest is StabilizerTests {
    function _decimals() internal pure override returns (uint8) {
        return 18;
    }
}

/// @title Pools with a fixed anchor: the oracle is a veto only
contract StabilizerFixedPoolsTest is StabilizerBase {
    function _pricing() internal pure override returns (IPmmPool.Pricing) {
        return IPmmPool.Pricing.FIXED;
    }

    function test_fixed_closesAtItsOwnAnchor() public {
        disturb(stablePool, true, 40_000);
        uint256 before = inventoryValue();
        execute(keeper, stablePool);
        assertApproxEqAbs(stablePool.spotRatio(), WAD, 1e12, "closed");
        assertGe(inventoryValue(), before, "inventory");
    }

    /// hardhat-config: isolate = true
    function test_fixed_oracleVetoesAnAnchorItContradicts() public {
        disturb(stablePool, true, 40_000);
        report(cUSDC, 98900000); // 1.1 % away, the limit is 1 %
        skipBlocks(GRACE);
        assertReason(stablePool, IStabilizerLimits.Reason.ANCHOR_DISAGREES, "veto");
        vm.expectRevert(noAction(stablePool, IStabilizerLimits.Reason.ANCHOR_DISAGREES));
        stabilizer.executePrivateSwap(1e30, address(cUSDC), address(cUSDT));
    }

    /// hardhat-config: isolate = true
    function test_fixed_losingAtTheOracleIsNoAction() public {
        disturb(stablePool, true, 40_000); // the stabilizer would sell cUSDC and buy cUSDT at up to 1.0
        report(cUSDC, 1_00100000); // 10 bps dearer than the anchor says, inside the limit of agreement
        skipBlocks(GRACE);
        assertReason(stablePool, IStabilizerLimits.Reason.WOULD_LOSE, "reason");
        vm.expectRevert(noAction(stablePool, IStabilizerLimits.Reason.WOULD_LOSE));
        stabilizer.executePrivateSwap(1e30, address(cUSDC), address(cUSDT));
        report(cUSDC, 1_00600000); // 60 bps: beyond the accepted slippage, too
        skipBlocks(GRACE);
        assertReason(stablePool, IStabilizerLimits.Reason.SLIPPAGE, "reason");
        vm.expectRevert(noAction(stablePool, IStabilizerLimits.Reason.SLIPPAGE));
        stabilizer.executePrivateSwap(1e30, address(cUSDC), address(cUSDT));
    }
}

/// @title A pool so small that its full close is below the smallest trade
contract StabilizerSmallPoolTest is StabilizerBase {
    function test_D18_fullCloseOfASmallPoolCountsOnlyOutsideTheBand() public {
        IStabilizerLimits.PoolConfig memory config = poolConfig();
        config.minTradeXauWei = CAP; // 50,000 USD: more than any close of the size below
        config.minShareWad = 1;
        vm.prank(timelock);
        limits.setPoolConfig(address(stablePool), config);
        disturb(stablePool, true, 40_000);
        IStabilizerLimits.Allowance memory answer = limits.allowance(address(stablePool));
        assertEq(answer.minAmountIn, answer.fullCloseIn, "nothing but the full close");
        vm.expectRevert(
            abi.encodeWithSelector(IStabilizer.BelowMinimum.selector, answer.fullCloseIn - 1, answer.fullCloseIn)
        );
        stabilizer.executePrivateSwap(answer.fullCloseIn - 1, address(cUSDC), address(cUSDT));
        // Somebody brings the price inside the band: what is left is no execution any more.
        sellUsd(stablePool, false, 20_000);
        assertReason(stablePool, IStabilizerLimits.Reason.BELOW_MINIMUM, "inside the band");
        sellUsd(stablePool, true, 20_000);
        execute(keeper, stablePool);
    }
}
