import type { Queryable } from "../../database.js";

const SQL = `
UPDATE keeper_outbox SET state = 'cancelled', updated_at = now()
WHERE id = $1 AND nonce IS NULL AND state IN ('assigned', 'signed')
  AND (SELECT count(*) FROM keeper_attempt WHERE outbox_id = $1) = $2
RETURNING 1 AS changed`;

/**
 * Ends a row none of whose `attempts` bytes can be executed any more: its key is free again. @returns false when there are further bytes,
 * or the row has ended otherwise.
 */
export async function cancelExpired(tx: Queryable, id: bigint, attempts: number): Promise<boolean> {
  return (await tx.query(SQL, [id, attempts])).length === 1;
}
