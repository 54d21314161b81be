import { expect } from "chai";

import { CantileverError, ParameterError } from "../../protocol/errors.js";
import { loadParams, parseParams, requireDecided } from "../../protocol/params/load.js";
import { developmentAccounts, unsetValues } from "../../protocol/params/rules.js";
import { reservedTokenNames, type CcipParams, type NetworkParams } from "../../protocol/params/schema.js";

type Json = Record<string, unknown>;

const REAL = {
  deployer: "0x1000000000000000000000000000000000000001",
  admin: "0x1000000000000000000000000000000000000002",
  guardian: "0x1000000000000000000000000000000000000003",
  keeper: "0x1000000000000000000000000000000000000004",
  treasury: "0x1000000000000000000000000000000000000005",
};

/** The localhost file as text after a change; loose types on purpose, because the changes are mistakes. */
function changed(change: (copy: NetworkParams & Json) => void, network = "localhost"): string {
  const copy = structuredClone(loadParams(network).params) as NetworkParams & Json;
  change(copy);
  return JSON.stringify(copy, null, 2);
}

function problemsOf(run: () => unknown): { code: string; path: string; message: string }[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ParameterError) return [...error.problems];
    throw error;
  }
  return [];
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CantileverError) return error.code;
    throw error;
  }
  return "no error";
}

function set(target: unknown, path: string, value: unknown): void {
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  let at = target as Json;
  for (const key of keys) at = at[key] as Json;
  at[last] = value;
}

describe("protocol/params", () => {
  for (const [network, chainId] of [
    ["localhost", 138],
    ["localhost651940", 651940],
    ["chain138", 138],
    ["alltra", 651940],
  ] as const) {
    it(`accepts the committed file of ${network}`, () => {
      expect(loadParams(network).params.chainId).to.equal(chainId);
    });
  }

  it("asks for what is undecided on live networks, all at once, and for nothing on localhost", () => {
    expect(unsetValues(loadParams("localhost").params)).to.deep.equal([]);
    const problems = problemsOf(() => {
      requireDecided(loadParams("chain138"));
    });
    expect(problems.map((problem) => problem.path)).to.include.members([
      "roles.deployer",
      "roles.admin",
      "reporters.addresses",
      "bridge.attestors.first.addresses",
    ]);
    expect(new Set(problems.map((problem) => problem.code))).to.deep.equal(new Set(["PARAM_UNSET"]));
  });

  it("says which file is missing", () => {
    expect(codeOf(() => loadParams("nowhere"))).to.equal("PARAMS_MISSING");
  });

  it("points at line and column of malformed JSON", () => {
    const [problem] = problemsOf(() => parseParams("localhost", '{\n  "chainId": 138,\n  "roles": }'));
    expect(problem).to.include({ code: "PARAMS_MALFORMED" });
    expect(problem?.message).to.contain("line 3, column 12");
    expect(problemsOf(() => parseParams("localhost", '{\n  "chainId": 138'))[0]?.message).to.contain(
      "line 2, column 17",
    );
  });

  for (const [text, line, column] of [
    ["", 1, 1],
    ["{} x", 1, 4],
    ['{"a": 1,}', 1, 9],
    ["{'a': 1}", 1, 2],
    ['{"a" 1}', 1, 6],
    ["[1 2]", 1, 4],
    ['{"a": 01}', 1, 8],
    ['{\n"a": 1,\n"b": 2,\n"a": 3}', 4, 1],
  ] as const) {
    it(`refuses ${JSON.stringify(text)} at line ${String(line)}, column ${String(column)}`, () => {
      const [problem] = problemsOf(() => parseParams("localhost", text));
      expect(problem?.code).to.equal("PARAMS_MALFORMED");
      expect(problem?.message).to.contain(`line ${String(line)}, column ${String(column)}:`);
    });
  }

  const mistakes: readonly [what: string, path: string, value: unknown, code: string, at: string][] = [
    [
      "unknown key",
      "stabilizer.profiles.target.minBlokcs",
      3,
      "PARAM_UNKNOWN_KEY",
      "stabilizer.profiles.target.minBlokcs",
    ],
    [
      "unknown key inside a feed",
      "oracle.tokens.XAU.sources.0.heartbeatSecond",
      1,
      "PARAM_UNKNOWN_KEY",
      "oracle.tokens.XAU.sources.0.heartbeatSecond",
    ],
    ["unit in the key", "pools.0.lpFeePct", "3", "PARAM_WRONG_UNIT", "pools.0.lpFeePct"],
    ["unit in the value", "pools.0.lpFeeBps", "3 bps", "PARAM_WRONG_UNIT", "pools.0.lpFeeBps"],
    ["exponent", "pools.0.depthUsdPerSide", "1e6", "PARAM_WRONG_UNIT", "pools.0.depthUsdPerSide"],
    ["negative amount", "stabilizer.globalCapXau", "-40", "PARAM_WRONG_UNIT", "stabilizer.globalCapXau"],
    ["number instead of text", "pools.0.lpFeeBps", 3, "PARAM_WRONG_TYPE", "pools.0.lpFeeBps"],
    ["missing key", "flow", undefined, "PARAM_MISSING_KEY", "flow"],
    ["zero fee (D6)", "pools.0.lpFeeBps", "0", "PARAM_ZERO", "pools.0.lpFeeBps"],
    ["fee above the ceiling (D5)", "pools.0.lpFeeBps", "101", "PARAM_OUT_OF_BOUNDS", "pools.0.lpFeeBps"],
    ["k just below 1 (D8)", "pools.0.kRatio", "0.9995", "PARAM_OUT_OF_BOUNDS", "pools.0.kRatio"],
    [
      "cooldown beyond the ceiling",
      "stabilizer.profiles.target.minBlocks",
      301,
      "PARAM_OUT_OF_BOUNDS",
      "stabilizer.profiles.target.minBlocks",
    ],
    [
      "gain above 1",
      "stabilizer.profiles.target.gain",
      "1.01",
      "PARAM_OUT_OF_BOUNDS",
      "stabilizer.profiles.target.gain",
    ],
    ["a Permit2 that is no address", "router.permit2", "canonical", "PARAM_BAD_ADDRESS", "router.permit2"],
    [
      "a token between that does not exist",
      "router.intermediates",
      ["USDT"],
      "PARAM_INVALID",
      "router.intermediates.0",
    ],
    ["a token between twice", "router.intermediates", ["XAU", "XAU"], "PARAM_DUPLICATE", "router.intermediates.1"],
    [
      "a Uniswap factory without pools",
      "router.uniswapV3",
      { factory: REAL.admin, pools: [] },
      "PARAM_INVALID",
      "router.uniswapV3.pools",
    ],
    [
      "a Uniswap pool twice",
      "router.uniswapV3",
      { factory: REAL.admin, pools: [REAL.keeper, REAL.keeper] },
      "PARAM_DUPLICATE",
      "router.uniswapV3.pools.1",
    ],
    ["a missing router", "router", undefined, "PARAM_MISSING_KEY", "router"],
    ["bad address", "roles.admin", "0x1234", "PARAM_BAD_ADDRESS", "roles.admin"],
    ["bad checksum", "roles.admin", "0x70997970c51812dc3A010C7d01b50e0d17dc79C8", "PARAM_BAD_ADDRESS", "roles.admin"],
    ["zero address", "roles.admin", "0x0000000000000000000000000000000000000000", "PARAM_BAD_ADDRESS", "roles.admin"],
    ["fee below half the feeds' threshold", "pools.0.lpFeeBps", "2.49", "PARAM_ORACLE_UPDATE_LOSS", "pools.0.lpFeeBps"],
    [
      "more feeds asked than listed",
      "oracle.tokens.XAU.minFeeds",
      4,
      "PARAM_OUT_OF_BOUNDS",
      "oracle.tokens.XAU.minFeeds",
    ],
    [
      "one source read twice",
      "oracle.tokens.XAU.sources.1.description",
      "XAU / USD A",
      "PARAM_DUPLICATE",
      "oracle.tokens.XAU.sources.1",
    ],
    [
      "age below heartbeat",
      "oracle.tokens.XAU.sources.0.maxAgeSeconds",
      120,
      "PARAM_OUT_OF_BOUNDS",
      "oracle.tokens.XAU.sources.0.maxAgeSeconds",
    ],
    [
      "reference outside the bounds",
      "oracle.tokens.cUSDT.referencePriceUsd",
      "2.2",
      "PARAM_OUT_OF_BOUNDS",
      "oracle.tokens.cUSDT.referencePriceUsd",
    ],
    [
      "threshold of signatures above the reporters",
      "reporters.threshold",
      4,
      "PARAM_OUT_OF_BOUNDS",
      "reporters.threshold",
    ],
    [
      "global cap below two pools that defend",
      "stabilizer.globalCapXau",
      "79",
      "PARAM_OUT_OF_BOUNDS",
      "stabilizer.globalCapXau",
    ],
    ["mesh beyond the capital", "mesh.depthUsdPerSide", "500001", "PARAM_OUT_OF_BOUNDS", "mesh.depthUsdPerSide"],
    [
      "fast threshold below the slow one",
      "stabilizer.profiles.target.fastThresholdBps",
      "0.5",
      "PARAM_OUT_OF_BOUNDS",
      "stabilizer.profiles.target.fastThresholdBps",
    ],
    [
      "rounds closer than the grace window",
      "oracle.minRoundGapBlocks",
      1,
      "PARAM_OUT_OF_BOUNDS",
      "oracle.minRoundGapBlocks",
    ],
    ["fixed price on an oracle pool", "pools.0.fixedPrice", "1", "PARAM_CONFLICT", "pools.0.fixedPrice"],
    ["cuts of M00 within a day", "gru.minCutDelaySeconds", 86_399, "PARAM_OUT_OF_BOUNDS", "gru.minCutDelaySeconds"],
    ["an empty basket part", "gru.basket.0.tokensPerShare", "0", "PARAM_ZERO", "gru.basket.0.tokensPerShare"],
    [
      "a basket part below the token's unit",
      "gru.basket.0.tokensPerShare",
      "0.3000001",
      "PARAM_WRONG_UNIT",
      "gru.basket.0.tokensPerShare",
    ],
    ["one token twice in the basket", "gru.basket.1.token", "cUSDT", "PARAM_DUPLICATE", "gru.basket.1"],
    ["unknown token in the basket", "gru.basket.1.token", "cGBPT", "PARAM_INVALID", "gru.basket.1.token"],
    ["no basket", "gru.basket", [], "PARAM_INVALID", "gru.basket"],
    ["first issue below the vault's", "gru.firstIssueShares", "0.0009", "PARAM_OUT_OF_BOUNDS", "gru.firstIssueShares"],
    ["unit in the key of M00", "gru.minCutDelayBlocks", 1, "PARAM_WRONG_UNIT", "gru.minCutDelayBlocks"],
    ["bad address of a facet", "gru.facets", ["0x12"], "PARAM_BAD_ADDRESS", "gru.facets.0"],
    [
      "unknown pool accepted",
      "acceptOracleUpdateLoss",
      ["cUSDC/cUSDT"],
      "PARAM_UNKNOWN_POOL",
      "acceptOracleUpdateLoss.0",
    ],
    [
      "deployer as admin",
      "roles.admin",
      "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
      "PARAM_DEPLOYER_KEEPS",
      "roles.admin",
    ],
    ["peg thresholds out of order", "peg.market.deviatingBps", "20", "PARAM_CONFLICT", "peg.market"],
    ["a multiple below 1", "peg.defendingCapMultiple", "0.5", "PARAM_OUT_OF_BOUNDS", "peg.defendingCapMultiple"],
    [
      "recovery outside the band",
      "peg.tokens.XAU.recoverBandBps",
      "201",
      "PARAM_OUT_OF_BOUNDS",
      "peg.tokens.XAU.recoverBandBps",
    ],
    [
      "guard wider than the manager's band",
      "peg.tokens.cUSDT.guardMinUsd",
      "0.97",
      "PARAM_OUT_OF_BOUNDS",
      "peg.tokens.cUSDT.guardMinUsd",
    ],
    [
      "guard beside the price",
      "peg.tokens.XAU.guardMinUsd",
      "2650",
      "PARAM_OUT_OF_BOUNDS",
      "peg.tokens.XAU.guardMinUsd",
    ],
    [
      "feeds that could not report a lost peg",
      "oracle.tokens.cUSDC.minPriceUsd",
      "0.9",
      "PARAM_PEG_UNREPORTABLE",
      "oracle.tokens.cUSDC.minPriceUsd",
    ],
    ["a commodity without a reference", "peg.tokens.XAU.reference", null, "PARAM_CONFLICT", "peg.tokens.XAU.reference"],
    [
      "a reference that the oracle reads",
      "peg.tokens.XAU.reference.description",
      "XAU / USD A",
      "PARAM_DUPLICATE",
      "peg.tokens.XAU.reference",
    ],
    [
      "a reference older than its heartbeat allows",
      "peg.tokens.cEURT.reference.maxAgeSeconds",
      3600,
      "PARAM_OUT_OF_BOUNDS",
      "peg.tokens.cEURT.reference.maxAgeSeconds",
    ],
    ["an unknown manager", "peg.tokens.XAU.manager", "gold", "PARAM_INVALID", "peg.tokens.XAU.manager"],
    ["the chain itself as its other one", "bridge.remoteChainId", 138, "PARAM_CONFLICT", "bridge.remoteChainId"],
    ["a missing lane", "bridge.lanes.XAU", undefined, "PARAM_MISSING_KEY", "bridge.lanes.XAU"],
    ["a mode nobody knows", "bridge.lanes.XAU.mode", "burn", "PARAM_INVALID", "bridge.lanes.XAU.mode"],
    ["a closed direction", "bridge.lanes.XAU.out.capacityUsd", "0", "PARAM_ZERO", "bridge.lanes.XAU.out.capacityUsd"],
    ["no smallest amount", "bridge.lanes.XAU.minUsd", "0", "PARAM_ZERO", "bridge.lanes.XAU.minUsd"],
    [
      "more than can ever leave",
      "bridge.lanes.XAU.minUsd",
      "1000001",
      "PARAM_OUT_OF_BOUNDS",
      "bridge.lanes.XAU.minUsd",
    ],
    ["no tiers", "bridge.lanes.XAU.tiers", [], "PARAM_INVALID", "bridge.lanes.XAU.tiers"],
    [
      "tiers from above 0",
      "bridge.lanes.XAU.tiers.0.fromUsd",
      "1",
      "PARAM_CONFLICT",
      "bridge.lanes.XAU.tiers.0.fromUsd",
    ],
    [
      "tiers that do not ascend",
      "bridge.lanes.XAU.tiers.2.fromUsd",
      "10000",
      "PARAM_CONFLICT",
      "bridge.lanes.XAU.tiers.2.fromUsd",
    ],
    [
      "fewer confirmations for more value",
      "bridge.lanes.XAU.tiers.2.confirmations",
      2,
      "PARAM_CONFLICT",
      "bridge.lanes.XAU.tiers.2.confirmations",
    ],
    [
      "more for little than the finalized block",
      "bridge.lanes.XAU.tiers.1.confirmations",
      0,
      "PARAM_CONFLICT",
      "bridge.lanes.XAU.tiers.2.confirmations",
    ],
    [
      "one attestor twice",
      "bridge.attestors.first.addresses.1",
      "0x1BcB8e569EedAb4668e55145Cfeaf190902d3CF2",
      "PARAM_DUPLICATE",
      "bridge.attestors.first.addresses",
    ],
    [
      "a deployer who attests",
      "bridge.attestors.first.addresses.1",
      "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
      "PARAM_DEPLOYER_KEEPS",
      "bridge.attestors.first.addresses.1",
    ],
    [
      "more signatures than attestors",
      "bridge.attestors.first.threshold",
      4,
      "PARAM_OUT_OF_BOUNDS",
      "bridge.attestors.first.threshold",
    ],
    [
      "nobody since the first attestors",
      "bridge.attestors.since",
      { addresses: [], threshold: 1 },
      "PARAM_CONFLICT",
      "bridge.attestors.since.addresses",
    ],
    ["a fee above its ceiling", "bridge.adapter.feeBps", 11, "PARAM_OUT_OF_BOUNDS", "bridge.adapter.feeBps"],
    [
      "latencies out of order",
      "bridge.coordinator.minLatencySeconds",
      3_601,
      "PARAM_OUT_OF_BOUNDS",
      "bridge.coordinator.minLatencySeconds",
    ],
    [
      "a bucket D that begins with less than its lane asks for",
      "bridge.coordinator.minPeakUsdPerMinute",
      "4167",
      "PARAM_CONFLICT",
      "reserves.buckets.start.crossChainUsd",
    ],
    ["a missing reserve", "reserves.tokens.cEURT", undefined, "PARAM_MISSING_KEY", "reserves.tokens.cEURT"],
    ["a reserve of gold", "reserves.tokens.XAU", {}, "PARAM_UNKNOWN_KEY", "reserves.tokens.XAU"],
    [
      "an unknown key of an asset",
      "reserves.tokens.cUSDC.asset.simbol",
      "USDC",
      "PARAM_UNKNOWN_KEY",
      "reserves.tokens.cUSDC.asset.simbol",
    ],
    [
      "an unknown kind of asset",
      "reserves.tokens.cUSDC.asset.kind",
      "mock",
      "PARAM_INVALID",
      "reserves.tokens.cUSDC.asset.kind",
    ],
    [
      "a vault fee in another unit",
      "reserves.tokens.cUSDC.mintFeePct",
      "1",
      "PARAM_WRONG_UNIT",
      "reserves.tokens.cUSDC.mintFeePct",
    ],
    [
      "a vault fee above the contract's",
      "reserves.tokens.cUSDC.mintFeeBps",
      "50.1",
      "PARAM_OUT_OF_BOUNDS",
      "reserves.tokens.cUSDC.mintFeeBps",
    ],
    [
      "a band below the contract's",
      "reserves.tokens.cUSDC.bandBps",
      "1001",
      "PARAM_OUT_OF_BOUNDS",
      "reserves.tokens.cUSDC.bandBps",
    ],
    [
      "an attestation that may be older than the contract allows",
      "reserves.tokens.cUSDC.attestation",
      { feed: REAL.keeper, maxAgeSeconds: 15 * 86_400 },
      "PARAM_OUT_OF_BOUNDS",
      "reserves.tokens.cUSDC.attestation.maxAgeSeconds",
    ],
    [
      "an asset priced by the token's own feed",
      "reserves.tokens.cUSDC.price.sources.0.description",
      "cUSDC / USD A",
      "PARAM_DUPLICATE",
      "reserves.tokens.cUSDC.price.sources.0",
    ],
    [
      "two assets with one source",
      "reserves.tokens.cUSDC.price.sources.0.description",
      "USDT / USD reserve",
      "PARAM_DUPLICATE",
      "reserves.tokens.cUSDC.price.sources.0",
    ],
    [
      "an asset's price outside its bounds",
      "reserves.tokens.cUSDC.price.referencePriceUsd",
      "2",
      "PARAM_OUT_OF_BOUNDS",
      "reserves.tokens.cUSDC.price.referencePriceUsd",
    ],
    ["a token of half a euro", "peg.tokens.cEURT.par", "0.5", "PARAM_CONFLICT", "peg.tokens.cEURT.par"],
    ["no limit of mints", "reserves.mintLimit.capacityUsd", "0", "PARAM_ZERO", "reserves.mintLimit.capacityUsd"],
    [
      "a peak outside its own bounds",
      "reserves.meter.minPeakUsdPerMinute",
      "999",
      "PARAM_OUT_OF_BOUNDS",
      "reserves.meter.minPeakUsdPerMinute",
    ],
    [
      "bounds in the wrong order",
      "reserves.meter.bounds.replenishSeconds.low",
      86_401,
      "PARAM_OUT_OF_BOUNDS",
      "reserves.meter.replenishSeconds",
    ],
    ["tiers out of order", "reserves.meter.warnMultiple", "6", "PARAM_CONFLICT", "reserves.meter"],
    [
      "half a life within minutes",
      "reserves.meter.halfLifeSeconds",
      3_599,
      "PARAM_OUT_OF_BOUNDS",
      "reserves.meter.halfLifeSeconds",
    ],
    [
      "a limit of moves above its ceiling",
      "reserves.buckets.moveCeilingUsdPerDay",
      "1999999",
      "PARAM_OUT_OF_BOUNDS",
      "reserves.buckets.moveLimitUsdPerDay",
    ],
    [
      "a first filling beyond what may be moved at once",
      "reserves.buckets.start.flashUsd",
      "750001",
      "PARAM_OUT_OF_BOUNDS",
      "reserves.buckets.start",
    ],
    [
      "low-water above C's target",
      "reserves.buckets.flash.lowUsd",
      "250001",
      "PARAM_CONFLICT",
      "reserves.buckets.flash",
    ],
    [
      "a refill larger than the target",
      "reserves.buckets.crossChain.minRefillUsd",
      "250001",
      "PARAM_CONFLICT",
      "reserves.buckets.crossChain",
    ],
    [
      "a cooldown of more than a day",
      "reserves.buckets.stabilization.cooldownSeconds",
      86_401,
      "PARAM_OUT_OF_BOUNDS",
      "reserves.buckets.stabilization.cooldownSeconds",
    ],
    [
      "a caller who gets more than half of the fee",
      "reserves.buckets.rewardShare",
      "0.51",
      "PARAM_OUT_OF_BOUNDS",
      "reserves.buckets.rewardShare",
    ],
    ["loans for nothing", "reserves.flashFeeBps", "0", "PARAM_ZERO", "reserves.flashFeeBps"],
    [
      "root key without the single-use root",
      "create2.rootDeployer",
      REAL.admin,
      "PARAM_CONFLICT",
      "create2.rootDeployer",
    ],
  ];
  for (const [what, path, value, code, at] of mistakes) {
    it(`refuses: ${what}`, () => {
      const problems = problemsOf(() =>
        parseParams(
          "localhost",
          changed((copy) => {
            set(copy, path, value);
          }),
        ),
      );
      expect(problems.map((problem) => `${problem.code} ${problem.path}`)).to.include(`${code} ${at}`);
    });
  }

  it("asks for every reserve asset of a live network, and refuses stand-ins there", () => {
    const undecided = unsetValues(loadParams("alltra").params).map(({ path }) => path);
    for (const name of ["cUSDT", "cUSDC", "cEURT"]) {
      expect(undecided).to.include(`reserves.tokens.${name}.asset.existing`);
    }
    const standIn = changed((copy) => {
      copy.reserves.tokens.cUSDT.asset = { kind: "stand-in", name: "USDT", symbol: "USDT", decimals: 6 };
    }, "chain138");
    const found = problemsOf(() => parseParams("chain138", standIn)).map(({ code, path }) => `${code} ${path}`);
    expect(found).to.deep.equal(["PARAM_LOCAL_ONLY reserves.tokens.cUSDT.asset.kind"]);
  });

  it("mints no token over the bridge that gives nobody the right to mint it, and a token may stay at home", () => {
    const found = (change: (copy: NetworkParams) => void) =>
      problemsOf(() => parseParams("localhost651940", changed(change, "localhost651940"))).map(
        ({ code, path }) => `${code} ${path}`,
      );
    const adopted = found((copy) => {
      copy.funding.source = "none";
      copy.tokens.cUSDT.existing = REAL.admin;
    });
    expect(adopted).to.have.members([
      "PARAM_CONFLICT bridge.lanes.cUSDT.mode",
      "PARAM_CONFLICT bridge.ccip.lanes.cUSDT.mode",
    ]);
    expect(found((copy) => (copy.bridge.lanes.cUSDT = null))).to.deep.equal([]);
  });

  it("takes a stand-in for CCIP on a local network only, and no lane to this chain or of more than 64 bits", () => {
    const { ccip } = loadParams("localhost").params.bridge;
    if (ccip === null) throw new Error("localhost has a lane over CCIP");
    const found = (name: "localhost" | "chain138", change: (copy: CcipParams) => void) =>
      problemsOf(() => {
        const section = structuredClone(ccip);
        change(section);
        return parseParams(
          name,
          changed((copy) => (copy.bridge.ccip = section), name),
        );
      }).map(({ code, path }) => `${code} ${path}`);
    expect(found("localhost", () => undefined)).to.deep.equal([]);
    expect(found("chain138", () => undefined)).to.deep.equal(["PARAM_CONFLICT bridge.ccip.router"]);
    const existing = { kind: "existing" as const, existing: REAL.admin, remoteAdapter: null };
    expect(found("chain138", (copy) => (copy.router = existing))).to.deep.equal([]);
    expect(found("localhost", (copy) => (copy.remoteChainId = 138))).to.deep.equal([
      "PARAM_CONFLICT bridge.ccip.remoteChainId",
    ]);
    for (const selector of [String(2n ** 64n), "138138138"]) {
      expect(found("localhost", (copy) => (copy.remoteSelector = selector))).to.deep.equal([
        "PARAM_OUT_OF_BOUNDS bridge.ccip.remoteSelector",
      ]);
    }
    expect(found("localhost", (copy) => (copy.gasLimit = 599_999))).to.have.length(1);
  });

  it("refuses one asset for two tokens, and another one than DODO's pools name", () => {
    const asset = (existing: string) => ({ kind: "existing" as const, existing, decimals: 6 });
    const found = problemsOf(() =>
      parseParams(
        "chain138",
        changed((copy) => {
          copy.reserves.tokens.cUSDT.asset = asset(REAL.admin);
          copy.reserves.tokens.cUSDC.asset = asset(REAL.admin);
          copy.dodo.reserveTokens.USDC = REAL.keeper;
        }, "chain138"),
      ),
    );
    expect(found.map(({ code, path }) => `${code} ${path}`)).to.have.members([
      "PARAM_DUPLICATE reserves.tokens.cUSDT.asset.existing",
      "PARAM_DUPLICATE reserves.tokens.cUSDC.asset.existing",
      "PARAM_CONFLICT reserves.tokens.cUSDC.asset.existing",
    ]);
  });

  it("refuses more public pools than bucket A is counted over", () => {
    const found = problemsOf(() =>
      parseParams(
        "localhost",
        changed((copy) => {
          copy.pools = Array.from({ length: 9 }, () => structuredClone(copy.pools[0])) as typeof copy.pools;
        }),
      ),
    );
    expect(found.map(({ code, path }) => `${code} ${path}`)).to.include("PARAM_OUT_OF_BOUNDS pools");
  });

  it("names the nearest key and the right unit", () => {
    const typing = problemsOf(() =>
      parseParams(
        "localhost",
        changed((copy) => {
          set(copy, "mesh.dephtUsdPerSide", "1");
        }),
      ),
    );
    expect(typing[0]?.message).to.contain('"depthUsdPerSide"');
    const unit = problemsOf(() =>
      parseParams(
        "localhost",
        changed((copy) => {
          set(copy, "pools.1.lpFeeWad", "1");
        }),
      ),
    );
    expect(unit[0]?.message).to.contain('"lpFeeBps"');
  });

  it("refuses the orientation that loses price digits and says how to write it (D7)", () => {
    const text = changed((copy) => {
      set(copy, "pools.1.base", "cUSDT");
      set(copy, "pools.1.quote", "XAU");
    });
    const problem = problemsOf(() => parseParams("localhost", text)).find(
      (entry) => entry.code === "PARAM_ORIENTATION",
    );
    expect(problem?.message).to.contain("XAU/cUSDT");
  });

  it("wants two fees to cover both tokens' feed thresholds together, because they can move apart", () => {
    const withFee = (bps: string): string =>
      changed((copy) => {
        set(copy, "pools.0.lpFeeBps", bps);
      });
    expect(problemsOf(() => parseParams("localhost", withFee("5")))).to.deep.equal([]);
    expect(
      problemsOf(() => parseParams("localhost", withFee("4.99"))).map(({ code, path }) => [code, path]),
    ).to.deep.equal([["PARAM_ORACLE_UPDATE_LOSS", "pools.0.lpFeeBps"]]);
  });

  it("accepts an oracle update loss that is named", () => {
    const text = changed((copy) => {
      set(copy, "pools.0.lpFeeBps", "1");
      set(copy, "acceptOracleUpdateLoss", ["cUSDT/cUSDC"]);
    });
    expect(problemsOf(() => parseParams("localhost", text))).to.deep.equal([]);
  });

  it("reports every problem at once", () => {
    const text = changed((copy) => {
      set(copy, "pools.0.lpFeeBps", "0");
      set(copy, "pools.1.kRatio", "2");
      set(copy, "surprise", 1);
    });
    expect(problemsOf(() => parseParams("localhost", text)).map((problem) => problem.code)).to.have.members([
      "PARAM_ZERO",
      "PARAM_OUT_OF_BOUNDS",
      "PARAM_UNKNOWN_KEY",
    ]);
  });

  describe("outside localhost", () => {
    const decided = (change: (copy: NetworkParams & Json) => void = () => undefined): string =>
      changed((copy) => {
        Object.assign(copy.roles, REAL);
        copy.reporters.addresses = [
          "0x2000000000000000000000000000000000000001",
          "0x2000000000000000000000000000000000000002",
        ];
        copy.bridge.attestors.first.addresses = [
          "0x2000000000000000000000000000000000000003",
          "0x2000000000000000000000000000000000000004",
        ];
        for (const [index, name] of reservedTokenNames.entries()) {
          const existing = `0x300000000000000000000000000000000000000${String(index)}`;
          copy.reserves.tokens[name].asset = { kind: "existing", existing, decimals: 6 };
        }
        change(copy);
      }, "chain138");

    it("accepts a decided file", () => {
      expect(
        problemsOf(() => {
          requireDecided(parseParams("chain138", decided()));
        }),
      ).to.deep.equal([]);
    });

    it("refuses one attestor who would be enough", () => {
      const text = decided((copy) => (copy.bridge.attestors.first.threshold = 1));
      expect(problemsOf(() => parseParams("chain138", text)).map(({ code, path }) => `${code} ${path}`)).to.deep.equal([
        "PARAM_OUT_OF_BOUNDS bridge.attestors.first.threshold",
      ]);
    });

    for (const path of [
      "roles.deployer",
      "roles.admin",
      "roles.guardian",
      "roles.keeper",
      "roles.treasury",
      "reporters.addresses.0",
      "bridge.attestors.first.addresses.0",
    ]) {
      it(`refuses a development key as ${path}`, () => {
        const text = decided((copy) => {
          set(copy, path, developmentAccounts()[11]?.address);
        });
        expect(problemsOf(() => parseParams("chain138", text))).to.deep.include({
          code: "PARAM_DEVELOPMENT_KEY",
          path,
          message: "belongs to the public development mnemonic; anybody can sign for it",
        });
      });
    }

    it("refuses minting out of nothing and a timelock without delay", () => {
      const text = decided((copy) => {
        set(copy, "funding.source", "bootstrap-mint");
        set(copy, "roles.timelockDelaySeconds", 60);
      });
      expect(problemsOf(() => parseParams("chain138", text)).map((problem) => problem.code)).to.have.members([
        "PARAM_LOCAL_ONLY",
        "PARAM_OUT_OF_BOUNDS",
      ]);
    });
  });
});
