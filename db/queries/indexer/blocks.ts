import type { Queryable } from "../../database.js";

export type BlockStatus = "observed" | "safe" | "finalized";

export interface StoredBlock {
  readonly number: bigint;
  readonly hash: Buffer;
  readonly status: BlockStatus;
}

/** Blocks of a chain, from `from` to `to`, in order. */
export async function blocks(
  db: Queryable,
  chainId: string,
  from: bigint,
  to: bigint,
): Promise<readonly StoredBlock[]> {
  return db.query<StoredBlock>(
    "SELECT number, hash, status FROM chain_block WHERE chain_id = $1 AND number BETWEEN $2 AND $3 ORDER BY number",
    [chainId, from, to],
  );
}
