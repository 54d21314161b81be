import type { Queryable } from "../../database.js";
import type { OpenDiscrepancy, ReconciliationRow } from "./rows.js";

const ADD = `
INSERT INTO reconciliation_logs (chain_id, slot, kind, code, subject, facts, severity)
SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[])`;
const OPEN = `
SELECT kind, code, subject, facts, severity, slot FROM (
  SELECT DISTINCT ON (subject, code) kind, code, subject, facts, severity, slot
    FROM reconciliation_logs WHERE chain_id = $1 AND kind <> 'pass' ORDER BY subject, code, id DESC
) AS newest WHERE kind <> 'resolved'`;

export async function addReconciliations(
  tx: Queryable,
  chainId: string,
  slot: bigint,
  rows: readonly ReconciliationRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(ADD, [
    chainId,
    slot,
    rows.map(({ kind }) => kind),
    rows.map(({ code }) => code),
    rows.map(({ subject }) => subject),
    rows.map(({ facts }) => facts),
    rows.map(({ severity }) => severity),
  ]);
}

/** The newest row of every discrepancy that was not resolved: what was found, or that a person has accepted it. */
export function openDiscrepancies(db: Queryable, chainId: string): Promise<readonly OpenDiscrepancy[]> {
  return db.query<OpenDiscrepancy>(OPEN, [chainId]);
}
