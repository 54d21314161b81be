// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IPmmPool, IPmmPublicPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {PmmTestBase} from "./PmmTestBase.sol";

/// @notice Trades on pools of all decimals: round trips, monotony, limits, fees, the way back to the target.
contract PmmPoolCurveTest is PmmTestBase {
    /// @dev Storage slot of the packed parameters; the test at the bottom proves it.
    bytes32 private constant PARAMS_SLOT = bytes32(uint256(3));

    function setUp() public {
        setUpFactory(0);
    }

    function decimalsOf(uint256 seed) private pure returns (uint8) {
        return [6, 8, 18][seed % 3];
    }

    /// @dev A pool of 1M / 1M whole tokens at price 1 (times 10^(0..2) for the base).
    function makePool(uint256 seed, uint256 k) private returns (IPmmPublicPool pool) {
        uint8 baseDecimals = decimalsOf(seed);
        uint8 quoteDecimals = decimalsOf(seed / 3);
        uint256 price = 10 ** ((seed / 9) % 3);
        PlainERC20 base = PlainERC20(deploy("PlainERC20", abi.encode("BASE", baseDecimals)));
        PlainERC20 quote = PlainERC20(deploy("PlainERC20", abi.encode("QUOTE", quoteDecimals)));
        uint256 i = (price * 10 ** (18 + quoteDecimals)) / 10 ** baseDecimals;
        if (i < 1e9) i = 1e9;
        pool = IPmmPublicPool(
            fund(
                publicParams(address(base), address(quote), i, k),
                1e6 * 10 ** baseDecimals,
                1e6 * price * 10 ** quoteDecimals
            )
        );
    }

    function removeFee(IPmmPool pool) private {
        uint256 params = uint256(vm.load(address(pool), PARAMS_SLOT));
        vm.store(address(pool), PARAMS_SLOT, bytes32(params & ((1 << 184) - 1)));
        assertEq(pool._LP_FEE_RATE_(), 0);
    }

    function boundK(uint256 k) private pure returns (uint256) {
        return bound(k, 1e14, 0.999e18);
    }

    /// @dev POOL-2: two sales away, at zero fee, then everything back: the trader ends with no more than he had.
    function testFuzz_POOL2_roundTripNeverGains(uint256 seed, uint256 k, uint256[4] memory sizes, bool first) public {
        IPmmPublicPool pool = makePool(seed, boundK(k));
        removeFee(pool);
        PlainERC20 tokenA = PlainERC20(first ? pool._BASE_TOKEN_() : pool._QUOTE_TOKEN_());
        PlainERC20 tokenB = PlainERC20(first ? pool._QUOTE_TOKEN_() : pool._BASE_TOKEN_());
        uint256 reserve = first ? pool._BASE_RESERVE_() : pool._QUOTE_RESERVE_();
        uint256 spent = 0;
        uint256 got = 0;
        for (uint256 j = 0; j < 4; ++j) {
            uint256 size = bound(sizes[j], 1, reserve * 3);
            spent += size;
            got += sell(pool, trader, first, size);
        }
        // Back in two parts, so that the crossing of the target is met inside, at and beyond it.
        uint256 part = got / 3;
        uint256 back = 0;
        if (part != 0) back += sell(pool, trader, !first, part);
        if (got - part != 0) back += sell(pool, trader, !first, got - part);
        assertLe(back, spent, "round trip gained");
        assertEq(tokenA.balanceOf(address(pool)), first ? pool._BASE_RESERVE_() : pool._QUOTE_RESERVE_());
        assertEq(tokenB.balanceOf(address(pool)), first ? pool._QUOTE_RESERVE_() : pool._BASE_RESERVE_());
    }

    /// @dev POOL-2 across the anchor: over and back again, both ways through the target.
    function testFuzz_POOL2_crossingAndBackNeverGains(uint256 seed, uint256 k, uint256 start, uint256 over) public {
        IPmmPublicPool pool = makePool(seed, boundK(k));
        removeFee(pool);
        uint256 reserve = pool._BASE_RESERVE_();
        sell(pool, provider, true, bound(start, 1, reserve));
        (, uint256 toAnchor) = pool.amountToAnchor();
        uint256 size = toAnchor + bound(over, 0, pool._QUOTE_RESERVE_());
        if (size == 0) size = 1;
        uint256 baseGot = sell(pool, trader, false, size);
        if (baseGot == 0) return;
        uint256 quoteBack = sell(pool, trader, true, baseGot);
        assertLe(quoteBack, size, "round trip over the anchor gained");
    }

    /// @dev POOL-4: more in never pays less out; two parts never pay more than the fee-free whole (+ 1 unit).
    function testFuzz_POOL4_monotoneAndSplit(uint256 seed, uint256 k, uint256 size, uint256 more, bool isBase) public {
        IPmmPublicPool pool = makePool(seed, boundK(k));
        sell(pool, provider, seed & 1 == 0, bound(more, 1, pool._BASE_RESERVE_() / 2));
        uint256 reserve = isBase ? pool._BASE_RESERVE_() : pool._QUOTE_RESERVE_();
        size = bound(size, 2, reserve * 2);
        uint256 larger = size + bound(more, 1, reserve);
        uint256 whole = query(pool, stabilizer, isBase, size);
        assertLe(query(pool, trader, isBase, size), query(pool, trader, isBase, larger), "not monotone");
        uint256 part = 1 + (more % (size - 1));
        uint256 split = sell(pool, trader, isBase, part) + sell(pool, trader, isBase, size - part);
        assertLe(split, whole + 1, "splitting beats the fee-free sale");
    }

    function query(IPmmPool pool, address who, bool isBase, uint256 size) private view returns (uint256 out) {
        if (isBase) (out, , , ) = pool.querySellBase(who, size);
        else (out, , , ) = pool.querySellQuote(who, size);
    }

    /// @dev POOL-5, D8: one unit at the anchor never pays more than its price, over the whole range of k.
    function testFuzz_POOL5_D8_oneUnitPaysItsPriceAtMost(uint256 seed, uint256 k) public {
        IPmmPublicPool pool = makePool(seed, boundK(k));
        uint256 i = pool._I_();
        assertLe(query(pool, stabilizer, true, 1), i / WAD);
        assertLe(query(pool, stabilizer, false, 1), (WAD * WAD) / i / WAD + 1);
    }

    function test_D8_kNearOneIsRefused() public {
        PlainERC20 base = PlainERC20(deploy("PlainERC20", abi.encode("BASE", 18)));
        PlainERC20 quote = PlainERC20(deploy("PlainERC20", abi.encode("QUOTE", 18)));
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, WAD - 1, 1e14, 0.999e18));
        factory.createPool(publicParams(address(base), address(quote), WAD, WAD - 1));
    }

    /// @dev POOL-6: the largest sale that can be recorded leaves both reserves positive and the mid finite.
    function testFuzz_POOL6_reservesNeverReachZero(uint256 seed, uint256 k, uint256 size, bool isBase) public {
        IPmmPublicPool pool = makePool(seed, boundK(k));
        uint256 reserve = isBase ? pool._BASE_RESERVE_() : pool._QUOTE_RESERVE_();
        size = bound(size, reserve * 1e3, reserve * 1e8 > type(uint104).max ? type(uint104).max : reserve * 1e8);
        sell(pool, attacker, isBase, size);
        assertGt(pool._BASE_RESERVE_(), 0);
        assertGt(pool._QUOTE_RESERVE_(), 0);
        assertGt(pool.spotRatio(), 0);
        assertEq(pool._RState_(), isBase ? BELOW : ABOVE);
        // And it leads back.
        (, uint256 amountIn) = pool.amountToAnchor();
        sell(pool, stabilizer, !isBase, amountIn + 1);
        assertApproxEqAbs(pool.spotRatio(), WAD, 1e12);
    }

    /// @dev POOL-7: targets stay while R stays; R names the scarce side.
    function testFuzz_POOL7_targetsStayInsideAState(uint256 seed, uint256 k, uint256[5] memory sizes) public {
        IPmmPublicPool pool = makePool(seed, boundK(k));
        for (uint256 j = 0; j < 5; ++j) {
            (uint256 r, uint256 b0, uint256 q0) = (pool._RState_(), pool._BASE_TARGET_(), pool._QUOTE_TARGET_());
            bool isBase = sizes[j] & 1 == 0;
            uint256 reserve = isBase ? pool._BASE_RESERVE_() : pool._QUOTE_RESERVE_();
            sell(pool, trader, isBase, bound(sizes[j] >> 1, 1, reserve));
            if (r == pool._RState_()) {
                assertEq(pool._BASE_TARGET_(), b0);
                assertEq(pool._QUOTE_TARGET_(), q0);
            }
            IPmmPool.PMMState memory state = pool.getPMMState();
            if (state.R == BELOW) assertTrue(state.B > state.B0 && state.Q <= state.Q0 && pool.spotRatio() <= WAD);
            else if (state.R == ABOVE) assertTrue(state.B <= state.B0 && state.Q > state.Q0 && pool.spotRatio() >= WAD);
            else assertTrue(state.B == state.B0 && state.Q == state.Q0);
        }
    }

    /// @dev F6: the sale that leads back to the target, one unit less, exactly and one unit more.
    function testFuzz_backToTargetMinusOneZeroPlusOne(uint256 seed, uint256 k, uint256 away, bool isBase) public {
        IPmmPublicPool pool = makePool(seed, boundK(k));
        uint256 reserve = isBase ? pool._BASE_RESERVE_() : pool._QUOTE_RESERVE_();
        sell(pool, trader, isBase, bound(away, reserve / 1e5, reserve));
        (bool sellBase_, uint256 amountIn) = pool.amountToAnchor();
        assertEq(sellBase_, !isBase);
        uint256 side = isBase ? BELOW : ABOVE;
        uint256 surplus =
            isBase ? pool._BASE_RESERVE_() - pool._BASE_TARGET_() : pool._QUOTE_RESERVE_() - pool._QUOTE_TARGET_();
        for (uint256 j = 0; j < 3; ++j) {
            (uint256 out, , uint8 r, ) = isBase
                ? pool.querySellQuote(stabilizer, amountIn + j - 1)
                : pool.querySellBase(stabilizer, amountIn + j - 1);
            // Up to the floor of the irrational amount the state stays; one unit more crosses.
            if (j < 2) {
                assertEq(r, side, "crossed too early");
                assertLt(out, surplus);
            } else {
                assertNotEq(r, side, "did not cross");
                assertGe(out, surplus);
            }
        }
    }

    /// @dev D6: fees round up, so that a sale of dust pays nothing rather than escaping the fee.
    function testFuzz_D6_feesRoundUpAndStayInThePool(uint256 seed, uint256 size) public {
        IPmmPublicPool pool = makePool(seed, K);
        size = bound(size, 1, pool._BASE_RESERVE_());
        uint256 gross = query(pool, stabilizer, true, size);
        uint256 net = query(pool, trader, true, size);
        uint256 fee = (gross * FEE + WAD - 1) / WAD;
        assertEq(net, gross - fee);
        uint256 before = pool._QUOTE_RESERVE_();
        assertEq(sell(pool, trader, true, size), net);
        assertEq(before - pool._QUOTE_RESERVE_(), net);
    }

    function test_maintainerFeeIsPaidOutAndRoundsUp() public {
        setUpFactory(2.5e13);
        IPmmPublicPool pool = makePool(0, K);
        uint256 gross = query(pool, stabilizer, true, 1_000_001);
        (uint256 net, uint256 mtFee, , ) = pool.querySellBase(trader, 1_000_001);
        assertEq(mtFee, (gross * 2.5e13 + WAD - 1) / WAD);
        assertEq(net, gross - mtFee - (gross * FEE + WAD - 1) / WAD);
        sell(pool, trader, true, 1_000_001);
        PlainERC20 quote = PlainERC20(pool._QUOTE_TOKEN_());
        assertEq(quote.balanceOf(maintainer), mtFee);
        assertEq(quote.balanceOf(address(pool)), pool._QUOTE_RESERVE_());
    }

    function test_stabilizerIsExemptOnlyInPullBasedSwaps() public {
        IPmmPublicPool pool = makePool(0, K);
        (uint256 lpFee, ) = pool.getUserFeeRate(stabilizer);
        assertEq(lpFee, 0);
        uint256 expected = query(pool, trader, true, 1e9);
        PlainERC20(pool._BASE_TOKEN_()).mint(address(pool), 1e9);
        vm.prank(stabilizer);
        assertEq(pool.sellBase(stabilizer), expected);
        expected = query(pool, stabilizer, true, 1e9);
        assertEq(sell(pool, stabilizer, true, 1e9), expected);
    }

    /// @dev C4, D26: each impossible sale has its own error.
    function test_C4_D26_impossibleSalesHaveTypedErrors() public {
        IPmmPublicPool pool = makePool(0, K);
        PlainERC20 base = PlainERC20(pool._BASE_TOKEN_());
        vm.startPrank(trader);
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        pool.swapBase(0, 0, trader, trader, block.timestamp);
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        pool.sellBase(trader);
        vm.expectRevert(
            abi.encodeWithSelector(ICommonErrors.DeadlineExpired.selector, block.timestamp - 1, block.timestamp)
        );
        pool.swapBase(1, 0, trader, trader, block.timestamp - 1);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, provider));
        pool.swapBase(1, 0, provider, trader, block.timestamp);
        vm.stopPrank();

        base.mint(trader, type(uint128).max);
        vm.startPrank(trader);
        base.approve(address(pool), type(uint256).max);
        vm.expectPartialRevert(IPmmPool.ReserveOverflow.selector);
        pool.swapBase(type(uint112).max, 0, trader, trader, block.timestamp);
        vm.expectPartialRevert(ICommonErrors.OutputBelowMinimum.selector);
        pool.swapBase(1e6, 1e6, trader, trader, block.timestamp);
        vm.stopPrank();

        IPmmPool empty = IPmmPool(factory.createPool(publicParams(address(base), pool._QUOTE_TOKEN_(), WAD, K)));
        vm.expectRevert(IPmmPool.EmptyPool.selector);
        empty.querySellBase(trader, 1e6);
        assertEq(empty.spotRatio(), WAD);
    }

    /// @dev D9: what lies in the pool is taken by the next transfer-first caller, and never by a pull-based one.
    function test_D9_surplusIsNeverPaidOutByPullBasedSwaps() public {
        IPmmPublicPool pool = makePool(0, K);
        PlainERC20 base = PlainERC20(pool._BASE_TOKEN_());
        uint256 expected = query(pool, trader, true, 1e9);
        base.mint(address(pool), 5e9);
        assertEq(pool.getBaseInput(), 5e9);
        assertEq(sell(pool, trader, true, 1e9), expected);
        assertEq(pool.getBaseInput(), 5e9);
        uint256 gift = query(pool, attacker, true, 5e9);
        vm.prank(attacker);
        assertEq(pool.sellBase(attacker), gift);
        assertEq(pool.getBaseInput(), 0);
    }

    /// @dev The slot that `removeFee` writes is the packed parameters and nothing else.
    function test_paramsSlot() public {
        IPmmPublicPool pool = makePool(0, K);
        assertEq(uint256(vm.load(address(pool), PARAMS_SLOT)), WAD | (K << 120) | (FEE << 184));
    }
}
