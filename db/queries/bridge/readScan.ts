import type { Queryable } from "../../database.js";
import type { BridgeOf, ScanRow } from "./rows.js";

const SQL = `
SELECT next_block AS "nextBlock", complete_nonce AS "completeNonce" FROM keeper_bridge_scan WHERE chain_id = $1 AND bridge = $2`;

/** undefined: never read. */
export async function readScan(db: Queryable, { chainId, bridge }: BridgeOf): Promise<ScanRow | undefined> {
  return (await db.query<ScanRow>(SQL, [chainId, bridge]))[0];
}
