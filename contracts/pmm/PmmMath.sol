// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ICommonErrors} from "../interfaces/ICommonErrors.sol";

/// @title PmmMath
/// @notice Proactive-market-maker curve in integers; every result is rounded against the trader. Derivations: docs/pmm.md.
///
/// With V = reserve of the scarcer token, D = surplus of the other token over its target, p = price of the surplus token in units of
/// the scarce one, a = p D / V and b = p x / V for a sale of x more surplus tokens:
///
///   s = sqrt(1 + 4 k a)            r = V0 / V = 1 + 2 a / (1 + s)             (adjusted target, no division by k)
///   g = 1 - k + k r^2 = a + 2 (1 - k) - (1 - 2 k) r                           (anchor / mid where the scarce token is the quote)
///   away from the target:  out = 2 b V / (h + sqrt(h^2 - 4 (1 - k) b)),  h = g + b     (stable root, no cancellation)
///   back to the target:    out = (y / p) (1 - k + k r^2 V / (V + y)),  y < (r - 1) V
///
/// @dev Numbers carry F fractional bits, F as large as 2^F (1 + 2 a + b) < 2^128 allows (28 .. 126), so that h^2 fits 256 bits. r carries
/// G >= F bits, because it is only of the order sqrt(a / k). Each step is rounded in a known direction: `h` is never below, `r` never
/// above the real number, and `error`, `slack` bound how far they can be off. The error of an output is below 2^-5 units in the
/// worst corner (reserves near 2^112) and below 2^-25 units for reserves up to 2^90.
/// @dev Units: reserves and amounts in token base units below 2^112; k 1e18 = 1; anchor = quote units per base unit times 1e18, <= 1e36.
library PmmMath {
    uint8 internal constant ONE = 0;
    /// @dev Base is scarce, price at or above the anchor.
    uint8 internal constant ABOVE = 1;
    /// @dev Quote is scarce, price at or below the anchor.
    uint8 internal constant BELOW = 2;

    uint256 internal constant WAD = 1e18;
    /// @dev Largest recordable reserve or target.
    uint256 internal constant MAX_RESERVE = type(uint112).max;
    /// @dev Largest ratio mid / anchor that is recorded.
    uint256 internal constant MAX_RATIO = type(uint80).max;
    /// @dev Largest 2 a + b: value of all surplus in terms of the reserve that is left. Beyond it nothing but dust could be paid.
    uint256 internal constant MAX_IMBALANCE = 2 ** 100;
    uint256 private constant MAX_FRACTION_BITS = 126;
    /// @dev From a > 2^14 on r gets more fractional bits than a.
    uint256 private constant WIDE_FROM_BITS = 14;

    /// @dev `r` is the stored state; see IDodoV2Pool.RChange. With r = ONE the targets equal the reserves.
    struct State {
        uint256 anchor;
        uint256 k;
        uint256 base;
        uint256 quote;
        uint256 baseTarget;
        uint256 quoteTarget;
        uint8 r;
    }

    /// @dev The point of the curve where a pool stands; names as in the formulas above.
    struct Point {
        uint256 f;
        uint256 g;
        /// @dev r with `g` bits: r * 2^g - slack <= ratio <= r * 2^g.
        uint256 ratio;
        uint256 slack;
        /// @dev g(r) with `f` bits: g(r) * 2^f <= height <= g(r) * 2^f + error.
        uint256 height;
        uint256 error;
    }

    /// @dev A sale with the price of the token sold = priceNum / priceDen units of the token paid. `surplus` belongs to the token paid
    /// when the sale leads back to the target, to the token sold otherwise.
    struct Sale {
        uint256 amountIn;
        uint256 priceNum;
        uint256 priceDen;
        uint256 reserveIn;
        uint256 reserveOut;
        uint256 targetOut;
        uint256 surplus;
        uint256 k;
    }

    /// @notice What a sale pays before fees.
    /// @return amountOut rounded down: exact - 1 <= amountOut <= exact (up to the error stated above).
    /// @return newInTarget 0, or, when the sale reaches or crosses the target of the token sold, that token's target, rounded up.
    function trade(
        bool isSellBase,
        State memory state,
        uint256 amountIn
    ) internal pure returns (uint256 amountOut, uint256 newInTarget) {
        unchecked {
            Sale memory sale =
                isSellBase
                    ? Sale(amountIn, state.anchor, WAD, state.base, state.quote, 0, 0, state.k)
                    : Sale(amountIn, WAD, state.anchor, state.quote, state.base, 0, 0, state.k);
            (uint256 targetIn, uint256 targetOut) = isSellBase
                ? (state.baseTarget, state.quoteTarget)
                : (state.quoteTarget, state.baseTarget);
            if (state.r == (isSellBase ? ABOVE : BELOW)) {
                (sale.targetOut, sale.surplus) = (targetOut, sale.reserveOut - targetOut);
                return _back(sale);
            }
            if (state.r != ONE) sale.surplus = sale.reserveIn - targetIn;
            uint256 unit = sale.priceDen * sale.reserveOut;
            uint256 value = amountIn * sale.priceNum;
            Point memory point = _point(sale.surplus * sale.priceNum, value, unit, sale.k);
            amountOut = _away(point, Math.mulDiv(value, 1 << point.f, unit), sale.reserveOut, sale.k);
        }
    }

    /// @notice mid / anchor, rounded to nearest, inside 1 .. MAX_RATIO.
    function ratioWad(State memory state) internal pure returns (uint256 ratio) {
        unchecked {
            (uint256 surplus, uint256 unit, ) = _position(state);
            if (surplus == 0) return WAD;
            Point memory point = _point(surplus, 0, unit, state.k);
            if (state.r == BELOW) {
                ratio = ((WAD << point.f) + (point.height >> 1)) / point.height;
                return ratio == 0 ? 1 : ratio;
            }
            // height < 2^128
            ratio = (point.height * WAD + (1 << (point.f - 1))) >> point.f;
            return ratio > MAX_RATIO ? MAX_RATIO : ratio;
        }
    }

    /// @notice The scarce side's adjusted target minus its reserve, rounded down and up. Zero at the anchor.
    /// @return shortDown what one may sell at most of the scarce token without crossing the target.
    /// @return shortUp with the reserve, the target that a crossing sale stores.
    function shortage(State memory state) internal pure returns (uint256 shortDown, uint256 shortUp) {
        unchecked {
            (uint256 surplus, uint256 unit, uint256 scarce) = _position(state);
            if (surplus == 0) return (0, 0);
            Point memory point = _point(surplus, 0, unit, state.k);
            uint256 excess = point.ratio - (1 << point.g);
            shortDown = (excess * scarce) >> point.g;
            shortUp = _shiftUp((excess + point.slack) * scarce, point.g);
        }
    }

    /// @dev Value of the surplus, the reserve it is measured in (same scale), and that reserve in token units.
    function _position(State memory state) private pure returns (uint256 surplus, uint256 unit, uint256 scarce) {
        unchecked {
            if (state.r == BELOW) {
                return ((state.base - state.baseTarget) * state.anchor, WAD * state.quote, state.quote);
            }
            if (state.r == ABOVE) {
                return ((state.quote - state.quoteTarget) * WAD, state.anchor * state.base, state.base);
            }
        }
    }

    /// @dev a = surplus / unit, b = value / unit. Bounds: surplus, value < 2^232, 0 < unit < 2^232.
    function _point(uint256 surplus, uint256 value, uint256 unit, uint256 k) private pure returns (Point memory point) {
        unchecked {
            uint256 f = _fractionBits((2 * surplus + value) / unit);
            uint256 one = 1 << f;
            point.f = f;
            point.g = f;
            point.ratio = one;
            point.height = one;
            if (surplus == 0) return point;

            uint256 a = Math.mulDiv(surplus, one, unit);
            uint256 r; // with f bits
            uint256 slack = 4;
            if (f > MAX_FRACTION_BITS - WIDE_FROM_BITS) {
                // s rounded up, hence r down; s is at most 2 units of 2^-f too large, which lowers r by at most r - 1 such units.
                uint256 s = Math.sqrt((one + (4 * k * a) / WAD + 1) << f) + 1;
                r = one + ((2 * a) << f) / (one + s);
                slack += r >> f;
                (point.ratio, point.slack) = (r, slack);
            } else {
                uint256 g = f + (MAX_FRACTION_BITS - WIDE_FROM_BITS + 1 - f) / 2;
                uint256 wide = 2 * g - f;
                uint256 s = Math.sqrt((1 << (2 * g)) + Math.mulDiv(4 * k * a, 1 << wide, WAD) + 1) + 1;
                r = (1 << g) + Math.mulDiv(2 * a, 1 << wide, (1 << g) + s);
                point.g = g;
                point.ratio = r;
                // Third term: a is rounded down by at most 2^-f, and dr / da = 1 / s.
                point.slack = slack + 1 + (r >> g) + (1 << wide) / s;
                slack += r >> wide;
                r >>= g - f;
            }
            uint256 height = a + 2 + ((2 * (WAD - k)) << f) / WAD;
            point.height =
                2 * k <= WAD
                    ? height - ((WAD - 2 * k) * r) / WAD
                    : height + 1 + ((2 * k - WAD) * (r + 1 + slack)) / WAD;
            point.error = 8 + 2 * slack;
        }
    }

    /// @dev Largest f <= 126 with 2^f (1 + 2 a + b) < 2^128; `imbalance` = floor(2 a + b).
    function _fractionBits(uint256 imbalance) private pure returns (uint256) {
        unchecked {
            if (imbalance < 2) return MAX_FRACTION_BITS;
            require(imbalance < MAX_IMBALANCE, ICommonErrors.OutOfRange(imbalance, 0, MAX_IMBALANCE - 1));
            return MAX_FRACTION_BITS + 1 - Math.log2(imbalance + 2);
        }
    }

    /// @dev `b` with point.f bits, rounded down.
    function _away(Point memory point, uint256 b, uint256 reserveOut, uint256 k) private pure returns (uint256) {
        unchecked {
            uint256 h = point.height + b + 1;
            uint256 root = Math.sqrt(h * h - (((4 * (WAD - k) * b) / WAD) << point.f)) + 1;
            return (2 * b * reserveOut) / (h + root);
        }
    }

    /// @dev The token sold is the scarce one.
    function _back(Sale memory sale) private pure returns (uint256, uint256) {
        unchecked {
            uint256 k = sale.k;
            Point memory point = _point(sale.surplus * sale.priceDen, 0, sale.priceNum * sale.reserveIn, k);
            uint256 g = point.g;
            uint256 shortUp = (point.ratio + point.slack - (1 << g)) * sale.reserveIn; // with g bits
            if (sale.amountIn << g >= shortUp) {
                // The target of the token sold is irrational: what is left over for the other side keeps g bits.
                uint256 past = _awayFromTarget(sale, (sale.amountIn << g) - shortUp, g);
                return (sale.surplus + past, sale.reserveIn + _shiftUp(shortUp, g));
            }
            uint256 flat = ((WAD - k) << point.f) / WAD;
            uint256 curved = point.height - point.error - flat - 1; // k r^2, rounded down
            uint256 factor = flat + (curved * sale.reserveIn) / (sale.reserveIn + sale.amountIn);
            return (Math.mulDiv(sale.amountIn * sale.priceNum, factor, sale.priceDen << point.f), 0);
        }
    }

    /// @dev A sale of `rest` (with g bits) that starts exactly at the targets.
    function _awayFromTarget(Sale memory sale, uint256 rest, uint256 g) private pure returns (uint256) {
        unchecked {
            uint256 unit = sale.priceDen * sale.targetOut;
            uint256 whole = ((rest >> g) * sale.priceNum) / unit;
            require(whole < MAX_IMBALANCE, ICommonErrors.OutOfRange(whole, 0, MAX_IMBALANCE - 1)); // keeps b below 2^247
            uint256 b = Math.mulDiv(rest, sale.priceNum, unit); // with g bits
            uint256 f = _fractionBits(b >> g);
            Point memory target = Point({f: f, g: f, ratio: 1 << f, slack: 0, height: 1 << f, error: 0});
            return _away(target, f > g ? b << (f - g) : b >> (g - f), sale.targetOut, sale.k);
        }
    }

    function _shiftUp(uint256 value, uint256 bits) private pure returns (uint256) {
        unchecked {
            return (value + (1 << bits) - 1) >> bits;
        }
    }
}
