import type { Queryable } from "../../database.js";

const SQL = `
UPDATE keeper_lease SET expires_at = clock_timestamp() + $4 * INTERVAL '1 millisecond'
WHERE name = $1 AND owner = $2 AND fence = $3
RETURNING 1 AS renewed`;

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
