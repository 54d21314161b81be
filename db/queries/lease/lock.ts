import type { Queryable } from "../../database.js";

const SQL = `
select 1 as held from keeper_lease
where name = $1 and owner = $2 and fence = $3 and expires_at > clock_timestamp()
for share`;

/** Whether the lease is held under this fence; if so nobody can take it before the transaction ends. */
export async function lockLease(tx: Queryable, name: string, owner: string, fence: bigint): Promise<boolean> {
  return (await tx.query(SQL, [name, owner, fence])).length === 1;
}
