import type { Queryable } from "../../database.js";

const SQL = `
UPDATE keeper_attestation SET unwound_at = clock_timestamp()
WHERE attestor = $1 AND evidence_chain_id = $2 AND evidence_block = $3 AND evidence_hash = $4 AND unwound_at IS NULL
RETURNING message_id AS "messageId"`;

/** What rests on this block is shown to nobody any more. @returns the messages. */
export async function markUnwound(
  tx: Queryable,
  attestor: string,
  chainId: string,
  block: bigint,
  hash: string,
): Promise<readonly string[]> {
  return (await tx.query<{ messageId: string }>(SQL, [attestor, chainId, block, hash])).map(
    ({ messageId }) => messageId,
  );
}
