import { expect } from "chai";

import type { OutboxState } from "../../../db/queries/outbox/rows.js";
import { dutyOf, onItsWayOf, type Duty } from "../../../keepers/courtesy-call-redeemer/inFlight.js";
import type { OpenRescue } from "../../../keepers/courtesy-call-redeemer/store.js";
import type { Stage } from "../../../keepers/courtesy-call-redeemer/types.js";
import { idOf, readingOf, WAD } from "./fixtures.js";

function rescueOf(states: readonly (OutboxState | undefined)[], change: Partial<OpenRescue> = {}): OpenRescue {
  return {
    position: idOf(1),
    ordinal: 1n,
    effect: "rescue",
    stage: "called",
    steps: states.length,
    costUnits: WAD,
    spender: idOf(9),
    gasLimit: 800_000n,
    followUpGas: 500_000n,
    stakeWei: WAD,
    deadline: null,
    beganBlock: 1n,
    states: states.map((state) => ({ state, minedHash: undefined })),
    ...change,
  };
}

function duty(
  states: readonly (OutboxState | undefined)[],
  stage: Stage | undefined,
  change?: Partial<OpenRescue>,
): string {
  const found: Duty = dutyOf(rescueOf(states, change), stage === undefined ? undefined : readingOf(1, 1n, { stage }));
  return found.what === "end" ? found.as : found.what;
}

describe("courtesy-call-redeemer: rescues on their way", () => {
  it("REDEEM-30 what was never sent is dropped, and nothing else is", () => {
    expect(duty([undefined], "called")).to.equal("drop");
    expect(duty([undefined, undefined], "open")).to.equal("drop");
    for (const state of ["assigned", "signed", "mined", "final", "reverted", "cancelled", "foreign"] as const)
      expect(duty([state], "called"), state).to.not.equal("drop");
  });

  it("REDEEM-30 what waits is withdrawn once its position has left the state it was decided in", () => {
    for (const state of ["assigned", "signed"] as const) {
      expect(duty([state], "called")).to.equal("wait");
      // Recovered: redeeming it would cost more than was approved.
      expect(duty([state], "open")).to.equal("withdraw");
      expect(duty([state], "open", { stage: "open" })).to.equal("wait");
      expect(duty([state], "called", { stage: "open" })).to.equal("wait");
      for (const stage of ["rescuing", "liquidating", "closed", "setup"] as const)
        expect(duty([state], stage), stage).to.equal("withdraw");
      expect(duty([state], undefined)).to.equal("wait");
    }
    // The call is mined, the rescue behind it is not: somebody else came between.
    expect(duty(["mined", "signed"], "rescuing", { stage: "open" })).to.equal("withdraw");
    expect(duty(["mined", "signed"], "called", { stage: "open" })).to.equal("wait");
  });

  it("REDEEM-30 a lost race is a rescue by another, whatever the chain said to our transaction", () => {
    for (const state of ["reverted", "cancelled"] as const) {
      expect(duty([state], "rescuing")).to.equal("by-another");
      expect(duty([state], "closed")).to.equal("by-another");
      expect(duty([state], "liquidating")).to.equal("lost");
      const wasLost = { ...readingOf(1, 1n, { stage: "closed" }), wasLost: true };
      expect(dutyOf(rescueOf([state]), wasLost)).to.deep.equal({ what: "end", as: "lost" });
    }
    expect(duty(["reverted"], "called")).to.equal("failed");
    expect(duty(["cancelled"], "called")).to.equal("cancelled");
    expect(duty(["reverted", "reverted"], undefined)).to.equal("failed");
    expect(duty(["reverted", "signed"], "called")).to.equal("wait");
    expect(duty(["mined"], "rescuing")).to.equal("wait");
    expect(duty(["final"], "rescuing")).to.equal("rescued");
    // Of a called and rescued position the call may have been another's.
    expect(duty(["reverted", "final"], "rescuing")).to.equal("rescued");
    expect(duty(["foreign"], "called")).to.equal("wait");
  });

  it("REDEEM-30 costs count as spent until they are in a block, and the gas of settling until the end", () => {
    expect(onItsWayOf(rescueOf(["signed"]))).to.include({
      unpaidUnits: WAD,
      unpaidGas: 800_000n,
      followUpGas: 500_000n,
    });
    expect(onItsWayOf(rescueOf(["mined", "signed"]))).to.include({ unpaidUnits: WAD });
    for (const state of ["mined", "final", "reverted"] as const)
      expect(onItsWayOf(rescueOf([state]))).to.include({ unpaidUnits: 0n, unpaidGas: 0n, followUpGas: 500_000n });
  });

  it("REDEEM-52 what is not paid for any more is withdrawn by name, is no failure, and an announcement alone changes nothing", () => {
    const at = (state: OutboxState, stage: Stage, openBountyWei?: bigint): Duty =>
      dutyOf(rescueOf([state]), {
        ...readingOf(1, 1n, { stage }),
        ...(openBountyWei === undefined ? {} : { openBountyWei }),
      });
    const why = "bounty-withdrawn";
    expect(at("signed", "called", WAD - 1n)).to.deep.equal({ what: "withdraw", why });
    // Still paid, whatever of it is announced to leave.
    expect(at("signed", "called", WAD)).to.deep.equal({ what: "wait" });
    expect(at("signed", "called")).to.deep.equal({ what: "wait" });
    for (const state of ["reverted", "cancelled"] as const)
      expect(at(state, "called", 0n), state).to.deep.equal({ what: "end", as: "cancelled", why });
    expect(at("reverted", "called", WAD)).to.deep.equal({ what: "end", as: "failed" });
    expect(at("reverted", "rescuing", 0n)).to.deep.equal({ what: "end", as: "by-another" });
  });

  it("REDEEM-30 what the chain refused because its position has recovered is no failure, and what it should have taken is one", () => {
    const calling = { effect: "call-and-rescue", stage: "open" } as const;
    const at = (healthBps: bigint | undefined, stage: Stage, change: Partial<OpenRescue>): Duty =>
      dutyOf(rescueOf(["reverted", "reverted"], change), { ...readingOf(1, 1n, { stage }), healthBps });
    const moved = { what: "end", as: "cancelled", why: "moved-on" };
    const failed = { what: "end", as: "failed" };
    expect(at(12_500n, "open", calling)).to.deep.equal(moved);
    expect(at(undefined, "open", calling)).to.deep.equal(moved);
    expect(at(12_499n, "open", calling)).to.deep.equal(failed);
    expect(at(12_600n, "called", calling)).to.deep.equal(failed);
    // Decided while it was called, and it is not called any more.
    expect(at(12_000n, "open", { stage: "called" })).to.deep.equal(moved);
    expect(at(12_600n, "open", { stage: "open" })).to.deep.equal(failed);
  });

  it("REDEEM-51 a rescue that the chain says was ours was ours, whatever became of this transaction", () => {
    const ours = idOf(5);
    const at = (rescuer?: string): Duty => {
      const reading = readingOf(1, 1n, { stage: "rescuing" });
      return dutyOf(rescueOf(["cancelled"]), { ...reading, ...(rescuer === undefined ? {} : { rescuer }) }, ours);
    };
    expect(at(ours)).to.deep.equal({ what: "end", as: "rescued" });
    expect(at(idOf(6))).to.deep.equal({ what: "end", as: "by-another" });
    expect(at()).to.deep.equal({ what: "end", as: "by-another" });
  });
});
