// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICapitalBuckets} from "../../../contracts/interfaces/ICapitalBuckets.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IReserveLens} from "../../../contracts/interfaces/IReserveLens.sol";
import {IReserveSystem} from "../../../contracts/interfaces/IReserveSystem.sol";
import {ReserveLens} from "../../../contracts/periphery/ReserveLens.sol";
import {BucketBase} from "../reserve/BucketBase.t.sol";

/// @notice The lens over the real buckets: what it passes on, which refill it names, and that what it names can be done.
contract ReserveLensTest is BucketBase {
    ReserveLens internal lens;

    function setUp() public override {
        super.setUp();
        lens = ReserveLens(deploy("ReserveLens", abi.encode(buckets, reserves)));
    }

    function test_passesOnEveryBucketAndReserve() public view {
        IReserveLens.Snapshot memory seen = lens.snapshot();
        assertEq(seen.blockNumber, block.number);
        assertEq(seen.timestamp, block.timestamp);
        assertEq(seen.tokens.length, 4);
        for (uint256 index = 0; index < 4; ++index) {
            IReserveLens.TokenView memory token = seen.tokens[index];
            assertTrue(token.bucketsReadable, "readable");
            for (uint8 bucket = 0; bucket < 5; ++bucket) {
                assertEq(
                    token.bucketUnits[bucket],
                    buckets.bucketUnits(ICapitalBuckets.Bucket(bucket), token.token),
                    "bucket"
                );
            }
            bool isXau = token.token == address(xau);
            assertEq(token.reserveReadable, !isXau, "reserve");
            if (isXau) continue;
            IReserveSystem.State memory state = reserves.state(token.token);
            assertEq(abi.encode(token.reserve), abi.encode(state), "state");
        }
        // B has a policy in each of the four tokens, the other buckets have none.
        assertEq(seen.refills.length, 4);
        assertEq(abi.encode(lens.refills()), abi.encode(seen.refills), "refills alone");
    }

    function test_namesGiftsApart() public {
        mint(cUSDC, address(flash), 7 * UNIT);
        mint(cUSDC, address(buckets), 5 * UNIT);
        (uint256[5] memory units, uint256 flashSurplus, uint256 ownSurplus) = lens.bucketsOf(address(cUSDC));
        assertEq(flashSurplus, 7 * UNIT);
        assertEq(ownSurplus, 5 * UNIT);
        assertEq(units[uint8(C)], 50_000 * UNIT);
    }

    function test_saysThatNothingIsLow() public view {
        IReserveLens.RefillView memory best = lens.bestRefill(B, address(cUSDC));
        assertEq(uint8(best.reason), uint8(ICapitalBuckets.RefillReason.NOT_LOW));
        assertEq(best.allowedUnits, 0);
        assertEq(best.policy.targetUnits, 500_000 * UNIT);
    }

    /// @dev Of two tokens that B has too much of, the one that allows the larger exchange.
    function test_namesTheRefillThatExchangesMost() public {
        drain(cUSDC, cUSDT, 60_000);
        drain(cUSDC, cEURT, 100_000);
        IReserveLens.RefillView memory best = lens.bestRefill(B, address(cUSDC));
        assertEq(uint8(best.reason), uint8(ICapitalBuckets.RefillReason.NONE));
        assertEq(best.surplusToken, address(cEURT));
        ICapitalBuckets.Quote memory quote = buckets.quoteRefill(B, address(cUSDC), address(cEURT));
        assertEq(best.allowedUnits, quote.allowedUnits);
        assertEq(best.paidUnits, quote.paidUnits);

        vm.prank(keeper);
        (uint256 filled, uint256 paid, ) = buckets.refill(
            B,
            address(cUSDC),
            best.surplusToken,
            best.allowedUnits,
            best.paidUnits
        );
        assertEq(filled, best.allowedUnits);
        assertEq(paid, best.paidUnits);

        drain(cUSDC, cUSDT, 200_000);
        best = lens.bestRefill(B, address(cUSDC));
        assertEq(uint8(best.reason), uint8(ICapitalBuckets.RefillReason.COOLDOWN));
        assertEq(best.readyAt, block.timestamp + COOLDOWN);
    }

    /// @dev Low, and nothing to give for it: the most telling refusal, not that of a candidate that cannot be used at all.
    function test_saysWhyNothingCanBeExchanged() public {
        vm.startPrank(timelock);
        stabilizer.withdraw(address(cUSDC), 200_000 * UNIT, provider);
        vm.stopPrank();
        IReserveLens.RefillView memory best = lens.bestRefill(B, address(cUSDC));
        assertEq(uint8(best.reason), uint8(ICapitalBuckets.RefillReason.BELOW_MINIMUM));
    }

    function test_aHolderThatDoesNotAnswerHidesNobody() public {
        vm.mockCallRevert(address(stabilizer), abi.encodeWithSignature("holding(address)", address(cUSDT)), "");
        IReserveLens.Snapshot memory seen = lens.snapshot();
        for (uint256 index = 0; index < seen.tokens.length; ++index) {
            bool isBroken = seen.tokens[index].token == address(cUSDT);
            assertEq(seen.tokens[index].bucketsReadable, !isBroken);
            if (isBroken) assertTrue(seen.tokens[index].reserveReadable);
        }
        for (uint256 index = 0; index < seen.refills.length; ++index) {
            if (seen.refills[index].scarce == address(cUSDT)) {
                assertEq(uint8(seen.refills[index].reason), uint8(ICapitalBuckets.RefillReason.NO_HOLDER));
            } else {
                assertEq(uint8(seen.refills[index].reason), uint8(ICapitalBuckets.RefillReason.NOT_LOW));
            }
        }
    }

    function test_refusesWhatHasNoCode() public {
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, address(1)));
        deploy("ReserveLens", abi.encode(ICapitalBuckets(address(1)), reserves));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, address(2)));
        deploy("ReserveLens", abi.encode(buckets, IReserveSystem(address(2))));
    }
}
