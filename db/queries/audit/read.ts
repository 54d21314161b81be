import type { Queryable } from "../../database.js";

const SQL = `
SELECT stream, sequence, kind, block, body, previous_hash AS "previousHash", hash,
  to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at
FROM keeper_audit WHERE stream = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`;

export interface AuditRow {
  readonly stream: string;
  readonly sequence: bigint;
  /** RFC 3339 with microseconds: as it is hashed. */
  readonly at: string;
  readonly kind: string;
  readonly block: bigint | null;
  readonly body: string;
  readonly previousHash: string;
  readonly hash: string;
}

/** Rows of a stream after a place in it, in order. */
export function readAudit(db: Queryable, stream: string, after: bigint, limit: number): Promise<readonly AuditRow[]> {
  return db.query<AuditRow>(SQL, [stream, after, limit]);
}
