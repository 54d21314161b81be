import { expect } from "chai";

import { describeWith } from "../../helpers/describeWith.js";
import { VaultRig } from "../../helpers/solanaVault/rig.js";
import { Run } from "./model/run.js";

/** `.ci/run` takes 100,000. */
const STEPS = Number(process.env["CANTILEVER_MODEL_STEPS"] ?? 4_000);
const STEPS_PER_SEQUENCE = 250;
const SEED = Number(process.env["CANTILEVER_MODEL_SEED"] ?? 1);

describeWith("ownCluster", "collateral vault beside its model", function () {
  // a millisecond or two each, on a machine that does nothing else
  this.timeout(300_000 + STEPS * 30);

  it("COL-1 COL-2 agrees with the model in random steps, hostile accounts included", async () => {
    const run = await Run.create(await VaultRig.create({ isUnsigned: true }), SEED);
    for (let sequence = 0; run.tally.steps < STEPS; sequence++) await run.sequence(sequence, STEPS_PER_SEQUENCE);
    const { tally } = run;
    expect(tally.steps).to.be.at.least(STEPS);
    // It says something only when both happen often, and everything happens.
    expect(tally.succeeded).to.be.above(STEPS / 5);
    expect(tally.refused).to.be.above(STEPS / 10);
    expect(tally.hostile).to.be.above(STEPS / 20);
    expect([...tally.byName.keys()]).to.include.members([
      "deposit",
      "withdraw",
      "lock",
      "unlock",
      "transferCollateral",
    ]);
    if (process.env["CANTILEVER_MODEL_VERBOSE"] !== undefined) console.log(tally);
  });
});
