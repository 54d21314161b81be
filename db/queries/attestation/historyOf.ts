import type { Queryable } from "../../database.js";
import { ATTESTATION_COLUMNS, type AttestationRow } from "./rows.js";

const SQL = `
SELECT ${ATTESTATION_COLUMNS} FROM keeper_attestation WHERE attestor = $1 AND message_id = ANY ($2::text[])`;

/** Everything that was promised for these messages, signed or not. */
export function historyOf(
  db: Queryable,
  attestor: string,
  messageIds: readonly string[],
): Promise<readonly AttestationRow[]> {
  return db.query<AttestationRow>(SQL, [attestor, messageIds]);
}
