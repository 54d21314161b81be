import type { Queryable } from "../../database.js";
import type { PolicyOf } from "./rows.js";

const SQL = `
SELECT cost_wei AS "costWei" FROM keeper_policy_booking
WHERE role = $1 AND chain_id = $2 AND effect_key = $3 AND call_hash = $4
FOR UPDATE`;

/** What was booked for this call of this effect, wei; undefined when nothing was. */
export async function findBooking(
  tx: Queryable,
  of: PolicyOf,
  effectKey: string,
  callHash: string,
): Promise<bigint | undefined> {
  const [row] = await tx.query<{ costWei: bigint }>(SQL, [of.role, of.chainId, effectKey, callHash]);
  return row?.costWei;
}
