import type { Queryable } from "../../database.js";
import { OUTBOX_COLUMNS, type AsText, type AttemptRow, type JsonObject, type OutboxRow } from "./rows.js";

const ROWS = `
SELECT ${OUTBOX_COLUMNS} FROM keeper_outbox o
WHERE o.chain_id = $1 AND o.signer = $2 AND (o.state IN ('assigned', 'signed', 'mined') OR o.nonce = ANY($3))
ORDER BY o.id`;

const ATTEMPTS = `
SELECT outbox_id AS "outboxId", hash, raw, kind, terms, block FROM keeper_attempt
WHERE outbox_id = ANY($1) ORDER BY outbox_id, ordinal`;

type StoredRow = AsText<Omit<OutboxRow, "attempts" | "action">, "intent"> & { readonly action: string | null };

/** Everything of a signer that is open, and the rows of `nonces` whatever their state; in the order in which they were written. */
export async function loadOutbox(
  db: Queryable,
  chainId: string,
  signer: string,
  nonces: readonly bigint[] = [],
): Promise<OutboxRow[]> {
  const rows = await db.query<StoredRow>(ROWS, [chainId, signer, nonces]);
  const attempts = await db.query<AsText<AttemptRow, "terms"> & { readonly outboxId: bigint }>(ATTEMPTS, [
    rows.map(({ id }) => id),
  ]);
  return rows.map((row) => ({
    ...row,
    intent: JSON.parse(row.intent) as JsonObject,
    action: row.action === null ? null : (JSON.parse(row.action) as JsonObject),
    attempts: attempts
      .filter(({ outboxId }) => outboxId === row.id)
      .map(({ hash, raw, kind, terms, block }) => ({ hash, raw, kind, block, terms: JSON.parse(terms) as JsonObject })),
  }));
}
