import { expect } from "chai";

import { loadRedeemerConfig } from "../../../keepers/courtesy-call-redeemer/config.js";
import { ConfigError, type Env } from "../../../keepers/kit/env.js";
import { CHECKSUMMED, OPERATOR } from "./fixtures.js";

function problemsOf(env: Env): readonly string[] {
  try {
    loadRedeemerConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.env);
    throw error;
  }
  return [];
}

describe("courtesy-call-redeemer: settings", () => {
  it("only watches unless told, and counts a threshold in percent as basis points", () => {
    const config = loadRedeemerConfig({ OPERATORS: CHECKSUMMED });
    expect(config.mode).to.equal("watch");
    expect(config.urgency.preemptBelowBps).to.equal(13_000n);
    expect(config.urgency.safetyMarginSeconds).to.equal(2_700n);
    expect(config.operators).to.deep.equal({ kind: "own", addresses: new Set([OPERATOR]) });
    const given = loadRedeemerConfig({ OPERATORS: "*", COLLATERALISATION_THRESHOLD: "127.5", COOLDOWN: "250" });
    expect(given.urgency.preemptBelowBps).to.equal(12_750n);
    expect(given.cooldownMs).to.equal(250);
    expect(given.operators).to.deep.equal({ kind: "service", minMarginWei: 10n ** 16n });
  });

  // As texts, "9999999" is above "10880657".
  it("REDEEM-14 reads the first block as a number", () => {
    const blocks = ["9999999", "10880657"].map(
      (MINBLOCK) => loadRedeemerConfig({ OPERATORS: OPERATOR, MINBLOCK }).minBlock,
    );
    expect(blocks).to.deep.equal([9_999_999, 10_880_657]);
    expect(problemsOf({ OPERATORS: OPERATOR, MINBLOCK: "0x10" })).to.deep.equal(["MINBLOCK"]);
  });

  it("names every variable that is wrong, and the operators among them", () => {
    expect(problemsOf({})).to.deep.equal(["OPERATORS"]);
    expect(problemsOf({ OPERATORS: "0x12" })).to.deep.equal(["OPERATORS"]);
    const wrong = { OPERATORS: OPERATOR, REDEEMER_MODE: "all", COOLDOWN: "1e3", REDEEMER_RESERVE: "1" };
    expect([...problemsOf(wrong)].sort()).to.deep.equal(["COOLDOWN", "REDEEMER_MODE", "REDEEMER_RESERVE"]);
  });
});
