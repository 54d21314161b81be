// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Arithmetic of one Uniswap v3 swap step, exact input
/// @dev Own code after the whitepaper's formulas; each rounding is the pool's own, so that a quote equals the swap to the unit. Prices
/// are sqrt(token1 / token0) as Q64.96, L is the liquidity between two ticks.
library V3Math {
    using SafeCast for uint256;

    int24 internal constant MAX_TICK = 887272;
    /// @notice The price may not reach these: sqrt prices of the outermost ticks.
    uint160 internal constant MIN_SQRT_PRICE = 4295128739;
    uint160 internal constant MAX_SQRT_PRICE = 1461446703485210103287273052203988822378723970342;

    uint256 private constant Q96 = 1 << 96;
    uint256 private constant PIPS = 1e6;

    /// @dev Twenty words of 16 bytes: word j is 2^128 / sqrt(1.0001)^(2^j), rounded to the nearest.
    bytes private constant POWERS =
        hex"fffcb933bd6fad37aa2d162d1a594001fff97272373d413259a46990580e213a"
        hex"fff2e50f5f656932ef12357cf3c7fdccffe5caca7e10e4e61c3624eaa0941cd0"
        hex"ffcb9843d60f6159c9db58835c926644ff973b41fa98c081472e6896dfb254c0"
        hex"ff2ea16466c96a3843ec78b326b52861fe5dee046a99a2a811c461f1969c3053"
        hex"fcbe86c7900a88aedcffc83b479aa3a4f987a7253ac413176f2b074cf7815e54"
        hex"f3392b0822b70005940c7a398e4b70f3e7159475a2c29b7443b29c7fa6e889d9"
        hex"d097f3bdfd2022b8845ad8f792aa5825a9f746462d870fdf8a65dc1f90e061e5"
        hex"70d869a156d2a1b890bb3df62baf32f731be135f97d08fd981231505542fcfa6"
        hex"09aa508b5b7a84e1c677de54f3e99bc9005d6af8dedb81196699c329225ee604"
        hex"00002216e584f5fa1ea926041bedfe9800000000048a170391f7dc42444e8fa2";

    struct Step {
        uint160 price;
        uint160 target;
        uint128 liquidity;
        uint256 remaining;
        uint24 feePips;
    }

    /// @notice sqrt(1.0001)^tick as Q64.96, rounded up.
    /// @dev The product over the set bits of |tick|, as Q128.128, each factor rounded down; inverted for positive ticks.
    function sqrtPriceAt(int24 tick) internal pure returns (uint160) {
        uint256 bits = uint256(int256(tick < 0 ? -tick : tick));
        bytes memory powers = POWERS;
        uint256 ratio = 1 << 128;
        for (uint256 j = 0; bits != 0; (bits >>= 1, ++j)) {
            if (bits & 1 == 0) continue;
            uint256 power;
            assembly ("memory-safe") {
                power := shr(128, mload(add(add(powers, 32), mul(j, 16))))
            }
            ratio = (ratio * power) >> 128;
        }
        if (tick > 0) ratio = type(uint256).max / ratio;
        return Math.ceilDiv(ratio, 1 << 32).toUint160();
    }

    /// @notice Trades up to `remaining` towards `target`.
    /// @return price Where the step ends; `target` when there was enough input to get there.
    /// @return taken Input with its fee.
    /// @return amountOut Rounded down.
    function advance(Step memory step) internal pure returns (uint160 price, uint256 taken, uint256 amountOut) {
        bool zeroForOne = step.price >= step.target;
        uint256 net = Math.mulDiv(step.remaining, PIPS - step.feePips, PIPS);
        uint256 needed = _amountIn(step.price, step.target, step.liquidity, zeroForOne);
        if (net >= needed) {
            price = step.target;
            taken = needed + Math.mulDiv(needed, step.feePips, PIPS - step.feePips, Math.Rounding.Ceil);
        } else {
            price =
                zeroForOne
                    ? _priceAfter0(step.price, step.liquidity, net)
                    : _priceAfter1(step.price, step.liquidity, net);
            // What is left beyond the net input is fee, whatever the rate says.
            taken =
                price == step.target
                    ? needed + Math.mulDiv(needed, step.feePips, PIPS - step.feePips, Math.Rounding.Ceil)
                    : step.remaining;
        }
        amountOut =
            zeroForOne
                ? _amount1(price, step.price, step.liquidity, Math.Rounding.Floor)
                : _amount0(step.price, price, step.liquidity, Math.Rounding.Floor);
    }

    function _amountIn(uint160 from, uint160 to, uint128 liquidity, bool zeroForOne) private pure returns (uint256) {
        return
            zeroForOne
                ? _amount0(to, from, liquidity, Math.Rounding.Ceil)
                : _amount1(from, to, liquidity, Math.Rounding.Ceil);
    }

    /// @dev L (1 / lower - 1 / upper).
    function _amount0(
        uint160 lower,
        uint160 upper,
        uint128 liquidity,
        Math.Rounding rounding
    ) private pure returns (uint256) {
        uint256 overUpper = Math.mulDiv(uint256(liquidity) << 96, upper - lower, upper, rounding);
        return rounding == Math.Rounding.Ceil ? Math.ceilDiv(overUpper, lower) : overUpper / lower;
    }

    /// @dev L (upper - lower).
    function _amount1(
        uint160 lower,
        uint160 upper,
        uint128 liquidity,
        Math.Rounding rounding
    ) private pure returns (uint256) {
        return Math.mulDiv(liquidity, upper - lower, Q96, rounding);
    }

    /// @dev L p / (L + amount p), rounded up; where that overflows, L / (L / p + amount).
    function _priceAfter0(uint160 price, uint128 liquidity, uint256 amount) private pure returns (uint160) {
        if (amount == 0) return price;
        uint256 scaled = uint256(liquidity) << 96;
        (bool fits, uint256 product) = Math.tryMul(amount, price);
        if (fits) {
            uint256 denominator;
            (fits, denominator) = Math.tryAdd(scaled, product);
            if (fits) return Math.mulDiv(scaled, price, denominator, Math.Rounding.Ceil).toUint160();
        }
        return Math.ceilDiv(scaled, scaled / price + amount).toUint160();
    }

    /// @dev p + amount / L, rounded down.
    function _priceAfter1(uint160 price, uint128 liquidity, uint256 amount) private pure returns (uint160) {
        return (price + Math.mulDiv(amount, Q96, liquidity)).toUint160();
    }
}
