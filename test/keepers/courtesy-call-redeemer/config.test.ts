import { expect } from "chai";

import { loadConfig } from "../../../keepers/courtesy-call-redeemer/config.js";
import { ConfigError, type Env } from "../../../keepers/kit/env.js";
import { CHECKSUMMED, OPERATOR } from "./fixtures.js";

/** Compressed, of the key 1. */
const PUBLIC_KEY = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

const load = (env: Env, network = "localhost") => loadConfig(network, env);

function problemsOf(env: Env): readonly string[] {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.env);
    throw error;
  }
  return [];
}

describe("courtesy-call-redeemer: settings", () => {
  it("only watches unless told, and counts a threshold in percent as basis points", () => {
    const config = load({ OPERATORS: CHECKSUMMED });
    expect(config.mode).to.equal("watch");
    expect(config.urgency.preemptBelowBps).to.equal(13_000n);
    expect(config.urgency.safetyMarginSeconds).to.equal(2_700n);
    expect(config.operators).to.deep.equal({ kind: "own", addresses: new Set([OPERATOR]) });
    const given = load({ OPERATORS: "*", COLLATERALISATION_THRESHOLD: "127.5", COOLDOWN: "250" });
    expect(given.urgency.preemptBelowBps).to.equal(12_750n);
    expect(given.cooldownMs).to.equal(250);
    expect(given.operators).to.deep.equal({ kind: "service", minMarginWei: 10n ** 16n });
  });

  it("REDEEM-56 a service provider needs an escrow, serves everybody, and nobody else does", () => {
    const escrow = CHECKSUMMED;
    const service = { REDEEMER_MODE: "service-provider", BTC_WALLET_PUBLIC_KEY: PUBLIC_KEY };
    const config = load({ ...service, OPERATORS: "*", REDEEMER_BOUNTY_ESCROW: escrow });
    expect(config).to.include({ mode: "service-provider", escrow: OPERATOR, leastPayoutWei: 5n * 10n ** 16n });
    expect(config.operators).to.deep.equal({ kind: "service", minMarginWei: 10n ** 16n });
    expect(problemsOf({ ...service, OPERATORS: "*" })).to.deep.equal(["REDEEMER_BOUNTY_ESCROW"]);
    for (const wrong of ["0x12", `${escrow}00`, "escrow"])
      expect(problemsOf({ ...service, OPERATORS: "*", REDEEMER_BOUNTY_ESCROW: wrong })).to.deep.equal([
        "REDEEMER_BOUNTY_ESCROW",
      ]);
    expect(problemsOf({ ...service, OPERATORS: OPERATOR, REDEEMER_BOUNTY_ESCROW: escrow })).to.deep.equal([
      "OPERATORS",
    ]);
    for (const REDEEMER_MODE of ["courtesy", "self-courtesy", "preemptive"])
      expect(problemsOf({ ...service, REDEEMER_MODE, OPERATORS: "*" }), REDEEMER_MODE).to.deep.equal(["OPERATORS"]);
  });

  // As texts, "9999999" is above "10880657".
  it("REDEEM-14 reads the first block as a number", () => {
    const blocks = ["9999999", "10880657"].map((MINBLOCK) => load({ OPERATORS: OPERATOR, MINBLOCK }).minBlock);
    expect(blocks).to.deep.equal([9_999_999, 10_880_657]);
    expect(problemsOf({ OPERATORS: OPERATOR, MINBLOCK: "0x10" })).to.deep.equal(["MINBLOCK"]);
  });

  it("names every variable that is wrong, and the operators among them", () => {
    expect(problemsOf({ OPERATORS: OPERATOR, REDEEMER_MODE: "courtesy" })).to.deep.equal(["BTC_WALLET_PUBLIC_KEY"]);
    expect(problemsOf({})).to.deep.equal(["OPERATORS"]);
    expect(problemsOf({ OPERATORS: "0x12" })).to.deep.equal(["OPERATORS"]);
    const wrong = { OPERATORS: OPERATOR, REDEEMER_MODE: "all", COOLDOWN: "1e3", REDEEMER_RESERVE: "1" };
    expect([...problemsOf(wrong)].sort()).to.deep.equal(["COOLDOWN", "REDEEMER_MODE", "REDEEMER_RESERVE"]);
  });

  it("REDEEM-27 takes the original's names, one more node among them, and neither needs nor reads a raw key", () => {
    const original = {
      INFURA_PROJECT_ID: "project",
      INFURA_NETWORK: "mainnet",
      OPERATORS: `${CHECKSUMMED},`,
      MINBLOCK: "10880657",
      COOLDOWN: "5000",
      COLLATERALISATION_THRESHOLD: "130",
      BTC_NETWORK: "main",
      BTC_ELECTRUM_SERVER: "electrumx-server.tbtc.network",
      BTC_WALLET_PUBLIC_KEY: PUBLIC_KEY,
      ETH_WALLET_PRIVATE_KEY: "not to be read",
      HARDHAT_CHAIN_ID: "1",
      TBTCJS_NETWORK_CHECK: "false",
    };
    const config = load(original, "mainnet");
    expect(config.network).to.include({ name: "mainnet", chainId: 1, local: false });
    expect(config.rpcUrl).to.equal("https://mainnet.infura.io/v3/project");
    expect(config.minBlock).to.equal(10_880_657);
    expect(config.ignored).to.deep.equal(["ETH_WALLET_PRIVATE_KEY"]);
    expect(
      JSON.stringify(config, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
    ).to.not.include("not to be read");
    const both = load({ ...original, MAINNET_RPC_URL: "https://a.example" }, "mainnet");
    expect(both.rpcUrl).to.equal("https://a.example,https://mainnet.infura.io/v3/project");
    expect(() => load({ ...original, INFURA_NETWORK: "ropsten" }, "mainnet")).to.throw(ConfigError);
    expect(load({ OPERATORS: OPERATOR, ETH_WALLET_PRIVATE_KEY: "" }).ignored).to.deep.equal([]);
  });
});
