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

    /// @notice What a sale pays before fees.
    /// @return amountOut rounded down: exact - 1 <= amountOut <= exact (up to the error stated above).
    /// @return newInTarget 0, or, when the sale reaches or crosses the target of the token sold, that token's target, rounded up.
    function trade(
        bool isSellBase,
        State memory state,
        uint256 amountIn
    ) internal pure returns (uint256 amountOut, uint256 newInTarget) {
        if (state.r == (isSellBase ? ABOVE : BELOW)) return _back(isSellBase, state, amountIn);
        return (_away(isSellBase, state, amountIn), 0);
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

            uint256 a = _shiftDiv(surplus, f, unit);
            uint256 r; // with f bits
            uint256 slack = 4;
            if (f > MAX_FRACTION_BITS - WIDE_FROM_BITS) {
                // s rounded up, hence r down; s is at most 2 units of 2^-f too large, which lowers r by at most r - 1 such units.
                uint256 s = _sqrtUp((one + (4 * k * a) / WAD + 1) << f, one);
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

    /// @dev The token paid is the scarce one, or both stand at their targets.
    function _away(bool isSellBase, State memory state, uint256 amountIn) private pure returns (uint256) {
        unchecked {
            (uint256 unit, uint256 value, uint256 surplus, uint256 reserveOut) = isSellBase
                ? (WAD * state.quote, amountIn * state.anchor, state.base - state.baseTarget, state.quote)
                : (state.anchor * state.base, amountIn * WAD, state.quote - state.quoteTarget, state.base);
            surplus = state.r == ONE ? 0 : surplus * (isSellBase ? state.anchor : WAD);
            Point memory point = _point(surplus, value, unit, state.k);
            return _solve(point, _shiftDiv(value, point.f, unit), reserveOut, state.k);
        }
    }

    /// @dev The token sold is the scarce one. price = priceNum / priceDen units of the token paid per unit sold.
    function _back(bool isSellBase, State memory state, uint256 amountIn) private pure returns (uint256, uint256) {
        unchecked {
            (uint256 priceNum, uint256 priceDen, uint256 reserveIn, uint256 surplus) = isSellBase
                ? (state.anchor, WAD, state.base, state.quote - state.quoteTarget)
                : (WAD, state.anchor, state.quote, state.base - state.baseTarget);
            Point memory point = _point(surplus * priceDen, 0, priceNum * reserveIn, state.k);
            uint256 g = point.g;
            uint256 shortUp = (point.ratio + point.slack - (1 << g)) * reserveIn; // with g bits
            if (amountIn << g >= shortUp) {
                // The target of the token sold is irrational: what is left over for the other side keeps g bits.
                surplus += _awayFromTarget(isSellBase, state, (amountIn << g) - shortUp, g);
                return (surplus, reserveIn + _shiftUp(shortUp, g));
            }
            uint256 flat = ((WAD - state.k) << point.f) / WAD;
            uint256 curved = point.height - point.error - flat - 1; // k r^2, rounded down
            uint256 factor = flat + (curved * reserveIn) / (reserveIn + amountIn);
            return (Math.mulDiv(amountIn * priceNum, factor, priceDen << point.f), 0);
        }
    }

    /// @dev A sale of `rest` (with g bits) that starts exactly at the targets.
    function _awayFromTarget(
        bool isSellBase,
        State memory state,
        uint256 rest,
        uint256 g
    ) private pure returns (uint256) {
        unchecked {
            (uint256 priceNum, uint256 unit, uint256 targetOut) = isSellBase
                ? (state.anchor, WAD * state.quoteTarget, state.quoteTarget)
                : (WAD, state.anchor * state.baseTarget, state.baseTarget);
            uint256 b = ((rest >> g) * priceNum) / unit;
            require(b < MAX_IMBALANCE, ICommonErrors.OutOfRange(b, 0, MAX_IMBALANCE - 1)); // keeps the next b below 2^247
            b = Math.mulDiv(rest, priceNum, unit); // with g bits
            uint256 f = _fractionBits(b >> g);
            Point memory target = Point({f: f, g: f, ratio: 1 << f, slack: 0, height: 1 << f, error: 0});
            return _solve(target, f > g ? b << (f - g) : b >> (g - f), targetOut, state.k);
        }
    }

    /// @dev The stable root of the quadratic, times the reserve. `b` with point.f bits, rounded down.
    function _solve(Point memory point, uint256 b, uint256 reserveOut, uint256 k) private pure returns (uint256) {
        unchecked {
            uint256 h = point.height + b + 1;
            // (h - 2 b)^2 <= square: with little curvature the root is near.
            uint256 square = h * h - (((4 * (WAD - k) * b) / WAD) << point.f);
            uint256 root = point.height > b ? _sqrtUp(square, point.height - b) : Math.sqrt(square) + 1;
            return (2 * b * reserveOut) / (h + root);
        }
    }

    /// @dev Not below the root of `square`, and at most 1.5 above. `start`^2 <= square. A near start saves most of the work: four Newton
    /// steps take a relative distance of 2^-6 between the squares to less than 2^-127.
    function _sqrtUp(uint256 square, uint256 start) private pure returns (uint256 root) {
        unchecked {
            if (square - start * start > (start * start) >> 6) return Math.sqrt(square) + 1;
        }
        assembly ("memory-safe") {
            // start > 0; the compiler would check each division.
            root := shr(1, add(start, div(square, start)))
            root := shr(1, add(root, div(square, root)))
            root := shr(1, add(root, div(square, root)))
            root := add(shr(1, add(root, div(square, root))), 1)
        }
    }

    /// @dev value * 2^bits / divisor, rounded down.
    function _shiftDiv(uint256 value, uint256 bits, uint256 divisor) private pure returns (uint256) {
        unchecked {
            if (value >> (256 - bits) == 0) return (value << bits) / divisor;
            return Math.mulDiv(value, 1 << bits, divisor);
        }
    }

    function _shiftUp(uint256 value, uint256 bits) private pure returns (uint256) {
        unchecked {
            return (value + (1 << bits) - 1) >> bits;
        }
    }
}
