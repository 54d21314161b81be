import type { Queryable } from "../../database.js";

/** As `nextBlock`, and nobody else writes blocks of this chain until the transaction ends. */
export async function lockCheckpoint(tx: Queryable, chainId: string): Promise<bigint | undefined> {
  const [row] = await tx.query<{ next_block: bigint }>(
    "SELECT next_block FROM chain_checkpoint WHERE chain_id = $1 FOR UPDATE",
    [chainId],
  );
  return row?.next_block;
}
