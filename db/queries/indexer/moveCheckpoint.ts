import type { Queryable } from "../../database.js";

export async function moveCheckpoint(tx: Queryable, chainId: string, nextBlock: bigint): Promise<void> {
  await tx.query("UPDATE chain_checkpoint SET next_block = $2 WHERE chain_id = $1", [chainId, nextBlock]);
}
