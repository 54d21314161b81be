import type { Queryable } from "../../database.js";

const ENTRY = `
INSERT INTO keeper_pnl_entry (chain_id, role, signer, outbox_id, effect_key, tx_hash, block_number, block_hash, outcome, generation,
  result_xau_wei)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9,
  (SELECT count(*) FROM keeper_pnl_entry WHERE chain_id = $1 AND tx_hash = $6 AND reverses IS NULL), $10
RETURNING id`;

const POSTING = `
INSERT INTO keeper_pnl_posting (entry_id, line, account, asset, amount, log_index) VALUES ($1, $2, $3, $4, $5, $6)`;

export interface NewEntry {
  readonly chainId: string;
  readonly role: string;
  readonly signer: string;
  readonly outboxId: bigint;
  readonly effectKey: string;
  readonly txHash: string;
  readonly block: bigint;
  readonly blockHash: string;
  readonly outcome: "final" | "reverted" | "cancelled";
  readonly resultXauWei: bigint | null;
}

export interface PostingRow {
  readonly account: string;
  readonly asset: string;
  readonly amount: bigint;
  readonly logIndex: number | null;
}

/** Books a transaction. The commit fails with DB_CHECK when its lines do not balance. */
export async function insertEntry(tx: Queryable, entry: NewEntry, postings: readonly PostingRow[]): Promise<bigint> {
  const { chainId, role, signer, outboxId, effectKey, txHash, block, blockHash, outcome, resultXauWei } = entry;
  const place = [chainId, role, signer, outboxId, effectKey, txHash, block, blockHash];
  const [written] = await tx.query<{ id: bigint }>(ENTRY, [...place, outcome, resultXauWei]);
  const id = written?.id ?? 0n;
  for (const [line, { account, asset, amount, logIndex }] of postings.entries()) {
    await tx.query(POSTING, [id, line, account, asset, amount, logIndex]);
  }
  return id;
}
