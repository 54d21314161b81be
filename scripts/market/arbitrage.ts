/**
 * How arbitrageurs see a pool: a floating-point model of the PMM curve (formulas C1-C3 of docs/pmm.md), good enough to choose a size.
 * The trade itself is made, rounded and paid by the contract.
 */

/** What an arbitrageur knows of a pool; amounts in token base units. */
export interface PoolView {
  readonly base: number;
  readonly quote: number;
  /** Stored targets. */
  readonly baseTarget: number;
  readonly quoteTarget: number;
  /** 0 ONE, 1 ABOVE, 2 BELOW. */
  readonly rState: number;
  readonly k: number;
  readonly feeRate: number;
  /** Quote base-units per base base-unit: by the newest and by the previous round. */
  readonly anchorNew: number;
  readonly anchorPrevious: number;
}

/** The best trade against a pool: what to sell, and the gain in quote units at the outside price. */
export interface Opportunity {
  readonly sellBase: boolean;
  readonly amountIn: number;
  readonly gainQuoteUnits: number;
}

const ABOVE = 1;
const BELOW = 2;

/** Target that belongs to reserve `reserve` when `surplus` of the other side is worth `value` on this side (C2). */
function adjustedTarget(reserve: number, value: number, k: number): number {
  return reserve * (1 + (Math.sqrt(1 + (4 * k * value) / reserve) - 1) / (2 * k));
}

/** Both targets at an anchor, with fees that lie in the reserves absorbed. */
export function adjustedTargets(pool: PoolView, anchor: number): { baseTarget: number; quoteTarget: number } {
  if (pool.rState === BELOW) {
    const value = Math.max(0, pool.base - pool.baseTarget) * anchor;
    return { baseTarget: pool.baseTarget, quoteTarget: adjustedTarget(pool.quote, value, pool.k) };
  }
  if (pool.rState === ABOVE) {
    const value = Math.max(0, pool.quote - pool.quoteTarget) / anchor;
    return { baseTarget: adjustedTarget(pool.base, value, pool.k), quoteTarget: pool.quoteTarget };
  }
  return { baseTarget: pool.baseTarget, quoteTarget: pool.quoteTarget };
}

/** Marginal price at an anchor, quote units per base unit (C1). */
export function midPrice(pool: PoolView, anchor: number): number {
  const { baseTarget, quoteTarget } = adjustedTargets(pool, anchor);
  if (pool.rState === BELOW) return anchor / (1 - pool.k + pool.k * (quoteTarget / pool.quote) ** 2);
  if (pool.rState === ABOVE) return anchor * (1 - pool.k + pool.k * (baseTarget / pool.base) ** 2);
  return anchor;
}

/** Amount that moves one side from `from` to `to` (from > to) against target `target`, at unit price (integral of C1). */
function curveIntegral(target: number, from: number, to: number, k: number): number {
  return (1 - k) * (from - to) + k * target * target * (1 / to - 1 / from);
}

/** Reserve at which the curve stands at `premium` = price away from the anchor, at least 1. */
function reserveAt(target: number, premium: number, k: number): number {
  return target / Math.sqrt((premium - 1 + k) / k);
}

function sellBaseUntil(pool: PoolView, finalMid: number): { amountIn: number; out: number } {
  const { k } = pool;
  const anchor = Math.min(pool.anchorNew, pool.anchorPrevious);
  const { baseTarget, quoteTarget } = adjustedTargets(pool, anchor);
  const base = pool.rState === ABOVE ? pool.base : baseTarget;
  if (finalMid >= anchor) {
    const end = reserveAt(baseTarget, finalMid / anchor, k);
    return { amountIn: end - base, out: anchor * curveIntegral(baseTarget, end, base, k) };
  }
  const quote = pool.rState === BELOW ? pool.quote : quoteTarget;
  const end = reserveAt(quoteTarget, anchor / finalMid, k);
  const back = baseTarget - base;
  const backOut = back > 0 ? anchor * curveIntegral(baseTarget, baseTarget, base, k) : 0;
  return { amountIn: back + curveIntegral(quoteTarget, quote, end, k) / anchor, out: backOut + quote - end };
}

function sellQuoteUntil(pool: PoolView, finalMid: number): { amountIn: number; out: number } {
  const { k } = pool;
  const anchor = Math.max(pool.anchorNew, pool.anchorPrevious);
  const { baseTarget, quoteTarget } = adjustedTargets(pool, anchor);
  const quote = pool.rState === BELOW ? pool.quote : quoteTarget;
  if (finalMid <= anchor) {
    const end = reserveAt(quoteTarget, anchor / finalMid, k);
    return { amountIn: end - quote, out: curveIntegral(quoteTarget, end, quote, k) / anchor };
  }
  const base = pool.rState === ABOVE ? pool.base : baseTarget;
  const end = reserveAt(baseTarget, finalMid / anchor, k);
  const back = quoteTarget - quote;
  const backOut = back > 0 ? curveIntegral(quoteTarget, quoteTarget, quote, k) / anchor : 0;
  return { amountIn: back + curveIntegral(baseTarget, base, end, k) * anchor, out: backOut + base - end };
}

/**
 * The trade that takes the pool's price after the fee to the outside price, or undefined when none gains.
 * `outsidePrice`: quote base-units per base base-unit elsewhere.
 */
export function findOpportunity(pool: PoolView, outsidePrice: number): Opportunity | undefined {
  const keep = 1 - pool.feeRate;
  const bid = midPrice(pool, Math.min(pool.anchorNew, pool.anchorPrevious)) * keep;
  if (bid > outsidePrice) {
    const { amountIn, out } = sellBaseUntil(pool, outsidePrice / keep);
    return { sellBase: true, amountIn, gainQuoteUnits: out * keep - amountIn * outsidePrice };
  }
  const ask = midPrice(pool, Math.max(pool.anchorNew, pool.anchorPrevious)) / keep;
  if (ask < outsidePrice) {
    const { amountIn, out } = sellQuoteUntil(pool, outsidePrice * keep);
    return { sellBase: false, amountIn, gainQuoteUnits: out * keep * outsidePrice - amountIn };
  }
  return undefined;
}
