import type { Queryable } from "../../database.js";

const SQL = `
UPDATE keeper_lease SET expires_at = clock_timestamp() - INTERVAL '1 millisecond'
WHERE name = $1 AND owner = $2 AND fence = $3`;

/** Gives a lease back, so that the next one need not wait. */
export async function releaseLease(db: Queryable, name: string, owner: string, fence: bigint): Promise<void> {
  await db.query(SQL, [name, owner, fence]);
}
