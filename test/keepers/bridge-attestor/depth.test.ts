import { expect } from "chai";
import fc from "fast-check";

import {
  attestableDepth,
  confirmationsOf,
  deepestOf,
  depthsOf,
  type SentAt,
  type Tier,
} from "../../../keepers/bridge-attestor/depth.js";

/** One block from 10,000 units on three, from 100,000 on the finalized one. */
const TIERS: readonly Tier[] = [
  { fromUnits: 0n, confirmations: 1n },
  { fromUnits: 10_000n, confirmations: 3n },
  { fromUnits: 100_000n, confirmations: 0n },
];
/** Blocks that finality lags behind, where there is any. */
const LAG = 8;

/** A chain by what each of its blocks, from number 0 on, sends. */
class SentChain {
  constructor(private readonly units: readonly bigint[]) {}

  get head(): number {
    return this.units.length - 1;
  }
  between(above: number, upTo: number): bigint {
    return this.units.slice(above + 1, upTo + 1).reduce((sum, units) => sum + units, 0n);
  }
  at(depth: bigint, head = this.head, lag: number | null = LAG): number | undefined {
    const block = depth > 0n ? head - Number(depth) : lag === null ? -1 : head - lag;
    return block < 0 ? undefined : block;
  }
  /** The book at the blocks of the tiers, as the attestor asks for it. */
  books(tiers: readonly Tier[], head = this.head, lag: number | null = LAG): ReadonlyMap<bigint, SentAt> {
    const books = new Map<bigint, SentAt>();
    for (const depth of depthsOf(tiers)) {
      const block = this.at(depth, head, lag);
      if (block !== undefined) books.set(depth, { block, sentUnits: this.between(-1, block) });
    }
    return books;
  }
}

const depthOf = (units: readonly bigint[], lag: number | null = LAG): bigint => {
  const chain = new SentChain(units);
  return attestableDepth(TIERS, chain.books(TIERS, chain.head, lag));
};
/** How many of the newest blocks are not attested yet. */
const waiting = (units: readonly bigint[], lag: number | null = LAG): number => {
  const chain = new SentChain(units);
  return chain.head - (chain.at(depthOf(units, lag), chain.head, lag) ?? -1);
};
const quiet = (blocks: number): bigint[] => Array.from({ length: blocks }, () => 0n);
const deepness = (confirmations: bigint): number => (confirmations === 0n ? Infinity : Number(confirmations));

describe("keepers/bridge-attestor/depth", () => {
  it("ATTEST-17 a hundred and one small messages wait as long as one large one", () => {
    const split = 101n * 9_900n;
    expect(waiting([...quiet(20), 9_900n, 0n])).to.equal(1);
    // Up to the shallow blocks there is too much; up to the finalized block there is nothing.
    for (let above = 1; above < LAG; above += 1) {
      expect(waiting([...quiet(20), split, ...quiet(above)]), String(above)).to.be.greaterThan(above);
    }
    expect(waiting([...quiet(20), split, ...quiet(LAG)])).to.equal(1);
    // Spread over the blocks it is no less.
    const spread = Array.from({ length: LAG }, () => split / BigInt(LAG));
    expect(waiting([...quiet(20), ...spread, 0n])).to.equal(LAG);
  });

  it("ATTEST-17 the middle tier is asked for by its sum, and not left before its time", () => {
    const sent = [...quiet(20), 6_000n, 6_000n];
    // The first one alone lies one deep and asks for no more.
    expect(waiting(sent)).to.equal(1);
    expect(waiting([...sent, 0n])).to.equal(3);
    expect(waiting([...sent, 0n, 0n, 0n])).to.equal(3);
    expect(waiting([...sent, ...quiet(LAG - 2)])).to.equal(3);
    expect(waiting([...sent, ...quiet(LAG - 1)])).to.equal(1);
  });

  it("ATTEST-18 what is sent later delays nothing that lies deep enough, and dust below the next tier nothing at all", () => {
    const mine = [...quiet(20), 5_000n];
    for (const later of [0n, 1n, 10n ** 30n]) expect(waiting([...mine, later])).to.equal(1);
    expect(waiting([...quiet(20), ...Array.from({ length: LAG }, () => 1n), 5_000n, 0n])).to.equal(1);
  });

  it("ATTEST-18 whoever goes on sending, what is final is attested all the same", () => {
    expect(waiting([...quiet(20), ...Array.from({ length: 50 }, () => 10n ** 30n)])).to.equal(LAG);
  });

  it("ATTEST-17 without a final block everything that was ever sent counts", () => {
    expect(depthOf([9_000n, ...quiet(30), 900n, 0n], null)).to.equal(1n);
    expect(depthOf([9_000n, ...quiet(30), 1_000n, 0n], null)).to.equal(3n);
    expect(depthOf([99_999n, 1n, ...quiet(300)], null)).to.equal(0n);
    // A chain that is shorter than its tiers: nothing lies deep enough.
    expect(attestableDepth(TIERS, new Map())).to.equal(0n);
    expect(attestableDepth([], new Map())).to.equal(0n);
  });

  it("ATTEST-17 a book that has lost units between two questions counts for nothing", () => {
    const books = new Map([
      [1n, { block: 30, sentUnits: 5n }],
      [0n, { block: 20, sentUnits: 6n }],
    ]);
    expect(attestableDepth(TIERS, books)).to.equal(0n);
  });

  it("orders depths with the finalized block as the deepest", () => {
    expect(depthsOf(TIERS)).to.deep.equal([1n, 3n, 0n]);
    expect([deepestOf(TIERS), deepestOf([]), deepestOf(TIERS.slice(0, 2))]).to.deep.equal([0n, 0n, 3n]);
    expect([0n, 9_999n, 10_000n, 99_999n, 100_000n].map((units) => confirmationsOf(TIERS, units))).to.deep.equal([
      ...[1n, 1n, 3n, 3n, 0n],
    ]);
    expect(confirmationsOf([], 1n)).to.equal(0n);
  });

  it("ATTEST-17 ATTEST-18 whoever sends and signs when: a reorganisation that takes V is deeper than V asks for, and what is final never waits", () => {
    const arbitrary = fc.record({
      steps: fc.array(fc.tuple(fc.bigInt({ min: 1n, max: 300n }), fc.integer({ min: 0, max: 5 })), { maxLength: 4 }),
      first: fc.integer({ min: 1, max: 4 }),
      finalized: fc.boolean(),
      lag: fc.integer({ min: 0, max: 20 }),
      units: fc.array(fc.bigInt({ min: 0n, max: 200n }), { minLength: 5, maxLength: 40 }),
      // Whether the attestor looks at this block's head.
      looks: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
    });
    let taken = 0;
    fc.assert(
      fc.property(arbitrary, ({ steps, first, finalized, lag, units, looks }) => {
        const tiers: Tier[] = [{ fromUnits: 0n, confirmations: BigInt(first) }];
        for (const [more, deeper] of steps) {
          const { fromUnits, confirmations } = tiers.at(-1) ?? { fromUnits: 0n, confirmations: 0n };
          tiers.push({ fromUnits: fromUnits + more, confirmations: confirmations + BigInt(deeper) });
        }
        if (finalized) tiers.push({ fromUnits: (tiers.at(-1)?.fromUnits ?? 0n) + 150n, confirmations: 0n });
        const chain = new SentChain(units);
        let signedUpTo = -1;
        for (let head = 0; head <= chain.head; head += 1) {
          const final = chain.at(deepestOf(tiers), head, lag) ?? -1;
          if (looks[head] === true) {
            const horizon = chain.at(attestableDepth(tiers, chain.books(tiers, head, lag)), head, lag) ?? -1;
            const shallowest = chain.at(depthsOf(tiers)[0] ?? 0n, head, lag) ?? -1;
            expect(horizon).to.be.at.least(Math.min(final, shallowest));
            signedUpTo = Math.max(signedUpTo, horizon);
          }
          // `blocks` newest ones are replaced, none of them final.
          for (let blocks = 1; blocks <= head - final; blocks += 1) {
            const lost = chain.between(head - blocks, Math.min(signedUpTo, head));
            if (lost === 0n) continue;
            taken += 1;
            expect(deepness(confirmationsOf(tiers, lost))).to.be.below(blocks);
          }
        }
      }),
      { numRuns: 3_000, seed: 17 },
    );
    expect(taken).to.be.greaterThan(1_000);
  });
});
