/**
 * An independent model of the curve, for the accuracy test. It knows neither the quadratic formulas nor the integer steps of the
 * contract. It integrates the price by hand once,
 *
 *   value of the surplus = ∫ (1 − k + k (V0/v)²) dv  over v from V to V0  =  (V0 − V) (1 − k + k V0/V),
 *
 * and solves this one equation for the adjusted target or for the reserve by Newton's method with 512 fractional bits (154 digits).
 */
import { ABOVE, BELOW, ONE, type PmmState } from "../../protocol/pmm.js";

const BITS = 512n;
/** 1 in the model's fixed point. */
export const UNIT = 1n << BITS;
const WAD = 10n ** 18n;

function mul(left: bigint, right: bigint): bigint {
  return (left * right) >> BITS;
}

function div(left: bigint, right: bigint): bigint {
  return (left << BITS) / right;
}

/** (x − 1)(1 − k + k x): value of the surplus over the scarce reserve, with x = V0/V. */
function surplusOverReserve(x: bigint, k: bigint): bigint {
  return mul(x - UNIT, UNIT - k + mul(k, x));
}

/** x = V0/V with (x − 1)(1 − k + k x) = value. Convex and increasing: Newton from the right never overshoots. */
export function targetOverReserve(value: bigint, k: bigint): bigint {
  let x = UNIT + value;
  for (;;) {
    const slope = UNIT - 2n * k + 2n * mul(k, x);
    const next = x - div(surplusOverReserve(x, k) - value, slope);
    if (next >= x || x - next < 4n) return next;
    x = next;
  }
}

/** v = V/V0 with (1 − v)(1 − k + k/v) = value. Convex and decreasing in v: Newton from the left never overshoots. */
export function reserveOverTarget(value: bigint, k: bigint): bigint {
  // k/v > value / (1 − v) − (1 − k) > value − 1, so v below k / (value + 1) is left of the root.
  let v = div(k, value + UNIT);
  for (;;) {
    const inverse = div(UNIT, v);
    const excess = mul(UNIT - v, UNIT - k + mul(k, inverse)) - value;
    const slope = UNIT - k + mul(k, mul(inverse, inverse));
    const next = v + div(excess, slope);
    if (next <= v || next - v < 4n) return next;
    v = next;
  }
}

export interface ExactTrade {
  /** Gross output times UNIT. */
  readonly out: bigint;
  /** V0 − V of the scarce side before the sale, times UNIT; 0 at the anchor. */
  readonly shortage: bigint;
  /** mid / anchor before the sale, times UNIT. */
  readonly ratio: bigint;
}

/** C1–C3 of the pool's formulas in real numbers from the stored state. */
export function exactTrade(state: PmmState, isSellBase: boolean, amountIn: bigint): ExactTrade {
  const k = div(state.k, WAD);
  const anchor = div(state.anchor, WAD); // quote per base
  const position = exactPosition(state, k, anchor);
  const price = isSellBase ? anchor : div(UNIT, anchor); // units paid per unit sold
  const [reserveIn, reserveOut, targetOut] = isSellBase
    ? [state.base, state.quote, state.quoteTarget]
    : [state.quote, state.base, state.baseTarget];
  const common = { shortage: position.shortage, ratio: position.ratio };
  if (state.r === (isSellBase ? ABOVE : BELOW)) {
    const surplus = (reserveOut - targetOut) * UNIT;
    const rest = amountIn * UNIT - position.shortage;
    if (rest >= 0n) return { out: surplus + fromTarget(targetOut * UNIT, mul(rest, price), k), ...common };
    // Still short of the target: what remains of the surplus is worth the same integral from the larger reserve.
    const after = (reserveIn + amountIn) * UNIT;
    const target = reserveIn * UNIT + position.shortage;
    const left = mul(mul(after, surplusOverReserve(div(target, after), k)), price);
    return { out: surplus - left, ...common };
  }
  const target = state.r === ONE ? reserveOut * UNIT : reserveOut * UNIT + position.shortage;
  const surplusIn = state.r === ONE ? 0n : reserveIn - (isSellBase ? state.baseTarget : state.quoteTarget);
  const value = mul((surplusIn + amountIn) * UNIT, price);
  const end = mul(target, reserveOverTarget(div(value, target), k));
  return { out: reserveOut * UNIT - end, ...common };
}

function fromTarget(target: bigint, value: bigint, k: bigint): bigint {
  return target - mul(target, reserveOverTarget(div(value, target), k));
}

function exactPosition(state: PmmState, k: bigint, anchor: bigint): { shortage: bigint; ratio: bigint } {
  if (state.r === ONE) return { shortage: 0n, ratio: UNIT };
  const isBelow = state.r === BELOW;
  const scarce = isBelow ? state.quote : state.base;
  const surplus = (isBelow ? state.base - state.baseTarget : state.quote - state.quoteTarget) * UNIT;
  const value = isBelow ? mul(surplus, anchor) : div(surplus, anchor);
  const x = targetOverReserve(value / scarce, k);
  const slope = UNIT - k + mul(k, mul(x, x));
  return { shortage: (x - UNIT) * scarce, ratio: isBelow ? div(UNIT, slope) : slope };
}
