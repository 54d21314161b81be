/** Whether an audit log is what was written, row by row; the arithmetic is done here, not by the database that keeps the rows. */
import { createHash } from "node:crypto";

import type { Queryable } from "../../../db/database.js";
import { readAudit, type AuditRow } from "../../../db/queries/audit/read.js";

export const FIRST_PREVIOUS_HASH = "0".repeat(64);
const PAGE = 500;

/** missing: a sequence number is left out. link: does not follow the row before. hash: its content is not what was hashed. */
export type AuditBreak = "missing" | "link" | "hash";

export interface AuditVerdict {
  /** Rows that are sound, from the first on. */
  readonly rows: number;
  /** The last of them. Whoever kept an older head can also tell whether rows were cut off the end. */
  readonly head: { readonly sequence: bigint; readonly hash: string };
  /** The first row that is not sound. */
  readonly broken: { readonly sequence: bigint; readonly what: AuditBreak } | undefined;
}

/** What a row's hash must be. */
export function auditHash(row: Omit<AuditRow, "hash">): string {
  const { previousHash, stream, sequence, at, kind, block, body } = row;
  const text = [previousHash, stream, sequence, at, kind, block ?? "-", body].join("\n");
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** Follows a stream from its first row. `onRow` sees every sound row, in order. */
export async function verifyAudit(
  db: Queryable,
  stream: string,
  onRow: (row: AuditRow) => void = () => undefined,
): Promise<AuditVerdict> {
  let head = { sequence: 0n, hash: FIRST_PREVIOUS_HASH };
  for (;;) {
    const page = await readAudit(db, stream, head.sequence, PAGE);
    for (const row of page) {
      const what = breakOf(row, head);
      const rows = Number(head.sequence);
      if (what !== undefined) return { rows, head, broken: { sequence: head.sequence + 1n, what } };
      onRow(row);
      head = { sequence: row.sequence, hash: row.hash };
    }
    if (page.length < PAGE) return { rows: Number(head.sequence), head, broken: undefined };
  }
}

function breakOf(row: AuditRow, before: { readonly sequence: bigint; readonly hash: string }): AuditBreak | undefined {
  if (row.sequence !== before.sequence + 1n) return "missing";
  if (row.previousHash !== before.hash) return "link";
  return auditHash(row) === row.hash ? undefined : "hash";
}
