import type { Queryable } from "../../database.js";
import type { AttestationRow } from "./rows.js";

// Positions must become visible in their order: whoever takes the next one waits for the end of the one before.
const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('keeper_attestation ' || $1, 0))`;
const SQL = `
UPDATE keeper_attestation SET signature = $5,
  position = (SELECT coalesce(max(position), 0) + 1 FROM keeper_attestation WHERE attestor = $1)
WHERE attestor = $1 AND message_id = $2 AND kind = $3 AND epoch = $4 AND signature IS NULL AND unwound_at IS NULL
RETURNING position`;

/** From now on the signature may be seen. @returns false when there was one already, or what it rests on is gone. */
export async function storeSignature(
  tx: Queryable,
  { attestor, messageId, kind, epoch }: Pick<AttestationRow, "attestor" | "messageId" | "kind" | "epoch">,
  signature: string,
): Promise<boolean> {
  await tx.query(LOCK, [attestor]);
  return (await tx.query(SQL, [attestor, messageId, kind, epoch, signature])).length > 0;
}
