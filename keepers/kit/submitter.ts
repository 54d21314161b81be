/**
 * The seam between a decision and the chain. A keeper hands over intents and asks what is in flight; how bytes are signed, stored,
 * broadcast and replaced stays behind this interface.
 */
import type { Escalation } from "./outbox/escalation.js";
import type { Action } from "./policy/action.js";
import type { Head } from "./provider.js";

/** What a keeper wants to happen: typed, and as the bytes that were simulated. The signer makes its own from `action` and compares. */
export interface Intent {
  /** Names the *effect*, not the attempt: while one intent with this key is in flight another one is refused. */
  readonly key: string;
  readonly action: Action;
  readonly to: string;
  readonly data: string;
  readonly valueWei: bigint;
  readonly gasLimit: bigint;
  /** Never pay more than this per gas, replacements included. */
  readonly maxFeePerGasWei: bigint;
  /** Last block in which the effect is wanted; after it the nonce is freed by a transaction that does nothing. */
  readonly validUntilBlock: number;
  /** Left out: replacements offer the least that nodes accept, and only the lowest nonce is replaced. */
  readonly escalation?: Escalation;
}

/** Why an intent was not taken. Nothing was sent. */
export type Refusal =
  /** Another transaction of this key of this signer is still open. */
  | "in-flight"
  /** The ceiling does not cover the base fee of the next block. */
  | "fee-ceiling"
  /** A nonce of this signer was used by a transaction that we never signed; a person must look. */
  | "foreign-nonce"
  /** The effect has happened, or nobody can say that it has not. */
  | "done"
  /** Too many transactions of this signer are on their way. */
  | "window"
  /** Another process leads this role, or this one has lost the lease. */
  | "not-leading"
  /** The policy does not allow the call. */
  | "policy"
  /** An operator has paused, drained or killed the role. */
  | "paused"
  /** The outbox has changed under this process; it reads it again before it goes on. */
  | "stale";

export type Submission =
  | { readonly accepted: true; readonly hash: string; readonly nonce: number; readonly broadcast: true }
  /** A dry run: taken and not sent; without a key not even signed. */
  | {
      readonly accepted: true;
      readonly hash: string | undefined;
      readonly nonce: number | undefined;
      readonly broadcast: false;
    }
  | { readonly accepted: false; readonly refusal: Refusal };

/** One transaction that is not settled. */
export interface InFlight {
  readonly key: string;
  /** On a chain without account nonces the number of its row in the outbox, here and below. */
  readonly nonce: number;
  /** Every hash ever issued under the nonce, oldest first. */
  readonly hashes: readonly string[];
  readonly sinceBlock: number;
}

/** A log of a receipt. */
export interface ReceiptLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

/** How something in flight ended. */
export interface Settled {
  readonly key: string;
  /**
   * mined: did what was wanted. reverted: mined, but the contract said no. cancelled: expired, the nonce was freed.
   * foreign: the nonce was used by a transaction that we never signed.
   */
  readonly kind: "mined" | "reverted" | "cancelled" | "foreign";
  readonly hash: string;
  readonly nonce: number;
  readonly sinceBlock: number;
  readonly block?: number;
  readonly gasUsed?: number;
  readonly gasPriceWei?: bigint;
  /** What the transaction emitted; empty unless mined. */
  readonly logs: readonly ReceiptLog[];
}

/** `I` and `H`: what an intent and a head are on the chain; EVM unless said otherwise. */
export interface Submitter<I = Intent, H = Head> {
  /** Address that signs; undefined when nothing can be signed (dry run without a key). */
  readonly sender: string | undefined;
  /** Takes an intent or says why not. @throws RetryableError when the chain cannot be asked; nothing was sent then. */
  submit(intent: I, head: H): Promise<Submission>;
  /** Takes all, in this order, or none; answers with the first one's hash. Missing where nothing is gained by it. */
  submitBatch?(intents: readonly I[], head: H): Promise<Submission>;
  /** Looks after what is in flight: receipts, replacements, cancellations. Returns what settled. */
  upkeep(head: H): Promise<readonly Settled[]>;
  /** What is in flight now. */
  pending(): readonly InFlight[];
  /**
   * Effects that are not wanted any more: their nonces are freed as after `validUntilBlock`, by whatever is mined first. Asked again at
   * every head until they settle; a process that starts afresh is asked afresh. Keys that are not in flight change nothing.
   */
  withdraw?(keys: readonly string[]): void;
}
