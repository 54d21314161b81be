/**
 * What this keeper must know of a market to trade there, whatever kind of pool it is. A venue is a picture of one block: quotes are
 * exact for that state and nothing is asked of a chain.
 *
 * Prices are quote base-units per base base-unit times 1e36, so that an XAU/cUSDT price of 2650e6 keeps 28 digits.
 */
import { PermanentError } from "../../../protocol/errors.js";
import { ABOVE, BELOW, ratioWad, shortage, stepTrade, traderAnchor, type PmmState } from "../../../protocol/pmm.js";
import { maxBigint, sqrtDown } from "../../../protocol/math.js";
import { WAD } from "../../../protocol/units.js";

/** 1e36: one, in the scale of venue prices. */
export const PRICE_SCALE = 10n ** 36n;

/** A sale up to a price: what goes in, and what the curve pays for it before fees. Base units. */
export interface Reach {
  readonly amountIn: bigint;
  readonly grossOut: bigint;
}

/** A market where base is exchanged for quote, as of one block. */
export interface Venue {
  /** What anybody reads as the market's price now: the P of the rule |P138 - P651940|. */
  readonly mid: bigint;
  /** Share of every output that the venue keeps, 1e18 = 1. */
  readonly feeRate: bigint;
  /** What an exact sale pays after fees, to the unit; undefined where the venue would refuse it. */
  quote(sellBase: boolean, amountIn: bigint): bigint | undefined;
  /** Price of the first unit sold, before fees. */
  marginal(sellBase: boolean): bigint;
  /** The inverse: the sale after which the next unit has `price` before fees; zeros when it has passed it already. Rounded down. */
  reach(sellBase: boolean, price: bigint): Reach;
}

/** What a PMM pool stores, with the anchors that count in the block to act in. */
export interface PmmPoolState extends Omit<PmmState, "anchor"> {
  readonly anchorNew: bigint;
  readonly anchorPrevious: bigint;
  readonly lpFeeRate: bigint;
  readonly mtFeeRate: bigint;
}

const NOTHING: Reach = { amountIn: 0n, grossOut: 0n };

/** One of our pools. Formulas of `reach`: docs/pmm.md, price and trades, solved for the amount. */
export function pmmVenue(pool: PmmPoolState): Venue {
  const stateFor = (sellBase: boolean): PmmState => ({
    ...pool,
    anchor: traderAnchor(sellBase, pool.anchorNew, pool.anchorPrevious),
  });
  return {
    mid: midOf({ ...pool, anchor: pool.anchorNew }),
    feeRate: pool.lpFeeRate + pool.mtFeeRate,
    quote(sellBase, amountIn) {
      try {
        return stepTrade(stateFor(sellBase), sellBase, amountIn, pool).amountOut;
      } catch (error) {
        // What the contract refuses (an empty pool, a reserve that would run out, an amount it cannot record) has no quote.
        if (error instanceof PermanentError) return undefined;
        throw error;
      }
    },
    marginal: (sellBase) => midOf(stateFor(sellBase)),
    reach: (sellBase, price) => pmmReach(stateFor(sellBase), sellBase, price),
  };
}

function midOf(state: PmmState): bigint {
  return state.base === 0n || state.quote === 0n ? 0n : state.anchor * ratioWad(state);
}

/**
 * Selling lets u, the marginal output per unit sold against the anchor, fall. While the token sold is scarce u = 1 - k + k (I0/I)²,
 * afterwards 1/u = 1 - k + k (O0/O)², with I and O the reserves of what is sold and paid, and I0, O0 their targets. Between two
 * reserves the curve pays (1 - k)·Δ + k·T²·Δ / (from · to) times the anchor.
 */
function pmmReach(state: PmmState, sellBase: boolean, price: bigint): Reach {
  const { k, r } = state;
  if (state.base === 0n || state.quote === 0n || price <= 0n) return NOTHING;
  const [reserveIn, reserveOut] = sellBase ? [state.base, state.quote] : [state.quote, state.base];
  const targetOut = sellBase ? state.quoteTarget : state.baseTarget;
  const [priceNum, priceDen] = sellBase ? [state.anchor, WAD] : [WAD, state.anchor];
  // u at the limit, 1e18, rounded so that the sale stops rather early than late.
  const limit = sellBase ? (price + state.anchor - 1n) / state.anchor : (state.anchor * PRICE_SCALE) / price + 1n;
  const inScarce = r === (sellBase ? ABOVE : BELOW);
  const outScarce = r === (sellBase ? BELOW : ABOVE);
  const short = shortage(state).shortDown;
  let amountIn = 0n;
  let grossOut = 0n;
  let from = reserveOut;
  if (inScarce) {
    const target = reserveIn + short;
    if (limit >= WAD) {
      const to = sqrtDown((target * target * k) / (limit - WAD + k));
      if (to <= reserveIn) return NOTHING;
      const sold = to - reserveIn;
      return { amountIn: sold, grossOut: (curve(target, reserveIn, to, k) * priceNum) / (priceDen * WAD) };
    }
    amountIn = short;
    grossOut = reserveOut - targetOut;
    from = targetOut;
  } else if (limit >= WAD) {
    return NOTHING;
  }
  const target = outScarce ? reserveOut + short : targetOut;
  // Rounded up: the reserve that is left is rather too large.
  const to = maxBigint(sqrtDown((target * target * k) / ((WAD * WAD) / limit - WAD + k)) + 1n, 1n);
  if (to >= from) return { amountIn, grossOut };
  return {
    amountIn: amountIn + (curve(target, to, from, k) * priceDen) / (priceNum * WAD),
    grossOut: grossOut + from - to,
  };
}

/** (1 - k)(to - from) + k T² (to - from) / (from · to), times 1e18; from < to. */
function curve(target: bigint, from: bigint, to: bigint, k: bigint): bigint {
  const moved = to - from;
  return (WAD - k) * moved + (k * target * target * moved) / (from * to);
}
