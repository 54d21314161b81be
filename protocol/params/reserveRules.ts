/** Rules of the parameters' reserves section. */
import type { ParameterProblem } from "../errors.js";
import { parseDecimal, parseWad } from "../units.js";
import { checkTokenFeeds, sourceIdentity } from "./feedRules.js";
import { reservedTokenNames, tokenNames, type NetworkParams, type ReservedToken } from "./schema.js";

const USD_DECIMALS = 6;
const MULTIPLE_DECIMALS = 4;
/** PublicLiquidity.MAX_POOLS. */
const MAX_PUBLIC_POOLS = 8;

/** Paths of assets that are not decided yet. */
export function undecidedAssets({ reserves }: NetworkParams): string[] {
  return reservedTokenNames
    .filter((name) => {
      const { asset } = reserves.tokens[name];
      return asset.kind === "existing" && asset.existing === null;
    })
    .map((name) => `reserves.tokens.${name}.asset.existing`);
}

export function checkReserves(params: NetworkParams, local: boolean): ParameterProblem[] {
  return [
    ...reservedTokenNames.flatMap((name) => [...checkAsset(params, name, local), ...checkPar(params, name)]),
    ...checkAssetFeeds(params),
    ...checkMeter(params),
    ...checkBuckets(params),
  ];
}

function checkAsset(params: NetworkParams, name: ReservedToken, local: boolean): ParameterProblem[] {
  const { asset } = params.reserves.tokens[name];
  const path = `reserves.tokens.${name}.asset`;
  if (asset.kind === "stand-in") {
    if (local) return [];
    const message = "a stand-in is worth nothing and exists on localhost only";
    return [{ code: "PARAM_LOCAL_ONLY", path: `${path}.kind`, message }];
  }
  const own = asset.existing?.toLowerCase();
  if (own === undefined) return [];
  const problems: ParameterProblem[] = [];
  const others = reservedTokenNames
    .filter((other) => other !== name)
    .map((other) => params.reserves.tokens[other].asset)
    .map((other) => (other.kind === "existing" ? other.existing?.toLowerCase() : undefined));
  const tokens = tokenNames.map((token) => params.tokens[token].existing?.toLowerCase());
  if ([...others, ...tokens].includes(own)) {
    const message = "is named twice: each token has a reserve asset of its own";
    problems.push({ code: "PARAM_DUPLICATE", path: `${path}.existing`, message });
  }
  // The same asset in the pools that DODO's plan names.
  const { USDT, USDC } = params.dodo.reserveTokens;
  const named = { cUSDT: USDT, cUSDC: USDC, cEURT: null }[name];
  if (named !== null && named.toLowerCase() !== own) {
    const message = `is not the reserve asset that dodo.reserveTokens names, ${named}`;
    problems.push({ code: "PARAM_CONFLICT", path: `${path}.existing`, message });
  }
  return problems;
}

/** A vault exchanges whole for whole. */
function checkPar(params: NetworkParams, name: ReservedToken): ParameterProblem[] {
  const { manager, par } = params.peg.tokens[name];
  if (manager === "stablecoin" && parseWad(par) === parseWad("1")) return [];
  return [
    {
      code: "PARAM_CONFLICT",
      path: `peg.tokens.${name}.par`,
      message: `${par} of a ${manager} peg: a reserve vault exchanges one asset for one token, so par must be 1 unit of a currency`,
    },
  ];
}

function checkAssetFeeds(params: NetworkParams): ParameterProblem[] {
  const sources = tokenNames.flatMap((name) => params.oracle.tokens[name].sources);
  const references = tokenNames.flatMap((name) => params.peg.tokens[name].reference ?? []);
  const known = new Set([...sources, ...references].map(sourceIdentity));
  return reservedTokenNames.flatMap((name) =>
    checkTokenFeeds(params.reserves.tokens[name].price, `reserves.tokens.${name}.price`, known),
  );
}

function checkMeter(params: NetworkParams): ParameterProblem[] {
  const { meter } = params.reserves;
  const path = "reserves.meter";
  const problems: ParameterProblem[] = [];
  const within = (key: string, value: bigint, low: bigint, high: bigint): void => {
    if (low <= value && value <= high) return;
    const message = `is outside its own bounds (reserves.meter.bounds.${key}), or those are in the wrong order`;
    problems.push({ code: "PARAM_OUT_OF_BOUNDS", path: `${path}.${key}`, message });
  };
  const usd = (text: string) => parseDecimal(text, USD_DECIMALS);
  const { minPeakUsdPerMinute: peak, maxRiseUsdPerHour: rise, replenishSeconds: replenish } = meter.bounds;
  within("minPeakUsdPerMinute", usd(meter.minPeakUsdPerMinute), usd(peak.low), usd(peak.high));
  within("maxRiseUsdPerHour", usd(meter.maxRiseUsdPerHour), usd(rise.low), usd(rise.high));
  within("replenishSeconds", BigInt(meter.replenishSeconds), BigInt(replenish.low), BigInt(replenish.high));
  const multiple = (text: string) => parseDecimal(text, MULTIPLE_DECIMALS);
  const [floor, warn, policy] = [meter.floorMultiple, meter.warnMultiple, meter.policyMultiple];
  if (multiple(floor) > multiple(warn) || multiple(warn) > multiple(policy)) {
    const message = `needs floorMultiple ${floor} ≤ warnMultiple ${warn} ≤ policyMultiple ${policy}`;
    problems.push({ code: "PARAM_CONFLICT", path, message });
  }
  return problems;
}

function checkBuckets(params: NetworkParams): ParameterProblem[] {
  const { buckets } = params.reserves;
  const path = "reserves.buckets";
  const problems: ParameterProblem[] = [];
  const usd = (text: string) => parseDecimal(text, USD_DECIMALS);
  const policies = {
    publicLiquidity: usdLevels(buckets.publicLiquidity),
    flash: usdLevels(buckets.flash),
    crossChain: usdLevels(buckets.crossChain),
    stabilization: [
      buckets.stabilization.minRefillShare,
      buckets.stabilization.lowShare,
      buckets.stabilization.targetShare,
    ].map(parseWad),
  };
  for (const [name, [minRefill = 0n, low = 0n, target = 0n] = []] of Object.entries(policies)) {
    if (low <= target && minRefill <= target) continue;
    const message = "low-water and the smallest refill must not exceed the target";
    problems.push({ code: "PARAM_CONFLICT", path: `${path}.${name}`, message });
  }
  if (usd(buckets.moveLimitUsdPerDay) > usd(buckets.moveCeilingUsdPerDay)) {
    problems.push({
      code: "PARAM_OUT_OF_BOUNDS",
      path: `${path}.moveLimitUsdPerDay`,
      message: `${buckets.moveLimitUsdPerDay} exceeds moveCeilingUsdPerDay ${buckets.moveCeilingUsdPerDay}`,
    });
  }
  // The first funding moves C and D out of E; half of a day's limit may be moved at once.
  const { flashUsd, crossChainUsd } = buckets.start;
  if (params.funding.source !== "none" && 2n * (usd(flashUsd) + usd(crossChainUsd)) > usd(buckets.moveLimitUsdPerDay)) {
    problems.push({
      code: "PARAM_OUT_OF_BOUNDS",
      path: `${path}.start`,
      message: `flashUsd ${flashUsd} and crossChainUsd ${crossChainUsd} together exceed half of moveLimitUsdPerDay ${buckets.moveLimitUsdPerDay}`,
    });
  }
  const pools = params.pools.filter((pool) => pool.kind === "public").length;
  if (pools > MAX_PUBLIC_POOLS) {
    const message = `${String(pools)} public pools: bucket A is counted over at most ${String(MAX_PUBLIC_POOLS)}`;
    problems.push({ code: "PARAM_OUT_OF_BOUNDS", path: "pools", message });
  }
  return problems;
}

function usdLevels(
  policy: { minRefillUsd: string; lowUsd: string; targetUsd: string } | null,
): readonly bigint[] | undefined {
  return policy === null
    ? undefined
    : [policy.minRefillUsd, policy.lowUsd, policy.targetUsd].map((text) => parseDecimal(text, USD_DECIMALS));
}
