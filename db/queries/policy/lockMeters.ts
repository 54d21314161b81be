import type { Queryable } from "../../database.js";
import type { MeterRow, PolicyOf } from "./rows.js";

const SQL = `
SELECT meter, level, at_us AS "atUs" FROM keeper_policy_meter
WHERE role = $1 AND chain_id = $2 AND meter = ANY ($3)
ORDER BY meter COLLATE "C"
FOR UPDATE`;

/** Locks the meters that are there, in the order of their names, until the transaction ends. */
export function lockMeters(tx: Queryable, of: PolicyOf, meters: readonly string[]): Promise<readonly MeterRow[]> {
  return tx.query<MeterRow>(SQL, [of.role, of.chainId, meters]);
}
