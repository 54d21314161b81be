import type { Queryable } from "../../database.js";

/** The next block to index; undefined for a chain that has not begun. */
export async function nextBlock(db: Queryable, chainId: string): Promise<bigint | undefined> {
  const [row] = await db.query<{ next_block: bigint }>("SELECT next_block FROM chain_checkpoint WHERE chain_id = $1", [
    chainId,
  ]);
  return row?.next_block;
}
