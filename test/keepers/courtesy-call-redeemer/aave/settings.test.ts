import { expect } from "chai";
import { getAddress } from "ethers";

import { loadConfig } from "../../../../keepers/courtesy-call-redeemer/config.js";
import { ConfigError, type Env } from "../../../../keepers/kit/env.js";
import { idOf, OPERATOR } from "../fixtures.js";

const [PROVIDER, POOL, WETH, USDC, DAI] = [idOf(11), idOf(12), idOf(13), idOf(14), idOf(15)];
const COMPLETE = {
  REDEEMER_PROTOCOL: "aave-v3",
  OPERATORS: OPERATOR,
  REDEEMER_MODE: "preemptive",
  REDEEMER_AAVE_PROVIDER: PROVIDER,
  REDEEMER_AAVE_POOL: POOL,
  REDEEMER_AAVE_WRAPPED_NATIVE: WETH,
  REDEEMER_AAVE_TOKEN: `USDC:6:${USDC}`,
  REDEEMER_AAVE_PER_DAY: "1500.25",
};

function problemsOf(env: Env): readonly string[] {
  try {
    loadConfig("localhost", env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.env).sort();
    throw error;
  }
  return [];
}

describe("courtesy-call-redeemer: settings of a market of Aave v3", () => {
  it("AAVE-18 counts tokens in the units of the token, healths in basis points, and takes the trigger for the own threshold", () => {
    const config = loadConfig("localhost", { ...COMPLETE, REDEEMER_AAVE_RESERVE: "0.000001", MINBLOCK: "7" });
    expect([config.tokenUnitsPerDay, config.reserveUnits]).to.deep.equal([1_500_250_000n, 1n]);
    expect(config.urgency.preemptBelowBps).to.equal(10_500n);
    expect(config.aave).to.deep.include({ provider: PROVIDER, pool: POOL, wrappedNative: WETH });
    expect(config.aave).to.deep.include({ triggerBps: 10_500n, targetBps: 12_500n, dustBase: 100_000_000n });
    expect(config.aave?.token).to.deep.equal({ symbol: "USDC", decimals: 6, address: USDC });
    expect(loadConfig("localhost", { OPERATORS: OPERATOR }).aave).to.equal(undefined);
  });

  it("AAVE-18 reads the age of prices, of single assets otherwise, and feeds that need tell none", () => {
    const given = `3600,${getAddress(DAI)}:90000, ${USDC}:none`;
    const { aave } = loadConfig("localhost", { ...COMPLETE, REDEEMER_AAVE_PRICE_SECONDS: given });
    expect(aave?.priceAges.seconds).to.equal(3_600n);
    expect([...(aave?.priceAges.of ?? [])]).to.deep.equal([
      [DAI, 90_000n],
      [USDC, undefined],
    ]);
    for (const wrong of ["0", "1h", `${USDC}:60`, `60,${USDC}`, `60,${USDC}:60:60`, `60,${USDC}:1,${USDC}:2`, ""]) {
      const problems = problemsOf({ ...COMPLETE, REDEEMER_AAVE_PRICE_SECONDS: wrong });
      expect(problems, wrong).to.deep.equal(wrong === "" ? [] : ["REDEEMER_AAVE_PRICE_SECONDS"]);
    }
  });

  it("AAVE-18 names every setting that is missing, wrong, or wrong together with another", () => {
    expect(problemsOf({ REDEEMER_PROTOCOL: "aave-v3", OPERATORS: OPERATOR })).to.deep.equal([
      "REDEEMER_AAVE_PER_DAY",
      "REDEEMER_AAVE_POOL",
      "REDEEMER_AAVE_PROVIDER",
      "REDEEMER_AAVE_TOKEN",
      "REDEEMER_AAVE_WRAPPED_NATIVE",
    ]);
    const cases: readonly (readonly [Readonly<Record<string, string>>, readonly string[]])[] = [
      [{ REDEEMER_PROTOCOL: "aave" }, ["REDEEMER_PROTOCOL"]],
      [{ REDEEMER_AAVE_TRIGGER: "1" }, ["REDEEMER_AAVE_TRIGGER"]],
      [{ REDEEMER_AAVE_TRIGGER: "1.3" }, ["REDEEMER_AAVE_TARGET"]],
      [{ REDEEMER_AAVE_TRIGGER: "1.25" }, []],
      [{ REDEEMER_AAVE_TARGET: "1.00001" }, ["REDEEMER_AAVE_TARGET"]],
      [{ REDEEMER_AAVE_POOL: "0x12" }, ["REDEEMER_AAVE_POOL"]],
      [{ REDEEMER_AAVE_TOKEN: USDC }, ["REDEEMER_AAVE_TOKEN"]],
      [{ REDEEMER_AAVE_TOKEN: `USDC:37:${USDC}` }, ["REDEEMER_AAVE_TOKEN"]],
      [{ REDEEMER_AAVE_TOKEN: `native:18:${USDC}` }, ["REDEEMER_AAVE_TOKEN"]],
      [{ REDEEMER_AAVE_PER_DAY: "0.0000001" }, ["REDEEMER_AAVE_PER_DAY"]],
      [{ REDEEMER_AAVE_PER_DAY: "0" }, ["REDEEMER_AAVE_PER_DAY"]],
      [{ REDEEMER_AAVE_RESERVE: "-1" }, ["REDEEMER_AAVE_RESERVE"]],
      [{ REDEEMER_AAVE_DELEVERAGE: `${USDC},x` }, ["REDEEMER_AAVE_DELEVERAGE"]],
      [{ REDEEMER_AAVE_TRIGGERS: "1.1" }, ["REDEEMER_AAVE_TRIGGERS"]],
      // There is no call to wait for, and no bounty.
      [{ REDEEMER_MODE: "courtesy" }, ["REDEEMER_MODE"]],
      [{ REDEEMER_MODE: "self-courtesy", OPERATORS: "*" }, ["OPERATORS", "REDEEMER_MODE"]],
      [{ OPERATORS: "*" }, ["OPERATORS"]],
      [{ OPERATORS: "*", REDEEMER_MODE: "watch" }, []],
    ];
    for (const [change, expected] of cases)
      expect(problemsOf({ ...COMPLETE, ...change }), JSON.stringify(change)).to.deep.equal(expected);
  });

  it("AAVE-18 refuses a limit of one protocol that is given for the other", () => {
    const { REDEEMER_PROTOCOL: _, ...others } = COMPLETE;
    expect(problemsOf({ ...others, REDEEMER_MODE: "watch" })).to.deep.equal([
      "REDEEMER_AAVE_PER_DAY",
      "REDEEMER_AAVE_POOL",
      "REDEEMER_AAVE_PROVIDER",
      "REDEEMER_AAVE_TOKEN",
      "REDEEMER_AAVE_WRAPPED_NATIVE",
    ]);
    const tbtc = { REDEEMER_TBTC_PER_DAY: "1", REDEEMER_RESERVE_TBTC: "", COLLATERALISATION_THRESHOLD: "130" };
    expect(problemsOf({ ...COMPLETE, ...tbtc })).to.deep.equal([
      "COLLATERALISATION_THRESHOLD",
      "REDEEMER_TBTC_PER_DAY",
    ]);
  });
});
