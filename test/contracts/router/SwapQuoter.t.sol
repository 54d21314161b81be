// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IEnhancedSwapRouter} from "../../../contracts/interfaces/IEnhancedSwapRouter.sol";
import {ISwapRegistry} from "../../../contracts/interfaces/ISwapRegistry.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {SwapQuoter} from "../../../contracts/router/SwapQuoter.sol";
import {V3Math} from "../../../contracts/router/V3Math.sol";
import {RouterBase} from "./RouterBase.t.sol";

/// @notice What is quoted is what is paid, on each venue and over splits.
contract SwapQuoterTest is RouterBase {
    /// @dev Each venue alone, one hop, at a state that earlier trades have moved, in both directions.
    function testFuzz_ROUTER2_eachVenuePaysWhatWasQuoted(uint256 amount, uint256 before, uint256 which) public {
        which = bound(which, 0, 23);
        bool aToB = which % 2 == 0;
        address pool = pools()[(which / 2) % 6];
        _move(pool, which >= 12, before);
        ISwapRegistry.PoolEntry memory entry = router.poolEntry(pool);
        (address tokenIn, address tokenOut) = aToB ? (entry.tokenA, entry.tokenB) : (entry.tokenB, entry.tokenA);
        amount = bound(amount, 1, tokenIn == address(gold) ? uint256(300e18) : 700_000e6);
        uint256 quoted = _quotePool(pool, entry, tokenIn, amount);
        if (quoted == 0) return;
        IEnhancedSwapRouter.Order memory order_ = order(PlainERC20(tokenIn), amount, PlainERC20(tokenOut));
        order_.minOut = quoted;
        assertEq(run(order_, one(amount, pool, address(0))), quoted, "ROUTER-2: exact");
        assertHoldsNothing();
    }

    function testFuzz_ROUTER2_splitsPayWhatWasQuotedAndNeverLessThanOneRoute(
        uint256 amount,
        uint256 pair,
        uint256 maxRoutes,
        uint256 before
    ) public {
        maxRoutes = bound(maxRoutes, 1, 3);
        _move(ours, before % 2 == 0, before);
        PlainERC20[2][4] memory pairs = [[cUSDT, cUSDC], [cUSDC, cUSDT], [gold, cUSDT], [cUSDC, usdt]];
        PlainERC20[2] memory chosen = pairs[bound(pair, 0, 3)];
        (uint256 least, uint256 most) = chosen[0] == gold ? (uint256(1e15), uint256(300e18)) : (1e6, 900_000e6);
        amount = bound(amount, least, most);
        (uint256 single, ) = router.quote(address(chosen[0]), amount, address(chosen[1]), 1);
        (uint256 quoted, IEnhancedSwapRouter.Route[] memory routes) = router.quote(
            address(chosen[0]),
            amount,
            address(chosen[1]),
            maxRoutes
        );
        assertGe(quoted, single, "ROUTER-2: never worse than the best single route");
        assertLe(routes.length, maxRoutes, "as many routes as asked");
        IEnhancedSwapRouter.Order memory order_ = order(chosen[0], amount, chosen[1]);
        order_.minOut = quoted;
        assertEq(run(order_, routes), quoted, "ROUTER-2: exact");
        assertHoldsNothing();
    }

    function test_quote_bestSingleRouteIsTheBestOfAll() public {
        disturb(ours, true, 300_000e6);
        uint256 amount = 50_000e6;
        (uint256 quoted, IEnhancedSwapRouter.Route[] memory routes) = router.quote(
            address(cUSDT),
            amount,
            address(cUSDC),
            1
        );
        uint256 best = 0;
        address[3] memory direct = [ours, dodo, address(v3)];
        for (uint256 j = 0; j < 3; ++j) {
            uint256 out = _quotePool(direct[j], router.poolEntry(direct[j]), address(cUSDT), amount);
            if (out > best) best = out;
        }
        uint256 between = _quotePool(goldCUSDT, router.poolEntry(goldCUSDT), address(cUSDT), amount);
        uint256 through = _quotePool(address(goldCUSDC), router.poolEntry(address(goldCUSDC)), address(gold), between);
        assertEq(quoted, through > best ? through : best, "the best");
        assertEq(routes.length, 1, "one route");
        assertEq(routes[0].amountIn, amount, "the whole amount");
    }

    function test_quote_aLargeTradeIsSplitAndGains() public view {
        uint256 amount = 800_000e6;
        (uint256 single, ) = router.quote(address(cUSDT), amount, address(cUSDC), 1);
        (uint256 two, IEnhancedSwapRouter.Route[] memory pair) = router.quote(
            address(cUSDT),
            amount,
            address(cUSDC),
            2
        );
        (uint256 three, IEnhancedSwapRouter.Route[] memory all) = router.quote(
            address(cUSDT),
            amount,
            address(cUSDC),
            3
        );
        assertEq(pair.length, 2, "two routes");
        assertEq(all.length, 3, "three routes");
        assertGt(two, single, "two beat one");
        assertGt(three, two, "three beat two");
        assertEq(all[0].amountIn + all[1].amountIn + all[2].amountIn, amount, "the parts add up");
    }

    /// @dev Against all splits of two pools into the same slices: no greedy trap.
    function test_quote_splitIsOptimalAmongSlices() public {
        vm.startPrank(timelock);
        router.removePool(address(v3));
        router.removePool(goldCUSDT);
        vm.stopPrank();
        uint256 amount = 32 * 20_000e6;
        (uint256 quoted, ) = router.quote(address(cUSDT), amount, address(cUSDC), 2);
        uint256 best = 0;
        for (uint256 j = 0; j <= 32; ++j) {
            uint256 out =
                _quotePool(ours, router.poolEntry(ours), address(cUSDT), (amount / 32) * j) +
                    _quotePool(dodo, router.poolEntry(dodo), address(cUSDT), (amount / 32) * (32 - j));
            if (out > best) best = out;
        }
        assertEq(quoted, best, "no split into these slices pays more");
    }

    function test_quote_refusesWhatCannotBeAsked() public {
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        router.quote(address(cUSDT), 0, address(cUSDC), 1);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.IdenticalTokens.selector, address(cUSDT)));
        router.quote(address(cUSDT), 1e6, address(cUSDT), 1);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 4, 1, 3));
        router.quote(address(cUSDT), 1e6, address(cUSDC), 4);
        vm.expectRevert(
            abi.encodeWithSelector(IEnhancedSwapRouter.NoRoute.selector, address(usdc), address(cUSDT), 1e6)
        );
        router.quote(address(usdc), 1e6, address(cUSDT), 3);
    }

    /// @dev A pool whose liquidity ends before the amount does is no whole route, but may take a part.
    function test_quote_partialUniswapPoolsTakeTheirPart() public {
        vm.startPrank(timelock);
        router.removePool(dodo);
        router.removePool(goldCUSDT);
        vm.stopPrank();
        uint256 amount = 2_000_000e6;
        assertEq(_quotePool(address(v3), router.poolEntry(address(v3)), address(cUSDT), amount), 0, "cannot fill");
        (uint256 single, ) = router.quote(address(cUSDT), amount, address(cUSDC), 1);
        (uint256 split, IEnhancedSwapRouter.Route[] memory routes) = router.quote(
            address(cUSDT),
            amount,
            address(cUSDC),
            3
        );
        assertEq(routes.length, 2, "it takes a part");
        assertGt(split, single, "and that pays");
    }

    function test_v3_outermostTicks() public pure {
        assertEq(V3Math.sqrtPriceAt(-V3Math.MAX_TICK), V3Math.MIN_SQRT_PRICE, "lowest");
        assertEq(V3Math.sqrtPriceAt(V3Math.MAX_TICK), V3Math.MAX_SQRT_PRICE, "highest");
        assertEq(V3Math.sqrtPriceAt(0), 1 << 96, "one");
    }

    function testFuzz_v3_tickPricesAreThePools(int24 tick) public {
        tick = int24(bound(int256(tick), -V3Math.MAX_TICK + 1, V3Math.MAX_TICK - 1));
        // A pool that starts at our price of the tick reports that tick; one below it, the tick before.
        uint160 price = V3Math.sqrtPriceAt(tick);
        assertEq(int256(_tickAt(price, 500)), int256(tick), "at the price");
        assertEq(int256(_tickAt(price - 1, 3000)), int256(tick) - 1, "just below it");
    }

    function _tickAt(uint160 price, uint24 fee) private returns (int24 tick) {
        PlainERC20 a = PlainERC20(deploy("PlainERC20", abi.encode("A", 18)));
        PlainERC20 b = PlainERC20(deploy("PlainERC20", abi.encode("B", 18)));
        address pool = v3Factory.createPool(address(a), address(b), fee);
        (bool ok, ) = pool.call(abi.encodeWithSignature("initialize(uint160)", price));
        assertTrue(ok, "initialised");
        bytes memory answer;
        (, answer) = pool.staticcall(abi.encodeWithSignature("slot0()"));
        (, tick, , , , , ) = abi.decode(answer, (uint160, int24, uint16, uint16, uint16, uint8, bool));
    }

    function _quotePool(
        address pool,
        ISwapRegistry.PoolEntry memory entry,
        address tokenIn,
        uint256 amount
    ) private view returns (uint256) {
        return SwapQuoter(address(router.quoter())).quotePool(pool, entry, address(router), tokenIn, amount);
    }

    /// @dev A trade before, through the router, of 0 .. half a million.
    function _move(address pool, bool aToB, uint256 size) private {
        ISwapRegistry.PoolEntry memory entry = router.poolEntry(pool);
        PlainERC20 tokenIn = PlainERC20(aToB ? entry.tokenA : entry.tokenB);
        PlainERC20 tokenOut = PlainERC20(aToB ? entry.tokenB : entry.tokenA);
        size = bound(size, 0, tokenIn == gold ? uint256(150e18) : 300_000e6);
        if (_quotePool(pool, entry, address(tokenIn), size) == 0) return;
        run(order(tokenIn, size, tokenOut), one(size, pool, address(0)));
    }
}
