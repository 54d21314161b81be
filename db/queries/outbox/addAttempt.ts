import type { Queryable } from "../../database.js";
import type { AttemptRow } from "./rows.js";

const ATTEMPT = `
INSERT INTO keeper_attempt (outbox_id, ordinal, hash, raw, kind, terms, block)
SELECT id, (SELECT count(*) FROM keeper_attempt WHERE outbox_id = $1)::integer, $2, $3, $4, $5, $6
FROM keeper_outbox WHERE id = $1 AND state IN ('assigned', 'signed')
RETURNING ordinal`;

const SIGNED = `UPDATE keeper_outbox SET state = 'signed', updated_at = now() WHERE id = $1 AND state = 'assigned'`;

/** Stores signed bytes. @returns false when the row is not open for them any more; nothing was stored then. */
export async function addAttempt(tx: Queryable, id: bigint, attempt: AttemptRow): Promise<boolean> {
  const { hash, raw, kind, terms, block } = attempt;
  const stored = await tx.query(ATTEMPT, [id, hash, raw, kind, JSON.stringify(terms), block]);
  if (stored.length === 0) return false;
  await tx.query(SIGNED, [id]);
  return true;
}
