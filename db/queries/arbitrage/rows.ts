import type { OutboxState } from "../outbox/rows.js";

/** What a trade is written down with; columns are explained in migrations 0350 and 0351. */
export interface NewTrade {
  readonly book: string;
  readonly pair: string;
  readonly ordinal: bigint;
  readonly purpose: "gain" | "defence";
  readonly expectedXauWei: bigint;
  readonly spreadRate: bigint;
  readonly beganAt: bigint;
}

export interface NewLeg {
  readonly book: string;
  readonly pair: string;
  readonly ordinal: bigint;
  readonly position: number;
  readonly way: "complete" | "unwind" | null;
  readonly effectKey: string;
  readonly chainId: string;
  readonly pool: string;
  readonly sellBase: boolean;
  readonly tokenIn: string;
  readonly tokenOut: string;
  readonly assetOut: string;
  readonly amountIn: bigint;
  readonly minOut: bigint;
  readonly deadline: bigint;
}

/** What the outbox says of an effect: its newest row. All null: it has none. */
export interface EffectRow {
  readonly state: OutboxState | null;
  readonly nonce: bigint | null;
  readonly minedHash: string | null;
  readonly minedBlock: bigint | null;
}

/** A leg of a trade that is not closed. */
export interface LegRow extends NewLeg, EffectRow {
  readonly beganAt: bigint;
  readonly dropped: boolean;
  /** Of what it pays, by the books of what is final; null before. */
  readonly receivedUnits: bigint | null;
}

/** Migration 0352. */
export interface NewTransfer {
  readonly book: string;
  readonly token: string;
  readonly fromChain: string;
  readonly toChain: string;
  readonly ordinal: bigint;
  readonly effectKey: string;
  readonly amountUnits: bigint;
  readonly maxFeeUnits: bigint;
  readonly deadline: bigint;
}

export type TransferEnd = "dropped" | "failed" | "delivered" | "refunded";

/** A transfer that is not closed. */
export interface TransferRow extends NewTransfer, EffectRow {
  readonly messageId: string | null;
}

/** Joins the newest row that the effect of a row `x` has in the outbox of its chain, as `e`. */
export function newestEffect(chainColumn: string, role: string): string {
  return `LEFT JOIN LATERAL (
  SELECT o.id, o.state, o.nonce, o.mined_hash, o.mined_block FROM keeper_outbox o
  WHERE o.chain_id = ${chainColumn} AND o.role = ${role} AND o.effect_key = x.effect_key ORDER BY o.id DESC LIMIT 1) e ON true`;
}

/** Whether an entry `alias` of the books has no value, and stands: one that was taken back says nothing about the result any more. */
export function unpriced(alias: string): string {
  return `${alias}.result_xau_wei IS NULL AND ${alias}.reverses IS NULL
    AND NOT EXISTS (SELECT 1 FROM keeper_pnl_entry r WHERE r.reverses = ${alias}.id)`;
}
