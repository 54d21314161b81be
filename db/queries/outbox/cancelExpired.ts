import type { Queryable } from "../../database.js";

const SQL = `
update keeper_outbox set state = 'cancelled', updated_at = now()
where id = $1 and nonce is null and state in ('assigned', 'signed')
  and (select count(*) from keeper_attempt where outbox_id = $1) = $2
returning 1 as changed`;

/**
 * Ends a row none of whose `attempts` bytes can be executed any more: its key is free again. @returns false when there are further bytes,
 * or the row has ended otherwise.
 */
export async function cancelExpired(tx: Queryable, id: bigint, attempts: number): Promise<boolean> {
  return (await tx.query(SQL, [id, attempts])).length === 1;
}
