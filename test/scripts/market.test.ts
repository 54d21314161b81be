import { expect } from "chai";

import { adjustedTargets, findOpportunity, midPrice, type PoolView } from "../../scripts/market/arbitrage.js";
import { BUY_SHARES, MEAN_TRADE_USD, OneSidedFlow, RegimeFlow, TRADES_PER_HOUR } from "../../scripts/market/flow.js";
import { SeededMarket, START_PRICES, STABLE_NOISE } from "../../scripts/market/outside.js";
import { Rng } from "../../scripts/market/rng.js";
import { above as isAbove, near } from "../helpers/floats.js";

describe("Rng", () => {
  const draw = (rng: Rng, count: number): number[] => Array.from({ length: count }, () => rng.uint32());

  it("gives the same sequence for the same seed and label, and another one otherwise", () => {
    expect(draw(new Rng(1, "a"), 50)).to.deep.equal(draw(new Rng(1, "a"), 50));
    expect(draw(new Rng(1, "a"), 50)).to.not.deep.equal(draw(new Rng(1, "b"), 50));
    expect(draw(new Rng(1, "a"), 50)).to.not.deep.equal(draw(new Rng(2, "a"), 50));
  });

  it("steps as xoshiro128** does", () => {
    // The definition, written over bigints modulo 2^32.
    const mask = 0xffffffffn;
    const rotate = (value: bigint, bits: bigint): bigint => ((value << bits) | (value >> (32n - bits))) & mask;
    const rng = new Rng(99, "reference");
    const found = draw(rng, 200);
    // The state of a fresh generator of the same seed is recovered by running splitmix32 as documented.
    let hash = 0x811c9dc5n;
    for (const char of "reference") hash = ((hash ^ BigInt(char.charCodeAt(0))) * 0x01000193n) & mask;
    let mixer = (99n ^ hash) & mask;
    const state = [0n, 0n, 0n, 0n].map(() => {
      mixer = (mixer + 0x9e3779b9n) & mask;
      let mixed = ((mixer ^ (mixer >> 16n)) * 0x21f0aaadn) & mask;
      mixed = ((mixed ^ (mixed >> 15n)) * 0x735a2d97n) & mask;
      return (mixed ^ (mixed >> 15n)) & mask;
    }) as [bigint, bigint, bigint, bigint];
    for (const value of found) {
      expect(BigInt(value)).to.equal((rotate((state[1] * 5n) & mask, 7n) * 9n) & mask);
      const carried = (state[1] << 9n) & mask;
      state[2] ^= state[0];
      state[3] ^= state[1];
      state[1] ^= state[2];
      state[0] ^= state[3];
      state[2] ^= carried;
      state[3] = rotate(state[3], 11n);
    }
  });

  it("does not shift one stream when another one is used", () => {
    const first = new Rng(5);
    const used = first.stream("used");
    const expected = draw(first.stream("watched"), 10);
    draw(used, 1000);
    expect(draw(first.stream("watched"), 10)).to.deep.equal(expected);
  });

  it("has the moments of its distributions", () => {
    const rng = new Rng(11, "moments");
    const count = 200_000;
    let uniform = 0;
    let gaussian = 0;
    let square = 0;
    let exponential = 0;
    for (let index = 0; index < count; index++) {
      uniform += rng.uniform();
      const normal = rng.gaussian();
      gaussian += normal;
      square += normal * normal;
      exponential += rng.exponential(3);
    }
    // Five standard errors of each mean.
    near(uniform / count, 0.5, 0.0033);
    near(gaussian / count, 0, 0.012);
    near(square / count, 1, 0.016);
    near(exponential / count, 3, 0.034);
  });
});

describe("flow", () => {
  const hours = 24;

  it("is the same for the same seed, however it is cut into blocks", () => {
    const whole = new RegimeFlow(new Rng(1), "p", 1).take(3600 * hours);
    const cut = new RegimeFlow(new Rng(1), "p", 1);
    const parts = Array.from({ length: 1800 * hours }, (_, block) => cut.take((block + 1) * 2)).flat();
    expect(parts).to.deep.equal(whole);
    expect(new RegimeFlow(new Rng(2), "p", 1).take(3600)).to.not.deep.equal(whole.slice(0, 200));
  });

  it("has the rate, the mean size and the lopsidedness of its definition", () => {
    const rng = new Rng(3);
    const trades = Array.from({ length: 8 }, (_, pool) => new RegimeFlow(rng, `p${pool}`, 5).take(3600 * hours)).flat();
    const expected = TRADES_PER_HOUR * 5 * hours * 8;
    near(trades.length / expected, 1, 0.02);
    near(trades.reduce((sum, trade) => sum + trade.usd, 0) / trades.length, MEAN_TRADE_USD, 5);
    near(trades.filter((trade) => trade.sellBase).length / trades.length, 0.5, 0.05);
    // Runs of one direction are longer than those of a fair coin: the share of equal neighbours is the mean of p² + (1-p)².
    const same = (p: number): number => p * p + (1 - p) * (1 - p);
    const one = new RegimeFlow(rng, "one", 20).take(3600 * hours * 4);
    const equal = one.filter((trade, index) => index > 0 && trade.sellBase === one[index - 1]?.sellBase).length;
    const wanted = BUY_SHARES.reduce((sum, p) => sum + same(p), 0) / BUY_SHARES.length;
    near(equal / one.length, wanted, 0.03);
  });

  it("drains one side at a constant 833 USD a minute", () => {
    const flow = new OneSidedFlow(5, 2);
    const trades = flow.take(3600);
    expect(trades.every((trade) => trade.sellBase)).to.equal(true);
    expect(trades.length).to.equal(1800);
    near(
      trades.reduce((sum, trade) => sum + trade.usd, 0),
      833 * 5 * 60,
      1e-6,
    );
    expect(flow.take(3600)).to.deep.equal([]);
  });
});

describe("SeededMarket", () => {
  it("is the same for the same seed and starts near its starting prices", () => {
    const [one, two] = [new SeededMarket(new Rng(4)), new SeededMarket(new Rng(4))];
    one.advance(100);
    two.advance(100);
    expect(one.prices()).to.deep.equal(two.prices());
    expect(new SeededMarket(new Rng(5)).prices().XAU).to.equal(START_PRICES.XAU);
  });

  it("keeps stable tokens near their currency and lets gold walk", () => {
    const market = new SeededMarket(new Rng(6));
    const gaps: number[] = [];
    for (let step = 0; step < 4000; step++) {
      market.advance(120);
      gaps.push(market.prices().cUSDT - 1);
    }
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + gap * gap, 0) / gaps.length);
    near(deviation / STABLE_NOISE, 1, 0.15);
    isAbove(Math.abs(market.prices().XAU / START_PRICES.XAU - 1), 1e-4);
  });

  it("has the same spread in one long step as in many short ones", () => {
    const spread = (steps: number): number => {
      const rng = new Rng(8);
      let square = 0;
      for (let sample = 0; sample < 2000; sample++) {
        const market = new SeededMarket(rng.stream(`${steps}:${sample}`));
        for (let step = 0; step < steps; step++) market.advance(3600 / steps);
        square += Math.log(market.prices().XAU / START_PRICES.XAU) ** 2;
      }
      return Math.sqrt(square / 2000);
    };
    near(spread(1) / spread(30), 1, 0.1);
  });
});

describe("arbitrage", () => {
  const balanced: PoolView = {
    base: 1_000_000,
    quote: 1_000_000,
    baseTarget: 1_000_000,
    quoteTarget: 1_000_000,
    rState: 0,
    k: 0.005,
    feeRate: 5e-4,
    anchorNew: 1,
    anchorPrevious: 1,
  };

  /** What a fee-charging pool pays for selling base at R = ONE, from the quadratic of the trade formula. */
  function quoteFor(pool: PoolView, baseIn: number): number {
    const { k, quoteTarget: target, anchorNew: anchor } = pool;
    const b = k * target - (1 - k) * target + anchor * baseIn;
    const end = (-b + Math.sqrt(b * b + 4 * (1 - k) * k * target * target)) / (2 * (1 - k));
    return (target - end) * (1 - pool.feeRate);
  }

  it("does nothing while the outside price lies within the fee", () => {
    for (const gapBps of [-4.9, -1, 0, 1, 4.9]) {
      expect(findOpportunity(balanced, 1 + gapBps * 1e-4), `${gapBps} bps`).to.equal(undefined);
    }
  });

  it("finds the size after which another unit would lose", () => {
    for (const outside of [0.999, 0.9993]) {
      const found = findOpportunity(balanced, outside);
      expect(found?.sellBase).to.equal(true);
      const size = found?.amountIn ?? 0;
      const gain = (amount: number): number => quoteFor(balanced, amount) - amount * outside;
      near(found?.gainQuoteUnits, gain(size), 1e-6 * size);
      isAbove(gain(size), gain(size * 0.98));
      isAbove(gain(size), gain(size * 1.02));
    }
  });

  it("is symmetric: buying base is selling base of the mirrored pool", () => {
    const sell = findOpportunity(balanced, 0.999);
    const buy = findOpportunity(balanced, 1 / 0.999);
    expect(buy?.sellBase).to.equal(false);
    near(buy?.amountIn, sell?.amountIn ?? 0, 1e-3);
  });

  it("crosses the anchor from a displaced pool", () => {
    const above: PoolView = { ...balanced, base: 900_000, quote: 1_100_100, rState: 1 };
    isAbove(midPrice(above, 1), 1);
    near(adjustedTargets(above, 1).baseTarget, 1_000_000, 400);
    const found = findOpportunity(above, 0.999);
    expect(found?.sellBase).to.equal(true);
    isAbove(found?.amountIn, 100_000);
  });

  it("reckons with the anchor that is worse for the trader", () => {
    const raised: PoolView = { ...balanced, anchorNew: 1.001 };
    // Selling base is paid by the older, lower anchor: no gain at an outside price in between.
    expect(findOpportunity(raised, 1.0003)).to.equal(undefined);
    expect(findOpportunity({ ...raised, anchorPrevious: 1.001 }, 1.0003)?.sellBase).to.equal(true);
  });
});
