import type { Queryable } from "../../database.js";

/** The highest block that can never be unwound; undefined when there is none yet. */
export async function lastFinalized(db: Queryable, chainId: string): Promise<bigint | undefined> {
  const [row] = await db.query<{ number: bigint | null }>(
    "SELECT max(number) AS number FROM chain_block WHERE chain_id = $1 AND status = 'finalized'",
    [chainId],
  );
  return row?.number ?? undefined;
}
