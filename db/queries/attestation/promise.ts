import type { Queryable } from "../../database.js";
import type { AttestedMessage } from "./rows.js";

const INSERT = `
INSERT INTO keeper_attested_message (attestor, source_chain_id, source_bridge, nonce, message_id, message)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`;
// In one order: two who find the same two rows must not wait for each other.
const LOCK = `
SELECT message_id AS "messageId", nonce, source_chain_id AS "sourceChainId", source_bridge AS "sourceBridge", refund_at AS "refundAt"
FROM keeper_attested_message
WHERE attestor = $1 AND (message_id = $5 OR (source_chain_id = $2 AND source_bridge = $3 AND nonce = $4))
ORDER BY message_id FOR UPDATE`;

interface Promised {
  readonly messageId: string;
  readonly nonce: bigint;
  readonly sourceChainId: string;
  readonly sourceBridge: string;
  readonly refundAt: Date | null;
}

/** kept: it may be signed; refunded: a refund of it was promised. other: under its id or its nonce another message was promised, for ever. */
export type PromiseAnswer = { readonly kind: "kept"; readonly refunded: boolean } | { readonly kind: "other" };

/** Promises to sign this message and no other under its nonce and its id; until the transaction ends nobody else promises about it. */
export async function promiseMessage(tx: Queryable, wanted: AttestedMessage): Promise<PromiseAnswer> {
  const { attestor, sourceChainId, sourceBridge, nonce, messageId, message } = wanted;
  const place = [attestor, sourceChainId, sourceBridge, nonce, messageId];
  await tx.query(INSERT, [...place, JSON.stringify(message)]);
  const rows = await tx.query<Promised>(LOCK, place);
  const [row] = rows;
  const isIt =
    rows.length === 1 &&
    row?.messageId === messageId &&
    row.nonce === nonce &&
    row.sourceChainId === sourceChainId &&
    row.sourceBridge === sourceBridge;
  return isIt ? { kind: "kept", refunded: row.refundAt !== null } : { kind: "other" };
}
