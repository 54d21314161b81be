/**
 * What to do next for a redemption that was requested. Pure: facts of both chains in, a stage, typed actions and alerts out; so a restart
 * needs nothing but the chains. Times count from the newest request or fee bump, t; limits are inclusive.
 *
 *   requested   the keep has not signed         t + 90 min: its signers are late;  t + 2 h: anybody may liquidate
 *   signed      a signature is there            it is brought to the deposit, and the payment to the Bitcoin servers
 *   broadcast   in mempools                     t + 1 h: a child pays for it;  t + 4 h: the fee is raised, if no child does
 *   confirmed   in a block, not deep enough     t + 5 h: the proof is late
 *   provable    the proof holds                 it is given, whichever variant was confirmed, also after t + 6 h
 *   proven, lost, gone                          over
 *
 * A fee bump also starts the signers' and the proof's time again, and takes nothing from a payment that was confirmed before it. So half an
 * hour before t + 6 h the fee is raised whatever the Bitcoin chain shows, even when it cannot be seen: the bond is worth more than a fee.
 * Apart from that nothing is spent while the servers do not agree, and the fee is raised twice at most.
 */
import { PermanentError } from "../../../protocol/errors.js";
import { DepositState, SETTLING_STATES } from "../../../protocol/tbtc/states.js";
import {
  FEE_BUMP_SECONDS,
  PROOF_TIMEOUT_SECONDS,
  SIGNATURE_TIMEOUT_SECONDS,
} from "../../../protocol/tbtc/constants.js";
import { type ChildPlan, type ChildPolicy, type Parent, planChild, RELAY_SAT_PER_KVB } from "./child.js";
import type { BitcoinFacts, PaymentSight, RedemptionFacts } from "./facts.js";
import { feeAt, type FeeBump, nextBump, rateOf } from "./fee.js";
import { plannedPayment, recoveryOf, type RedemptionRequest, type SignatureParts, signedPayment } from "./payment.js";
import { type RedemptionProof, redemptionProof } from "./proof.js";

export type FollowUpStage =
  | "requested"
  | "signed"
  | "broadcast"
  | "confirmed"
  | "provable"
  | "proven"
  /** The signers are being liquidated. */
  | "lost"
  /** No redemption is being settled: it was never requested, or its block was undone. */
  | "gone";

export type NextAction =
  | {
      readonly kind: "provide-signature";
      readonly recovery: 27 | 28;
      readonly signature: SignatureParts;
      readonly dueAt: bigint;
    }
  | { readonly kind: "broadcast"; readonly txid: string; readonly raw: string }
  | { readonly kind: "pay-by-child"; readonly plan: ChildPlan; readonly dueAt: bigint }
  | {
      readonly kind: "increase-fee";
      readonly bump: FeeBump;
      readonly dueAt: bigint;
    }
  | { readonly kind: "prove"; readonly txid: string; readonly proof: RedemptionProof; readonly dueAt: bigint };

export const ALERTS = [
  "signature-late",
  "signature-timed-out",
  "proof-late",
  "proof-timed-out",
  /** It was raised as often as it may be, or a higher fee would leave less than the least output. */
  "bump-impossible",
  /** A child that would be fast enough costs more than it may. */
  "child-too-dear",
  "bitcoin-unknown",
  "foreign-spend",
  "relay-behind",
  "proof-invalid",
  /** What was logged makes no payment with the digest that was logged. */
  "request-invalid",
  "lost",
] as const;
export type FollowUpAlert = (typeof ALERTS)[number];

export interface FollowUpStep {
  readonly stage: FollowUpStage;
  /** Blocks on the payment, its own among them. */
  readonly confirmations: number;
  readonly actions: readonly NextAction[];
  readonly alerts: readonly FollowUpAlert[];
  /** When time alone changes something; undefined when nothing is left. */
  readonly changesAt: bigint | undefined;
}

export interface FollowUpPolicy {
  readonly signatureLateSeconds: bigint;
  readonly childAfterSeconds: bigint;
  /** How long past the time of a fee bump a child that pays enough is waited for. */
  readonly childPatienceSeconds: bigint;
  readonly proofLateSeconds: bigint;
  /** So long before the proof's time ends the fee is raised to start it again. */
  readonly extendBeforeSeconds: bigint;
  /** Fee bumps of one redemption, for whatever reason: each takes the first fee once more from whoever redeemed. */
  readonly mostBumps: number;
  readonly child: ChildPolicy;
}

const MINUTE = 60n;

export const FOLLOW_UP_POLICY: FollowUpPolicy = {
  signatureLateSeconds: 90n * MINUTE,
  childAfterSeconds: 60n * MINUTE,
  childPatienceSeconds: 60n * MINUTE,
  proofLateSeconds: 300n * MINUTE,
  extendBeforeSeconds: 30n * MINUTE,
  mostBumps: 2,
  child: { rateMultipleBps: 15_000n, maxShareBps: 200n },
};

/** Times of the newest request. */
interface Clock {
  readonly signatureLateAt: bigint;
  readonly signatureEndsAt: bigint;
  readonly childAt: bigint;
  readonly bumpAt: bigint;
  readonly bumpAnywayAt: bigint;
  readonly proofLateAt: bigint;
  readonly extendAt: bigint;
  readonly proofEndsAt: bigint;
}

interface Findings {
  readonly stage: FollowUpStage;
  readonly confirmations?: number;
  readonly actions?: readonly NextAction[];
  readonly alerts?: readonly FollowUpAlert[];
}

/** One look at one redemption. */
export function followUp(facts: RedemptionFacts, bitcoin: BitcoinFacts, policy: FollowUpPolicy): FollowUpStep {
  const over = ended(facts);
  if (over !== undefined) return stepOf(over, undefined);
  const latest = facts.requests.at(-1);
  if (latest === undefined) return stepOf({ stage: "gone" }, undefined);
  const clock = clockOf(latest.requestedAt, policy);
  const later = Object.values<bigint>({ ...clock }).filter((at) => at > facts.now);
  const changesAt = later.length === 0 ? undefined : later.reduce((a, b) => (a < b ? a : b));
  if (!facts.requests.every((request) => isSound(request, facts.publicKey))) {
    return stepOf({ stage: "requested", alerts: ["request-invalid"] }, changesAt);
  }
  const { payment } = bitcoin;
  const settled = payment.kind === "confirmed" ? settle(facts, payment, clock) : undefined;
  if (settled?.stage === "provable") return stepOf(settled, changesAt);
  // Whatever else: the bond must not be lost because time runs out.
  const extension = payment.kind === "foreign" ? undefined : extend(facts, clock, policy);
  const signing = facts.state === DepositState.AWAITING_WITHDRAWAL_SIGNATURE ? sign(facts, latest, clock) : undefined;
  const paying = settled ?? pay(facts, bitcoin, clock, policy, extension !== undefined);
  return stepOf(
    {
      stage: stageOf(facts, latest, paying.stage),
      confirmations: paying.confirmations ?? 0,
      actions: [...(signing?.actions ?? []), ...(paying.actions ?? []), ...(extension?.actions ?? [])],
      alerts: [
        ...new Set([
          ...(signing?.alerts ?? []),
          ...(paying.alerts ?? []),
          ...(extension?.alerts ?? []),
          ...lateness(facts, clock),
        ]),
      ],
    },
    changesAt,
  );
}

function ended({ state }: RedemptionFacts): Findings | undefined {
  if (SETTLING_STATES.has(state)) return undefined;
  switch (state) {
    case DepositState.REDEEMED:
      return { stage: "proven" };
    case DepositState.FRAUD_LIQUIDATION_IN_PROGRESS:
    case DepositState.LIQUIDATION_IN_PROGRESS:
    case DepositState.LIQUIDATED:
      return { stage: "lost", alerts: ["lost"] };
    default:
      return { stage: "gone" };
  }
}

/** A payment in a block: is it provable? */
function settle(
  { requests, publicKey, relay, state, now }: RedemptionFacts,
  { txid, path, headers }: Extract<PaymentSight, { kind: "confirmed" }>,
  clock: Clock,
): Findings {
  const payment = requests.map((request) => plannedPayment(request, publicKey)).find((one) => one.txid === txid);
  const confirmations = headers.length;
  // Whoever looked knows the variants: another payment would have been called foreign.
  if (payment === undefined) return { stage: "confirmed", confirmations, alerts: ["foreign-spend"] };
  const attempt = redemptionProof(payment, path, headers, relay);
  if (attempt.ok) {
    const dueAt = state === DepositState.AWAITING_WITHDRAWAL_SIGNATURE ? clock.signatureEndsAt : clock.proofEndsAt;
    const late = now >= clock.proofLateAt ? lateAlert(now, clock) : [];
    const action = { kind: "prove", txid, proof: attempt.proof, dueAt } as const;
    return { stage: "provable", confirmations, actions: [action], alerts: late };
  }
  switch (attempt.reason) {
    case "too-short":
      return { stage: "confirmed", confirmations };
    case "relay-behind":
      return { stage: "confirmed", confirmations, alerts: ["relay-behind"] };
    case "unlinked":
    case "no-work":
    case "merkle":
      return { stage: "confirmed", confirmations, alerts: ["proof-invalid"] };
  }
}

/** The keep's signature for the newest request, if the deposit does not have it. */
function sign({ keepSignatures, publicKey, now }: RedemptionFacts, latest: RedemptionRequest, clock: Clock): Findings {
  const signature = keepSignatures.get(latest.digest);
  const recovery = signature === undefined ? undefined : recoveryOf(latest.digest, publicKey, signature);
  if (signature !== undefined && recovery !== undefined) {
    const action = { kind: "provide-signature", recovery, signature, dueAt: clock.signatureEndsAt } as const;
    return { stage: "signed", actions: [action] };
  }
  if (now > clock.signatureEndsAt) return { stage: "requested", alerts: ["signature-timed-out"] };
  return { stage: "requested", alerts: now >= clock.signatureLateAt ? ["signature-late"] : [] };
}

/** A payment in no block: broadcast it, help it on, or raise its fee. */
function pay(
  facts: RedemptionFacts,
  bitcoin: BitcoinFacts,
  clock: Clock,
  policy: FollowUpPolicy,
  isExtending: boolean,
): Findings {
  const { payment, nextBlockSatPerKvb } = bitcoin;
  if (payment.kind === "foreign") return { stage: "signed", alerts: ["foreign-spend"] };
  const signed = signedVariants(facts);
  const newest = signed.at(-1);
  if (newest === undefined || payment.kind === "confirmed") return { stage: "requested" };
  const broadcast = { kind: "broadcast", txid: newest.txid, raw: newest.raw } as const;
  if (payment.kind === "unknown") return { stage: "signed", actions: [broadcast], alerts: ["bitcoin-unknown"] };
  if (payment.kind === "unseen") return { stage: "signed", actions: [broadcast] };

  const seen = signed.find(({ txid }) => txid === payment.txid);
  // Somebody has a signature that neither contract logged.
  if (seen === undefined) return { stage: "broadcast" };
  const { child } = payment;
  const packageSat = seen.feeSat + (child?.feeSat ?? 0n);
  const replacementSat = packageSat + feeAt(RELAY_SAT_PER_KVB, newest.vsize);
  const isSuperseded = newest.txid !== seen.txid && newest.feeSat >= replacementSat;
  if (isSuperseded) return { stage: "broadcast", actions: [broadcast] };
  const again = payment.isPartial ? [{ kind: "broadcast", txid: seen.txid, raw: seen.raw } as const] : [];

  const isFast =
    nextBlockSatPerKvb !== undefined &&
    rateOf(packageSat, seen.vsize + (child?.vsize ?? 0n)) >= nextBlockSatPerKvb &&
    child?.feeSat !== undefined;
  const { now, state } = facts;
  const isBumpTime = now >= (isFast ? clock.bumpAnywayAt : clock.bumpAt);
  if (state === DepositState.AWAITING_WITHDRAWAL_PROOF && isBumpTime) {
    // A bump that is made to win time is the same transaction.
    return isExtending ? { stage: "broadcast", actions: again } : raise(facts, clock, policy, again);
  }
  if (now < clock.childAt || nextBlockSatPerKvb === undefined) return { stage: "broadcast", actions: again };
  // Another's child, whose fee nobody here knows, cannot be outbid on purpose.
  if (child !== undefined && child.feeSat === undefined) return { stage: "broadcast", actions: again };
  const planned = planChild(seen, nextBlockSatPerKvb, child?.feeSat, policy.child);
  if (planned.ok) {
    const action = { kind: "pay-by-child", plan: planned.plan, dueAt: clock.bumpAt } as const;
    return { stage: "broadcast", actions: [...again, action] };
  }
  const alerts = planned.reason === "too-dear" ? (["child-too-dear"] as const) : [];
  return { stage: "broadcast", actions: again, alerts };
}

function raise(facts: RedemptionFacts, clock: Clock, policy: FollowUpPolicy, before: readonly NextAction[]): Findings {
  const bump = bumpOf(facts, policy);
  if (bump === undefined) return { stage: "broadcast", actions: before, alerts: ["bump-impossible"] };
  const action = { kind: "increase-fee", bump, dueAt: clock.proofEndsAt } as const;
  return { stage: "broadcast", actions: [...before, action] };
}

/** Starts the clocks again shortly before the proof's time ends; later too, as long as nobody has reported it. */
function extend(facts: RedemptionFacts, clock: Clock, policy: FollowUpPolicy): Findings | undefined {
  if (facts.state !== DepositState.AWAITING_WITHDRAWAL_PROOF || facts.now < clock.extendAt) return undefined;
  const bump = bumpOf(facts, policy);
  if (bump === undefined) return { stage: "signed", alerts: ["bump-impossible"] };
  const action = { kind: "increase-fee", bump, dueAt: clock.proofEndsAt } as const;
  return { stage: "signed", actions: [action] };
}

function bumpOf({ requests }: RedemptionFacts, { mostBumps }: FollowUpPolicy): FeeBump | undefined {
  const [first, ...bumps] = requests;
  if (first === undefined || bumps.length >= mostBumps) return undefined;
  return nextBump(first.utxoSat, first.feeSat, (bumps.at(-1) ?? first).feeSat);
}

/** Every variant that can be broadcast, by rising fee. */
function signedVariants({ requests, publicKey, keepSignatures, depositSignatures }: RedemptionFacts): Parent[] {
  return requests.flatMap((request) => {
    const signature = depositSignatures.get(request.digest) ?? keepSignatures.get(request.digest);
    if (signature === undefined) return [];
    try {
      return [signedPayment(request, publicKey, signature)];
    } catch (error) {
      // Keeps take signatures of nobody else; whoever reads logs of another contract finds nothing to broadcast.
      if (error instanceof PermanentError) return [];
      throw error;
    }
  });
}

function isSound(request: RedemptionRequest, publicKey: string): boolean {
  try {
    plannedPayment(request, publicKey);
    return true;
  } catch {
    return false;
  }
}

/** The furthest that either chain has come; a new request makes nothing unseen. */
function stageOf(facts: RedemptionFacts, latest: RedemptionRequest, paying: FollowUpStage): FollowUpStage {
  if (paying !== "requested" && paying !== "signed") return paying;
  const has = facts.keepSignatures.has(latest.digest) || facts.depositSignatures.has(latest.digest);
  return has ? "signed" : "requested";
}

function lateness({ state, now }: RedemptionFacts, clock: Clock): readonly FollowUpAlert[] {
  return state === DepositState.AWAITING_WITHDRAWAL_PROOF && now >= clock.proofLateAt ? lateAlert(now, clock) : [];
}

function lateAlert(now: bigint, clock: Clock): readonly FollowUpAlert[] {
  return now > clock.proofEndsAt ? ["proof-timed-out"] : ["proof-late"];
}

function clockOf(from: bigint, policy: FollowUpPolicy): Clock {
  const bumpAt = from + FEE_BUMP_SECONDS;
  const proofEndsAt = from + PROOF_TIMEOUT_SECONDS;
  return {
    signatureLateAt: from + policy.signatureLateSeconds,
    signatureEndsAt: from + SIGNATURE_TIMEOUT_SECONDS,
    childAt: from + policy.childAfterSeconds,
    bumpAt,
    bumpAnywayAt: bumpAt + policy.childPatienceSeconds,
    proofLateAt: from + policy.proofLateSeconds,
    extendAt: proofEndsAt - policy.extendBeforeSeconds,
    proofEndsAt,
  };
}

function stepOf(
  { stage, confirmations = 0, actions = [], alerts = [] }: Findings,
  changesAt: bigint | undefined,
): FollowUpStep {
  return { stage, confirmations, actions, alerts, changesAt };
}
