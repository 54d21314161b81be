// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ICapitalBuckets} from "../../../contracts/interfaces/ICapitalBuckets.sol";
import {IReserveSystem} from "../../../contracts/interfaces/IReserveSystem.sol";
import {CapitalBuckets} from "../../../contracts/reserve/CapitalBuckets.sol";
import {FlashVault} from "../../../contracts/reserve/FlashVault.sol";
import {PublicLiquidity} from "../../../contracts/reserve/PublicLiquidity.sol";
import {ReserveSystem} from "../../../contracts/reserve/ReserveSystem.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {PegBase} from "../peg/PegBase.t.sol";

/// @title BucketBase
/// @notice All five buckets over the real peg system: pools, stabilizer, flash vault, peg managers and reserve system.
/// 500,000 USD of each token in B, 1,000,000 of each in E, of cUSDC also 100,000 in A, 50,000 in C, 20,000 in D.
abstract contract BucketBase is PegBase {
    ICapitalBuckets.Bucket internal constant A = ICapitalBuckets.Bucket.PUBLIC_LIQUIDITY;
    ICapitalBuckets.Bucket internal constant B = ICapitalBuckets.Bucket.STABILIZATION;
    ICapitalBuckets.Bucket internal constant C = ICapitalBuckets.Bucket.FLASH;
    ICapitalBuckets.Bucket internal constant D = ICapitalBuckets.Bucket.CROSS_CHAIN;
    ICapitalBuckets.Bucket internal constant E = ICapitalBuckets.Bucket.RESERVE;

    uint256 internal constant UNIT = 1e6;
    uint256 internal constant ALL = type(uint256).max;
    uint32 internal constant COOLDOWN = 10 minutes;
    uint64 internal constant FEE = 1e14;
    uint64 internal constant NATIVE_PRICE = 1.1e18;
    uint64 internal constant BUDGET = 0.04e18;

    ReserveSystem internal reserves;
    CapitalBuckets internal buckets;
    FlashVault internal flash;
    PublicLiquidity internal liquidity;

    function setUp() public virtual override {
        super.setUp();
        reserves = ReserveSystem(deploy("ReserveSystem", abi.encode(timelock)));
        buckets = CapitalBuckets(deploy("CapitalBuckets", abi.encode(address(oracle), address(reserves), timelock)));
        flash = FlashVault(deploy("FlashVault", abi.encode(timelock)));
        liquidity = PublicLiquidity(deploy("PublicLiquidity", abi.encode(timelock)));
        M1Token[4] memory all = [xau, cUSDT, cUSDC, cEURT];
        vm.startPrank(timelock);
        stabilizer.setBuckets(address(buckets));
        flash.setBuckets(address(buckets));
        liquidity.setBuckets(address(buckets));
        liquidity.addPool(address(stablePool));
        flash.setFee(address(cUSDC), FEE);
        flash.setGuardian(guardian);
        buckets.setGuardian(guardian);
        buckets.setPegBoard(address(board));
        buckets.setTerms(ICapitalBuckets.Terms(FEE, 0.5e18, BUDGET, NATIVE_PRICE, 200e9));
        for (uint256 i = 0; i < 4; ++i) buckets.addToken(address(all[i]), unitsOfUsd(all[i], 1_000_000));
        buckets.setHolder(A, address(liquidity));
        buckets.setHolder(B, address(stabilizer));
        buckets.setHolder(C, address(flash));
        for (uint256 i = 0; i < 4; ++i) {
            buckets.setPolicy(B, address(all[i]), policy(all[i], 400_000, 500_000));
            if (i > 0) reserves.registerToken(address(all[i]), _reserveBounds(), _reserveSizing());
            if (i > 0) reserves.setReporter(address(all[i]), address(buckets), true);
        }
        vm.stopPrank();
        for (uint256 i = 0; i < 4; ++i) fundReserve(all[i], 1_000_000);
        vm.startPrank(timelock);
        buckets.move(address(cUSDC), E, A, 100_000 * UNIT);
        buckets.move(address(cUSDC), E, C, 50_000 * UNIT);
        buckets.move(address(cUSDC), E, D, 20_000 * UNIT);
        vm.stopPrank();
        skipTime(61, 2);
    }

    function policy(
        M1Token token,
        uint256 lowUsd,
        uint256 targetUsd
    ) internal view returns (ICapitalBuckets.Policy memory) {
        return
            ICapitalBuckets.Policy({
                lowUnits: uint128(unitsOfUsd(token, lowUsd)),
                targetUnits: uint128(unitsOfUsd(token, targetUsd)),
                minRefillUnits: uint128(unitsOfUsd(token, 10_000)),
                cooldownSeconds: COOLDOWN
            });
    }

    function _reserveBounds() private pure returns (IReserveSystem.Bounds memory) {
        return IReserveSystem.Bounds(1, uint128(1e6 * UNIT), 1e4, uint128(1e6 * UNIT), 60, 1 days);
    }

    /// @dev P0 = 1,000 a minute, T = 5 minutes: a floor of 5,000, and at most 100,000 more when an outflow has raised P.
    function _reserveSizing() internal pure returns (IReserveSystem.Sizing memory) {
        return
            IReserveSystem.Sizing(
                uint128(1_000 * UNIT),
                uint128(40_000 * UNIT),
                1 hours,
                300,
                10_000,
                30_000,
                50_000,
                35
            );
    }

    function fundReserve(M1Token token, uint256 usd) internal {
        uint256 units = unitsOfUsd(token, usd);
        mint(token, provider, units);
        vm.startPrank(provider);
        token.approve(address(buckets), units);
        buckets.fund(address(token), units);
        vm.stopPrank();
    }

    /// @dev What a day of one-sided trading leaves behind: `usd` of `sold` have become `usd` of `bought`.
    function drain(M1Token sold, M1Token bought, uint256 usd) internal {
        uint256 units = unitsOfUsd(sold, usd);
        vm.prank(timelock);
        stabilizer.withdraw(address(sold), units, provider);
        mint(bought, address(stabilizer), unitsOfUsd(bought, usd));
    }

    function refillAs(
        address who,
        M1Token scarce,
        M1Token surplus
    ) internal returns (uint256 filled, uint256 paid, uint256 reward) {
        vm.prank(who);
        return buckets.refill(B, address(scarce), address(surplus), ALL, ALL);
    }

    function refusesRefill(M1Token scarce, M1Token surplus, ICapitalBuckets.RefillReason reason) internal {
        assertEq(uint256(buckets.quoteRefill(B, address(scarce), address(surplus)).reason), uint256(reason), "view");
        vm.expectRevert(abi.encodeWithSelector(ICapitalBuckets.RefillRefused.selector, B, address(scarce), reason));
        refillAs(keeper, scarce, surplus);
    }

    /// @dev BUCKET-1 for one token: per holder, buckets and surplus are the balance; A and B are what their holders have.
    function assertBooks(IERC20 token) internal view {
        address at = address(token);
        assertEq(
            buckets.bucketUnits(D, at) + buckets.bucketUnits(E, at) + buckets.surplus(E, at),
            token.balanceOf(address(buckets)),
            "BUCKET-1: D + E + surplus"
        );
        assertEq(
            buckets.bucketUnits(C, at) + buckets.surplus(C, at),
            token.balanceOf(address(flash)),
            "BUCKET-1: C + surplus"
        );
        assertEq(buckets.bucketUnits(B, at), token.balanceOf(address(stabilizer)), "BUCKET-1: B is what is there");
        assertEq(buckets.bucketUnits(A, at), liquidity.holding(at), "BUCKET-1: A is what is there");
        if (reserves.isRegistered(at)) {
            assertEq(reserves.recordedReserveUnits(at), buckets.bucketUnits(E, at), "BUCKET-1: recorded reserve");
        }
    }

    function assertAllBooks() internal view {
        assertBooks(xau);
        assertBooks(cUSDT);
        assertBooks(cUSDC);
        assertBooks(cEURT);
    }

    function sumOfBuckets(IERC20 token) internal view returns (uint256 sum) {
        for (uint8 i = 0; i < 5; ++i) sum += buckets.bucketUnits(ICapitalBuckets.Bucket(i), address(token));
    }
}
