// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IUniswapV3Pool} from "../interfaces/IUniswapV3.sol";
import {V3Math} from "./V3Math.sol";

/// @title What a Uniswap v3 pool would pay for an exact input, computed from its state
/// @dev A view in the strict sense: it walks slot0, the tick bitmap and the liquidity of crossed ticks, as the pool does in a swap,
/// instead of swapping and reverting.
library V3Quote {
    /// @notice Ranges (to an initialised tick, or to the end of 256 ticks) that a quote follows before it gives up.
    uint256 internal constant MAX_RANGES = 256;

    /// @dev Memory only.
    struct Walk {
        IUniswapV3Pool pool;
        bool zeroForOne;
        int24 spacing;
        int24 tick;
        uint160 limit;
    }

    /// @return amountOut 0 when the pool cannot take all of `amountIn`, or not within MAX_RANGES ranges.
    function amountOutOf(
        IUniswapV3Pool pool,
        bool zeroForOne,
        uint256 amountIn
    ) internal view returns (uint256 amountOut) {
        Walk memory walk;
        V3Math.Step memory step;
        bool unlocked;
        (step.price, walk.tick, , , , , unlocked) = pool.slot0();
        // The pool reads the amount as a signed number.
        if (!unlocked || step.price == 0 || amountIn > uint256(type(int256).max)) return 0;
        (walk.pool, walk.zeroForOne, walk.spacing) = (pool, zeroForOne, pool.tickSpacing());
        walk.limit = zeroForOne ? V3Math.MIN_SQRT_PRICE + 1 : V3Math.MAX_SQRT_PRICE - 1;
        (step.liquidity, step.feePips, step.remaining) = (pool.liquidity(), pool.fee(), amountIn);
        for (uint256 ranges = 0; step.remaining != 0; ++ranges) {
            if (ranges == MAX_RANGES || step.price == walk.limit) return 0;
            amountOut += _range(walk, step);
        }
    }

    /// @dev One range: up to the next tick, over which the liquidity changes.
    function _range(Walk memory walk, V3Math.Step memory step) private view returns (uint256 amountOut) {
        (int24 next, bool initialised) = _nextTick(walk);
        uint160 priceNext = V3Math.sqrtPriceAt(next);
        bool limited = walk.zeroForOne ? priceNext < walk.limit : priceNext > walk.limit;
        step.target = limited ? walk.limit : priceNext;
        uint256 taken;
        (step.price, taken, amountOut) = V3Math.advance(step);
        step.remaining -= taken;
        if (step.price != priceNext) return amountOut;
        if (initialised) {
            (, int128 net, , , , , , ) = walk.pool.ticks(next);
            int256 liquidity = int256(uint256(step.liquidity)) + (walk.zeroForOne ? -int256(net) : int256(net));
            step.liquidity = uint128(uint256(liquidity));
        }
        walk.tick = walk.zeroForOne ? next - 1 : next;
    }

    /// @dev The next initialised tick in the same word of the bitmap, or the word's end.
    function _nextTick(Walk memory walk) private view returns (int24 next, bool initialised) {
        int24 spacing = walk.spacing;
        int24 index = walk.tick / spacing;
        if (walk.tick < 0 && walk.tick % spacing != 0) --index;
        if (!walk.zeroForOne) ++index;
        int16 word = int16(index >> 8);
        uint256 bit = uint256(uint8(uint24(index)));
        uint256 bits = walk.pool.tickBitmap(word);
        bits = walk.zeroForOne ? bits & (type(uint256).max >> (255 - bit)) : bits & (type(uint256).max << bit);
        initialised = bits != 0;
        uint256 found =
            walk.zeroForOne ? (initialised ? Math.log2(bits) : 0) : (initialised ? Math.log2(bits & (~bits + 1)) : 255);
        next = (int24(word) * 256 + int24(uint24(found))) * spacing;
        if (next < -V3Math.MAX_TICK) next = -V3Math.MAX_TICK;
        if (next > V3Math.MAX_TICK) next = V3Math.MAX_TICK;
    }
}
