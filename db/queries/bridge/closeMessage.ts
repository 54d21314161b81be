import type { Queryable } from "../../database.js";
import type { BridgeOf, ClosedAs } from "./rows.js";

const SQL = `
UPDATE keeper_bridge_event SET closed_as = $4
WHERE chain_id = $1 AND bridge = $2 AND kind = 'sent' AND message_id = $3 AND closed_as IS NULL`;

/** Nobody has to look at the message again. */
export async function closeMessage(
  db: Queryable,
  { chainId, bridge }: BridgeOf,
  messageId: string,
  as: ClosedAs,
): Promise<void> {
  await db.query(SQL, [chainId, bridge, messageId, as]);
}
