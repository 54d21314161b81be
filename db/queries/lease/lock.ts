import type { Queryable } from "../../database.js";

const SQL = `
SELECT 1 AS held FROM keeper_lease
WHERE name = $1 AND owner = $2 AND fence = $3 AND expires_at > clock_timestamp()
FOR SHARE`;

/** Whether the lease is held under this fence; if so nobody can take it before the transaction ends. */
export async function lockLease(tx: Queryable, name: string, owner: string, fence: bigint): Promise<boolean> {
  return (await tx.query(SQL, [name, owner, fence])).length === 1;
}
