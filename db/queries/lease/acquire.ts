import type { Queryable } from "../../database.js";

const SQL = `
INSERT INTO keeper_lease AS held (name, owner, fence, expires_at)
VALUES ($1, $2, 1, clock_timestamp() + $3 * INTERVAL '1 millisecond')
ON CONFLICT (name) DO UPDATE
SET owner = excluded.owner, fence = held.fence + 1, expires_at = excluded.expires_at
WHERE held.expires_at < clock_timestamp()
RETURNING fence`;

/** Takes a lease that nobody holds. @returns its fence; undefined while somebody else holds it. */
export async function acquireLease(
  db: Queryable,
  name: string,
  owner: string,
  ttlMs: number,
): Promise<bigint | undefined> {
  const [row] = await db.query<{ fence: bigint }>(SQL, [name, owner, ttlMs]);
  return row?.fence;
}
