/** What the outbox keeps, as statements return it. States are explained in migration 0102. */
export type OutboxState = "assigned" | "signed" | "mined" | "final" | "reverted" | "cancelled" | "foreign";

/** Amounts as decimal text, because JSON has no exact numbers. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

/** A row whose JSON column is still text. */
export type AsText<Row, Column extends keyof Row> = Omit<Row, Column> & Readonly<Record<Column, string>>;

export interface OutboxRow {
  readonly id: bigint;
  readonly effectKey: string;
  readonly state: OutboxState;
  readonly nonce: bigint | null;
  readonly intent: JsonObject;
  /** What an EVM keeper asked for, typed; null on Solana and in rows from before migration 0121. */
  readonly action: JsonObject | null;
  readonly sinceBlock: bigint;
  readonly validUntil: bigint;
  readonly minedHash: string | null;
  readonly minedBlock: bigint | null;
  readonly minedBlockHash: string | null;
  readonly attempts: readonly AttemptRow[];
}

export interface AttemptRow {
  readonly hash: string;
  readonly raw: Buffer;
  readonly kind: "intent" | "cancel";
  readonly terms: JsonObject;
  readonly block: bigint;
}

/** The columns above, without attempts. */
export const OUTBOX_COLUMNS = `o.id, o.effect_key AS "effectKey", o.state, o.nonce, o.intent, o.action, o.since_block AS "sinceBlock",
  o.valid_until AS "validUntil", o.mined_hash AS "minedHash", o.mined_block AS "minedBlock", o.mined_block_hash AS "minedBlockHash"`;
