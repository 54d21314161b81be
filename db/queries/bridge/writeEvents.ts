import type { Queryable } from "../../database.js";
import type { BridgeEventRow, BridgeOf } from "./rows.js";

const SQL = `
INSERT INTO keeper_bridge_event AS known (chain_id, bridge, kind, message_id, block_number, nonce, message)
SELECT $1, $2, kind, message_id, block_number, nonce, message::jsonb
FROM unnest($3::text[], $4::text[], $5::bigint[], $6::numeric[], $7::text[]) AS seen (kind, message_id, block_number, nonce, message)
ON CONFLICT (chain_id, bridge, kind, message_id) DO UPDATE
SET block_number = excluded.block_number, closed_as = nullif(known.closed_as, 'unwound')
WHERE known.block_number <> excluded.block_number OR known.closed_as = 'unwound'`;

/** Remembers what was seen, each kind of each message once; where it was seen last counts. What had gone and is back is open again. */
export async function writeEvents(
  db: Queryable,
  { chainId, bridge }: BridgeOf,
  events: readonly BridgeEventRow[],
): Promise<void> {
  if (events.length === 0) return;
  // A node may show one of them twice; the statement may not.
  const seen = [...new Map(events.map((event) => [`${event.kind} ${event.messageId}`, event])).values()];
  await db.query(SQL, [
    chainId,
    bridge,
    seen.map(({ kind }) => kind),
    seen.map(({ messageId }) => messageId),
    seen.map(({ block }) => block),
    seen.map(({ nonce }) => nonce),
    seen.map(({ message }) => (message === null ? null : JSON.stringify(message))),
  ]);
}
