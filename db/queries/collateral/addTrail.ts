import type { Queryable } from "../../database.js";
import type { TrailRow } from "./rows.js";

const SQL = `
INSERT INTO audit_trail (chain_id, signature, slot, kind, subject, severity, is_final, facts)
SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::text[])`;

export async function addTrail(tx: Queryable, chainId: string, rows: readonly TrailRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(SQL, [
    chainId,
    rows.map(({ signature }) => signature),
    rows.map(({ slot }) => slot),
    rows.map(({ kind }) => kind),
    rows.map(({ subject }) => subject),
    rows.map(({ severity }) => severity),
    rows.map(({ isFinal }) => isFinal),
    rows.map(({ facts }) => facts),
  ]);
}
