import { expect } from "chai";
import fc from "fast-check";

import {
  actByOf,
  isInstantDanger,
  likelihoodBps,
  lossWei,
  stakeOf,
  urgencyOf,
} from "../../../keepers/courtesy-call-redeemer/strategies/urgency.js";
import type { LossModel, Reading, Urgency } from "../../../keepers/courtesy-call-redeemer/types.js";
import { HOUR, NOW, readingOf, URGENCY, WAD } from "./fixtures.js";

const classOf = (change: Partial<Reading>): Urgency | undefined => urgencyOf(readingOf(0, 1n, change), NOW, URGENCY);

describe("courtesy-call-redeemer: urgency", () => {
  it("REDEEM-10 puts a position into the class of its stage, health and window, at the edges too", () => {
    expect(classOf({ healthBps: 11_200n })).to.equal("A");
    expect(classOf({ healthBps: 11_201n })).to.equal("B");
    expect(classOf({ stage: "open", healthBps: 11_200n })).to.equal("A");
    expect(classOf({ graceEndsAt: NOW + HOUR - 1n })).to.equal("A");
    expect(classOf({ graceEndsAt: NOW + HOUR })).to.equal("B");
    expect(classOf({ graceEndsAt: NOW - 10n })).to.equal("A");
    expect(classOf({ graceEndsAt: undefined })).to.equal("A");
    // A called position that has recovered can still be liquidated when its window ends.
    expect(classOf({ healthBps: 16_000n })).to.equal("B");
    expect(classOf({ stage: "open", healthBps: 12_499n })).to.equal("C");
    expect(classOf({ stage: "open", healthBps: 12_500n })).to.equal("D");
    expect(classOf({ stage: "open", healthBps: 12_999n })).to.equal("D");
    expect(classOf({ stage: "open", healthBps: 13_000n })).to.equal(undefined);
    for (const stage of ["setup", "rescuing", "liquidating", "closed"] as const)
      expect(classOf({ stage, healthBps: 0n })).to.equal(undefined);
  });

  it("REDEEM-10 goes on with called positions while there is no price, and with no others", () => {
    const blind = (change: Partial<Reading>): Reading => ({ ...readingOf(0, 1n, change), healthBps: undefined });
    expect(urgencyOf(blind({}), NOW, URGENCY)).to.equal("B");
    expect(urgencyOf(blind({ graceEndsAt: NOW + 60n }), NOW, URGENCY)).to.equal("A");
    expect(urgencyOf(blind({ stage: "open" }), NOW, URGENCY)).to.equal(undefined);
    expect(isInstantDanger(blind({}), URGENCY)).to.equal(false);
  });

  it("REDEEM-10 a rescue should be mined its margin before the window ends, and now in instant danger", () => {
    expect(actByOf(readingOf(0, 1n), NOW, URGENCY)).to.equal(NOW + 4n * HOUR - 2_700n);
    expect(actByOf(readingOf(0, 1n, { healthBps: 11_000n }), NOW, URGENCY)).to.equal(NOW);
    expect(actByOf(readingOf(0, 1n, { graceEndsAt: undefined }), NOW, URGENCY)).to.equal(NOW);
    expect(actByOf(readingOf(0, 1n, { stage: "open" }), NOW, URGENCY)).to.equal(undefined);
  });

  it("REDEEM-11 an auction taken at 83 % of the bond costs its operators 91.5 % of it", () => {
    const bond: LossModel = {
      kind: "auction",
      collateralWei: 46_875n * 10n ** 15n,
      debtWei: 38_906_250n * 10n ** 12n,
      takerCostWei: 0n,
      startBps: 6_600n,
      restLostBps: 5_000n,
    };
    // 38.90625 are sold, and half of the other 7.96875 goes to whoever began it.
    expect(lossWei(bond)).to.equal(42_890_625n * 10n ** 12n);
    expect(lossWei({ ...bond, debtWei: 0n })).to.equal((46_875n * 10n ** 15n * 83n) / 100n);
    expect(lossWei({ ...bond, debtWei: 50n * WAD })).to.equal(46_875n * 10n ** 15n);
    expect(lossWei({ ...bond, collateralWei: 0n })).to.equal(0n);
    expect(lossWei({ kind: "penalty", repaidDebtWei: 1_001n, penaltyBps: 500n })).to.equal(50n);
  });

  it("REDEEM-11 a loss is never more than the collateral, nor what is expected more than the own share of it", () => {
    const wei = fc.bigInt(0n, 1_000n * WAD);
    fc.assert(
      fc.property(
        fc.record({ collateralWei: wei, debtWei: wei, takerCostWei: fc.bigInt(0n, WAD) }),
        fc.bigInt(0n, 10_000n),
        fc.bigInt(9_000n, 16_000n),
        fc.constantFrom("A", "B", "C", "D"),
        (amounts, restLostBps, healthBps, urgency) => {
          const loss: LossModel = { kind: "auction", startBps: 6_600n, restLostBps, ...amounts };
          const all = lossWei(loss);
          expect(all <= amounts.collateralWei && all >= (amounts.collateralWei * 66n) / 100n).to.equal(true);
          const reading = readingOf(0, 1n, { loss, healthBps });
          const one = stakeOf(reading, 1n, urgency, URGENCY);
          expect(one.lossWei).to.equal(all / 3n);
          expect(one.expectedLossWei <= one.lossWei).to.equal(true);
        },
      ),
      { numRuns: 300, seed: 5 },
    );
    const nobody = { ...readingOf(0, 1n), position: { id: "0x", operators: [], sizeUnits: 1n } };
    expect(stakeOf(nobody, 1n, "A", URGENCY).lossWei).to.equal(0n);
  });

  it("REDEEM-11 liquidation is the likelier the lower the health, and certain below its threshold", () => {
    for (const urgency of ["A", "B", "C", "D"] as const) {
      let before = 10_001n;
      for (let healthBps = 10_900n; healthBps < 14_000n; healthBps += 25n) {
        const chance = likelihoodBps(readingOf(0, 1n, { healthBps }), urgency, URGENCY);
        expect(chance <= before && chance >= URGENCY.likelihoodBps[urgency]).to.equal(true);
        if (healthBps < 11_000n) expect(chance).to.equal(10_000n);
        before = chance;
      }
      expect(before).to.equal(URGENCY.likelihoodBps[urgency]);
    }
    expect(likelihoodBps(readingOf(0, 1n, { healthBps: 12_000n }), "D", URGENCY)).to.equal(5_500n);
  });
});
