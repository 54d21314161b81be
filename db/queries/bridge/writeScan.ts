import type { Queryable } from "../../database.js";
import type { BridgeOf, ScanRow } from "./rows.js";

// Never backwards: a copy that lags reads again what others have read, and takes nothing from them.
const SQL = `
INSERT INTO keeper_bridge_scan AS known (chain_id, bridge, next_block, complete_nonce) VALUES ($1, $2, $3, $4)
ON CONFLICT (chain_id, bridge) DO UPDATE
SET next_block = greatest(known.next_block, excluded.next_block),
  complete_nonce = greatest(known.complete_nonce, excluded.complete_nonce)`;

/** Moves on how far a bridge has been read. */
export async function writeScan(db: Queryable, { chainId, bridge }: BridgeOf, scan: ScanRow): Promise<void> {
  await db.query(SQL, [chainId, bridge, scan.nextBlock, scan.completeNonce]);
}
