import type { Queryable } from "../../database.js";

const SQL = `
INSERT INTO keeper_audit (stream, kind, block, body) VALUES ($1, $2, $3, $4) RETURNING sequence, hash`;

export interface NewAuditRow {
  readonly stream: string;
  readonly kind: string;
  readonly block: bigint | null;
  /** Canonical JSON. */
  readonly body: string;
}

/** Adds a row to the end of its stream. Other writers of the stream wait for the end of the transaction: append last. */
export async function appendAudit(
  tx: Queryable,
  { stream, kind, block, body }: NewAuditRow,
): Promise<{ readonly sequence: bigint; readonly hash: string }> {
  const [row] = await tx.query<{ sequence: bigint; hash: string }>(SQL, [stream, kind, block, body]);
  return row ?? { sequence: 0n, hash: "" };
}
