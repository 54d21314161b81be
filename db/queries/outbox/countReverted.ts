import type { Queryable } from "../../database.js";

const SQL = `
SELECT count(*)::bigint AS reverted FROM keeper_outbox
WHERE chain_id = $1 AND role = $2 AND state = 'reverted' AND updated_at > now() - make_interval(mins => $3::integer)`;

/** Effects of a keeper whose transaction failed on the chain within the last `minutes`. */
export async function countReverted(db: Queryable, chainId: string, role: string, minutes: number): Promise<bigint> {
  const [row] = await db.query<{ reverted: bigint }>(SQL, [chainId, role, minutes]);
  return row?.reverted ?? 0n;
}
