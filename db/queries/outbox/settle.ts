import type { Queryable } from "../../database.js";

const MINED = `
UPDATE keeper_outbox SET state = 'mined', mined_hash = $2, mined_block = $3, mined_block_hash = $4, updated_at = now()
WHERE id = $1 AND state IN ('signed', 'mined', 'final', 'reverted', 'cancelled') RETURNING 1 AS changed`;

const UNWOUND = `
UPDATE keeper_outbox SET state = 'signed', mined_hash = NULL, mined_block = NULL, mined_block_hash = NULL, updated_at = now()
WHERE id = $1 AND state IN ('mined', 'final', 'reverted', 'cancelled') RETURNING 1 AS changed`;

const ENDED = `
UPDATE keeper_outbox SET state = $2, updated_at = now()
WHERE id = $1 AND state = 'mined' AND mined_hash = $3 AND mined_block_hash = $4 RETURNING 1 AS changed`;

const FOREIGN = `
UPDATE keeper_outbox SET state = 'foreign', updated_at = now()
WHERE id = $1 AND state IN ('assigned', 'signed') RETURNING 1 AS changed`;

/** One of the row's hashes was seen in a block. @returns false when the row is not what the caller thought. */
export async function markMined(
  tx: Queryable,
  id: bigint,
  at: { readonly hash: string; readonly block: bigint; readonly blockHash: string },
): Promise<boolean> {
  return (await tx.query(MINED, [id, at.hash, at.block, at.blockHash])).length === 1;
}

/** The block it was mined in is gone; its bytes may be mined again. */
export async function markUnwound(tx: Queryable, id: bigint): Promise<boolean> {
  return (await tx.query(UNWOUND, [id])).length === 1;
}

/** Deep enough to count as settled. Exactly one caller gets true. */
export async function markEnded(
  tx: Queryable,
  id: bigint,
  end: "final" | "reverted" | "cancelled",
  at: { readonly hash: string; readonly blockHash: string },
): Promise<boolean> {
  return (await tx.query(ENDED, [id, end, at.hash, at.blockHash])).length === 1;
}

/** Its nonce was used by bytes that we never issued. */
export async function markForeign(tx: Queryable, id: bigint): Promise<boolean> {
  return (await tx.query(FOREIGN, [id])).length === 1;
}
