import type { Queryable } from "../../database.js";
import type { AsText, JsonObject } from "../outbox/rows.js";
import type { BridgeOf, SentRow } from "./rows.js";

const SQL = `
SELECT message_id AS "messageId", block_number AS block, nonce, message FROM keeper_bridge_event
WHERE chain_id = $1 AND bridge = $2 AND kind = 'sent' AND closed_as IS NULL AND nonce > $3 ORDER BY nonce LIMIT $4`;

/** Messages of a bridge that somebody still has to look at, above a nonce, in their order. */
export async function openMessages(
  db: Queryable,
  { chainId, bridge }: BridgeOf,
  aboveNonce: bigint,
  limit: number,
): Promise<readonly SentRow[]> {
  const rows = await db.query<AsText<SentRow, "message">>(SQL, [chainId, bridge, aboveNonce, limit]);
  return rows.map((row) => ({ ...row, message: JSON.parse(row.message) as JsonObject }));
}
