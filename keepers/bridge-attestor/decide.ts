import type { BridgePlace } from "../../protocol/bridgeMessage.js";
import type {
  AttestDecision,
  AttestInput,
  Evidence,
  RelayAction,
  RelayDecision,
  RelayInput,
  RelaySkip,
  SkipReason,
  AlarmReason,
} from "./types.js";

/**
 * Whether this attestor signs. A delivery: the source says `sent` deep enough, the destination has not paid, accepted or cancelled it, its
 * time is not over, and no refund of it was ever signed. A refund: the destination says `cancelled` deep enough and never said
 * `delivered`, and the source has not paid it back. What was checked last year is not believed today: every signature has its own look.
 * Pure; never throws.
 */
export function decideAttestation(input: AttestInput): AttestDecision {
  const { kind, seen, own, history } = input;
  const wrong = misfit(input);
  if (wrong !== undefined) return skip(wrong);
  if (!own.isAttestor) return skip("not-attestor");
  if (history.unwound) return skip("unwound");
  if (history.thisEpoch === "signed") return skip("signed");
  if (kind === "refund") return decideRefund(input);
  if (history.refund) return skip("refund-signed");
  if (own.state === "cancelled") return skip("cancelled");
  if (own.state !== "none" && !(own.state === "accepted" && isStale(own))) return skip("arrived");
  if (own.timestamp > seen.message.expiresAt) return skip("expired");
  const { evidence } = input;
  if (evidence === undefined) return skip("not-deep-enough");
  if (evidence.state === "refunded" || evidence.state === "refund-accepted") return alarm("refunded-without-tombstone");
  if (evidence.state !== "sent") return skip(evidence.block < seen.block ? "not-deep-enough" : "reorganised");
  return onLog(input, evidence);
}

function decideRefund(input: AttestInput): AttestDecision {
  const { own, evidence } = input;
  if (own.state === "none") return skip("reorganised");
  if (own.state !== "sent" && !(own.state === "refund-accepted" && isStale(own))) return skip("arrived");
  if (evidence === undefined) return skip("not-deep-enough");
  if (evidence.state === "delivered") return skip("delivered");
  if (evidence.state !== "cancelled") return skip("not-cancelled");
  if (evidence.everDelivered) return alarm("delivered-and-cancelled");
  return onLog(input, evidence);
}

/** What a set accepted that is not in force any more counts no longer: it is attested again, as if it had not been. */
function isStale({ acceptedEpoch, epoch }: AttestInput["own"]): boolean {
  return acceptedEpoch !== epoch;
}

/** The log must say the same as the state. */
function onLog({ kind, seen }: AttestInput, { log, block }: Evidence): AttestDecision {
  if (log === undefined) return skip("log-missing");
  if (log.messageId !== seen.messageId) return skip("log-differs");
  if (log.block > block) return skip("not-deep-enough");
  if (kind === "refund") return { kind: "attest" };
  return log.hashedId === seen.messageId ? { kind: "attest" } : skip("log-differs");
}

function misfit({ kind, way, seen, own }: AttestInput): SkipReason | undefined {
  const { message, messageId, hashedId } = seen;
  if (message.sourceChainId !== way.source.chainId) return "wrong-chain";
  const other = kind === "deliver" ? way.source : way.destination;
  if (!isPlace(other, own.remoteChainId, own.remoteBridge)) return "unknown-bridge";
  if (hashedId !== messageId) return "id-mismatch";
  return message.nonce === 0n || message.amountUnits === 0n ? "malformed" : undefined;
}

function isPlace({ chainId, bridge }: BridgePlace, otherChainId: bigint, otherBridge: string): boolean {
  return chainId === otherChainId && bridge.toLowerCase() === otherBridge.toLowerCase();
}

/**
 * What a process does about a message on one chain. Whatever it sends anybody may send: the contract checks everything again. What the
 * destination has accepted is not cancelled by us, because its recipient can still be paid; unless a set accepted it that is not in force
 * any more: that is delivered again, at once, so that it does not expire while limits refill. Pure; never throws.
 */
export function decideRelay(input: RelayInput): RelayDecision {
  const { side, signatures, threshold, turn } = input;
  const action = side === "source" ? onSource(input) : onDestination(input);
  if (typeof action !== "string") return { kind: "skip", reason: action.skip };
  if ((action === "deliver" || action === "refund") && (threshold === 0 || signatures < threshold))
    return { kind: "skip", reason: "not-enough-signatures" };
  return turn ? { kind: "send", action } : { kind: "skip", reason: "not-our-turn" };
}

type Wanted = RelayAction | { readonly skip: RelaySkip };

function onDestination({ state, stale, timestamp, expiresAt, held, cancelsExpired }: RelayInput): Wanted {
  const isOpen = state === "none" || (state === "accepted" && stale);
  if (state === "accepted" && !stale) return held ? { skip: "held" } : "retry";
  if (!isOpen) return { skip: "nothing-to-do" };
  if (timestamp > expiresAt) return cancelsExpired ? "cancel" : { skip: "waits-for-owner" };
  return held ? { skip: "held" } : "deliver";
}

function onSource({ state, stale }: RelayInput): Wanted {
  if (state === "sent" || (state === "refund-accepted" && stale)) return "refund";
  return state === "refund-accepted" ? "retryRefund" : { skip: "nothing-to-do" };
}

function skip(reason: SkipReason): AttestDecision {
  return { kind: "skip", reason };
}

function alarm(reason: AlarmReason): AttestDecision {
  return { kind: "alarm", reason };
}
