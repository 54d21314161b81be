import type { Queryable } from "../../database.js";

const SQL = `
SELECT owner, fence, expires_at > clock_timestamp() AS "held",
  (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::integer AS "remainingMs"
FROM keeper_lease WHERE name = $1`;

/** Who holds a lease, for doctor and status. */
export interface LeaseView {
  readonly owner: string;
  readonly fence: bigint;
  readonly held: boolean;
  readonly remainingMs: number;
}

export async function readLease(db: Queryable, name: string): Promise<LeaseView | undefined> {
  const [row] = await db.query<LeaseView>(SQL, [name]);
  return row;
}
