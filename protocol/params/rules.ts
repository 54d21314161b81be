import { HDNodeWallet } from "ethers";

import { UnitError, type ParameterProblem } from "../errors.js";
import { formatWad, formatWadAsBps, parseBpsAsWad, parseDecimal, parseWad } from "../units.js";
import { attestorPaths, checkBridge } from "./bridgeRules.js";
import { checkTokenFeeds } from "./feedRules.js";
import { checkPeg, defendingCapWad } from "./pegRules.js";
import { checkReserves, undecidedAssets } from "./reserveRules.js";
import { tokenNames, type NetworkParams, type PoolParams } from "./schema.js";

/** The public development mnemonic: on any network that holds value its keys are everybody's. */
export const DEVELOPMENT_MNEMONIC = "test test test test test test test test test test test junk";
const DEVELOPMENT_PATH = "m/44'/60'/0'/0";
/** Accounts of the development mnemonic that are refused elsewhere. */
const DEVELOPMENT_ACCOUNTS = 40;

/** `base/quote`, the key under which people know a pool. */
export function pairOf(pool: { base: string; quote: string }): string {
  return `${pool.base}/${pool.quote}`;
}

let developmentWallets: readonly HDNodeWallet[] | undefined;

/** Wallets of the development mnemonic, in order. For localhost and tests only. */
export function developmentAccounts(): readonly HDNodeWallet[] {
  if (developmentWallets === undefined) {
    const parent = HDNodeWallet.fromPhrase(DEVELOPMENT_MNEMONIC, "", DEVELOPMENT_PATH);
    developmentWallets = Array.from({ length: DEVELOPMENT_ACCOUNTS }, (_, index) => parent.deriveChild(index));
  }
  return developmentWallets;
}

/** Every rule that looks at more than one value. Returns all problems; an empty list means the file may be used. */
export function crossCheck(params: NetworkParams, local: boolean): ParameterProblem[] {
  return [
    ...checkRoles(params, local),
    ...checkFeeds(params),
    ...params.pools.flatMap((pool, index) => checkPool(params, pool, `pools.${String(index)}`)),
    ...checkPairs(params),
    ...checkStabilizer(params),
    ...checkPeg(params),
    ...checkReserves(params, local),
    ...checkFunding(params, local),
    ...checkCreate2(params),
    ...checkGru(params),
    ...checkRouter(params),
    ...checkBridge(params, local),
  ];
}

/** Values that are still null and must be decided before anything can be deployed. */
export function unsetValues(params: NetworkParams): ParameterProblem[] {
  const problems = [
    ...(["deployer", "admin", "guardian", "keeper", "treasury"] as const)
      .filter((role) => params.roles[role] === null)
      .map((role) => `roles.${role}`),
    ...undecidedAssets(params),
  ].map((path) => ({ code: "PARAM_UNSET", path, message: "not decided yet: write its address" }));
  const signed = tokenNames.some((name) =>
    params.oracle.tokens[name].sources.some((source) => source.kind === "signed"),
  );
  if (signed && params.reporters.addresses.length === 0) {
    problems.push({
      code: "PARAM_UNSET",
      path: "reporters.addresses",
      message: "not decided yet: write the reporters",
    });
  }
  if (params.bridge.attestors.first.addresses.length === 0) {
    const path = "bridge.attestors.first.addresses";
    problems.push({ code: "PARAM_UNSET", path, message: "not decided yet: write the attestors" });
  }
  return problems;
}

function checkRoles(params: NetworkParams, local: boolean): ParameterProblem[] {
  const problems: ParameterProblem[] = [];
  const { reporters, roles } = params;
  const named = [
    ...(["deployer", "admin", "guardian", "keeper", "treasury"] as const).map(
      (role) => [`roles.${role}`, roles[role]] as const,
    ),
    ...reporters.addresses.map((address, index) => [`reporters.addresses.${String(index)}`, address] as const),
    ...attestorPaths(params),
  ];
  if (!local) {
    const publicKeys = new Set(developmentAccounts().map((wallet) => wallet.address.toLowerCase()));
    for (const [path, address] of named) {
      if (address !== null && publicKeys.has(address.toLowerCase())) {
        problems.push({
          code: "PARAM_DEVELOPMENT_KEY",
          path,
          message: "belongs to the public development mnemonic; anybody can sign for it",
        });
      }
    }
  }
  if (roles.deployer !== null && roles.deployer === roles.admin) {
    problems.push({
      code: "PARAM_DEPLOYER_KEEPS",
      path: "roles.admin",
      message: "is the deployer, who must keep nothing",
    });
  }
  if (!local && roles.timelockDelaySeconds < 3_600) {
    problems.push({
      code: "PARAM_OUT_OF_BOUNDS",
      path: "roles.timelockDelaySeconds",
      message: `${String(roles.timelockDelaySeconds)} is below 3600 seconds outside localhost`,
    });
  }
  if (reporters.addresses.length > 0 && reporters.threshold > reporters.addresses.length) {
    problems.push({
      code: "PARAM_OUT_OF_BOUNDS",
      path: "reporters.threshold",
      message: `${String(reporters.threshold)} signatures asked of ${String(reporters.addresses.length)} reporters`,
    });
  }
  if (new Set(reporters.addresses.map((address) => address.toLowerCase())).size !== reporters.addresses.length) {
    problems.push({ code: "PARAM_DUPLICATE", path: "reporters.addresses", message: "names a reporter twice" });
  }
  return problems;
}

function checkGru({ gru, tokens }: NetworkParams): ParameterProblem[] {
  const problems: ParameterProblem[] = [];
  for (const [index, { token, tokensPerShare }] of gru.basket.entries()) {
    const path = `gru.basket.${String(index)}`;
    if (gru.basket.findIndex((part) => part.token === token) !== index) {
      problems.push({ code: "PARAM_DUPLICATE", path, message: `${token} is in the basket twice` });
    }
    try {
      parseDecimal(tokensPerShare, tokens[token].decimals);
    } catch (error) {
      if (!(error instanceof UnitError)) throw error;
      problems.push({
        code: "PARAM_WRONG_UNIT",
        path: `${path}.tokensPerShare`,
        message: `${error.message}; ${token} has ${String(tokens[token].decimals)} decimals`,
      });
    }
  }
  return problems;
}

function checkRouter(params: NetworkParams): ParameterProblem[] {
  const { intermediates, uniswapV3 } = params.router;
  const repeated = (path: string, names: readonly string[]): ParameterProblem[] =>
    names
      .map((name, index) => ({ name, index }))
      .filter(({ name, index }) => names.indexOf(name) !== index)
      .map(({ name, index }) => ({
        code: "PARAM_DUPLICATE",
        path: `${path}.${String(index)}`,
        message: `${name} is listed twice`,
      }));
  return [
    ...repeated("router.intermediates", intermediates),
    ...repeated("router.uniswapV3.pools", uniswapV3?.pools.map((pool) => pool.toLowerCase()) ?? []),
  ];
}

function checkFeeds(params: NetworkParams): ParameterProblem[] {
  const problems: ParameterProblem[] = [];
  const descriptions = new Set<string>();
  if (params.oracle.minRoundGapBlocks < params.oracle.graceBlocks) {
    problems.push({
      code: "PARAM_OUT_OF_BOUNDS",
      path: "oracle.minRoundGapBlocks",
      message: `${String(params.oracle.minRoundGapBlocks)} lies below graceBlocks ${String(params.oracle.graceBlocks)}: the round before would be lost while it still counts`,
    });
  }
  for (const name of tokenNames) {
    problems.push(...checkTokenFeeds(params.oracle.tokens[name], `oracle.tokens.${name}`, descriptions));
  }
  return problems;
}

function checkPool(params: NetworkParams, pool: PoolParams, path: string): ParameterProblem[] {
  const problems: ParameterProblem[] = [];
  const pair = pairOf(pool);
  if (pool.base === pool.quote) {
    return [{ code: "PARAM_DUPLICATE", path, message: `${pair} names one token twice` }];
  }
  if (params.tokens[pool.base].decimals < params.tokens[pool.quote].decimals) {
    problems.push({
      code: "PARAM_ORIENTATION",
      path,
      message: `${pair} has a base of fewer decimals than its quote and would lose price digits; write it as ${pool.quote}/${pool.base}`,
    });
  }
  if ((pool.pricing === "fixed") !== (pool.fixedPrice !== undefined)) {
    problems.push({
      code: "PARAM_CONFLICT",
      path: `${path}.fixedPrice`,
      message: 'belongs to pricing "fixed" and only to it',
    });
  }
  const updateLoss =
    pool.pricing === "oracle" ? oracleUpdateLoss(params, pool.base, pool.quote, pool.lpFeeBps) : undefined;
  if (updateLoss !== undefined && !params.acceptOracleUpdateLoss.includes(pair)) {
    problems.push({ code: "PARAM_ORACLE_UPDATE_LOSS", path: `${path}.lpFeeBps`, message: updateLoss });
  }
  return problems;
}

/**
 * Why an LP fee does not cover trading around feed updates, or undefined when it does. A round trip pays the fee twice; the anchor can
 * lag by the thresholds of both tokens together, when they move apart.
 */
function oracleUpdateLoss(
  params: NetworkParams,
  base: keyof NetworkParams["tokens"],
  quote: keyof NetworkParams["tokens"],
  lpFeeBps: string,
): string | undefined {
  const lagWad = largestThresholdWad(params, base) + largestThresholdWad(params, quote);
  if (2n * parseBpsAsWad(lpFeeBps) >= lagWad) return undefined;
  return (
    `twice ${lpFeeBps} bps is below ${formatWadAsBps(lagWad)} bps, the deviation thresholds of ${base} and ${quote} together: trading ` +
    `around feed updates would gain; raise the fee, or name ${base}/${quote} in acceptOracleUpdateLoss`
  );
}

function largestThresholdWad(params: NetworkParams, token: keyof NetworkParams["tokens"]): bigint {
  const thresholds = params.oracle.tokens[token].sources.map((source) => parseBpsAsWad(source.deviationThresholdBps));
  return thresholds.reduce((a, b) => (a > b ? a : b));
}

function checkPairs(params: NetworkParams): ParameterProblem[] {
  const problems: ParameterProblem[] = [];
  const seen = new Set<string>();
  for (const [index, pool] of params.pools.entries()) {
    const key = [pool.base, pool.quote].sort().join("/");
    if (seen.has(key)) {
      problems.push({
        code: "PARAM_DUPLICATE",
        path: `pools.${String(index)}`,
        message: `the pair ${pairOf(pool)} already has a pool`,
      });
    }
    seen.add(key);
  }
  const pairs = params.pools.map(pairOf);
  for (const [index, pair] of params.acceptOracleUpdateLoss.entries()) {
    if (!pairs.includes(pair) && !params.mesh.tokens.some((name) => `XAU/${name}` === pair)) {
      problems.push({
        code: "PARAM_UNKNOWN_POOL",
        path: `acceptOracleUpdateLoss.${String(index)}`,
        message: `no pool is called ${pair}`,
      });
    }
  }
  for (const [index, name] of params.mesh.tokens.entries()) {
    const path = `mesh.tokens.${String(index)}`;
    if (name === "XAU") problems.push({ code: "PARAM_DUPLICATE", path, message: "XAU needs no pool against itself" });
    if (params.mesh.tokens.indexOf(name) !== index) {
      problems.push({ code: "PARAM_DUPLICATE", path, message: `${name} is listed twice` });
    }
  }
  return problems;
}

function checkStabilizer(params: NetworkParams): ParameterProblem[] {
  const problems: ParameterProblem[] = [];
  const { profiles } = params.stabilizer;
  for (const [name, profile] of Object.entries(profiles)) {
    const path = `stabilizer.profiles.${name}`;
    if (parseBpsAsWad(profile.fastThresholdBps) < parseBpsAsWad(profile.thresholdBps)) {
      problems.push({
        code: "PARAM_OUT_OF_BOUNDS",
        path: `${path}.fastThresholdBps`,
        message: `${profile.fastThresholdBps} lies below thresholdBps ${profile.thresholdBps}`,
      });
    }
    if (parseWad(profile.minTradeXau) > parseWad(profile.capXau)) {
      problems.push({
        code: "PARAM_OUT_OF_BOUNDS",
        path: `${path}.minTradeXau`,
        message: `${profile.minTradeXau} exceeds capXau ${profile.capXau}: nothing could ever be done`,
      });
    }
    const defendingCap = defendingCapWad(params, profile.capXau);
    if (2n * defendingCap > parseWad(params.stabilizer.globalCapXau) && params.pools.length > 1) {
      problems.push({
        code: "PARAM_OUT_OF_BOUNDS",
        path: "stabilizer.globalCapXau",
        message: `${params.stabilizer.globalCapXau} is below two pool caps of profile ${name} while they defend a peg (2 × ${formatWad(defendingCap)})`,
      });
    }
  }
  problems.push(...checkCeilings(params));
  // The mesh is funded out of the stabilization capital: of each token, pools × capital.
  const capital = parseDecimal(params.stabilizer.capitalUsdPerToken, 6);
  const meshDepth = parseDecimal(params.mesh.depthUsdPerSide, 6);
  const poolsOf = (name: string) =>
    BigInt(params.pools.filter((pool) => pool.kind === "public" && (pool.base === name || pool.quote === name)).length);
  for (const name of params.mesh.tokens) {
    if (meshDepth > capital * poolsOf(name)) {
      problems.push({
        code: "PARAM_OUT_OF_BOUNDS",
        path: "mesh.depthUsdPerSide",
        message: `${params.mesh.depthUsdPerSide} USD exceeds the stabilization capital in ${name}`,
      });
    }
  }
  if (meshDepth * BigInt(params.mesh.tokens.length) > capital * poolsOf("XAU")) {
    problems.push({
      code: "PARAM_OUT_OF_BOUNDS",
      path: "mesh.depthUsdPerSide",
      message: `${String(params.mesh.tokens.length)} × ${params.mesh.depthUsdPerSide} USD exceeds the stabilization capital in XAU`,
    });
  }
  return problems;
}

/** What StabilizerLimits would refuse at registration. */
function checkCeilings(params: NetworkParams): ParameterProblem[] {
  const { ceilings, profiles } = params.stabilizer;
  const own = params.pools.flatMap((pool, index) =>
    pool.stabilizer === undefined ? [] : [[`pools.${String(index)}.stabilizer`, pool.stabilizer] as const],
  );
  const all = [
    ["stabilizer.profiles.target", profiles.target] as const,
    ["stabilizer.profiles.literal", profiles.literal] as const,
    ...own,
  ];
  const pairs: [path: string, value: string | undefined, ceiling: string][] = [
    ["stabilizer.globalCapXau", params.stabilizer.globalCapXau, ceilings.globalCapXau],
    ["stabilizer.maxGasPriceGwei", params.stabilizer.maxGasPriceGwei, ceilings.maxGasPriceGwei],
    ["stabilizer.nativePriceXau", params.stabilizer.nativePriceXau, ceilings.nativePriceXau],
    ...all.flatMap(([path, values]): [string, string | undefined, string][] => [
      [`${path}.capXau`, values.capXau, ceilings.poolCapXau],
      [`${path}.bucketXau`, values.bucketXau, ceilings.bucketXau],
      [`${path}.bucketRefillXauPerBlock`, values.bucketRefillXauPerBlock, ceilings.bucketRefillXauPerBlock],
      [`${path}.rewardBudgetXauPerDay`, values.rewardBudgetXauPerDay, ceilings.rewardBudgetXauPerDay],
    ]),
  ];
  return pairs
    .filter(([, value, ceiling]) => value !== undefined && parseWad(value) > parseWad(ceiling))
    .map(([path, value, ceiling]) => ({
      code: "PARAM_OUT_OF_BOUNDS",
      path,
      message: `${value ?? ""} is above its immutable ceiling ${ceiling} (stabilizer.ceilings)`,
    }));
}

function checkFunding(params: NetworkParams, local: boolean): ParameterProblem[] {
  if (params.funding.source !== "bootstrap-mint") return [];
  if (!local) {
    return [
      {
        code: "PARAM_LOCAL_ONLY",
        path: "funding.source",
        message: '"bootstrap-mint" makes unbacked tokens and exists on localhost only',
      },
    ];
  }
  return tokenNames
    .filter((name) => params.tokens[name].existing !== undefined)
    .map((name) => ({
      code: "PARAM_CONFLICT",
      path: `tokens.${name}.existing`,
      message: "an adopted token cannot be minted by the bootstrap",
    }));
}

function checkCreate2(params: NetworkParams): ParameterProblem[] {
  const singleUse = params.create2.root === "single-use-key";
  if (singleUse === (params.create2.rootDeployer !== undefined)) return [];
  return [
    {
      code: "PARAM_CONFLICT",
      path: "create2.rootDeployer",
      message: 'belongs to root "single-use-key" and only to it',
    },
  ];
}
