// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {ICapitalBuckets} from "../../../contracts/interfaces/ICapitalBuckets.sol";
import {ICapitalHolder} from "../../../contracts/interfaces/ICapitalHolder.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IPegManager} from "../../../contracts/interfaces/IPegManager.sol";
import {IPublicLiquidity} from "../../../contracts/interfaces/IPublicLiquidity.sol";
import {IReserveSystem} from "../../../contracts/interfaces/IReserveSystem.sol";
import {HostileToken} from "../../../contracts/mocks/HostileToken.sol";
import {CapitalBuckets} from "../../../contracts/reserve/CapitalBuckets.sol";
import {FlashVault} from "../../../contracts/reserve/FlashVault.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {BucketBase} from "./BucketBase.t.sol";

contract CapitalBucketsTest is BucketBase {
    function _closes(ICapitalBuckets.RefillReason reason) private {
        refusesRefill(cUSDT, cUSDC, reason);
    }

    /// @dev BUCKET-1: every kind of move keeps the sum of all buckets and the books of each holder.
    function test_BUCKET1_movesConserve() public {
        assertAllBooks();
        uint256 sum = sumOfBuckets(cUSDC);
        ICapitalBuckets.Bucket[5] memory all = [A, B, C, D, E];
        for (uint256 i = 0; i < 5; ++i) {
            for (uint256 j = 0; j < 5; ++j) {
                if (i == j) continue;
                vm.expectEmit(address(buckets));
                emit ICapitalBuckets.Moved(address(cUSDC), all[i], all[j], 1_000 * UNIT);
                vm.prank(timelock);
                buckets.move(address(cUSDC), all[i], all[j], 1_000 * UNIT);
                assertAllBooks();
                assertEq(sumOfBuckets(cUSDC), sum, "BUCKET-1: conserved");
            }
        }
        cUSDC.mint(address(buckets), 7);
        cUSDC.mint(address(flash), 11);
        assertEq(sumOfBuckets(cUSDC), sum, "gifts are surplus");
        assertEq(buckets.surplus(D, address(cUSDC)), 7);
        assertEq(buckets.absorb(E, address(cUSDC)), 7);
        assertEq(buckets.absorb(C, address(cUSDC)), 11);
        assertEq(sumOfBuckets(cUSDC), sum + 18, "until somebody makes them part of E");
        assertAllBooks();
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        buckets.absorb(C, address(cUSDC));
    }

    /// @dev BUCKET-2: a refill is an exchange at the oracle's price plus the fee; E gains, B loses the fee, nobody else pays.
    function test_BUCKET2_refillExchangesAtTheOracle() public {
        drain(cUSDT, cUSDC, 200_000);
        ICapitalBuckets.Quote memory quote = buckets.quoteRefill(B, address(cUSDT), address(cUSDC));
        // 200,000 of cUSDC lie above their target; at 1.0001 each they buy 199,980.00199...
        assertEq(quote.allowedUnits, 199_980_001999, "allowed");
        assertEq(quote.paidUnits, 200_000 * UNIT, "all of the surplus, rounded up");
        (uint256 filled, uint256 paid, uint256 reward) = refillAs(keeper, cUSDT, cUSDC);
        assertEq(filled, quote.allowedUnits);
        assertEq(paid, quote.paidUnits);
        assertEq(reward, 0, "no gas price, no reward");
        assertEq(buckets.bucketUnits(B, address(cUSDT)), 499_980_001999, "scarce token is back");
        assertEq(buckets.bucketUnits(B, address(cUSDC)), 500_000 * UNIT, "surplus is down to its target");
        assertEq(buckets.bucketUnits(E, address(cUSDC)), 1_030_000 * UNIT, "E has it");
        assertAllBooks();
    }

    /// @dev BUCKET-2: gold with 18 decimals against euros with 6.
    function test_BUCKET2_refillAcrossCurrenciesAndDecimals() public {
        drain(xau, cEURT, 150_000);
        (uint256 filled, uint256 paid, ) = refillAs(keeper, xau, cEURT);
        uint256 valueOut = valueXau(xau, filled);
        uint256 valueIn = valueXau(cEURT, paid);
        assertGe(valueIn * 10_000, valueOut * 10_001 - 1e16, "the fee at least, to a unit of cEURT");
        assertLe(valueIn * 10_000, valueOut * 10_001 + 1e16, "and no more");
        assertAllBooks();
    }

    /// @dev BUCKET-3: each reason has its name, and nothing moves.
    function test_BUCKET3_everyRefusalIsNamed() public {
        _closes(ICapitalBuckets.RefillReason.NOT_LOW);
        drain(cUSDT, cUSDC, 200_000);
        vm.prank(guardian);
        buckets.pause();
        _closes(ICapitalBuckets.RefillReason.PAUSED);
        vm.prank(timelock);
        buckets.unpause();
        refusesRefill(cUSDT, cUSDT, ICapitalBuckets.RefillReason.NO_POLICY);
        refusesRefill(cUSDT, cEURT, ICapitalBuckets.RefillReason.BELOW_MINIMUM); // cEURT stands at its target
        // A doubt about either price.
        skipTime(1 days + 1 hours, 2);
        _closes(ICapitalBuckets.RefillReason.ORACLE_DOUBT);
        report(cUSDT, 1_00000000);
        _closes(ICapitalBuckets.RefillReason.ORACLE_DOUBT);
        report(cUSDC, 1_00000000);
        // Gold has no price yet: that costs the caller his reward only.
        vm.txGasPrice(100e9);
        (, , uint256 reward) = refillAs(keeper, cUSDT, cUSDC);
        assertEq(reward, 0, "no reward without its price");
        // The bucket is full now; drained again it has to wait.
        drain(cUSDT, cUSDC, 200_000);
        _closes(ICapitalBuckets.RefillReason.COOLDOWN);
        skipTime(COOLDOWN, 2);
        refillAs(keeper, cUSDT, cUSDC);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICapitalBuckets.RefillRefused.selector,
                A,
                address(cUSDT),
                ICapitalBuckets.RefillReason.NO_POLICY
            )
        );
        buckets.refill(A, address(cUSDT), address(cUSDC), ALL, ALL);
    }

    /// @dev BUCKET-3: while either token is halted nothing is exchanged: the good one is not spent and the bad one not taken.
    function test_BUCKET3_noRefillWhileHalted() public {
        drain(cUSDT, cUSDC, 200_000);
        M1Token[2] memory both = [cUSDT, cUSDC];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(guardian);
            stable.veto(address(both[i]), IPegManager.State.HALTED);
            _closes(ICapitalBuckets.RefillReason.HALTED);
            vm.prank(timelock);
            stable.liftVeto(address(both[i]));
        }
        refillAs(keeper, cUSDT, cUSDC);
    }

    /// @dev BUCKET-3: nobody to refill, nobody to ask whether a token is halted.
    function test_BUCKET3_noRefillWithoutBoardOrHolder() public {
        CapitalBuckets fresh = CapitalBuckets(
            deploy("CapitalBuckets", abi.encode(address(oracle), address(reserves), timelock))
        );
        vm.startPrank(timelock);
        fresh.addToken(address(cUSDT), 1e12);
        fresh.addToken(address(cUSDC), 1e12);
        fresh.setPolicy(B, address(cUSDT), policy(cUSDT, 1, 100_000));
        fresh.setPolicy(B, address(cUSDC), policy(cUSDC, 1, 100_000));
        vm.stopPrank();
        ICapitalBuckets.Quote memory quote = fresh.quoteRefill(B, address(cUSDT), address(cUSDC));
        assertEq(uint256(quote.reason), uint256(ICapitalBuckets.RefillReason.NO_HOLDER));
        vm.prank(timelock);
        fresh.setHolder(B, address(stabilizer));
        quote = fresh.quoteRefill(B, address(cUSDT), address(cUSDC));
        assertEq(uint256(quote.reason), uint256(ICapitalBuckets.RefillReason.NO_PEG_BOARD));
    }

    /// @dev BUCKET-4: dust cannot start the cooldown, and a caller can bound the price.
    function test_BUCKET4_dustAndDearRefillsAreRefused() public {
        drain(cUSDT, cUSDC, 200_000);
        uint256 half = (uint256(199_980_001999) + 1) / 2;
        vm.expectRevert(abi.encodeWithSelector(ICapitalBuckets.RefillTooSmall.selector, half - 1, half));
        buckets.refill(B, address(cUSDT), address(cUSDC), half - 1, ALL);
        vm.expectRevert(abi.encodeWithSelector(ICapitalBuckets.RefillTooSmall.selector, 1, half));
        buckets.refill(B, address(cUSDT), address(cUSDC), 1, ALL);
        vm.expectRevert(
            abi.encodeWithSelector(ICapitalBuckets.RefillTooDear.selector, 200_000 * UNIT, 200_000 * UNIT - 1)
        );
        buckets.refill(B, address(cUSDT), address(cUSDC), ALL, 200_000 * UNIT - 1);
        assertEq(buckets.refillReadyAt(B, address(cUSDT)), 0, "no cooldown began");
        (uint256 filled, , ) = buckets.refill(B, address(cUSDT), address(cUSDC), half, ALL);
        assertEq(filled, half, "half passes");
        assertEq(buckets.refillReadyAt(B, address(cUSDT)), block.timestamp + COOLDOWN);
    }

    /// @dev BUCKET-5: E gives no more than the reserve system lets go above its floor.
    function test_BUCKET5_theFloorOfTheReserveHolds() public {
        drain(cUSDT, cUSDC, 200_000);
        IReserveSystem.Sizing memory sizing = _reserveSizing();
        sizing.replenishSeconds = 36_000; // a floor of 600 minutes: 600,000 at P0, 12,600,000 at the most
        vm.prank(timelock);
        reserves.setSizing(address(cUSDT), sizing);
        uint256 spendable = reserves.spendable(address(cUSDT));
        assertLt(spendable, 10_000 * UNIT, "only what does not raise P");
        _closes(ICapitalBuckets.RefillReason.BELOW_MINIMUM);
        sizing.replenishSeconds = 2_400; // 40 minutes: 40,000 at P0, 840,000 when P is at its cap
        vm.prank(timelock);
        reserves.setSizing(address(cUSDT), sizing);
        spendable = reserves.spendable(address(cUSDT));
        (uint256 filled, , ) = refillAs(keeper, cUSDT, cUSDC);
        assertEq(filled, spendable, "all that may go");
        assertGe(
            reserves.reserveUnits(address(cUSDT)),
            reserves.required(address(cUSDT), IReserveSystem.Tier.FLOOR),
            "BUCKET-5: floor"
        );
        // The owner is bound by it as well.
        vm.startPrank(timelock);
        vm.expectPartialRevert(IReserveSystem.FloorBreached.selector);
        buckets.move(address(cUSDT), E, B, 100_000 * UNIT);
        vm.expectPartialRevert(IReserveSystem.FloorBreached.selector);
        buckets.withdraw(address(cUSDT), 100_000 * UNIT, provider);
        vm.stopPrank();
    }

    /// @dev BUCKET-6: three bounds, and the smallest counts.
    function test_BUCKET6_rewardIsBounded() public {
        // 199,980 at a fee of 1 bp: 19.998 of gain, half of it at most.
        drain(cUSDT, cUSDC, 200_000);
        vm.txGasPrice(100e9);
        uint256 snapshot = vm.snapshotState();
        (, , uint256 reward) = refillAs(keeper, cUSDT, cUSDC);
        assertEq(cUSDC.balanceOf(keeper), reward, "paid in what was gained");
        assertApproxEqAbs(reward, 9_999000, 10, "half of the fee");
        assertAllBooks();

        vm.revertToState(snapshot);
        vm.txGasPrice(1e8); // 2 x 400,000 x 0.1 gwei x 1.1 oz: 0.000088 oz = 0.2332 USD
        (, , reward) = refillAs(keeper, cUSDT, cUSDC);
        assertApproxEqAbs(reward, 233222, 10, "twice the gas");

        vm.revertToState(snapshot);
        vm.txGasPrice(100e9);
        vm.prank(timelock);
        buckets.setTerms(ICapitalBuckets.Terms(FEE, 0.5e18, 0.001e18, NATIVE_PRICE, 200e9));
        (, , reward) = refillAs(keeper, cUSDT, cUSDC);
        assertApproxEqAbs(reward, 2_650250, 10, "the day's budget");
        assertLe(buckets.rewardLeftXauWei(), 1e6, "is used up");
        drain(cUSDT, cUSDC, 200_000);
        skipTime(COOLDOWN, 2);
        (, , reward) = refillAs(keeper, cUSDT, cUSDC);
        assertEq(reward, 0, "for today");
        skipTime(1 days, 2);
        assertEq(buckets.rewardLeftXauWei(), 0.001e18, "not for tomorrow");
    }

    /// @dev BUCKET-6: to and fro. The way back is closed, and what the owner took out comes back without a reward.
    function test_BUCKET6_roundTripsEarnNothing() public {
        vm.txGasPrice(100e9);
        drain(cUSDT, cUSDC, 200_000);
        refillAs(keeper, cUSDT, cUSDC);
        refusesRefill(cUSDC, cUSDT, ICapitalBuckets.RefillReason.NOT_LOW);
        skipTime(COOLDOWN, 2);

        uint256 before = cUSDC.balanceOf(keeper);
        vm.prank(timelock);
        buckets.move(address(cUSDT), B, E, 150_000 * UNIT);
        mint(cUSDC, address(stabilizer), 200_000 * UNIT);
        assertEq(buckets.unrewardedUnits(B, address(cUSDT)), 150_000 * UNIT);
        (uint256 filled, , uint256 reward) = refillAs(keeper, cUSDT, cUSDC);
        assertLe(filled, 150_020 * UNIT, "what was taken out, and the 20 of before");
        // Only the part that trading had used earns its share: 19.998001 of 1 bp, halved.
        assertLe(reward, 1_000, "a tenth of a cent");
        assertEq(cUSDC.balanceOf(keeper), before + reward);
        assertEq(buckets.unrewardedUnits(B, address(cUSDT)), 0, "paid off");
    }

    /// @dev BUCKET-7: nothing but an explicit move takes from A to B; no refill, no stabilization, no caller.
    function test_BUCKET7_publicLiquidityFundsStabilizationOnlyByAMove() public {
        uint256 inA = buckets.bucketUnits(A, address(cUSDC));
        assertEq(inA, 100_000 * UNIT);
        drain(cUSDC, cUSDT, 300_000);
        refillAs(keeper, cUSDC, cUSDT);
        disturb(stablePool, true, 200_000);
        execute(keeper, stablePool);
        assertEq(buckets.bucketUnits(A, address(cUSDC)), inA, "BUCKET-7: untouched");
        bytes[4] memory calls = [
            abi.encodeCall(buckets.move, (address(cUSDC), A, B, 1)),
            abi.encodeCall(buckets.withdraw, (address(cUSDC), 1, attacker)),
            abi.encodeCall(buckets.setHolder, (B, address(liquidity))),
            abi.encodeCall(buckets.setPolicy, (A, address(cUSDC), policy(cUSDC, 0, 0)))
        ];
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(attacker);
            (bool ok, bytes memory answer) = address(buckets).call(calls[i]);
            assertFalse(ok);
            assertEq(answer, abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, attacker));
        }
        vm.expectEmit(address(buckets));
        emit ICapitalBuckets.Moved(address(cUSDC), A, B, 40_000 * UNIT);
        vm.prank(timelock);
        buckets.move(address(cUSDC), A, B, 40_000 * UNIT);
        assertEq(buckets.bucketUnits(A, address(cUSDC)), inA - 40_000 * UNIT);
        assertAllBooks();
    }

    /// @dev BUCKET-8: the owner moves no more than the limit in a day, whatever the hours.
    function test_BUCKET8_movesAreCapped() public {
        uint256 limit = unitsOfUsd(xau, 1_000_000); // no floor stands in the way: XAU has no reserve requirement
        (uint256 capacity, uint256 refillPerSecond, uint256 ceiling) = buckets.moveLimit(address(xau));
        assertEq(capacity, limit / 2, "half at once");
        assertEq(refillPerSecond, limit / 2 days, "half over the day");
        assertEq(ceiling, limit);
        skipTime(2 days, 2);
        uint256 start = vm.getBlockTimestamp();
        uint256 moved;
        bool back;
        while (vm.getBlockTimestamp() < start + 24 hours) {
            uint256 amount = Math.min(buckets.moveAvailable(address(xau)), limit / 3);
            (ICapitalBuckets.Bucket from, ICapitalBuckets.Bucket to) = back ? (D, E) : (E, D);
            amount = Math.min(amount, buckets.bucketUnits(from, address(xau)));
            vm.prank(timelock);
            buckets.move(address(xau), from, to, amount);
            moved += amount;
            back = !back;
            skipTime(2 hours, 2);
        }
        assertLe(moved, limit, "BUCKET-8: a day's limit");
        assertGe(moved, (limit * 9) / 10, "and nearly all of it");
        uint256 left = buckets.moveAvailable(address(xau));
        vm.expectRevert(
            abi.encodeWithSelector(ICapitalBuckets.MoveLimitExceeded.selector, address(xau), left + 1, left)
        );
        vm.prank(timelock);
        buckets.withdraw(address(xau), left + 1, provider);
    }

    function test_bridgeTakesFromItsBufferOnly() public {
        address bridge = makeAddr("bridge");
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, bridge));
        vm.prank(bridge);
        buckets.bridgeTake(address(cUSDC), 1, bridge);
        vm.prank(timelock);
        buckets.setBridge(bridge);
        vm.startPrank(bridge);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICapitalBuckets.BucketTooSmall.selector,
                D,
                address(cUSDC),
                20_000 * UNIT + 1,
                20_000 * UNIT
            )
        );
        buckets.bridgeTake(address(cUSDC), 20_000 * UNIT + 1, bridge);
        buckets.bridgeTake(address(cUSDC), 15_000 * UNIT, bridge);
        assertAllBooks();
        cUSDC.approve(address(buckets), 15_000 * UNIT);
        buckets.bridgeReturn(address(cUSDC), 15_000 * UNIT);
        vm.stopPrank();
        assertEq(buckets.bucketUnits(D, address(cUSDC)), 20_000 * UNIT);
        // D is refilled like any other bucket.
        vm.startPrank(timelock);
        buckets.setPolicy(D, address(cUSDT), policy(cUSDT, 20_000, 40_000));
        buckets.setPolicy(D, address(cUSDC), ICapitalBuckets.Policy(0, 1e9, 1e9, COOLDOWN));
        vm.stopPrank();
        (uint256 filled, uint256 paid, ) = buckets.refill(D, address(cUSDT), address(cUSDC), ALL, ALL);
        assertEq(paid, 19_000 * UNIT);
        assertEq(buckets.bucketUnits(D, address(cUSDT)), filled);
        assertAllBooks();
    }

    /// @dev BUCKET-9: a token that keeps a part, or calls back, books nothing that is not here.
    function test_BUCKET9_hostileTokens() public {
        HostileToken hostile = HostileToken(deploy("HostileToken", abi.encode(6)));
        vm.prank(timelock);
        buckets.addToken(address(hostile), 1e12);
        hostile.mint(provider, 1e9);
        vm.startPrank(provider);
        hostile.approve(address(buckets), type(uint256).max);
        buckets.fund(address(hostile), 1e8);
        hostile.setMode(HostileToken.Mode.FEE_ON_TRANSFER);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.TransferMismatch.selector, address(hostile), 99e6, 1e8));
        buckets.fund(address(hostile), 1e8);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.TransferMismatch.selector, address(hostile), 99e4, 1e6));
        vm.prank(timelock);
        buckets.move(address(hostile), E, C, 1e6);
        bytes[4] memory calls = [
            abi.encodeCall(buckets.fund, (address(hostile), 1)),
            abi.encodeCall(buckets.absorb, (E, address(hostile))),
            abi.encodeCall(buckets.refill, (B, address(cUSDT), address(cUSDC), ALL, ALL)),
            abi.encodeCall(buckets.bucketUnits, (E, address(hostile)))
        ];
        for (uint256 i = 0; i < 4; ++i) {
            hostile.setHook(address(buckets), calls[i]);
            vm.prank(provider);
            buckets.fund(address(hostile), 1e6);
            assertFalse(hostile.hookSucceeded(), "BUCKET-9: re-entered");
            assertEq(
                bytes32(hostile.hookError()),
                bytes32(
                    i < 3 ? ReentrancyGuard.ReentrancyGuardReentrantCall.selector : ICommonErrors.Reentrant.selector
                )
            );
        }
        assertEq(
            buckets.bucketUnits(E, address(hostile)) + buckets.surplus(E, address(hostile)),
            hostile.balanceOf(address(buckets)),
            "books"
        );
    }

    // Holders

    function test_stabilizerReleasesToTheBucketsOnly() public {
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, timelock));
        vm.prank(timelock);
        stabilizer.release(address(cUSDC), 1, timelock);
        vm.expectRevert(abi.encodeWithSelector(ICapitalHolder.BucketsAlreadySet.selector, address(buckets)));
        vm.prank(timelock);
        stabilizer.setBuckets(address(flash));
        vm.prank(guardian);
        limits.pause();
        vm.expectRevert(ICommonErrors.Paused.selector);
        vm.prank(timelock);
        buckets.move(address(cUSDC), B, E, UNIT);
        // Into B there is always a way.
        vm.prank(timelock);
        buckets.move(address(cUSDC), E, B, UNIT);
        assertAllBooks();
    }

    function test_holdersAreReplacedWhenEmptyOnly() public {
        FlashVault other = FlashVault(deploy("FlashVault", abi.encode(timelock)));
        vm.startPrank(timelock);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICapitalBuckets.HolderKeepsTokens.selector,
                address(flash),
                address(cUSDC),
                50_000 * UNIT
            )
        );
        buckets.setHolder(C, address(other));
        buckets.move(address(cUSDC), C, E, 50_000 * UNIT);
        buckets.setHolder(C, address(other));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(other)));
        buckets.setHolder(A, address(other));
        vm.expectRevert(abi.encodeWithSelector(ICapitalBuckets.NoHolder.selector, D));
        buckets.setHolder(D, address(flash));
        vm.stopPrank();
    }

    function test_publicLiquidityProvidesAndLeaves() public {
        vm.startPrank(timelock);
        buckets.move(address(cUSDT), E, A, 100_000 * UNIT);
        uint256 shares = liquidity.provide(address(stablePool), 100_000 * UNIT, 100_000 * UNIT, 1);
        assertGe(buckets.bucketUnits(A, address(cUSDC)), 100_000 * UNIT - 2, "still A's");
        assertEq(buckets.bucketUnits(A, address(xau)), 0, "not a token of the pool");
        // What lies in a pool cannot be released.
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientBalance.selector);
        buckets.move(address(cUSDC), A, B, 50_000 * UNIT);
        vm.expectRevert(abi.encodeWithSelector(IPublicLiquidity.SharesLeft.selector, address(stablePool), shares));
        liquidity.removePool(address(stablePool));
        liquidity.leave(address(stablePool), shares, 0, 0);
        buckets.move(address(cUSDC), A, B, 50_000 * UNIT);
        liquidity.removePool(address(stablePool));
        vm.expectRevert(abi.encodeWithSelector(IPublicLiquidity.PoolNotAdded.selector, address(stablePool)));
        liquidity.leave(address(stablePool), 1, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, timelock));
        liquidity.release(address(cUSDC), 1, timelock);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, attacker));
        vm.prank(attacker);
        liquidity.leave(address(stablePool), 1, 0, 0);
        assertAllBooks();
    }

    // Bad input

    function test_badSettingsAreNamed() public {
        ICapitalBuckets.Policy memory fine = policy(cUSDC, 100_000, 200_000);
        ICapitalBuckets.Policy memory upsideDown = policy(cUSDC, 200_000, 100_000);
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(ICapitalBuckets.TokenAlreadyAdded.selector, address(cUSDC)));
        buckets.addToken(address(cUSDC), 1e12);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        buckets.addToken(attacker, 1e12);
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        buckets.setMoveLimit(address(cUSDC), 1_000_000 * UNIT + 1);
        vm.expectRevert(abi.encodeWithSelector(ICapitalBuckets.SameBucket.selector, E));
        buckets.move(address(cUSDC), E, E, 1);
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        buckets.move(address(cUSDC), E, D, 0);
        vm.expectRevert(abi.encodeWithSelector(ICapitalBuckets.TokenNotAdded.selector, address(this)));
        buckets.move(address(this), E, D, 1);
        vm.expectRevert(abi.encodeWithSelector(ICapitalBuckets.NoHolder.selector, E));
        buckets.setPolicy(E, address(cUSDC), fine);
        vm.expectPartialRevert(ICapitalBuckets.PolicyOutOfOrder.selector);
        buckets.setPolicy(B, address(cUSDC), upsideDown);
        vm.expectPartialRevert(ICapitalBuckets.PolicyOutOfOrder.selector);
        buckets.setPolicy(B, address(cUSDC), ICapitalBuckets.Policy(1, 2, 0, 60));
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        buckets.setPolicy(B, address(cUSDC), ICapitalBuckets.Policy(1, 2, 1, 0));
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        buckets.setTerms(ICapitalBuckets.Terms(0.005e18 + 1, 0, 0, 0, 0));
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        buckets.setTerms(ICapitalBuckets.Terms(0, 0.5e18 + 1, 0, 0, 0));
        vm.expectPartialRevert(ICommonErrors.OutOfRange.selector);
        buckets.setTerms(ICapitalBuckets.Terms(0, 0, 1e18 + 1, 0, 0));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, timelock));
        buckets.renounceOwnership();
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(ICapitalBuckets.TokenNotAdded.selector, address(this)));
        buckets.fund(address(this), 1);
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        buckets.fund(address(cUSDC), 0);
    }

    function test_gas_refill() public {
        drain(cUSDT, cUSDC, 200_000);
        vm.txGasPrice(10e9);
        vm.prank(keeper);
        buckets.refill(B, address(cUSDT), address(cUSDC), ALL, ALL);
        assertLt(vm.snapshotGasLastCall("buckets.refill"), buckets.GAS_PER_REFILL(), "what the reward's bound assumes");
    }
}
