import type { Queryable } from "../../database.js";
import type { BridgeOf } from "./rows.js";

const SQL = `
UPDATE keeper_bridge_scan SET complete_nonce = least(complete_nonce, $3::numeric - 1) WHERE chain_id = $1 AND bridge = $2`;

/** What was known under this nonce is gone: another message may have taken its place. */
export async function reopenNonce(db: Queryable, { chainId, bridge }: BridgeOf, nonce: bigint): Promise<void> {
  await db.query(SQL, [chainId, bridge, nonce]);
}
