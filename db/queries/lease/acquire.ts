import type { Queryable } from "../../database.js";

const SQL = `
insert into keeper_lease as held (name, owner, fence, expires_at)
values ($1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond')
on conflict (name) do update
set owner = excluded.owner, fence = held.fence + 1, expires_at = excluded.expires_at
where held.expires_at < clock_timestamp()
returning fence`;

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
