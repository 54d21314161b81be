import { expect } from "chai";

import { deploymentChecks, profileOf, type DeploymentCheck } from "../../protocol/params/checks.js";
import { loadParams } from "../../protocol/params/load.js";
import type { NetworkParams } from "../../protocol/params/schema.js";
import { parseWad } from "../../protocol/units.js";

const XAU_USD = parseWad("2500");

/** The localhost file with the numbers that the hand computations below use. */
function params(change: (copy: NetworkParams) => void = () => undefined): NetworkParams {
  const copy = structuredClone(loadParams("localhost").params);
  copy.blockSeconds = "2";
  copy.flow = { netFlowUsdPerHour: "60000", bandBps: "10", minCapitalHours: "8" };
  copy.stabilizer.capitalUsdPerToken = "500000";
  Object.assign(copy.stabilizer.profiles.target, {
    minBlocks: 3,
    confirmations: 2,
    windowBlocks: 3,
    capXau: "20",
    bucketRefillXauPerBlock: "10",
  });
  for (const each of copy.pools) Object.assign(each, { depthUsdPerSide: "1000000", kRatio: "0.005" });
  change(copy);
  return copy;
}

function pool(from: NetworkParams, index: number): NetworkParams["pools"][number] {
  const found = from.pools[index];
  if (found === undefined) throw new Error(`there is no pool ${String(index)}`);
  return found;
}

function check(from: NetworkParams, name: DeploymentCheck["name"], pair = "cUSDT/cUSDC"): DeploymentCheck {
  const found = deploymentChecks(from, XAU_USD).find((entry) => entry.name === name && entry.pair === pair);
  if (found === undefined) throw new Error(`no check ${name} for ${pair}`);
  return found;
}

describe("protocol/params/checks", () => {
  it("asks all three questions of every public pool and of no other", () => {
    const all = deploymentChecks(params(), XAU_USD);
    expect(all.map((entry) => `${entry.name}:${entry.pair}`)).to.have.length(12);
    const without = params((copy) => {
      for (const other of copy.pools.slice(1)) other.kind = "private";
    });
    expect(deploymentChecks(without, XAU_USD)).to.have.length(3);
  });

  describe("throughput: s × f ≥ Δ", () => {
    // Δ = 60,000 / 60 = 1,000 USD/min. M = 3, b = 2 s: f = 60 / 6 = 10 per minute. So s must be 100 USD = 0.04 oz at 2,500.
    it("passes at exactly the needed size and fails one wei below", () => {
      const at = params((copy) => (copy.stabilizer.profiles.target.capXau = "0.04"));
      const below = params((copy) => (copy.stabilizer.profiles.target.capXau = "0.039999999999999999"));
      expect(check(at, "throughput").ok).to.equal(true);
      expect(check(below, "throughput").ok).to.equal(false);
    });

    it("takes the bucket's refill when it is the narrower one", () => {
      // refill · M = 0.013333… · 3 < 0.04
      const narrow = params(
        (copy) => (copy.stabilizer.profiles.target.bucketRefillXauPerBlock = "0.013333333333333333"),
      );
      const enough = params(
        (copy) => (copy.stabilizer.profiles.target.bucketRefillXauPerBlock = "0.013333333333333334"),
      );
      expect(check(narrow, "throughput").ok).to.equal(false);
      expect(check(enough, "throughput").ok).to.equal(true);
    });

    it("prints its arithmetic", () => {
      expect(check(params(), "throughput").arithmetic).to.equal(
        "s × f = 50000 USD (smaller of cap 20 oz and refill 10 oz × M 3) × 10/min (60 / (3 × 2 s)) = 500000 USD/min >= Δ = 60000 / 60 = 1000 USD/min",
      );
    });
  });

  describe("drift: Δ·(M + W + N)·b/60 ≤ band·D0/(2k)", () => {
    // Left: 1,000 · (3 + 3 + 2) · 2 / 60 = 266.666… USD. Right: 0.001 · D0 / (2 · 0.005) = D0 / 10.
    it("passes just above and fails just below the depth at which both sides meet", () => {
      const deep = params((copy) => (pool(copy, 0).depthUsdPerSide = "2666.666667"));
      const thin = params((copy) => (pool(copy, 0).depthUsdPerSide = "2666.666666"));
      expect(check(deep, "drift").ok).to.equal(true);
      expect(check(thin, "drift").ok).to.equal(false);
    });

    it("fails for the literal 35 blocks where the target profile passes", () => {
      // literal: 1,000 · (35 + 3 + 2) · 2 / 60 = 1,333.3 > 5,000 / 10 = 500 > 266.7
      const shallow = params((copy) => (pool(copy, 0).depthUsdPerSide = "5000"));
      expect(check(shallow, "drift").ok).to.equal(true);
      shallow.stabilizer.profile = "literal";
      expect(check(shallow, "drift").ok).to.equal(false);
    });

    it("prints its arithmetic", () => {
      expect(check(params(), "drift").arithmetic).to.equal(
        "Δ × (M + W + N) × b / 60 = 1000 × (3 + 3 + 2) × 2 / 60 = 266.666 USD <= band × D0 / (2k) = 10 bps × 1000000 / (2 × 0.005) = 100000 USD",
      );
    });
  });

  describe("capital-hours", () => {
    // 500,000 / 60,000 = 8.33 h
    it("passes at 8 hours and fails at 8.34", () => {
      expect(check(params(), "capital-hours").ok).to.equal(true);
      const longer = params((copy) => (copy.flow.minCapitalHours = "8.34"));
      expect(check(longer, "capital-hours").ok).to.equal(false);
      expect(check(longer, "capital-hours").arithmetic).to.equal(
        "one-sided flow uses up 500000 USD / 60000 USD/h = 8.333 h < 8.34 h",
      );
    });
  });

  it("is accepted only by the full name of check and pool", () => {
    const failing = params((copy) => {
      copy.flow.minCapitalHours = "100";
      copy.acceptFailedChecks = ["capital-hours:XAU/cUSDT"];
    });
    expect(check(failing, "capital-hours", "XAU/cUSDT")).to.deep.include({ ok: false, accepted: true });
    expect(check(failing, "capital-hours", "XAU/cUSDC")).to.deep.include({ ok: false, accepted: false });
  });

  it("puts a pool's own values over the profile", () => {
    const own = params((copy) => (pool(copy, 0).stabilizer = { minBlocks: 7 }));
    expect(profileOf(own, pool(own, 0)).minBlocks).to.equal(7);
    expect(profileOf(own, pool(own, 1)).minBlocks).to.equal(3);
    expect(profileOf(own, pool(own, 1), "literal").minBlocks).to.equal(35);
  });
});
