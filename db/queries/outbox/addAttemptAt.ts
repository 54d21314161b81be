import type { Queryable } from "../../database.js";
import type { AttemptRow } from "./rows.js";

const ATTEMPT = `
INSERT INTO keeper_attempt (outbox_id, ordinal, hash, raw, kind, terms, block)
SELECT id, $2, $3, $4, $5, $6, $7 FROM keeper_outbox WHERE id = $1 AND state IN ('assigned', 'signed')
ON CONFLICT DO NOTHING
RETURNING ordinal`;

const SIGNED = `UPDATE keeper_outbox SET state = 'signed', updated_at = now() WHERE id = $1 AND state = 'assigned'`;

/**
 * Stores signed bytes as the attempt of this number. Where no nonce keeps two attempts apart, only who knows all earlier ones may add the
 * next. @returns false when there is an attempt of that number, or the row is not open any more; nothing was stored then.
 */
export async function addAttemptAt(tx: Queryable, id: bigint, ordinal: number, attempt: AttemptRow): Promise<boolean> {
  const { hash, raw, kind, terms, block } = attempt;
  const stored = await tx.query(ATTEMPT, [id, ordinal, hash, raw, kind, JSON.stringify(terms), block]);
  if (stored.length === 0) return false;
  await tx.query(SIGNED, [id]);
  return true;
}
