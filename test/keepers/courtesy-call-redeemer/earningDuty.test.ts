import { expect } from "chai";

import type { OutboxState } from "../../../db/queries/outbox/rows.js";
import type { EarningKind } from "../../../db/queries/rescue/rows.js";
import { earningDutyOf, MOST_REFUSALS, nextDues } from "../../../keepers/courtesy-call-redeemer/earningDuty.js";
import type { OpenEarning } from "../../../keepers/courtesy-call-redeemer/earningStore.js";
import type { Due, Earned, Standing } from "../../../keepers/courtesy-call-redeemer/site.js";
import { idOf, WAD } from "./fixtures.js";

const POSITION = idOf(1);
const PAYER = idOf(9);

function dueOf(kind: EarningKind, about = kind === "claim" ? POSITION : PAYER): Due {
  return { kind, about, amount: WAD, call: { to: PAYER, data: "0x", valueWei: 0n, gasLimit: 100_000n } };
}

function earnedOf(dues: readonly Due[], standing: Standing = "due"): Earned {
  return { dues, standing: new Map([[POSITION, standing]]) };
}

function open(kind: EarningKind, state: OutboxState | undefined): OpenEarning {
  const { about } = dueOf(kind);
  return { kind, about, ordinal: 1n, amount: WAD, beganBlock: 1n, state, minedHash: undefined };
}

function duty(kind: EarningKind, state: OutboxState | undefined, earned: Earned): string {
  const found = earningDutyOf(open(kind, state), earned);
  return found.what === "end" ? found.as : found.what;
}

describe("courtesy-call-redeemer: what was earned, on its way", () => {
  it("REDEEM-54 ends by what the outbox and the chain say, and what was never sent is dropped", () => {
    const due = earnedOf([dueOf("claim")]);
    expect(duty("claim", undefined, due)).to.equal("drop");
    for (const state of ["assigned", "signed", "mined", "foreign"] as const)
      expect(duty("claim", state, due), state).to.equal("wait");
    expect(duty("claim", "final", earnedOf([], "paid"))).to.equal("done");
    expect(duty("claim", "reverted", due)).to.equal("refused");
    expect(duty("claim", "cancelled", due)).to.equal("cancelled");
    for (const state of ["reverted", "cancelled"] as const) {
      expect(duty("claim", state, earnedOf([], "paid"))).to.equal("by-another");
      expect(duty("claim", state, earnedOf([], "void"))).to.equal("void");
      expect(duty("collect", state, earnedOf([]))).to.equal("void");
    }
  });

  it("REDEEM-54 frees the nonce of what nobody needs any more, but not while a proof may only have been unwound", () => {
    expect(duty("claim", "signed", earnedOf([], "paid"))).to.equal("withdraw");
    expect(duty("claim", "signed", earnedOf([], "waiting"))).to.equal("wait");
    expect(duty("collect", "signed", earnedOf([]))).to.equal("withdraw");
    expect(duty("collect", "mined", earnedOf([]))).to.equal("wait");
  });

  it("REDEEM-54 asks for each once at a time, for a claim that came never again, and collects behind the claims", () => {
    const kinds = (...given: Parameters<typeof nextDues>): readonly string[] =>
      nextDues(...given).wanted.map(({ kind, ordinal }) => `${kind} ${String(ordinal)}`);
    const begun = { kind: "claim", about: POSITION, ordinal: 2n, brought: 0n, refused: 0n } as const;
    const both = earnedOf([dueOf("claim"), dueOf("collect")]);
    expect(kinds(both, [], [])).to.deep.equal(["claim 1"]);
    expect(kinds(both, [begun], [])).to.deep.equal(["claim 3"]);
    expect(kinds(both, [begun], [open("claim", "signed")])).to.deep.equal([]);
    expect(kinds(both, [{ ...begun, brought: 1n }], [])).to.deep.equal(["collect 1"]);
    const collected = { kind: "collect", about: PAYER, ordinal: 4n, brought: 4n, refused: 0n } as const;
    expect(kinds(earnedOf([dueOf("collect")]), [collected], [])).to.deep.equal(["collect 5"]);
  });

  it("REDEEM-54 leaves alone what the chain has refused too often in a day, and says so", () => {
    const refused = { kind: "claim", about: POSITION, ordinal: 3n, brought: 0n, refused: MOST_REFUSALS } as const;
    const found = nextDues(earnedOf([dueOf("claim"), dueOf("collect")]), [refused], []);
    expect(found.refused.map(({ kind }) => kind)).to.deep.equal(["claim"]);
    // It holds up no payout.
    expect(found.wanted.map(({ kind }) => kind)).to.deep.equal(["collect"]);
  });
});
