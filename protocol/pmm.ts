/**
 * The curve of our pools in bigint: the same integer steps as `contracts/pmm/PmmMath.sol` and `PmmPool.sol`, so that every result
 * equals the contract's to the unit. Formulas and error bounds: `docs/pmm.md`.
 */
import { PermanentError } from "./errors.js";
import { minBigint, mulDivUp, sqrtDown } from "./math.js";
import { WAD } from "./units.js";

/** R of a pool: 0 ONE (at the anchor), 1 ABOVE (base scarce), 2 BELOW (quote scarce). */
export type RState = 0 | 1 | 2;
export const ONE = 0;
export const ABOVE = 1;
export const BELOW = 2;

/** What a pool has stored, plus an anchor. Reserves and targets in token base units. */
export interface PmmState {
  /** Quote base units per base base-unit, times 1e18. */
  readonly anchor: bigint;
  /** 1e18 = 1. */
  readonly k: bigint;
  readonly base: bigint;
  readonly quote: bigint;
  readonly baseTarget: bigint;
  readonly quoteTarget: bigint;
  readonly r: RState;
}

/** Fee rates on the output, 1e18 = 1. */
export interface PmmFees {
  readonly lpFeeRate: bigint;
  readonly mtFeeRate: bigint;
}

export const NO_FEES: PmmFees = { lpFeeRate: 0n, mtFeeRate: 0n };

export interface Trade {
  /** Output before fees, rounded down: exact − 1 ≤ grossOut ≤ exact. */
  readonly grossOut: bigint;
  /** 0, or the target (rounded up) of the token sold, when the sale reaches or crosses it. */
  readonly newInTarget: bigint;
}

export interface Step extends Trade {
  /** What the trader receives: grossOut − lpFee − mtFee. */
  readonly amountOut: bigint;
  readonly lpFee: bigint;
  readonly mtFee: bigint;
  /** The pool after the sale, same anchor and k. */
  readonly state: PmmState;
}

export const MAX_RESERVE = (1n << 112n) - 1n;
export const MAX_RATIO_WAD = (1n << 80n) - 1n;
const MAX_IMBALANCE = 1n << 100n;
const MAX_FRACTION_BITS = 126n;
const WIDE_FROM_BITS = 14n;

interface Point {
  readonly f: bigint;
  readonly g: bigint;
  readonly ratio: bigint;
  readonly slack: bigint;
  readonly height: bigint;
  readonly error: bigint;
}

interface Sale {
  readonly amountIn: bigint;
  readonly priceNum: bigint;
  readonly priceDen: bigint;
  readonly reserveIn: bigint;
  readonly reserveOut: bigint;
  readonly targetIn: bigint;
  readonly targetOut: bigint;
  readonly k: bigint;
}

/**
 * What a sale of `amountIn` pays before fees, and whether it reaches the target of the token sold.
 * @throws PermanentError PMM_EMPTY_POOL, PMM_ZERO_AMOUNT, PMM_OUT_OF_RANGE where the contract reverts.
 */
export function quoteTrade(state: PmmState, isSellBase: boolean, amountIn: bigint): Trade {
  if (amountIn <= 0n) throw new PermanentError("PMM_ZERO_AMOUNT", "a sale needs a positive amount");
  if (state.base === 0n || state.quote === 0n) throw new PermanentError("PMM_EMPTY_POOL", "the pool has no liquidity");
  const sale: Sale = isSellBase
    ? {
        amountIn,
        priceNum: state.anchor,
        priceDen: WAD,
        reserveIn: state.base,
        reserveOut: state.quote,
        targetIn: state.baseTarget,
        targetOut: state.quoteTarget,
        k: state.k,
      }
    : {
        amountIn,
        priceNum: WAD,
        priceDen: state.anchor,
        reserveIn: state.quote,
        reserveOut: state.base,
        targetIn: state.quoteTarget,
        targetOut: state.baseTarget,
        k: state.k,
      };
  if (sale.reserveIn + amountIn > MAX_RESERVE) {
    throw outOfRange("reserve", sale.reserveIn + amountIn);
  }
  if (state.r === (isSellBase ? ABOVE : BELOW)) return back(sale);
  const unit = sale.priceDen * sale.reserveOut;
  const value = amountIn * sale.priceNum;
  const surplus = state.r === ONE ? 0n : (sale.reserveIn - sale.targetIn) * sale.priceNum;
  const point = pointOf(surplus, value, unit, state.k);
  return { grossOut: away(point, (value << point.f) / unit, sale.reserveOut, state.k), newInTarget: 0n };
}

/**
 * One sale with its fees and the pool behind it, as `swapBase` and `swapQuote` store it. Each fee is rounded up.
 * @throws PermanentError as `quoteTrade`, and PMM_RESERVE_EXHAUSTED.
 */
export function stepTrade(state: PmmState, isSellBase: boolean, amountIn: bigint, fees: PmmFees): Step {
  const trade = quoteTrade(state, isSellBase, amountIn);
  const reserveOut = isSellBase ? state.quote : state.base;
  if (trade.grossOut >= reserveOut) {
    throw new PermanentError(
      "PMM_RESERVE_EXHAUSTED",
      `the sale would take ${String(trade.grossOut)} of ${String(reserveOut)}`,
    );
  }
  const lpFee = feeUp(trade.grossOut, fees.lpFeeRate);
  const mtFee = minBigint(feeUp(trade.grossOut, fees.mtFeeRate), trade.grossOut - lpFee);
  const amountOut = trade.grossOut - lpFee - mtFee;
  return {
    ...trade,
    amountOut,
    lpFee,
    mtFee,
    state: moved(state, isSellBase, amountIn, amountOut + mtFee, trade.newInTarget),
  };
}

/** mid / anchor in 1e18 fixed point, rounded to nearest, as the pool records it. */
export function ratioWad(state: PmmState): bigint {
  const { surplus, unit } = positionOf(state);
  if (surplus === 0n) return WAD;
  const point = pointOf(surplus, 0n, unit, state.k);
  if (state.r === BELOW) {
    const ratio = ((WAD << point.f) + (point.height >> 1n)) / point.height;
    return ratio === 0n ? 1n : ratio;
  }
  return minBigint((point.height * WAD + (1n << (point.f - 1n))) >> point.f, MAX_RATIO_WAD);
}

/** Mid price: quote base units per base base-unit times 1e18, rounded down. */
export function midPrice(state: PmmState): bigint {
  return (state.anchor * ratioWad(state)) / WAD;
}

/** The scarce side's adjusted target minus its reserve, rounded down and up; zeros at the anchor. */
export function shortage(state: PmmState): { readonly shortDown: bigint; readonly shortUp: bigint } {
  const { surplus, unit, scarce } = positionOf(state);
  if (surplus === 0n) return { shortDown: 0n, shortUp: 0n };
  const point = pointOf(surplus, 0n, unit, state.k);
  const excess = point.ratio - (1n << point.g);
  return {
    shortDown: (excess * scarce) >> point.g,
    shortUp: shiftUp((excess + point.slack) * scarce, point.g),
  };
}

/** What a fee-exempt seller must sell to bring the mid back to the anchor, rounded down; 0 at the anchor. */
export function amountToAnchor(state: PmmState): { readonly sellBase: boolean; readonly amountIn: bigint } {
  return { sellBase: state.r === ABOVE, amountIn: shortage(state).shortDown };
}

/** Of the anchors by the newest and the previous rounds, the one a trader gets: the worse. */
export function traderAnchor(isSellBase: boolean, anchorNew: bigint, anchorPrevious: bigint): bigint {
  return anchorNew < anchorPrevious === isSellBase ? anchorNew : anchorPrevious;
}

function moved(state: PmmState, isSellBase: boolean, amountIn: bigint, paidOut: bigint, newInTarget: bigint): PmmState {
  const base = isSellBase ? state.base + amountIn : state.base - paidOut;
  const quote = isSellBase ? state.quote - paidOut : state.quote + amountIn;
  const reserves = { ...state, base, quote };
  const r = isSellBase ? BELOW : ABOVE;
  if (newInTarget === 0n) return state.r === ONE ? { ...reserves, r } : reserves;
  if (newInTarget === (isSellBase ? base : quote)) return { ...reserves, baseTarget: base, quoteTarget: quote, r: ONE };
  return isSellBase ? { ...reserves, baseTarget: newInTarget, r } : { ...reserves, quoteTarget: newInTarget, r };
}

function positionOf(state: PmmState): { surplus: bigint; unit: bigint; scarce: bigint } {
  switch (state.r) {
    case BELOW:
      return { surplus: (state.base - state.baseTarget) * state.anchor, unit: WAD * state.quote, scarce: state.quote };
    case ABOVE:
      return { surplus: (state.quote - state.quoteTarget) * WAD, unit: state.anchor * state.base, scarce: state.base };
    case ONE:
      return { surplus: 0n, unit: 1n, scarce: 0n };
  }
}

function pointOf(surplus: bigint, value: bigint, unit: bigint, k: bigint): Point {
  const f = fractionBits((2n * surplus + value) / unit);
  const one = 1n << f;
  if (surplus === 0n) return { f, g: f, ratio: one, slack: 0n, height: one, error: 0n };
  const a = (surplus << f) / unit;
  let g = f;
  let ratio: bigint;
  let slackF = 4n;
  let slack: bigint;
  if (f > MAX_FRACTION_BITS - WIDE_FROM_BITS) {
    const s = sqrtUp((one + (4n * k * a) / WAD + 1n) << f, one);
    ratio = one + ((2n * a) << f) / (one + s);
    slackF += ratio >> f;
    slack = slackF;
  } else {
    g = f + (MAX_FRACTION_BITS - WIDE_FROM_BITS + 1n - f) / 2n;
    const wide = 2n * g - f;
    const s = sqrtDown((1n << (2n * g)) + ((4n * k * a) << wide) / WAD + 1n) + 1n;
    ratio = (1n << g) + ((2n * a) << wide) / ((1n << g) + s);
    slack = slackF + 1n + (ratio >> g) + (1n << wide) / s;
    slackF += ratio >> wide;
  }
  const r = ratio >> (g - f);
  const sum = a + 2n + ((2n * (WAD - k)) << f) / WAD;
  const height =
    2n * k <= WAD ? sum - ((WAD - 2n * k) * r) / WAD : sum + 1n + ((2n * k - WAD) * (r + 1n + slackF)) / WAD;
  return { f, g, ratio, slack, height, error: 8n + 2n * slackF };
}

function fractionBits(imbalance: bigint): bigint {
  if (imbalance < 2n) return MAX_FRACTION_BITS;
  if (imbalance >= MAX_IMBALANCE) throw outOfRange("imbalance", imbalance);
  return MAX_FRACTION_BITS + 1n - log2(imbalance + 2n);
}

function away(point: Point, b: bigint, reserveOut: bigint, k: bigint): bigint {
  const h = point.height + b + 1n;
  const square = h * h - (((4n * (WAD - k) * b) / WAD) << point.f);
  const root = point.height > b ? sqrtUp(square, point.height - b) : sqrtDown(square) + 1n;
  return (2n * b * reserveOut) / (h + root);
}

function back(sale: Sale): Trade {
  const { amountIn, priceNum, priceDen, reserveIn, k } = sale;
  const surplus = sale.reserveOut - sale.targetOut;
  const point = pointOf(surplus * priceDen, 0n, priceNum * reserveIn, k);
  const { f, g } = point;
  const shortUp = (point.ratio + point.slack - (1n << g)) * reserveIn;
  if (amountIn << g >= shortUp) {
    const past = awayFromTarget(sale, (amountIn << g) - shortUp, g);
    return { grossOut: surplus + past, newInTarget: reserveIn + shiftUp(shortUp, g) };
  }
  const flat = ((WAD - k) << f) / WAD;
  const curved = point.height - point.error - flat - 1n;
  const factor = flat + (curved * reserveIn) / (reserveIn + amountIn);
  return { grossOut: (amountIn * priceNum * factor) / (priceDen << f), newInTarget: 0n };
}

function awayFromTarget(sale: Sale, rest: bigint, g: bigint): bigint {
  const unit = sale.priceDen * sale.targetOut;
  const b = (rest * sale.priceNum) / unit;
  const f = fractionBits(b >> g);
  const target: Point = { f, g: f, ratio: 1n << f, slack: 0n, height: 1n << f, error: 0n };
  return away(target, f > g ? b << (f - g) : b >> (g - f), sale.targetOut, sale.k);
}

/** Not below the root of `square`, and at most 1.5 above; `start`² ≤ square. */
function sqrtUp(square: bigint, start: bigint): bigint {
  if (square - start * start > (start * start) >> 6n) return sqrtDown(square) + 1n;
  let root = start;
  for (let step = 0; step < 4; step++) root = (root + square / root) >> 1n;
  return root + 1n;
}

function feeUp(amount: bigint, rate: bigint): bigint {
  return mulDivUp(amount, rate, WAD);
}

function shiftUp(value: bigint, bits: bigint): bigint {
  return (value + (1n << bits) - 1n) >> bits;
}

function log2(value: bigint): bigint {
  return BigInt(value.toString(2).length - 1);
}

function outOfRange(what: string, value: bigint): PermanentError {
  return new PermanentError("PMM_OUT_OF_RANGE", `${what} ${String(value)} is beyond what a pool can record`);
}
