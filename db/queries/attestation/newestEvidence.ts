import type { Queryable } from "../../database.js";

const SQL = `
SELECT DISTINCT evidence_block AS block, evidence_hash AS hash FROM keeper_attestation
WHERE attestor = $1 AND evidence_chain_id = $2 AND unwound_at IS NULL AND evidence_block > $3
ORDER BY evidence_block DESC LIMIT $4`;

/** A block at which nodes agreed on something that was signed then. */
export interface EvidenceBlock {
  readonly block: bigint;
  readonly hash: string;
}

/** The newest blocks of a chain above a height on which signatures rest, newest first. */
export function newestEvidence(
  db: Queryable,
  attestor: string,
  chainId: string,
  above: bigint,
  limit: number,
): Promise<readonly EvidenceBlock[]> {
  return db.query<EvidenceBlock>(SQL, [attestor, chainId, above, limit]);
}
