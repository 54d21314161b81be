import type { Queryable } from "../../database.js";

const SQL = `
SELECT owner FROM keeper_lease WHERE starts_with(name, $1) AND expires_at > clock_timestamp() ORDER BY name`;

/** Who holds the leases whose names begin so, in the order of their names; what has run out is held by nobody. */
export async function leaseOwners(db: Queryable, prefix: string): Promise<readonly string[]> {
  const rows = await db.query<{ owner: string }>(SQL, [prefix]);
  return rows.map(({ owner }) => owner);
}
