import type { Queryable } from "../../database.js";
import type { MeterRow, PolicyOf } from "./rows.js";

const SQL = `
INSERT INTO keeper_policy_meter (role, chain_id, meter, level, at_us)
SELECT $1, $2, added.meter, added.level, added.at_us
FROM unnest($3::text[], $4::numeric[], $5::bigint[]) AS added (meter, level, at_us)
ON CONFLICT DO NOTHING`;

/** Adds meters that are not there yet. */
export async function addMeters(tx: Queryable, of: PolicyOf, rows: readonly MeterRow[]): Promise<void> {
  await tx.query(SQL, [
    of.role,
    of.chainId,
    rows.map(({ meter }) => meter),
    rows.map(({ level }) => level),
    rows.map(({ atUs }) => atUs),
  ]);
}
