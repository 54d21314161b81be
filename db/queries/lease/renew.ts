import type { Queryable } from "../../database.js";

const SQL = `
update keeper_lease set expires_at = clock_timestamp() + $4 * interval '1 millisecond'
where name = $1 and owner = $2 and fence = $3
returning 1 as renewed`;

/** Holds on to a lease, also one that has run out and that nobody else took. @returns false when somebody else has it. */
export async function renewLease(
  db: Queryable,
  name: string,
  owner: string,
  fence: bigint,
  ttlMs: number,
): Promise<boolean> {
  return (await db.query(SQL, [name, owner, fence, ttlMs])).length === 1;
}
