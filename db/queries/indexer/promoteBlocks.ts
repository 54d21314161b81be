import type { Queryable } from "../../database.js";

/** Raises what stands at or below the two heights; nothing ever falls back. */
export async function promoteBlocks(tx: Queryable, chainId: string, safe: bigint, finalized: bigint): Promise<void> {
  await tx.query(
    `UPDATE chain_block SET status = CASE WHEN number <= $3 THEN 'finalized' ELSE 'safe' END
      WHERE chain_id = $1 AND status <> 'finalized'
        AND (number <= $3 OR (number <= $2 AND status = 'observed'))`,
    [chainId, safe, finalized],
  );
}
