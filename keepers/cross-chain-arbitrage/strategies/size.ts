/**
 * How much to trade. Base is bought for y on one chain and as much base is sold for z on the other; both legs are paid out of
 * inventory. With fA, fB the venues' fee rates and c the rate of what a traded unit costs afterwards (bridge, capital), the last unit
 * is worth its trade while
 *     priceB · (1 - fB) · (1 - fA) > priceA · (1 + c)
 * where priceA rises and priceB falls with the size. Each venue tells in closed form how much brings it to a price; the common price at
 * which both amounts are equal is enclosed by halving. What is returned was quoted exactly: no estimate leaves this file.
 */
import { minBigint, mulDivDown, mulDivUp } from "../../../protocol/math.js";
import { WAD } from "../../../protocol/units.js";
import type { Venue } from "./venue.js";

/** What a trade may use at most, base units; rates 1e18 = 1. */
export interface SizeLimits {
  /** Quote that may be spent where base is bought. */
  readonly maxQuoteIn: bigint;
  /** Base that may be spent where it is sold. */
  readonly maxBaseIn: bigint;
  /** Cost of every traded unit beyond the venues' fees. */
  readonly costRate: bigint;
}

/** Both legs to the unit. `baseOut` is bought with `quoteIn`, and exactly as much is sold for `quoteOut`. */
export interface SizedTrade {
  readonly quoteIn: bigint;
  readonly baseOut: bigint;
  readonly quoteOut: bigint;
  /** Costs of the rate, rounded up, in quote units. */
  readonly costUnits: bigint;
  /** quoteOut - quoteIn - costUnits. */
  readonly profitUnits: bigint;
}

/** The bracket shrinks below 1e-19 of itself: further than the curves' own ratios have digits. */
const HALVINGS = 64;

/** The most profitable trade within limits, or undefined when even the smallest would lose. */
export function bestTrade(buy: Venue, sell: Venue, limits: SizeLimits): SizedTrade | undefined {
  const kept = mulDivDown(WAD - buy.feeRate, WAD - sell.feeRate, WAD);
  const needed = mulDivUp(WAD + limits.costRate, WAD, kept);
  const found = tradeTo(buy, sell, needed, limits);
  return found !== undefined && found.profitUnits > 0n ? found : undefined;
}

/**
 * The trade after which the two venues' own prices stand `gapRate` (1e18 = 1) apart, whatever it earns; undefined when they already
 * are that close or a leg cannot be quoted.
 */
export function closingTrade(buy: Venue, sell: Venue, gapRate: bigint, limits: SizeLimits): SizedTrade | undefined {
  return tradeTo(buy, sell, WAD + gapRate, limits);
}

/** Exact quotes for an input; undefined when one of the legs is refused or rounds to nothing. */
export function tradeOf(buy: Venue, sell: Venue, quoteIn: bigint, costRate: bigint): SizedTrade | undefined {
  if (quoteIn <= 0n) return undefined;
  const baseOut = buy.quote(false, quoteIn);
  if (baseOut === undefined || baseOut <= 0n) return undefined;
  const quoteOut = sell.quote(true, baseOut);
  if (quoteOut === undefined || quoteOut <= 0n) return undefined;
  const costUnits = mulDivUp(quoteIn, costRate, WAD);
  return { quoteIn, baseOut, quoteOut, costUnits, profitUnits: quoteOut - quoteIn - costUnits };
}

/** Trades until sell.price = buy.price · ratio. */
function tradeTo(buy: Venue, sell: Venue, ratio: bigint, limits: SizeLimits): SizedTrade | undefined {
  let low = buy.marginal(false);
  let high = mulDivDown(sell.marginal(true), WAD, ratio);
  if (low >= high) return undefined;
  const keeps = WAD - buy.feeRate;
  // At `low` nothing is bought, at `high` nothing is sold: in between what is bought meets what is sold.
  for (let step = 0; step < HALVINGS && high - low > 1n; step++) {
    const middle = (low + high) >> 1n;
    const bought = mulDivDown(buy.reach(false, middle).grossOut, keeps, WAD);
    const sold = sell.reach(true, mulDivUp(middle, ratio, WAD)).amountIn;
    if (bought < sold) low = middle;
    else high = middle;
  }
  const wanted = buy.reach(false, low).amountIn;
  return withinLimits(buy, sell, minBigint(wanted, limits.maxQuoteIn), limits);
}

/** The profit grows with the size up to the best: what limits the size limits the profit, too, and the largest allowed is the best. */
function withinLimits(buy: Venue, sell: Venue, quoteIn: bigint, limits: SizeLimits): SizedTrade | undefined {
  const baseOut = quoteIn > 0n ? buy.quote(false, quoteIn) : undefined;
  const fits = baseOut !== undefined && baseOut <= limits.maxBaseIn;
  const size = fits ? quoteIn : largestInput(buy, quoteIn, limits.maxBaseIn);
  return tradeOf(buy, sell, size, limits.costRate);
}

/** The largest quote input up to `atMost` for which the venue pays no more than `maxBaseOut`: quotes rise with the input. */
function largestInput(buy: Venue, atMost: bigint, maxBaseOut: bigint): bigint {
  let low = 0n;
  let high = atMost;
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    const out = buy.quote(false, middle);
    if (out !== undefined && out <= maxBaseOut) low = middle;
    else high = middle - 1n;
  }
  return low;
}
