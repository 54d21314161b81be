/**
 * The decision, pure: one block's readings in, a plan and a named reason for everything that is left alone out.
 *
 * 1. A position is a candidate when one of its operators is looked after, its stage and health allow what the mode allows, no rescue of it
 *    is on its way, and the protocol has a way to do it from this wallet.
 * 2. At stake is what the operators that are looked after would lose, times its chance; for others the bounty that was promised.
 * 3. What is there less reserves and what is on its way goes to the most urgent class first (strategies/planner.ts).
 */
import { allowedActions, allowedEffects, bountySkip, ownMembers, type Operators } from "./strategies/modes.js";
import { costWei, plan, spendable, type Candidate, type OnItsWay, type RescuePlan } from "./strategies/planner.js";
import { actByOf, isRedeemable, stakeOf, urgencyOf, type UrgencyPolicy } from "./strategies/urgency.js";
import type { Action, BlockRef, Mode, Reading, Skip, SkipReason, Urgency } from "./types.js";

export interface Observation {
  readonly block: BlockRef;
  readonly positions: readonly {
    readonly reading: Reading;
    readonly options: readonly Action[];
    /** Why there are none although the protocol may have some. */
    readonly without?: SkipReason;
  }[];
  readonly balance: { readonly tokenUnits: bigint; readonly nativeWei: bigint };
  readonly onItsWay: readonly (OnItsWay & { readonly position: string })[];
  /** Per gas: expected in the next block. */
  readonly gasPriceWei: bigint;
}

export interface DecideConfig {
  readonly mode: Mode;
  readonly operators: Operators;
  readonly urgency: UrgencyPolicy;
  /** Address of the token that is spent. */
  readonly token: string;
  readonly reserve: { readonly tokenUnits: bigint; readonly nativeWei: bigint };
  readonly maxFeePerGasWei: bigint;
  readonly batchGasLimit: bigint;
  readonly sumLimit: number;
}

/** A position of an operator that is looked after, in danger, whatever is done about it. */
export interface Endangered {
  readonly position: string;
  readonly urgency: Urgency;
  readonly healthBps: bigint | undefined;
  /** When a rescue should be mined, and when the window ends; unix seconds. */
  readonly actBy: bigint | undefined;
  readonly deadline: bigint | undefined;
  /** Lost by the operators that are looked after if it is liquidated. */
  readonly lossWei: bigint;
}

export interface Decision {
  readonly plan: RescuePlan;
  readonly skips: readonly Skip[];
  /** Most urgent first. */
  readonly endangered: readonly Endangered[];
}

/** Decides for one block. Every position is chosen once or skipped once. */
export function decide(observation: Observation, config: DecideConfig): Decision {
  const now = observation.block.timestamp;
  const busy = new Set(observation.onItsWay.map(({ position }) => position));
  const skips: Skip[] = [];
  const candidates: Candidate[] = [];
  const endangered: Endangered[] = [];
  const seen = new Set<string>();
  for (const { reading, options, without } of observation.positions) {
    const { id } = reading.position;
    if (seen.has(id)) continue;
    seen.add(id);
    const own = BigInt(ownMembers(reading.position.operators, config.operators));
    const urgency = own === 0n ? undefined : urgencyOf(reading, now, config.urgency);
    const stake = urgency === undefined ? undefined : stakeOf(reading, own, urgency, config.urgency);
    // The window counts for what is called only; a protocol may still know the end of one that was left.
    const deadline = reading.stage === "called" ? reading.graceEndsAt : undefined;
    if (urgency !== undefined && stake !== undefined) {
      const actBy = actByOf(reading, now, config.urgency);
      const { healthBps } = reading;
      endangered.push({ position: id, urgency, healthBps, actBy, deadline, lossWei: stake.lossWei });
    }
    const allowed = allowedEffects(reading, config.mode, config.operators, config.urgency.preemptBelowBps);
    if (busy.has(id) && isRedeemable(reading)) skips.push({ about: id, reason: "in-flight" });
    else if ("reason" in allowed) skips.push(allowed);
    else if (urgency === undefined || stake === undefined) skips.push({ about: id, reason: "healthy" });
    else if (without !== undefined) skips.push({ about: id, reason: without });
    else {
      const found = affordable(reading, allowedActions(options, allowed.effects), config);
      if ("reason" in found) skips.push(found);
      else {
        const atStakeWei = config.operators.kind === "service" ? reading.bountyWei : stake.expectedLossWei;
        const { sizeUnits } = reading.position;
        candidates.push({ position: id, urgency, sizeUnits, deadline, atStakeWei, options: found.options });
      }
    }
  }
  const means = spendable(observation.balance, config.reserve, observation.onItsWay, config.maxFeePerGasWei);
  const { gasPriceWei } = observation;
  const { token, maxFeePerGasWei, batchGasLimit, sumLimit } = config;
  const rescue = plan(candidates, { ...means, token, gasPriceWei, maxFeePerGasWei, batchGasLimit, sumLimit });
  return { plan: rescue, skips: [...skips, ...rescue.rejected], endangered: endangered.sort(mostUrgentFirst) };
}

/** Options that the fee policy lets through at the highest cost they can have. */
function affordable(
  { position: { id }, bountyWei }: Reading,
  options: readonly Action[],
  { operators, maxFeePerGasWei }: DecideConfig,
): { readonly options: readonly Action[] } | Skip {
  // Nobody looks for a way where even one for nothing would not pay.
  const never = bountySkip(id, bountyWei, 0n, operators);
  if (never !== undefined && options.length === 0) return never;
  const judged = options.map((action) => ({
    action,
    skip: bountySkip(id, bountyWei, costWei({ ...action, gasEstimate: action.gasLimit }, maxFeePerGasWei), operators),
  }));
  const paid = judged.flatMap(({ action, skip }) => (skip === undefined ? [action] : []));
  const refused = judged.flatMap(({ skip }) => skip ?? []);
  const [first] = refused.sort((a, b) => ((a.needed ?? 0n) < (b.needed ?? 0n) ? -1 : 1));
  return paid.length === 0 && first !== undefined ? first : { options: paid };
}

function mostUrgentFirst(a: Endangered, b: Endangered): number {
  if (a.urgency !== b.urgency) return a.urgency < b.urgency ? -1 : 1;
  if (a.actBy !== b.actBy) {
    if (a.actBy === undefined) return 1;
    if (b.actBy === undefined) return -1;
    return a.actBy < b.actBy ? -1 : 1;
  }
  return a.position < b.position ? -1 : 1;
}
