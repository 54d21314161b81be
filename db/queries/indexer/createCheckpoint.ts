import type { Queryable } from "../../database.js";

/** Begins a chain at a block; a chain that has begun stays where it is. */
export async function createCheckpoint(db: Queryable, chainId: string, startBlock: bigint): Promise<void> {
  await db.query("INSERT INTO chain_checkpoint (chain_id, next_block) VALUES ($1, $2) ON CONFLICT DO NOTHING", [
    chainId,
    startBlock,
  ]);
}
