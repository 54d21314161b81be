/**
 * How soon a position must be rescued, and what is lost if it is not. Pure; time is the block's.
 *
 * A  it may be liquidated in any block, or within the urgent time before its grace ends
 * B  it was called: the grace window runs
 * C  it can be called, and nobody has
 * D  above that, and below the threshold of acting beforehand
 *
 * Loss of an auction, with a the share of the collateral at which it is taken:
 *     a = max(start, min(1, (debt + cost of taking) / collateral)),   loss = collateral · (a + (1 - a) · rest lost)
 * In wei a · collateral is rounded up (the auction rises until it covers), everything else down: a loss is not overstated by more than 1.
 */
import { maxBigint, minBigint, mulDivDown, mulDivUp } from "../../../protocol/math.js";
import type { LossModel, Reading, Urgency } from "../types.js";

const ALL_BPS = 10_000n;

export interface UrgencyPolicy {
  /** Above the liquidation threshold by at most this: any block may be the last. */
  readonly dangerBufferBps: bigint;
  /** Grace that ends within this makes a position as urgent as one in danger. */
  readonly urgentSeconds: bigint;
  /** So long before the end of the grace window a rescue should be mined. */
  readonly safetyMarginSeconds: bigint;
  /** Below this a position is rescued before it can be called, where the mode allows. */
  readonly preemptBelowBps: bigint;
  /** Chance of liquidation at the upper edge of each class; it grows evenly to certainty at the liquidation threshold. */
  readonly likelihoodBps: Readonly<Record<Urgency, bigint>>;
}

/** The protocol's stages in which a rescue is possible. */
export function isRedeemable({ stage }: Pick<Reading, "stage">): boolean {
  return stage === "open" || stage === "called";
}

/** May be liquidated in any block, or nearly: whatever window runs. Inclusive: 11,200 is in danger at a threshold of 11,000 and a buffer of 200. */
export function isInstantDanger({ healthBps, thresholds }: Reading, { dangerBufferBps }: UrgencyPolicy): boolean {
  return healthBps !== undefined && healthBps <= thresholds.liquidateBelowBps + dangerBufferBps;
}

/** Class of a position; undefined when it is in no danger, cannot be rescued, or nobody knows because there is no price. */
export function urgencyOf(reading: Reading, nowSeconds: bigint, policy: UrgencyPolicy): Urgency | undefined {
  if (!isRedeemable(reading)) return undefined;
  if (isInstantDanger(reading, policy)) return "A";
  const { stage, healthBps, thresholds, graceEndsAt } = reading;
  if (stage === "called") {
    // A call whose end is unknown may end now.
    return graceEndsAt === undefined || graceEndsAt - nowSeconds < policy.urgentSeconds ? "A" : "B";
  }
  if (healthBps === undefined) return undefined;
  if (healthBps < thresholds.callBelowBps) return "C";
  return healthBps < policy.preemptBelowBps ? "D" : undefined;
}

/**
 * When a rescue should be mined, unix seconds of the chain: the end of the grace window less the safety margin, or now in instant
 * danger. Undefined: no window runs.
 */
export function actByOf(reading: Reading, nowSeconds: bigint, policy: UrgencyPolicy): bigint | undefined {
  if (isInstantDanger(reading, policy)) return nowSeconds;
  if (reading.stage !== "called") return undefined;
  return reading.graceEndsAt === undefined ? nowSeconds : reading.graceEndsAt - policy.safetyMarginSeconds;
}

/** Chance that a position left alone is liquidated, basis points, rounded down. */
export function likelihoodBps(reading: Reading, urgency: Urgency, policy: UrgencyPolicy): bigint {
  const least = policy.likelihoodBps[urgency];
  const { healthBps, thresholds } = reading;
  if (healthBps === undefined) return least;
  const upperBps = urgency === "D" ? policy.preemptBelowBps : thresholds.callBelowBps;
  const spanBps = upperBps - thresholds.liquidateBelowBps;
  if (healthBps < thresholds.liquidateBelowBps || spanBps <= 0n) return ALL_BPS;
  return least + mulDivDown(ALL_BPS - least, maxBigint(upperBps - healthBps, 0n), spanBps);
}

/** What all operators lose together when the position is liquidated, wei, rounded down. */
export function lossWei(model: LossModel): bigint {
  if (model.kind === "penalty") return mulDivDown(model.repaidDebtWei, model.penaltyBps, ALL_BPS);
  const { collateralWei, debtWei, takerCostWei, startBps, restLostBps } = model;
  const startWei = mulDivUp(collateralWei, startBps, ALL_BPS);
  const soldWei = minBigint(maxBigint(startWei, debtWei + takerCostWei), collateralWei);
  return soldWei + mulDivDown(collateralWei - soldWei, restLostBps, ALL_BPS);
}

/** What is at stake for `ownMembers` of a position's operators, and with its chance: wei, rounded down. */
export function stakeOf(
  reading: Reading,
  ownMembers: bigint,
  urgency: Urgency,
  policy: UrgencyPolicy,
): { readonly lossWei: bigint; readonly expectedLossWei: bigint } {
  const members = BigInt(reading.position.operators.length);
  const ownWei = members === 0n ? 0n : mulDivDown(lossWei(reading.loss), ownMembers, members);
  return {
    lossWei: ownWei,
    expectedLossWei: mulDivDown(ownWei, likelihoodBps(reading, urgency, policy), ALL_BPS),
  };
}
