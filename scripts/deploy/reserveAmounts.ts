/** What the reserves section of the parameters means in base units, at the reference prices of the file. */
import type {
  ICapitalBuckets,
  IReserveSystem,
  IStablecoinReserveVault,
} from "../../protocol/generated/contracts/index.js";
import { mulDivDown } from "../../protocol/math.js";
import { reservedTokenNames, type ReservedToken, type TokenName } from "../../protocol/params/schema.js";
import { parseBpsAsWad, parseDecimal, parseWad, WAD } from "../../protocol/units.js";
import type { Blueprint } from "./blueprint.js";
import type { BUCKET } from "./bucketFunding.js";
import { planFunding } from "./funding.js";
import { referencePrices, tokenUnitsOf, usdToUnits } from "./referencePrices.js";

/** Buckets that a policy refills. */
export type RefilledBucket = Exclude<keyof typeof BUCKET, "reserve">;
export const refilledBuckets: readonly RefilledBucket[] = ["publicLiquidity", "stabilization", "flash", "crossChain"];

const MULTIPLE_DECIMALS = 4;
const MAX_UINT128 = 2n ** 128n - 1n;
const SECONDS_PER_DAY = 86_400n;
/** OutflowMeter counts whole base units up to here, beyond it millionths of a token. */
const WHOLE_UNIT_DECIMALS = 8;

/** Neither refilled (nothing is below 0) nor given in exchange (nothing is above the target). */
export const CLOSED_POLICY: ICapitalBuckets.PolicyStruct = {
  lowUnits: 0n,
  targetUnits: MAX_UINT128,
  minRefillUnits: 1n,
  cooldownSeconds: SECONDS_PER_DAY,
};

/** A bucket's policy for a token. B's follows what the stabilizer begins with; a token that it does not begin with is closed. */
export function policyOf(plan: Blueprint, bucket: RefilledBucket, name: TokenName): ICapitalBuckets.PolicyStruct {
  const { buckets } = plan.params.reserves;
  if (bucket === "stabilization") {
    const { lowShare, targetShare, minRefillShare, cooldownSeconds } = buckets.stabilization;
    const capitalUnits = planFunding(plan, referencePrices(plan)).stabilizer[name];
    const [lowUnits = 0n, targetUnits = 0n, minRefillUnits = 0n] = [lowShare, targetShare, minRefillShare].map((text) =>
      mulDivDown(capitalUnits, parseWad(text), WAD),
    );
    if (minRefillUnits === 0n) return CLOSED_POLICY;
    return { lowUnits, targetUnits, minRefillUnits, cooldownSeconds };
  }
  const policy = buckets[bucket];
  if (policy === null) return CLOSED_POLICY;
  const [lowUnits = 0n, targetUnits = 0n, minRefillUnits = 0n] = [
    policy.lowUsd,
    policy.targetUsd,
    policy.minRefillUsd,
  ].map((usd) => tokenUnitsOf(plan, name, usd));
  return { lowUnits, targetUnits, minRefillUnits, cooldownSeconds: policy.cooldownSeconds };
}

/** Conditions of a refill. The price of gas is the stabilizer's. */
export function termsOf({ params }: Blueprint): ICapitalBuckets.TermsStruct {
  const { buckets } = params.reserves;
  return {
    feeWad: parseBpsAsWad(buckets.feeBps),
    rewardShareWad: parseWad(buckets.rewardShare),
    rewardBudgetXauWeiPerDay: parseWad(buckets.rewardBudgetXauPerDay),
    nativePriceXauWei: parseWad(params.stabilizer.nativePriceXau),
    maxGasPriceWei: parseDecimal(params.stabilizer.maxGasPriceGwei, 9),
  };
}

/** A token that the buckets keep: the protocol's own, and the reserve assets in which vaults pay their fees. */
export interface BucketToken {
  /** Name in the parameters; of an asset that of its record. */
  readonly name: string;
  readonly address: string;
  /** Undefined for an asset: no bucket is refilled with it. */
  readonly token: TokenName | undefined;
  readonly moveLimitUnitsPerDay: bigint;
  readonly moveCeilingUnitsPerDay: bigint;
}

export function bucketTokens(plan: Blueprint, names: readonly TokenName[]): BucketToken[] {
  const { moveLimitUsdPerDay, moveCeilingUsdPerDay } = plan.params.reserves.buckets;
  const own = names.map((name) => ({
    name,
    address: plan.tokens[name].address,
    token: name,
    moveLimitUnitsPerDay: tokenUnitsOf(plan, name, moveLimitUsdPerDay),
    moveCeilingUnitsPerDay: tokenUnitsOf(plan, name, moveCeilingUsdPerDay),
  }));
  const assets = reservedTokenNames.map((name) => {
    const { address, decimals, contract } = plan.reserves.assets[name];
    const priceWad = parseWad(plan.params.reserves.tokens[name].price.referencePriceUsd);
    return {
      name: contract.name,
      address,
      token: undefined,
      moveLimitUnitsPerDay: usdToUnits(moveLimitUsdPerDay, priceWad, decimals),
      moveCeilingUnitsPerDay: usdToUnits(moveCeilingUsdPerDay, priceWad, decimals),
    };
  });
  return [...own, ...assets];
}

/** What a vault may mint at once and per second, base units. */
export function mintLimitOf(plan: Blueprint, name: ReservedToken) {
  const { capacityUsd, refillUsdPerDay } = plan.params.reserves.mintLimit;
  return {
    minter: plan.reserves.vaults[name].address,
    mintCapacity: tokenUnitsOf(plan, name, capacityUsd),
    mintRefillPerSecond: tokenUnitsOf(plan, name, refillUsdPerDay) / SECONDS_PER_DAY,
    burnCapacity: 0n,
    burnRefillPerSecond: 0n,
  };
}

export function feesOf(plan: Blueprint, name: ReservedToken): IStablecoinReserveVault.FeesStruct {
  const { mintFeeBps, redeemFeeBps } = plan.params.reserves.tokens[name];
  return { mintFeeWad: parseBpsAsWad(mintFeeBps), redeemFeeWad: parseBpsAsWad(redeemFeeBps) };
}

/** What the meter of a token counts in: ReserveSystem's quantum. */
function quantumOf(plan: Blueprint, name: ReservedToken): bigint {
  const { decimals } = plan.tokens[name];
  return decimals > WHOLE_UNIT_DECIMALS ? 10n ** BigInt(decimals - 6) : 1n;
}

/** The meter's settings as the contract gives them back: whole quanta of the meter. */
export function sizingOf(plan: Blueprint, name: ReservedToken): IReserveSystem.SizingStruct {
  const { meter } = plan.params.reserves;
  const quantum = quantumOf(plan, name);
  const quanta = (usd: string) => (tokenUnitsOf(plan, name, usd) / quantum) * quantum;
  const bps = (text: string) => parseDecimal(text, MULTIPLE_DECIMALS);
  return {
    minPeakUnits: quanta(meter.minPeakUsdPerMinute),
    maxRiseUnitsPerHour: quanta(meter.maxRiseUsdPerHour),
    halfLifeSeconds: meter.halfLifeSeconds,
    replenishSeconds: meter.replenishSeconds,
    floorBps: bps(meter.floorMultiple),
    warnBps: bps(meter.warnMultiple),
    policyBps: bps(meter.policyMultiple),
    targetMinutes: meter.targetMinutes,
  };
}

export function meterBoundsOf(plan: Blueprint, name: ReservedToken): IReserveSystem.BoundsStruct {
  const { minPeakUsdPerMinute, maxRiseUsdPerHour, replenishSeconds } = plan.params.reserves.meter.bounds;
  const quantum = quantumOf(plan, name);
  const quanta = (usd: string) => (tokenUnitsOf(plan, name, usd) / quantum) * quantum;
  return {
    minPeakLow: quanta(minPeakUsdPerMinute.low),
    minPeakHigh: quanta(minPeakUsdPerMinute.high),
    maxRiseLow: quanta(maxRiseUsdPerHour.low),
    maxRiseHigh: quanta(maxRiseUsdPerHour.high),
    replenishLow: replenishSeconds.low,
    replenishHigh: replenishSeconds.high,
  };
}
