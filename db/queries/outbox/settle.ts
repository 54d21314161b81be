import type { Queryable } from "../../database.js";

const MINED = `
update keeper_outbox set state = 'mined', mined_hash = $2, mined_block = $3, mined_block_hash = $4, updated_at = now()
where id = $1 and state in ('signed', 'mined', 'final', 'reverted', 'cancelled') returning 1 as changed`;

const UNWOUND = `
update keeper_outbox set state = 'signed', mined_hash = null, mined_block = null, mined_block_hash = null, updated_at = now()
where id = $1 and state in ('mined', 'final', 'reverted', 'cancelled') returning 1 as changed`;

const ENDED = `
update keeper_outbox set state = $2, updated_at = now()
where id = $1 and state = 'mined' and mined_hash = $3 and mined_block_hash = $4 returning 1 as changed`;

const FOREIGN = `
update keeper_outbox set state = 'foreign', updated_at = now()
where id = $1 and state in ('assigned', 'signed') returning 1 as changed`;

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
