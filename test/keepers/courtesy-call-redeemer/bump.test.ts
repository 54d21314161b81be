import { expect } from "chai";
import fc from "fast-check";

import { feeCeilingWei, type CeilingPolicy } from "../../../keepers/courtesy-call-redeemer/bump.js";
import { withCeiling, type Fees } from "../../../keepers/kit/fees.js";
import { escalatedFees } from "../../../keepers/kit/outbox/escalation.js";
import { GWEI, WAD } from "./fixtures.js";

const FEES = { maxFeePerGasWei: 500n * GWEI, priorityFeeWei: GWEI };
const POLICY: CeilingPolicy = { maxFeePerGasWei: 500n * GWEI, stakeShareBps: 1_000n };
const FIRST: Fees = { maxFeePerGasWei: 41n * GWEI, priorityFeeWei: GWEI };
const NOW = 1_700_000_000n;
const SECONDS_PER_ATTEMPT = 36n;

/** The attempt after `before`, so many seconds before the deadline; undefined: no deadline. */
function next(before: Fees, ceilingWei: bigint, secondsLeft: bigint | undefined, baseFeeWei: bigint): Fees | undefined {
  const escalation =
    secondsLeft === undefined ? undefined : { mineBy: NOW + secondsLeft, secondsPerAttempt: SECONDS_PER_ATTEMPT };
  return escalatedFees(before, withCeiling(FEES, ceilingWei), baseFeeWei, escalation, NOW);
}

describe("courtesy-call-redeemer: fee escalation", () => {
  it("REDEEM-12 the ceiling is the share of what is at stake, and never above the hard one", () => {
    expect(feeCeilingWei(WAD, 800_000n, POLICY)).to.equal(125n * GWEI);
    expect(feeCeilingWei(100n * WAD, 800_000n, POLICY)).to.equal(500n * GWEI);
    expect(feeCeilingWei(0n, 800_000n, POLICY)).to.equal(0n);
    expect(feeCeilingWei(7_999_999n, 800_000n, POLICY)).to.equal(0n);
  });

  it("REDEEM-12 every attempt replaces the one before on both fields, and none is above the ceiling", () => {
    let [replaced, kept] = [0, 0];
    fc.assert(
      fc.property(
        fc.bigInt(1n, 400n * GWEI),
        fc.bigInt(1n, 400n * GWEI),
        fc.bigInt(0n, 600n * GWEI),
        fc.option(fc.bigInt(-100n, 20_000n), { nil: undefined }),
        fc.bigInt(0n, 300n * GWEI),
        (maxFeePerGasWei, tip, ceilingWei, secondsLeft, baseFeeWei) => {
          const before = { maxFeePerGasWei, priorityFeeWei: tip < maxFeePerGasWei ? tip : maxFeePerGasWei };
          const fees = next(before, ceilingWei, secondsLeft, baseFeeWei);
          const cap = ceilingWei < 500n * GWEI ? ceilingWei : 500n * GWEI;
          if (fees === undefined) {
            // Even the least that nodes accept would be above it.
            expect((before.maxFeePerGasWei * 9n + 7n) / 8n > cap).to.equal(true);
            kept += 1;
            return;
          }
          replaced += 1;
          expect(fees.maxFeePerGasWei <= cap && fees.priorityFeeWei <= fees.maxFeePerGasWei).to.equal(true);
          expect(fees.maxFeePerGasWei * 8n >= before.maxFeePerGasWei * 9n).to.equal(true);
          expect(fees.priorityFeeWei * 8n >= before.priorityFeeWei * 9n).to.equal(true);
        },
      ),
      { numRuns: 500, seed: 12 },
    );
    expect(Math.min(replaced, kept)).to.be.above(50);
  });

  it("REDEEM-12 steps are the kit's while there is time, larger as the deadline comes near, and the last one is the ceiling", () => {
    const ceiling = 400n * GWEI;
    const at = (secondsLeft: bigint | undefined) => next(FIRST, ceiling, secondsLeft, 20n * GWEI)?.maxFeePerGasWei;
    const calm = (41n * GWEI * 9n) / 8n;
    expect(at(undefined)).to.equal(calm);
    expect(at(100_000n)).to.equal(calm);
    expect(at(360n)).to.equal(41n * GWEI + (359n * GWEI) / 10n);
    for (const late of [36n, 5n, 0n, -1_000n]) expect(at(late)).to.equal(ceiling);
    expect(next({ maxFeePerGasWei: ceiling, priorityFeeWei: GWEI }, ceiling, 5n, GWEI)).to.equal(undefined);
  });
});
