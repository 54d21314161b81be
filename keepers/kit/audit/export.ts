import type { AuditRow } from "../../../db/queries/audit/read.js";

/** A row as one line of JSON, in the shape of the keeper's JSONL record with what chains it added. */
export function auditLine(row: AuditRow): string {
  const { at, kind, block, sequence, previousHash, hash, stream, body } = row;
  const chained = { stream, sequence: sequence.toString(), previousHash, hash, body };
  return JSON.stringify({
    ...facts(body),
    time: at,
    kind,
    block: block === null ? null : Number(block),
    audit: chained,
  });
}

function facts(body: string): object {
  const parsed: unknown = JSON.parse(body);
  return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? parsed : { value: parsed };
}
