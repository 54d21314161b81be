import type { Queryable } from "../../database.js";
import type { BalanceRow } from "./rows.js";

const PUT = `
INSERT INTO balance_snapshots (chain_id, balance, slot, vault, mint, total, locked, program_locked, held, seq_num, is_closed)
SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::numeric[], $7::numeric[], $8::numeric[], $9::numeric[],
                         $10::bigint[], $11::boolean[])
ON CONFLICT (chain_id, balance, slot) DO NOTHING`;
const NEWEST = `
SELECT DISTINCT ON (balance) balance, slot, vault, mint, total, locked, program_locked AS "programLocked", held, seq_num AS "seqNum",
       is_closed AS "isClosed"
  FROM balance_snapshots WHERE chain_id = $1 ORDER BY balance, slot DESC`;

/** Adds balances as they are at finalized slots. */
export async function putSnapshots(tx: Queryable, chainId: string, rows: readonly BalanceRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(PUT, [
    chainId,
    rows.map(({ balance }) => balance),
    rows.map(({ slot }) => slot),
    rows.map(({ vault }) => vault),
    rows.map(({ mint }) => mint),
    rows.map(({ total }) => total),
    rows.map(({ locked }) => locked),
    rows.map(({ programLocked }) => programLocked),
    rows.map(({ held }) => held),
    rows.map(({ seqNum }) => seqNum),
    rows.map(({ isClosed }) => isClosed),
  ]);
}

/** The newest snapshot of every balance, closed ones included. */
export function newestSnapshots(db: Queryable, chainId: string): Promise<readonly BalanceRow[]> {
  return db.query<BalanceRow>(NEWEST, [chainId]);
}
