import type { Queryable } from "../../database.js";
import type { BridgeEventKind, BridgeOf } from "./rows.js";

const SQL = `
SELECT message_id AS "messageId", kind, block_number AS block FROM keeper_bridge_event
WHERE chain_id = $1 AND bridge = $2 AND kind IN ('cancelled', 'delivered') AND message_id = ANY ($3::text[])`;

export interface EndRow {
  readonly messageId: string;
  readonly kind: Exclude<BridgeEventKind, "sent">;
  readonly block: bigint;
}

/** Where messages were cancelled and delivered, as far as that was seen. */
export function endsOf(
  db: Queryable,
  { chainId, bridge }: BridgeOf,
  messageIds: readonly string[],
): Promise<readonly EndRow[]> {
  return db.query<EndRow>(SQL, [chainId, bridge, messageIds]);
}
