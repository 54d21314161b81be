import type { Queryable } from "../../database.js";

const SQL = `
SELECT split_part(effect_key, ':', 1) AS kind, count(*)::bigint AS reverted FROM keeper_outbox
WHERE chain_id = $1 AND role = $2 AND state = 'reverted' AND updated_at > now() - make_interval(mins => $3::integer)
GROUP BY kind`;

/** Effects of a keeper whose transaction failed on the chain within the last `minutes`, by the first word of their keys. */
export async function countReverted(
  db: Queryable,
  chainId: string,
  role: string,
  minutes: number,
): Promise<ReadonlyMap<string, bigint>> {
  const rows = await db.query<{ kind: string; reverted: bigint }>(SQL, [chainId, role, minutes]);
  return new Map(rows.map(({ kind, reverted }) => [kind, reverted]));
}
