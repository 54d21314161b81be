import type { Queryable } from "../../database.js";

const SQL = `
update keeper_lease set expires_at = clock_timestamp() - interval '1 millisecond'
where name = $1 and owner = $2 and fence = $3`;

/** Gives a lease back, so that the next one need not wait. */
export async function releaseLease(db: Queryable, name: string, owner: string, fence: bigint): Promise<void> {
  await db.query(SQL, [name, owner, fence]);
}
