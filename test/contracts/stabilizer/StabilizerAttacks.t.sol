// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IPmmPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {IStabilizer} from "../../../contracts/interfaces/IStabilizer.sol";
import {IStabilizerLimits} from "../../../contracts/interfaces/IStabilizerLimits.sol";
import {DodoDspFactoryStandIn} from "../../../contracts/mocks/dodo/DodoSystemStandIn.sol";
import {DodoDspStandIn} from "../../../contracts/mocks/dodo/DodoDspStandIn.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {PegAttacker} from "./PegAttacker.sol";
import {StabilizerBase} from "./StabilizerBase.t.sol";

/// @title Attacks on the stabilizer, on real parts; every attack's result is asserted as a number
abstract contract AttackBase is StabilizerBase {
    PegAttacker internal robber;

    function setUp() public virtual override {
        super.setUp();
        robber = new PegAttacker(stabilizer);
        vm.label(address(robber), "robber");
        IPmmPool[4] memory all = [stablePool, xauPool, xauUsdcPool, xauEurPool];
        for (uint256 index = 0; index < 4; ++index) robber.approve(all[index]);
        M1Token[4] memory tokens = [xau, cUSDT, cUSDC, cEURT];
        for (uint256 index = 0; index < 4; ++index) {
            mint(tokens[index], address(robber), unitsOfUsd(tokens[index], 5_000_000));
        }
    }

    /// @dev What `robber` gained since `before`, micro USD.
    function profit(int256 before) internal view returns (int256) {
        return microUsd(wealth(address(robber)) - before);
    }

    function endsOf(IPmmPool pool, uint256 count) internal view returns (uint256[] memory) {
        return pool.recentBlockEnds(count);
    }
}

contract StabilizerAttacksTest is AttackBase {
    /// hardhat-config: isolate = true
    function test_FR1_flashLoanCannotExecuteFromItsCallback() public {
        disturb(stablePool, true, 40_000);
        int256 start = wealth(address(robber));
        assertReason(stablePool, IStabilizerLimits.Reason.NONE, "would act");
        robber.flashSwing(stablePool, unitsOfUsd(cUSDT, 500_000), unitsOfUsd(cUSDC, 500_000));
        assertEq(robber.executionsInCallback(), 0, "a pool in the middle of a call answers nothing");
        assertEq(robber.executions(), 1, "afterwards it acts as for anybody");
        assertLt(profit(start), -90_000_000, "flash fee of 1 bp on a million, beyond the reward");
    }

    /// hardhat-config: isolate = true
    function test_STAB14_spikeDoesNotChangeShouldRebalance() public {
        (, bool before) = stabilizer.checkDeviation(address(stablePool));
        robber.trade(stablePool, true, unitsOfUsd(cUSDT, 900_000));
        (int256 bps, bool during) = stabilizer.checkDeviation(address(stablePool));
        assertFalse(before || during, "same block");
        assertEq(bps, 0, "only ended blocks count");
        // One block-end outside, however far, is no reason either.
        skipBlocks(1);
        (, bool next) = stabilizer.checkDeviation(address(stablePool));
        assertFalse(next, "one block end");
        assertReason(stablePool, IStabilizerLimits.Reason.NOT_SUSTAINED, "reason");
    }

    // FR3: holding the price for as long as it takes

    /// hardhat-config: isolate = true
    /// hardhat-config: fuzz.runs = 24
    function testFuzz_FR3_holdingThePriceLoses(uint256 usd, bool isBase, uint256 hold) public {
        usd = bound(usd, 40_000, 800_000);
        hold = bound(hold, 4, 12);
        int256 start = wealth(address(robber));
        uint256 inventory = inventoryValue();
        uint256 got = robber.trade(stablePool, isBase, unitsOfUsd(isBase ? cUSDT : cUSDC, usd));
        for (uint256 count = 0; count < hold; ++count) {
            skipBlocks(1);
            IStabilizer.Order[] memory orders = new IStabilizer.Order[](1);
            orders[0] = IStabilizer.Order(address(stablePool), type(uint128).max);
            vm.prank(keeper);
            stabilizer.executeBatch(orders);
        }
        assertGt(lastExecutionBlock(stablePool), 0, "the stabilizer acted");
        robber.trade(stablePool, !isBase, got);
        // At least the two fees of 1 bp, whatever the stabilizer did in between.
        assertLt(profit(start), -int256(usd) * 195, "attacker loses at least both fees");
        assertGe(inventoryValue(), inventory, "inventory");
    }

    // Sandwiching an execution

    /// hardhat-config: isolate = true
    /// hardhat-config: fuzz.runs = 24
    function testFuzz_sandwichOfOwnDisturbanceLoses(uint256 usd, uint256 frontUsd, bool isBase) public {
        usd = bound(usd, 40_000, 400_000);
        frontUsd = bound(frontUsd, 1_000, usd);
        int256 start = wealth(address(robber));
        robber.trade(stablePool, isBase, unitsOfUsd(cUSDT, usd));
        skipBlocks(4);
        robber.sandwich(stablePool, !isBase, unitsOfUsd(cUSDC, frontUsd));
        (bool sellBase, uint256 back) = stablePool.amountToAnchor();
        if (back > 0) robber.trade(stablePool, sellBase, back);
        assertLt(profit(start), -int256(usd) * 95, "attacker loses at least the fee of the disturbance");
    }

    /// hardhat-config: isolate = true
    /// hardhat-config: fuzz.runs = 24
    function testFuzz_sandwichOfATradersDisturbanceIsWorseThanArbitrage(uint256 usd, uint256 frontUsd) public {
        usd = bound(usd, 40_000, 200_000);
        frontUsd = bound(frontUsd, 1_000, usd);
        disturb(stablePool, true, usd);
        uint256 snapshot = vm.snapshotState();
        int256 start = wealth(address(robber));
        robber.trade(stablePool, false, unitsOfUsd(cUSDC, frontUsd));
        int256 arbitrage = profit(start);
        vm.revertToState(snapshot);

        uint256 inventory = inventoryValue();
        robber.sandwich(stablePool, false, unitsOfUsd(cUSDC, frontUsd));
        assertLt(profit(start), arbitrage, "selling back to the pool earns less than the outside market would");
        assertGe(inventoryValue(), inventory, "the stabilizer never pays for it");
    }

    // Oracle updates

    /// hardhat-config: isolate = true
    function test_updateSandwich_inOneTransaction_up() public {
        _updateSandwich(XAU_USD + XAU_USD / 2_000, false);
    }

    /// hardhat-config: isolate = true
    function test_updateSandwich_inOneTransaction_down() public {
        _updateSandwich(XAU_USD - XAU_USD / 2_000, true);
    }

    /// @dev The round trip ends flat in both tokens up to its loss; valued at the old price.
    function _updateSandwich(uint72 answer, bool isBase) internal {
        int256 start = wealth(address(robber));
        uint256 inventory = inventoryValue();
        uint256 amount = isBase ? unitsOfUsd(xau, 400_000) : unitsOfUsd(cUSDT, 400_000);
        robber.updateSandwich(xauPool, isBase, amount, _reports(answer));
        assertLt(profit(start), -75_000_000, "two fees of 1 bp on 400,000");
        assertEq(robber.executions(), 0, "executions");
        assertEq(inventoryValue(), inventory, "inventory untouched");
    }

    /// hardhat-config: isolate = true
    function test_updateSandwich_overTwoBlocks() public {
        int256 start = wealth(address(robber));
        uint256 got = robber.trade(xauPool, false, unitsOfUsd(cUSDT, 400_000));
        skipBlocks(1);
        report(xau, XAU_USD + XAU_USD / 2_000);
        robber.tryExecute(xauPool);
        // Inside the grace window the worse of both rounds counts: the new price pays nothing.
        robber.trade(xauPool, true, got);
        answerOf[address(xau)] = XAU_USD;
        assertLt(profit(start), -75_000_000, "two fees of 1 bp on 400,000");
        assertEq(robber.executions(), 0, "executions");
    }

    /// hardhat-config: isolate = true
    function test_update_movesNoRatioAndTriggersNothing() public {
        report(xau, XAU_USD + XAU_USD / 200); // 50 bps
        skipBlocks(8);
        uint256[] memory ends = endsOf(xauPool, 6);
        for (uint256 index = 0; index < 6; ++index)
            assertEq(ends[index], WAD, "an oracle-priced pool moves with its anchor");
        assertReason(xauPool, IStabilizerLimits.Reason.INSIDE_BAND, "reason");
    }

    /// hardhat-config: isolate = true
    function test_update_againstTheTradeHoldsUpNoCorrection() public {
        disturb(xauPool, true, 40_000); // XAU is cheap in the pool: the stabilizer would pay cUSDT for it
        assertReason(xauPool, IStabilizerLimits.Reason.NONE, "before the round");
        report(xau, XAU_USD - XAU_USD / 1_000); // 10 bps down: for GRACE blocks outsiders who buy XAU pay the older, higher price
        (uint256 anchorNew, uint256 anchorPrevious) = xauPool.anchors();
        assertLt(anchorNew, anchorPrevious, "inside the window");
        // The stabilizer acts at the newest anchor: neither held up nor at a loss.
        uint256 inventory = inventoryValue();
        assertReason(xauPool, IStabilizerLimits.Reason.NONE, "in the window");
        execute(keeper, xauPool);
        assertGe(inventoryValue(), inventory, "inventory");
        assertEq(lastExecutionBlock(xauPool), block.number, "acted in the window");
    }

    // Griefing

    /// hardhat-config: isolate = true
    function test_D18_oneWeiCannotBurnCooldown() public {
        disturb(stablePool, true, 40_000);
        IStabilizerLimits.Allowance memory answer = limits.allowance(address(stablePool));
        vm.startPrank(attacker);
        vm.expectRevert(abi.encodeWithSelector(IStabilizer.BelowMinimum.selector, 1, answer.minAmountIn));
        stabilizer.executePrivateSwap(1, address(cUSDC), address(cUSDT));
        uint256 almost = answer.minAmountIn - 1;
        vm.expectRevert(abi.encodeWithSelector(IStabilizer.BelowMinimum.selector, almost, answer.minAmountIn));
        stabilizer.executePrivateSwap(almost, address(cUSDC), address(cUSDT));
        vm.stopPrank();
        assertEq(lastExecutionBlock(stablePool), 0, "cooldown untouched");
        assertEq(answer.minAmountIn, (answer.maxAmountIn * 2 + 9) / 10, "x = 20 % of the allowed size");
        execute(keeper, stablePool);
        assertEq(lastExecutionBlock(stablePool), block.number, "the keeper still acts in this block");
    }

    /// hardhat-config: isolate = true
    function test_D18_bringingThePriceAlmostBackCannotBurnCooldown() public {
        disturb(stablePool, true, 40_000);
        int256 start = wealth(address(robber));
        uint256[3] memory leave = [uint256(1), unitsOfUsd(cUSDC, 1), unitsOfUsd(cUSDC, 400)];
        for (uint256 index = 0; index < 3; ++index) robber.griefCooldown(stablePool, leave[index]);
        assertEq(robber.executions(), 0, "a full close inside the band is no execution");
        assertEq(lastExecutionBlock(stablePool), 0, "cooldown untouched");
        assertLt(profit(start), 0, "and it costs the attacker");
        execute(keeper, stablePool);
    }

    // Another pool's volume

    /// hardhat-config: isolate = true
    function test_capExhaustionOnAnotherPoolLosesAndStopsNobody() public {
        int256 start = wealth(address(robber));
        robber.trade(xauUsdcPool, true, unitsOfUsd(xau, 300_000));
        disturb(stablePool, true, 300_000);
        // The attacker's pool takes its whole cap first, in the same block.
        vm.prank(attacker);
        stabilizer.executePrivateSwap(type(uint128).max, address(cUSDC), address(xau));
        (, , , uint256 volume) = limits.usage(address(xauUsdcPool));
        assertApproxEqRel(volume, CAP, 1e12, "the attacker used one pool's cap");
        IStabilizerLimits.Allowance memory answer = limits.allowance(address(stablePool));
        assertApproxEqRel(valueXau(cUSDC, answer.maxAmountIn), CAP, 1e12, "the other pool keeps its own");
        execute(keeper, stablePool);
        assertLt(stablePool.recordedRatio(), WAD, "still some way to go");
        assertLt(profit(start), -30_000_000, "attacker paid 1 bp on 300,000 and the curve");
        skipBlocks(3);
        execute(keeper, stablePool);
    }

    // Rewards

    function test_rewardFarmingLoses() public {
        IStabilizerLimits.PoolConfig memory config = poolConfig();
        config.rewardShareWad = 0.5e18; // the largest share that the limits accept
        config.rewardBudgetXauWeiPerDay = 1e18;
        vm.prank(timelock);
        limits.setPoolConfig(address(stablePool), config);
        vm.txGasPrice(200e9); // the largest accepted price, so that the gas bound is loose
        int256 start = wealth(address(robber));
        for (uint256 round = 0; round < 6; ++round) {
            bool isBase = round % 2 == 0;
            robber.trade(stablePool, isBase, unitsOfUsd(cUSDT, 49_000));
            skipBlocks(5);
            robber.tryExecute(stablePool);
            assertEq(robber.executions(), round + 1, "each round is rewarded");
        }
        (, , uint256 paid, ) = limits.usage(address(stablePool));
        assertGt(paid, 0, "rewards were paid");
        // 6 * 49,000 at 1 bp of fee are 29.4 USD, and half of the curve comes back at most.
        assertLt(profit(start), -29_400_000, "farming costs more than the fees alone");
    }

    function _reports(uint72 answer) internal view returns (PegAttacker.Report[] memory reports) {
        reports = new PegAttacker.Report[](FEEDS);
        for (uint256 index = 0; index < FEEDS; ++index) {
            reports[index].feed = feedsOf[address(xau)][index];
            (reports[index].round, reports[index].signatures) = signedRound(feedsOf[address(xau)][index], answer);
        }
    }
}

/// @title FR1 with 18 decimals: a swing that ends where it began changes exactly nothing
contract AtomicSwingTest is AttackBase {
    function _decimals() internal pure virtual override returns (uint8) {
        return 18;
    }

    /// @dev How far from where it began the swing itself ends, for want of a smaller token unit.
    function _dust() internal pure virtual returns (uint256) {
        return 0;
    }

    /// hardhat-config: isolate = true
    function test_FR1_atomicSwingOfNinetyPerCentLeavesNoTrace() public {
        skipBlocks(64);
        uint256[] memory before = endsOf(stablePool, 60);
        uint256 twapBefore = stablePool.twapRatio(60);
        int256 start = wealth(address(robber));
        bool isBase = true;
        for (uint256 round = 0; round < 4; ++round) {
            robber.swing(stablePool, isBase, unitsOfUsd(cUSDT, 940_000));
            isBase = !isBase;
            skipBlocks(1);
            assertApproxEqAbs(stablePool.blockEndRatio(block.number - 1), WAD, _dust(), "block end");
            robber.tryExecute(stablePool);
        }
        assertEq(robber.executions(), 0, "executions");
        uint256[] memory ends = endsOf(stablePool, 60);
        for (uint256 index = 0; index < 60; ++index) assertApproxEqAbs(ends[index], before[index], _dust(), "history");
        assertApproxEqAbs(stablePool.twapRatio(60), twapBefore, _dust(), "twap");
        (uint256 outside, ) = stablePool.blocksOutside(THETA, 60);
        assertEq(outside, 0, "blocks outside");
        assertReason(stablePool, IStabilizerLimits.Reason.INSIDE_BAND, "reason");
        // Two fees of 1 bp on about 940,000 and 900,000, four times, and the curve is paid back in full.
        assertLt(profit(start), -700_000_000, "attacker pays more than 700 USD");
    }
}

/// @title FR1 with 6 decimals: the swing ends a unit or two beside where it began, and nothing more is recorded
contract AtomicSwingSixDecimalsTest is AtomicSwingTest {
    function _decimals() internal pure override returns (uint8) {
        return 6;
    }

    function _dust() internal pure override returns (uint256) {
        return 1e5;
    }
}

/// @title Permanent drains on a steeper pool, where 50,000 leave the band
contract StabilizerDrainTest is AttackBase {
    uint256 internal constant BAND = 1e15; // 10 bps

    function _publicK() internal pure override returns (uint256) {
        return 0.02e18;
    }

    /// @dev Blocks until a block-end is inside the band again, with a keeper that acts whenever it may.
    function recoveryBlocks(IPmmPool pool) internal returns (uint256 blocks) {
        for (; blocks < 20; ++blocks) {
            IStabilizer.Order[] memory orders = new IStabilizer.Order[](1);
            orders[0] = IStabilizer.Order(address(pool), type(uint128).max);
            vm.prank(keeper);
            stabilizer.executeBatch(orders);
            uint256 ratio = pool.recordedRatio();
            if (ratio + BAND >= WAD && ratio <= WAD + BAND) return blocks;
            skipBlocks(1);
        }
    }

    /// hardhat-config: isolate = true
    /// hardhat-config: fuzz.runs = 16
    function testFuzz_FR2_drainUpToTheCapRecoversInTwoBlocks(uint256 usd, bool isBase) public {
        usd = bound(usd, 30_000, 50_000);
        int256 start = wealth(address(robber));
        robber.trade(stablePool, isBase, unitsOfUsd(cUSDT, usd));
        uint256 ratio = stablePool.recordedRatio();
        assertTrue(ratio + BAND < WAD || ratio > WAD + BAND, "left the band");
        assertLe(recoveryBlocks(stablePool), 2, "recovery");
        assertApproxEqAbs(stablePool.recordedRatio(), WAD, 1e14, "closed but for the cap");
        assertLt(profit(start), -int256(usd) * 95, "the drain paid its fee");
    }

    /// hardhat-config: isolate = true
    function test_FR2_largerDrainTakesOneCooldownMorePerCap() public {
        robber.trade(stablePool, true, unitsOfUsd(cUSDT, 100_000));
        // Two caps: the second one waits for minBlocks = 3, which leaves 50,000 - 25,000 of the band.
        assertLe(recoveryBlocks(stablePool), 5, "recovery");
    }
}

/// @title FR4 and D1: DODO's own average, which nothing of ours reads
contract DodoAverageTest is AttackBase {
    function _decimals() internal pure override returns (uint8) {
        return 18;
    }

    function _publicK() internal pure override returns (uint256) {
        return 0.1e18;
    }

    /// @dev Funds a DODO-style pool with 1,000,000 on each side, k = 0.1, 1 bp.
    function _dodoPool() internal returns (DodoDspStandIn pool) {
        DodoDspFactoryStandIn dodo = new DodoDspFactoryStandIn();
        pool = DodoDspStandIn(dodo.createDODOStablePool(address(cUSDT), address(cUSDC), LP_FEE, 1e18, 0.1e18, true));
        mint(cUSDT, address(pool), unitsOfUsd(cUSDT, DEPTH_USD));
        mint(cUSDC, address(pool), unitsOfUsd(cUSDC, DEPTH_USD));
        pool.buyShares(provider);
    }

    /// @dev Sells `usd` and buys back what restores the price, in one block; answers DODO's average over the idle time before.
    function _swingOnDodo(DodoDspStandIn pool, uint256 usd, uint256 idleSeconds) internal returns (uint256 averageWad) {
        uint256 before = pool._BASE_PRICE_CUMULATIVE_LAST_();
        vm.warp(vm.getBlockTimestamp() + idleSeconds);
        mint(cUSDT, address(pool), unitsOfUsd(cUSDT, usd));
        uint256 got = pool.sellBase(attacker);
        vm.prank(attacker);
        cUSDC.transfer(address(pool), got);
        pool.sellQuote(attacker);
        averageWad = (pool._BASE_PRICE_CUMULATIVE_LAST_() - before) / idleSeconds;
    }

    function test_FR4_D1_dodoAverageReadsTheSwingAsAnHourOfTruth() public {
        uint256[4] memory idle = [uint256(2), 60, 1 hours, 24 hours];
        for (uint256 index = 0; index < 4; ++index) {
            DodoDspStandIn pool = _dodoPool();
            uint256 averageWad = _swingOnDodo(pool, 5_100, idle[index]);
            assertApproxEqAbs(averageWad, WAD - 10.26e14, 0.05e14, "-10.26 bps, whatever the window");
        }
        // The whole attack costs about one unit of 5,100.
        assertApproxEqAbs(unitsOfUsd(cUSDT, 5_100) - cUSDT.balanceOf(attacker) / 4, 1.02e18, 0.02e18, "cost");
    }

    /// hardhat-config: isolate = true
    function test_FR4_D1_ourAverageReadsNothing() public {
        uint256[4] memory idle = [uint256(2), 60, 1 hours, 23 hours];
        for (uint256 index = 0; index < 4; ++index) {
            uint256 before = stablePool._BASE_PRICE_CUMULATIVE_LAST_();
            uint256 since = stablePool._BLOCK_TIMESTAMP_LAST_();
            skipTime(idle[index], 2);
            report(cUSDT, answerOf[address(cUSDT)]);
            report(cUSDC, answerOf[address(cUSDC)]);
            robber.swing(stablePool, true, unitsOfUsd(cUSDT, 5_100));
            uint256 elapsed = block.timestamp - since;
            assertEq(stablePool._BASE_PRICE_CUMULATIVE_LAST_() - before, WAD * elapsed, "exactly 1.0 per second");
            skipBlocks(1);
            assertEq(stablePool.twapRatio(8), WAD, "twap");
        }
        assertEq(robber.executions(), 0, "executions");
    }
}
