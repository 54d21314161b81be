import { expect } from "chai";

import { Cadence } from "../../../keepers/kit/cadence.js";

const BLOCK_MS = 2_000;
const POLL_MS = 200;
const START_S = 1_000_000;

/** Blocks that arrive at the given delays after their timestamps; answers how often each was looked for, and how late it was seen. */
function watch(delaysMs: readonly number[], blockMs = BLOCK_MS): { looks: number[]; lagsMs: number[] } {
  let nowMs = START_S * 1000;
  const cadence = new Cadence(blockMs, POLL_MS, () => nowMs);
  const looks: number[] = [];
  const lagsMs: number[] = [];
  delaysMs.forEach((delayMs, index) => {
    const timestamp = START_S + 1 + index * 2;
    const arrivesMs = timestamp * 1000 + delayMs;
    let count = 0;
    do {
      nowMs += cadence.waitMs();
      count += 1;
    } while (nowMs < arrivesMs);
    cadence.seen(timestamp, 0);
    looks.push(count);
    lagsMs.push(nowMs - arrivesMs);
  });
  return { looks, lagsMs };
}

describe("keepers/kit/cadence", () => {
  it("RPC-8 looks once per block where blocks come at a steady pace, at most one poll late", () => {
    const { looks, lagsMs } = watch(Array.from({ length: 200 }, () => 130));
    expect(Math.max(...looks.slice(5))).to.equal(1);
    expect(Math.max(...lagsMs)).to.be.at.most(POLL_MS);
  });

  it("finds back to the phase after a late block", () => {
    const delays = Array.from({ length: 200 }, (_, index) => (index === 50 ? 450 : 100));
    const { looks, lagsMs } = watch(delays);
    expect(Math.max(...lagsMs.slice(60))).to.be.at.most(POLL_MS);
    expect(looks.slice(60).reduce((sum, count) => sum + count, 0)).to.be.at.most(142);
  });

  it("polls where blocks keep no pace", () => {
    const { looks } = watch(
      Array.from({ length: 20 }, () => 0),
      12_000,
    );
    expect(Math.min(...looks)).to.be.at.least(5);
  });
});
