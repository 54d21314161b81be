import type { Queryable } from "../../database.js";
import type { PolicyOf } from "./rows.js";

const SQL = `
INSERT INTO keeper_policy_booking (role, chain_id, effect_key, call_hash, cost_wei)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (role, chain_id, effect_key, call_hash)
DO UPDATE SET cost_wei = excluded.cost_wei, booked_at = excluded.booked_at`;

/** Remembers what is booked for this call of this effect now. */
export async function writeBooking(
  tx: Queryable,
  of: PolicyOf,
  effectKey: string,
  callHash: string,
  costWei: bigint,
): Promise<void> {
  await tx.query(SQL, [of.role, of.chainId, effectKey, callHash, costWei]);
}
