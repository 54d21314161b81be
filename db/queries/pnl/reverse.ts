import type { Queryable } from "../../database.js";

const ACTIVE = `
SELECT e.id, e.tx_hash AS "txHash", e.block_hash AS "blockHash" FROM keeper_pnl_entry e
WHERE e.outbox_id = $1 AND e.reverses IS NULL AND NOT EXISTS (SELECT FROM keeper_pnl_entry r WHERE r.reverses = e.id)
ORDER BY e.id`;

const ENTRY = `
INSERT INTO keeper_pnl_entry (chain_id, role, signer, outbox_id, effect_key, tx_hash, block_number, block_hash, outcome, generation,
  reverses, result_xau_wei)
SELECT chain_id, role, signer, outbox_id, effect_key, tx_hash, block_number, block_hash, outcome, generation, id, -result_xau_wei
FROM keeper_pnl_entry WHERE id = $1 RETURNING id`;

const POSTINGS = `
INSERT INTO keeper_pnl_posting (entry_id, line, account, asset, amount, log_index)
SELECT $2, line, account, asset, -amount, log_index FROM keeper_pnl_posting WHERE entry_id = $1`;

export interface ActiveEntry {
  readonly id: bigint;
  readonly txHash: string;
  readonly blockHash: string;
}

/** Bookings of a row of the outbox that nothing has taken back. */
export function activeEntries(db: Queryable, outboxId: bigint): Promise<readonly ActiveEntry[]> {
  return db.query<ActiveEntry>(ACTIVE, [outboxId]);
}

/** Takes a booking back: the same lines with the other sign. @throws PermanentError DB_UNIQUE when that was done already. */
export async function reverseEntry(tx: Queryable, id: bigint): Promise<void> {
  const [written] = await tx.query<{ id: bigint }>(ENTRY, [id]);
  if (written !== undefined) await tx.query(POSTINGS, [id, written.id]);
}
