import type { Queryable } from "../../database.js";

/** Unwinds: blocks above `ancestor` go, and with them every row of their logs. Final ones stay, whoever asks. @returns how many went. */
export async function deleteBlocksAbove(tx: Queryable, chainId: string, ancestor: bigint): Promise<number> {
  const gone = await tx.query(
    "DELETE FROM chain_block WHERE chain_id = $1 AND number > $2 AND status <> 'finalized' RETURNING number",
    [chainId, ancestor],
  );
  return gone.length;
}
