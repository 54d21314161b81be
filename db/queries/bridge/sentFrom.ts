import type { Queryable } from "../../database.js";
import type { BridgeOf } from "./rows.js";

const SQL = `
SELECT nonce, block_number AS block FROM keeper_bridge_event
WHERE chain_id = $1 AND bridge = $2 AND kind = 'sent' AND nonce >= $3 AND closed_as IS DISTINCT FROM 'unwound'
ORDER BY nonce, block_number DESC LIMIT $4`;

/** Which nonces are known, from one on, and where they were seen; a nonce may be there twice after a reorganisation. */
export function sentFrom(
  db: Queryable,
  { chainId, bridge }: BridgeOf,
  nonce: bigint,
  limit: number,
): Promise<readonly { readonly nonce: bigint; readonly block: bigint }[]> {
  return db.query<{ nonce: bigint; block: bigint }>(SQL, [chainId, bridge, nonce, limit]);
}
