import type { Queryable } from "../../database.js";
import type { EventRow } from "./rows.js";

const SQL = `
INSERT INTO transactions AS known (chain_id, signature, event_index, subject, seq_num, slot, block_time, kind, vault, mint, program,
                          amount, total, locked, body, status)
SELECT $1, * FROM unnest($2::text[], $3::integer[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::text[],
                         $10::text[], $11::text[], $12::numeric[], $13::numeric[], $14::numeric[], $15::text[], $16::text[])
ON CONFLICT (chain_id, signature, event_index, subject)
DO UPDATE SET status = excluded.status, slot = excluded.slot, block_time = excluded.block_time
WHERE known.status = 'confirmed'`;

/** Adds events; a confirmed one that is there takes the new slot and status, a finalized one stays. */
export async function putEvents(tx: Queryable, chainId: string, rows: readonly EventRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(SQL, [
    chainId,
    rows.map(({ signature }) => signature),
    rows.map(({ eventIndex }) => eventIndex),
    rows.map(({ subject }) => subject),
    rows.map(({ seqNum }) => seqNum),
    rows.map(({ slot }) => slot),
    rows.map(({ blockTime }) => blockTime),
    rows.map(({ kind }) => kind),
    rows.map(({ vault }) => vault),
    rows.map(({ mint }) => mint),
    rows.map(({ program }) => program),
    rows.map(({ amount }) => amount),
    rows.map(({ total }) => total),
    rows.map(({ locked }) => locked),
    rows.map(({ body }) => body),
    rows.map(({ status }) => status),
  ]);
}
