import type { Queryable } from "../../database.js";
import type { BridgeOf } from "./rows.js";

const SQL = `
SELECT DISTINCT ON (nonce) nonce, block_number AS block FROM keeper_bridge_event
WHERE chain_id = $1 AND bridge = $2 AND kind = 'sent' AND nonce >= $3 AND closed_as IS DISTINCT FROM 'unwound'
ORDER BY nonce, block_number DESC LIMIT $4`;

/**
 * Which nonces are known, from one on, and the highest block in which each was seen. `limit` counts nonces: however many messages a node
 * invents under one of them, the ones behind it are seen.
 */
export function sentFrom(
  db: Queryable,
  { chainId, bridge }: BridgeOf,
  nonce: bigint,
  limit: number,
): Promise<readonly { readonly nonce: bigint; readonly block: bigint }[]> {
  return db.query<{ nonce: bigint; block: bigint }>(SQL, [chainId, bridge, nonce, limit]);
}
