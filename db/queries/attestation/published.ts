import type { Queryable } from "../../database.js";
import { ATTESTATION_COLUMNS, type AttestationRow } from "./rows.js";

const ONE = `
SELECT ${ATTESTATION_COLUMNS} FROM keeper_attestation
WHERE message_id = $1 AND signature IS NOT NULL AND unwound_at IS NULL ORDER BY epoch DESC, kind, attestor LIMIT $2`;
const PAGE = `
SELECT ${ATTESTATION_COLUMNS} FROM keeper_attestation
WHERE attestor = $1 AND position > $2 AND unwound_at IS NULL ORDER BY position LIMIT $3`;

/** A row with its signature. */
export type PublishedRow = AttestationRow & { readonly signature: string; readonly position: bigint };

/** What everybody may see of one message: newest epoch first. */
export function publishedOf(db: Queryable, messageId: string, limit: number): Promise<readonly PublishedRow[]> {
  return db.query<PublishedRow>(ONE, [messageId, limit]);
}

/** What an attestor has signed after a position, in the order of its signatures. */
export function publishedAfter(
  db: Queryable,
  attestor: string,
  position: bigint,
  limit: number,
): Promise<readonly PublishedRow[]> {
  return db.query<PublishedRow>(PAGE, [attestor, position, limit]);
}
