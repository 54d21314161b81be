import { expect } from "chai";
import fc from "fast-check";

import {
  bestTrade,
  closingTrade,
  tradeOf,
  type SizeLimits,
} from "../../../keepers/cross-chain-arbitrage/strategies/size.js";
import { pmmVenue, PRICE_SCALE, type Venue } from "../../../keepers/cross-chain-arbitrage/strategies/venue.js";
import { BPS, constantProduct, pool, WAD, type PoolShape } from "./fixtures.js";

const RUNS = 250;
const UNLIMITED = 2n ** 111n;

/** 6, 8 and 18 decimals on either side. */
const decimals = fc.constantFrom(6, 8, 18);
/** From 0.0001 to 0.02. */
const curvature = fc.oneof(
  fc.constantFrom(10n ** 14n, 3n * 10n ** 15n, 2n * 10n ** 16n),
  fc.bigInt(10n ** 14n, 2n * 10n ** 16n),
);
/** Up to a quarter of the depth, to either side of the anchor and back. */
const moves = fc.array(fc.bigInt(-WAD / 4n, WAD / 4n), { minLength: 0, maxLength: 3 });
const fee = fc.bigInt(10n ** 13n, 30n * BPS);

const side = fc.record({
  k: curvature,
  moves,
  lpFeeRate: fee,
  mtFeeRate: fc.constantFrom(0n, BPS),
  depth: fc.bigInt(100n, 10_000_000n),
});
const market = fc.record({
  baseDecimals: decimals,
  quoteDecimals: decimals,
  // A unit of the base is worth at least 1e-9 units of the quote, so that anchors keep their digits.
  priceWad: fc.constantFrom(WAD, 2_650n * WAD, WAD / 3n),
  a: side,
  b: side,
  costRate: fc.bigInt(0n, 5n * BPS),
  /** The other chain's anchor may be a round behind. */
  drift: fc.bigInt(-20n * BPS, 20n * BPS),
});

interface Sample {
  readonly buy: Venue;
  readonly sell: Venue;
  readonly quoteReserve: bigint;
  readonly anchor: bigint;
  readonly costRate: bigint;
}

function sampleOf(shape: typeof market extends fc.Arbitrary<infer T> ? T : never): Sample {
  const common = ({ k, moves: sales, lpFeeRate, mtFeeRate, depth }: typeof shape.a, priceWad: bigint): PoolShape => ({
    baseDecimals: shape.baseDecimals,
    quoteDecimals: shape.quoteDecimals,
    priceWad,
    depth,
    k,
    lpFeeRate,
    mtFeeRate,
    moves: sales,
  });
  const first = pool(common(shape.a, shape.priceWad));
  const second = pool(common(shape.b, (shape.priceWad * (WAD + shape.drift)) / WAD));
  const [cheap, dear] = pmmVenue(first).mid <= pmmVenue(second).mid ? [first, second] : [second, first];
  return {
    buy: pmmVenue(cheap),
    sell: pmmVenue(dear),
    quoteReserve: cheap.quote + cheap.quoteTarget,
    anchor: dear.anchorNew,
    costRate: shape.costRate,
  };
}

/** The best profit by looking only: a grid that closes in on its best point, and every input near it. Nothing of `reach`. */
function searched(buy: Venue, sell: Venue, atMost: bigint, costRate: bigint): bigint {
  let best = 0n;
  let [low, high] = [1n, atMost];
  const profitAt = (quoteIn: bigint): bigint | undefined => tradeOf(buy, sell, quoteIn, costRate)?.profitUnits;
  // Small trades first: an optimum of a few units in a pool of millions would slip through an even grid.
  for (let size = 1n; size < atMost; size *= 2n) {
    const found = profitAt(size);
    if (found !== undefined && found > best) [best, low, high] = [found, size / 2n, size * 2n];
  }
  while (high - low > 64n) {
    const step = (high - low) / 32n;
    let at = low;
    let top: bigint | undefined;
    for (let quoteIn = low; quoteIn <= high; quoteIn += step) {
      const found = profitAt(quoteIn);
      if (found !== undefined && (top === undefined || found > top)) [top, at] = [found, quoteIn];
    }
    if (top !== undefined && top > best) best = top;
    [low, high] = [at - step > 0n ? at - step : 1n, at + step];
  }
  for (let quoteIn = low; quoteIn <= high; quoteIn++) {
    const found = profitAt(quoteIn);
    if (found !== undefined && found > best) best = found;
  }
  return best;
}

describe("keepers/cross-chain-arbitrage/strategies/size", () => {
  it("ARB-3 finds the best size: no search gains more than 8 units of either token beyond it", () => {
    const seen = { trades: 0, none: 0, large: 0 };
    fc.assert(
      fc.property(market, (shape) => {
        const { buy, sell, quoteReserve, anchor, costRate } = sampleOf(shape);
        const limits: SizeLimits = { maxQuoteIn: UNLIMITED, maxBaseIn: UNLIMITED, costRate };
        const found = bestTrade(buy, sell, limits);
        const profit = found?.profitUnits ?? 0n;
        const best = searched(buy, sell, 4n * quoteReserve, costRate);
        // Eight units of quote, and what eight units of base are worth: what rounding of outputs and fees can make of one size.
        const bound = 8n + (8n * anchor) / WAD;
        expect(best - profit <= bound, `${String(best)} by search, ${String(profit)} by formula`).to.equal(true);
        if (found === undefined) seen.none += 1;
        else {
          seen.trades += 1;
          if (found.quoteIn * 100n > quoteReserve) seen.large += 1;
          const again = tradeOf(buy, sell, found.quoteIn, costRate);
          expect(found).to.deep.equal(again);
          expect(buy.quote(false, found.quoteIn)).to.equal(found.baseOut);
          expect(sell.quote(true, found.baseOut)).to.equal(found.quoteOut);
        }
      }),
      { numRuns: RUNS, seed: 138 },
    );
    expect(seen.trades, JSON.stringify(seen)).to.be.greaterThan(RUNS / 4);
    expect(seen.none, JSON.stringify(seen)).to.be.greaterThan(5);
    expect(seen.large, JSON.stringify(seen)).to.be.greaterThan(20);
  });

  it("ARB-3 equals a count of every possible size in tiny pools", () => {
    fc.assert(
      fc.property(fc.bigInt(-WAD / 3n, 0n), fc.bigInt(0n, WAD / 3n), curvature, fee, (sold, bought, k, lpFeeRate) => {
        // 2,000 units a side.
        const shape = { baseDecimals: 0, quoteDecimals: 0, depth: 2_000n, k, lpFeeRate };
        const cheap = pool({ ...shape, moves: [bought] });
        const dear = pool({ ...shape, moves: [sold] });
        const [buy, sell] = [pmmVenue(cheap), pmmVenue(dear)];
        const profit = bestTrade(buy, sell, { maxQuoteIn: 2_000n, maxBaseIn: 2_000n, costRate: 0n })?.profitUnits ?? 0n;
        let best = 0n;
        for (let quoteIn = 1n; quoteIn <= 2_000n; quoteIn++) {
          const all = tradeOf(buy, sell, quoteIn, 0n)?.profitUnits ?? 0n;
          if (all > best) best = all;
        }
        expect(best - profit <= 16n, `${String(best)} against ${String(profit)}`).to.equal(true);
      }),
      { numRuns: 40, seed: 7 },
    );
  });

  it("ARB-3 never exceeds what may be spent on either side, and takes all of what binds", () => {
    let bound = 0;
    fc.assert(
      fc.property(market, fc.bigInt(1n, WAD / 10n), fc.boolean(), (shape, share, onBase) => {
        const { buy, sell, costRate } = sampleOf(shape);
        const free = bestTrade(buy, sell, { maxQuoteIn: UNLIMITED, maxBaseIn: UNLIMITED, costRate });
        if (free === undefined) return;
        const limits = {
          maxQuoteIn: onBase ? UNLIMITED : (free.quoteIn * share) / WAD,
          maxBaseIn: onBase ? (free.baseOut * share) / WAD : UNLIMITED,
          costRate,
        };
        const found = bestTrade(buy, sell, limits);
        if (found === undefined) return;
        bound += 1;
        expect(found.quoteIn <= limits.maxQuoteIn && found.baseOut <= limits.maxBaseIn).to.equal(true);
        if (!onBase) expect(found.quoteIn).to.equal(limits.maxQuoteIn);
        else {
          const more = buy.quote(false, found.quoteIn + 1n);
          expect(more === undefined || more > limits.maxBaseIn).to.equal(true);
        }
      }),
      { numRuns: 100, seed: 11 },
    );
    expect(bound).to.be.greaterThan(30);
  });

  it("ARB-3 closes the gap of two pools to what was asked for, within 1e-9", () => {
    let closed = 0;
    fc.assert(
      fc.property(market, fc.bigInt(0n, 10n * BPS), (shape, gapRate) => {
        const { buy, sell, costRate } = sampleOf({ ...shape, baseDecimals: 18, quoteDecimals: 18 });
        const trade = closingTrade(buy, sell, gapRate, { maxQuoteIn: UNLIMITED, maxBaseIn: UNLIMITED, costRate });
        if (trade === undefined) {
          const allowed = buy.marginal(false) * (WAD + gapRate);
          expect(sell.marginal(true) * WAD <= allowed + allowed / 10n ** 9n).to.equal(true);
          return;
        }
        closed += 1;
        // Where the venues stand after the trade, by their own inverse: reach() of a price names the amount that leads there.
        const priceAfter = (venue: Venue, sellBase: boolean, amountIn: bigint): bigint => {
          let [low, high] = sellBase
            ? [venue.marginal(true) / 4n, venue.marginal(true)]
            : [venue.marginal(false), 4n * venue.marginal(false)];
          for (let step = 0; step < 140 && high - low > 1n; step++) {
            const middle = (low + high) / 2n;
            const isFar = venue.reach(sellBase, middle).amountIn > amountIn;
            if (sellBase === isFar) low = middle;
            else high = middle;
          }
          return low;
        };
        const after = (priceAfter(sell, true, trade.baseOut) * WAD) / priceAfter(buy, false, trade.quoteIn) - WAD;
        const error = after - gapRate;
        expect(error < 10n ** 9n && error > -(10n ** 9n), `${String(after)} instead of ${String(gapRate)}`).to.equal(
          true,
        );
      }),
      { numRuns: 60, seed: 5 },
    );
    expect(closed).to.be.greaterThan(15);
  });

  it("ARB-3 trades against another kind of venue by the same boundary", () => {
    const buy = pmmVenue(pool({ moves: [WAD / 10n] }));
    for (const premium of [0n, 20n, 50n, 300n]) {
      const quote = 1_000_000_000_000n + (1_000_000_000_000n * premium) / 10_000n;
      const sell = constantProduct(1_000_000_000_000n, quote, 5n * BPS);
      const found = bestTrade(buy, sell, { maxQuoteIn: UNLIMITED, maxBaseIn: UNLIMITED, costRate: 0n });
      const best = searched(buy, sell, 2_000_000_000_000n, 0n);
      expect(best - (found?.profitUnits ?? 0n) <= 16n).to.equal(true);
      if (premium >= 50n) expect(found?.profitUnits ?? 0n).to.be.greaterThan(0);
    }
  });
});

describe("keepers/cross-chain-arbitrage/strategies/venue", () => {
  it("ARB-2 tells the sale that leads to a price, and what it pays, as exact quotes do", () => {
    let checked = 0;
    fc.assert(
      fc.property(market, fc.boolean(), fc.bigInt(1n, WAD / 50n), (shape, sellBase, far) => {
        const { buy, anchor } = sampleOf(shape);
        const start = buy.marginal(sellBase);
        const price = sellBase ? start - (start * far) / WAD : start + (start * far) / WAD;
        const { amountIn, grossOut } = buy.reach(sellBase, price);
        if (amountIn === 0n) return;
        const out = buy.quote(sellBase, amountIn);
        if (out === undefined) return;
        checked += 1;
        const net = grossOut - (grossOut * buy.feeRate) / WAD;
        // Units of what is paid; an input that is a unit short is worth its price.
        const unit = sellBase ? anchor / WAD : WAD / anchor;
        const slack = 8n + 8n * unit + grossOut / 10n ** 15n;
        expect(net - out <= slack && out - net <= slack, `${String(net)} by formula, ${String(out)} quoted`).to.equal(
          true,
        );
      }),
      { numRuns: 400, seed: 3 },
    );
    expect(checked).to.be.greaterThan(250);
  });

  it("ARB-2 gives the worse of two rounds to a trade, and the newest to the rule", () => {
    const still = pool();
    const moved = { ...still, anchorPrevious: still.anchorNew - still.anchorNew / 1_000n };
    const venue = pmmVenue(moved);
    expect(venue.mid).to.equal((PRICE_SCALE * still.anchorNew) / WAD);
    expect(venue.marginal(true)).to.equal((PRICE_SCALE * moved.anchorPrevious) / WAD);
    expect(venue.marginal(false)).to.equal((PRICE_SCALE * moved.anchorNew) / WAD);
  });

  it("ARB-2 has no quote where the contract would refuse", () => {
    const venue = pmmVenue(pool());
    expect(venue.quote(true, 0n)).to.equal(undefined);
    expect(venue.quote(true, 2n ** 112n)).to.equal(undefined);
    const empty = pmmVenue({ ...pool(), base: 0n, quote: 0n, baseTarget: 0n, quoteTarget: 0n });
    expect([empty.mid, empty.quote(false, 1n), empty.reach(false, 1n).amountIn]).to.deep.equal([0n, undefined, 0n]);
  });
});
