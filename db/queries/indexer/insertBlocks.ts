import type { Queryable } from "../../database.js";

export interface NewBlock {
  readonly number: bigint;
  readonly hash: Buffer;
  readonly parentHash: Buffer;
  /** Unix seconds. */
  readonly timestamp: bigint;
}

/** Adds observed blocks. */
export async function insertBlocks(tx: Queryable, chainId: string, blocks: readonly NewBlock[]): Promise<void> {
  await tx.query(
    `INSERT INTO chain_block (chain_id, number, hash, parent_hash, block_time, status)
     SELECT $1, number, hash, parent_hash, to_timestamp(seconds), 'observed'
       FROM unnest($2::bigint[], $3::bytea[], $4::bytea[], $5::bigint[]) AS new (number, hash, parent_hash, seconds)`,
    [
      chainId,
      blocks.map(({ number }) => number),
      blocks.map(({ hash }) => hash),
      blocks.map(({ parentHash }) => parentHash),
      blocks.map(({ timestamp }) => timestamp),
    ],
  );
}
