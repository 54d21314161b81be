import { expect } from "chai";
import fc from "fast-check";

import {
  availableUnits,
  DAY_US,
  drawn,
  fullMeter,
  HOUR_US,
  meterOf,
  type MeterLevel,
} from "../../../../keepers/kit/policy/meter.js";
import { drawsOf, policyMeters } from "../../../../keepers/kit/policy/meters.js";
import { stabilizerFixture } from "../../../helpers/policyFixtures.js";
import { worstWindow, type Use } from "../../../helpers/windows.js";

const START_US = 1_800_000_000_000_000n;

/** Draws what it may, at each of these times, and returns what went through. `greedy`: all that is there. */
function drain(
  limit: bigint,
  windowUs: bigint,
  steps: readonly { waitUs: bigint; amount: bigint | "greedy" }[],
): Use[] {
  const meter = meterOf(limit, windowUs);
  let level: MeterLevel = fullMeter(meter, START_US);
  let nowUs = START_US;
  const uses: Use[] = [];
  for (const { waitUs, amount } of steps) {
    nowUs += waitUs;
    const wanted = amount === "greedy" ? availableUnits(meter, level, nowUs) : amount;
    const after = drawn(meter, level, nowUs, wanted);
    if (after === undefined) continue;
    level = after;
    uses.push({ atUs: nowUs, amount: wanted });
  }
  return uses;
}

const total = (uses: readonly Use[]): bigint => uses.reduce((sum, { amount }) => sum + amount, 0n);

describe("keepers/kit/policy/meter", () => {
  it("SIGN-8 lets at most the limit through in every window, however it is drained", () => {
    let reached = 0;
    fc.assert(
      fc.property(
        fc.bigInt(2n, 10n ** 24n),
        fc.constantFrom(HOUR_US, DAY_US),
        fc.array(
          fc.record({
            waitUs: fc.oneof(
              fc.bigInt(0n, DAY_US),
              fc.bigInt(0n, 1_000n),
              fc.constantFrom(HOUR_US, DAY_US, DAY_US - 1n),
            ),
            share: fc.oneof(fc.constant("greedy" as const), fc.bigInt(0n, 10n ** 24n)),
          }),
          { minLength: 1, maxLength: 60 },
        ),
        (limit, windowUs, steps) => {
          const uses = drain(
            limit,
            windowUs,
            steps.map(({ waitUs, share }) => ({ waitUs, amount: share })),
          );
          const worst = worstWindow(uses, windowUs);
          if (worst > limit) throw new Error(`${String(worst)} of ${String(limit)} in one window`);
          if (2n * worst > limit) reached += 1;
        },
      ),
      { numRuns: 400, seed: 99 },
    );
    // Not vacuous: many runs get more than half of the limit into one window.
    expect(reached).to.be.greaterThan(100);
  });

  it("SIGN-8 lets through exactly the limit at the worst moments", () => {
    // Full, emptied at once, then emptied again and again for a day: a bucket of the limit would let 200 through.
    const hourly = Array.from({ length: 25 }, (_, hour) => ({
      waitUs: hour === 0 ? 0n : HOUR_US,
      amount: "greedy" as const,
    }));
    expect(worstWindow(drain(100n, DAY_US, hourly), DAY_US)).to.equal(100n);
    const edges = [0n, DAY_US - 1n, 1n, 1n].map((waitUs) => ({ waitUs, amount: "greedy" as const }));
    expect(worstWindow(drain(100n, DAY_US, edges), DAY_US)).to.equal(100n);
  });

  it("SIGN-8 refills exactly, however often it is asked", () => {
    // 5 units a day, looked at every second: rounding at each look would lose all of it.
    const looks = Array.from({ length: 86_400 }, () => ({ waitUs: 1_000_000n, amount: 0n }));
    const uses = drain(10n, DAY_US, [{ waitUs: 0n, amount: 5n }, ...looks, { waitUs: 0n, amount: "greedy" }]);
    expect(total(uses)).to.equal(10n);
  });

  it("SIGN-8 gives nothing for a clock that goes back", () => {
    const meter = meterOf(10n, HOUR_US);
    const empty = drawn(meter, fullMeter(meter, START_US), START_US, 5n);
    if (empty === undefined) throw new Error("a full meter is not empty");
    const back = drawn(meter, empty, START_US - HOUR_US, 0n);
    expect(back).to.deep.equal(empty);
    expect(availableUnits(meter, empty, START_US + HOUR_US / 5n)).to.equal(1n);
    expect(drawn(meter, empty, START_US + HOUR_US, -1n)).to.equal(undefined);
  });

  it("has one meter for each rule and each asset, drawn in one order", () => {
    const meters = policyMeters(stabilizerFixture());
    expect([...meters.keys()]).to.include.members([
      "calls:Stabilizer.executeBatch",
      "calls:no-op",
      "amount:cUSDC",
      "amount:native",
    ]);
    const draws = drawsOf({ calls: { b: 1, a: 2 }, amounts: { cUSDC: 3n } });
    expect(draws).to.deep.equal([
      ["amount:cUSDC", 3n],
      ["calls:a", 2n],
      ["calls:b", 1n],
    ]);
  });
});
