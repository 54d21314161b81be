import type { JsonObject } from "../outbox/rows.js";

/** A bridge whose events are read. Addresses in lower case. */
export interface BridgeOf {
  readonly chainId: string;
  readonly bridge: string;
}

/** What happened at a bridge; explained in migration 0301. */
export type BridgeEventKind = "sent" | "cancelled" | "delivered";
export type ClosedAs = "delivered" | "refunded" | "unwound";

export interface BridgeEventRow {
  readonly kind: BridgeEventKind;
  readonly messageId: string;
  readonly block: bigint;
  /** Of what was sent; null otherwise. */
  readonly nonce: bigint | null;
  readonly message: JsonObject | null;
}

/** A message that left a bridge. */
export interface SentRow {
  readonly messageId: string;
  readonly block: bigint;
  readonly nonce: bigint;
  readonly message: JsonObject;
}

/** How far a bridge has been read; explained in migration 0300. */
export interface ScanRow {
  readonly nextBlock: bigint;
  readonly completeNonce: bigint;
}
