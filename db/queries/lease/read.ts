import type { Queryable } from "../../database.js";

const SQL = `
select owner, fence, expires_at > clock_timestamp() as "held",
  extract(epoch from expires_at - clock_timestamp()) * 1000 as "remainingMs"
from keeper_lease where name = $1`;

/** Who holds a lease, for doctor and status. */
export interface LeaseView {
  readonly owner: string;
  readonly fence: bigint;
  readonly held: boolean;
  readonly remainingMs: number;
}

export async function readLease(db: Queryable, name: string): Promise<LeaseView | undefined> {
  const [row] = await db.query<LeaseView>(SQL, [name]);
  return row === undefined ? undefined : { ...row, remainingMs: Math.round(Number(row.remainingMs)) };
}
