import { expect } from "chai";

import type { ComputeUnits } from "../../scripts/bench/cu/meter.js";
import { measureComputeUnits } from "../../scripts/bench/cu/run.js";
import { readComputeUnits, RESNAPSHOT } from "../../scripts/bench/cu/snapshot.js";

/** Specification, section 8: an owner without multi-sig, SPL Token, balance and token account there, without the caller. */
const GOALS = { deposit: 8_000, withdraw: 9_000, lock: 6_000, unlock: 6_000 };

describe("compute units of the collateral vault", () => {
  let measured: Readonly<Record<string, ComputeUnits>>;
  before(async () => {
    measured = await measureComputeUnits();
  });

  it("are those of the committed snapshot", () => {
    expect(measured, `if the change is meant, run ${RESNAPSHOT} and commit the file`).to.deep.equal(readComputeUnits());
  });

  for (const [instruction, goal] of Object.entries(GOALS)) {
    it(`of ${instruction} stay within ${String(goal)}`, () => {
      expect(measured[instruction]?.total).to.be.within(1, goal);
    });
  }

  it("are the same in a second run, and no part of them is negative", async () => {
    expect(await measureComputeUnits()).to.deep.equal(measured);
    for (const [instruction, parts] of Object.entries(measured)) {
      for (const [part, units] of Object.entries(parts)) expect(units, `${instruction} ${part}`).to.be.at.least(0);
    }
  });
});
