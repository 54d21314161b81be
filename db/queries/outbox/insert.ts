import type { Queryable } from "../../database.js";
import type { JsonObject } from "./rows.js";

const SQL = `
INSERT INTO keeper_outbox
  (chain_id, signer, role, fence, policy_hash, effect_key, state, nonce, intent, action, since_block, valid_until)
VALUES ($1, $2, $3, $4, $5, $6, 'assigned', $7, $8, $9, $10, $11)
ON CONFLICT (chain_id, role, effect_key) WHERE state NOT IN ('reverted', 'cancelled') DO NOTHING
RETURNING id`;

export interface NewRow {
  readonly chainId: string;
  readonly signer: string;
  readonly role: string;
  readonly fence: bigint;
  readonly policyHash: string;
  readonly effectKey: string;
  readonly nonce: bigint | null;
  readonly intent: JsonObject;
  readonly action: JsonObject | null;
  readonly sinceBlock: bigint;
  readonly validUntil: bigint;
}

/** Writes an effect down. @returns its id; undefined when an effect of that key is open or done already. */
export async function insertOutbox(tx: Queryable, row: NewRow): Promise<bigint | undefined> {
  const [written] = await tx.query<{ id: bigint }>(SQL, [
    row.chainId,
    row.signer,
    row.role,
    row.fence,
    row.policyHash,
    row.effectKey,
    row.nonce,
    JSON.stringify(row.intent),
    row.action === null ? null : JSON.stringify(row.action),
    row.sinceBlock,
    row.validUntil,
  ]);
  return written?.id;
}
