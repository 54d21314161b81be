import type { Queryable } from "../../database.js";
import { ATTESTATION_COLUMNS, type AttestationRow } from "./rows.js";

const INSERT = `
INSERT INTO keeper_attestation
  (attestor, message_id, kind, epoch, chain_id, bridge, digest, evidence_chain_id, evidence_block, evidence_hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (attestor, message_id, kind, epoch) DO NOTHING`;
const READ = `
SELECT ${ATTESTATION_COLUMNS} FROM keeper_attestation
WHERE attestor = $1 AND message_id = $2 AND kind = $3 AND epoch = $4`;

export type NewAttestation = Omit<AttestationRow, "signature" | "position" | "unwoundAt">;

/**
 * Writes down what will be signed. @returns the row, which may have been there before. @throws PermanentError DB_CHECK for a delivery of
 * a message whose refund was signed.
 */
export async function insertAttestation(tx: Queryable, row: NewAttestation): Promise<AttestationRow | undefined> {
  const { attestor, messageId, kind, epoch, chainId, bridge, digest } = row;
  const evidence = [row.evidenceChainId, row.evidenceBlock, row.evidenceHash];
  await tx.query(INSERT, [attestor, messageId, kind, epoch, chainId, bridge, digest, ...evidence]);
  return (await tx.query<AttestationRow>(READ, [attestor, messageId, kind, epoch]))[0];
}
