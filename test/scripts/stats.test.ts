import { expect } from "chai";

import { Rng } from "../../scripts/market/rng.js";
import { absolutePercentiles, histogram, percentile, Series, shareWithin } from "../../scripts/stats/distribution.js";
import { InventorySum } from "../../scripts/stats/inventory.js";
import { LatencyTracker } from "../../scripts/stats/latency.js";

function seriesOf(values: readonly number[]): Series {
  const series = new Series();
  for (const value of values) series.push(value);
  return series;
}

/** By the definition: the smallest value that at least `share` of all values do not exceed. */
function naivePercentile(values: readonly number[], share: number): number {
  const candidates = values.filter(
    (candidate) => values.filter((value) => value <= candidate).length >= share * values.length - 1e-9,
  );
  return Math.min(...candidates);
}

describe("distribution", () => {
  it("percentile equals the definition for random values", () => {
    const rng = new Rng(7, "percentile");
    for (const length of [1, 2, 3, 10, 99, 100, 101, 400]) {
      // Few distinct values, so that ties are tested too.
      const values = Array.from({ length }, () => rng.below(50));
      const sorted = [...values].sort((a, b) => a - b);
      for (const share of [0.001, 0.5, 0.9, 0.99, 0.999, 1]) {
        expect(percentile(sorted, share), `${length} values, share ${share}`).to.equal(naivePercentile(values, share));
      }
    }
  });

  it("percentile of exactly 1,000 values at 99.9 % is the second largest", () => {
    const sorted = Array.from({ length: 1000 }, (_, index) => index + 1);
    expect(percentile(sorted, 0.999)).to.equal(999);
  });

  it("percentile refuses percents: a share is from 0 to 1", () => {
    for (const share of [99, -0.1, NaN]) expect(() => percentile([1, 2, 3], share)).to.throw(RangeError);
  });

  it("summarises absolute values", () => {
    const series = seriesOf([-5, 1, -2, 3]);
    expect(absolutePercentiles(series)).to.deep.equal({ p50: 2, p99: 5, p999: 5, max: 5 });
  });

  it("share within a limit counts the limit itself, and is 1 only when all are inside", () => {
    expect(shareWithin(seriesOf([10, -10, 10.0001, 0]), 10)).to.equal(0.75);
    const almost = seriesOf([11]);
    almost.repeat(0, 20_000_000 / 10);
    expect(shareWithin(almost, 10) < 1).to.equal(true);
    expect(shareWithin(seriesOf([]), 10)).to.equal(1);
  });

  it("histogram covers every value once; the last bin takes what lies beyond", () => {
    const counts = histogram(seriesOf([0, 0.19, -0.2, 0.39, 5, -100]), 0.2, 3);
    expect(counts).to.deep.equal([2, 2, 2]);
  });

  it("a series grows beyond its first allocation and keeps the order", () => {
    const series = new Series();
    for (let index = 0; index < 5000; index++) series.push(index);
    series.repeat(-1, 3);
    expect(series.length).to.equal(5003);
    expect(Array.from(series.values().slice(4998))).to.deep.equal([4998, 4999, -1, -1, -1]);
  });
});

describe("LatencyTracker", () => {
  const tracker = (): LatencyTracker => new LatencyTracker({ thresholdBps: 1, minBlocks: 3 });

  it("counts from the first block-end outside the threshold to the execution", () => {
    const latency = tracker();
    latency.blockEnd(10, 0.5);
    latency.blockEnd(11, 1.2);
    latency.blockEnd(12, 1.4);
    latency.executed(13);
    latency.blockEnd(13, 0);
    expect(latency.latencies).to.deep.equal([2]);
    expect(latency.suppressedBlocks).to.equal(0);
  });

  it("is void when a later block-end is inside before the execution; the limit itself is inside", () => {
    const latency = tracker();
    latency.blockEnd(10, -1.2);
    latency.blockEnd(11, 1);
    latency.blockEnd(12, -1.2);
    latency.executed(14);
    expect(latency.latencies).to.deep.equal([2]);
    expect(latency.voidEpisodes).to.equal(1);
  });

  it("starts only once the cooldown is free, and counts the blocks before apart", () => {
    const latency = tracker();
    latency.executed(10);
    latency.blockEnd(10, 2);
    latency.blockEnd(11, 2);
    latency.blockEnd(12, 2);
    expect(latency.suppressedBlocks).to.equal(3);
    expect(latency.openSince).to.equal(undefined);
    latency.blockEnd(13, 2);
    expect(latency.openSince).to.equal(13);
    latency.executed(15);
    expect(latency.latencies).to.deep.equal([2]);
  });

  it("repeats of a block-end equal the same block-ends one by one", () => {
    const rng = new Rng(3, "latency");
    const single = tracker();
    const repeated = tracker();
    let block = 0;
    for (let step = 0; step < 500; step++) {
      const deviation = rng.uniform() * 2;
      const repeats = 1 + rng.below(6);
      if (rng.uniform() < 0.3) {
        single.executed(block);
        repeated.executed(block);
      }
      for (let index = 0; index < repeats; index++) single.blockEnd(block + index, deviation);
      repeated.blockEnd(block, deviation, repeats);
      block += repeats;
    }
    expect(repeated.latencies).to.deep.equal(single.latencies);
    expect(repeated.suppressedBlocks).to.equal(single.suppressedBlocks);
    expect(single.latencies.length).to.be.greaterThan(20);
    expect(single.suppressedBlocks).to.be.greaterThan(20);
  });
});

describe("InventorySum", () => {
  it("keeps the deepest fall below the running maximum, also before the first gain", () => {
    const inventory = new InventorySum();
    for (const change of [-3n, 10n, -4n, 2n, -6n, 20n, -1n]) inventory.add(change);
    // The sum runs -3, 7, 3, 5, -1, 19, 18: the deepest fall is from 7 to -1.
    expect(inventory.sumXauWei).to.equal(18n);
    expect(inventory.lossMaxXauWei).to.equal(8n);
  });

  it("is 0 while nothing ever falls", () => {
    const inventory = new InventorySum();
    inventory.add(0n);
    inventory.add(5n);
    expect(inventory.lossMaxXauWei).to.equal(0n);
  });
});
