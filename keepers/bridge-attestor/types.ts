/** What the attestor knows, decides and answers. */
import type { AttestationKind, BridgeMessage, BridgeWay, MessageState } from "../../protocol/bridgeMessage.js";

/** A message as a log named it; nothing of it is believed before it was checked. */
export interface SeenMessage {
  /** Lower case. */
  readonly messageId: string;
  /** What its fields hash to on its way. */
  readonly hashedId: string;
  readonly message: BridgeMessage;
  /** Block of its log on its source. */
  readonly block: number;
}

/** What enough nodes say alike about the chain where a signature counts, at its newest block. */
export interface OwnView {
  readonly state: MessageState;
  /** Unix seconds of that block. */
  readonly timestamp: bigint;
  readonly epoch: bigint;
  /** The epoch that accepted it; 0: none has. */
  readonly acceptedEpoch: bigint;
  /** Whether this attestor is in the set. */
  readonly isAttestor: boolean;
  /** The other side as that bridge knows it. */
  readonly remoteChainId: bigint;
  readonly remoteBridge: string;
}

/** What enough nodes say alike about the other chain, at the block up to which it is believed. */
export interface Evidence {
  readonly block: number;
  readonly hash: string;
  readonly state: MessageState;
  /** The log that says so: of sending for a delivery, of cancelling for a refund. undefined: there is none. */
  readonly log: EvidenceLog | undefined;
  /** A log said once that it was delivered there. */
  readonly everDelivered: boolean;
}

export interface EvidenceLog {
  readonly block: number;
  readonly messageId: string;
  /** Of sending: what the fields in it hash to. */
  readonly hashedId: string | undefined;
}

/** What was promised before. */
export interface History {
  /** A row for this epoch: at most its signature is missing. */
  readonly thisEpoch: "none" | "promised" | "signed";
  readonly refund: boolean;
  /** The evidence of something that was signed about it is not on its chain any more. */
  readonly unwound: boolean;
}

export interface AttestInput {
  readonly kind: AttestationKind;
  /** Of messages of this direction, as configured. */
  readonly way: BridgeWay;
  readonly seen: SeenMessage;
  readonly own: OwnView;
  /** undefined: there is no block that is deep enough yet. */
  readonly evidence: Evidence | undefined;
  readonly history: History;
}

/** Why nothing is signed; each is a log event `skip.<reason>`. */
export type SkipReason =
  /** It names another chain than the one it was found on. */
  | "wrong-chain"
  /** The bridge where it would count belongs to another one. */
  | "unknown-bridge"
  /** Its fields do not hash to its id. */
  | "id-mismatch"
  /** A message of nothing, or without a number. */
  | "malformed"
  | "not-attestor"
  | "signed"
  | "refund-signed"
  /** Something that was signed about it was unwound: a person decides. */
  | "unwound"
  /** Its end was reached there already. */
  | "arrived"
  | "cancelled"
  | "expired"
  | "not-deep-enough"
  /** State says yes, and no log does. */
  | "log-missing"
  | "log-differs"
  /** It is not, or not any more, on its chain. */
  | "reorganised"
  | "not-cancelled"
  | "delivered";

/** What cannot be true on two chains at once: nothing is signed any more until a person has looked. */
export type AlarmReason = "refunded-without-tombstone" | "delivered-and-cancelled";

export type AttestDecision =
  | { readonly kind: "attest" }
  | { readonly kind: "skip"; readonly reason: SkipReason }
  | { readonly kind: "alarm"; readonly reason: AlarmReason };

/** What a process that carries messages may do about one. */
export type RelayAction = "deliver" | "retry" | "cancel" | "refund" | "retryRefund";

export interface RelayInput {
  /** Whether the chain in question is the message's destination or its source. */
  readonly side: "destination" | "source";
  readonly state: MessageState;
  /** Accepted by a set that is not in force any more. */
  readonly stale: boolean;
  readonly timestamp: bigint;
  readonly expiresAt: bigint;
  /** The guardian holds deliveries. */
  readonly held: boolean;
  /** Of members of the set in force, each once. */
  readonly signatures: number;
  readonly threshold: number;
  /** Its turn has come among the attestors. */
  readonly turn: boolean;
  readonly cancelsExpired: boolean;
}

export type RelaySkip = "nothing-to-do" | "held" | "not-enough-signatures" | "not-our-turn" | "waits-for-owner";

export type RelayDecision =
  { readonly kind: "send"; readonly action: RelayAction } | { readonly kind: "skip"; readonly reason: RelaySkip };
