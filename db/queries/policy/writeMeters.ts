import type { Queryable } from "../../database.js";
import type { MeterRow, PolicyOf } from "./rows.js";

const SQL = `
UPDATE keeper_policy_meter AS kept SET level = drawn.level, at_us = drawn.at_us
FROM unnest($3::text[], $4::numeric[], $5::bigint[]) AS drawn (meter, level, at_us)
WHERE kept.role = $1 AND kept.chain_id = $2 AND kept.meter = drawn.meter`;

/** Writes levels of meters that this transaction has locked. */
export async function writeMeters(tx: Queryable, of: PolicyOf, rows: readonly MeterRow[]): Promise<void> {
  await tx.query(SQL, [
    of.role,
    of.chainId,
    rows.map(({ meter }) => meter),
    rows.map(({ level }) => level),
    rows.map(({ atUs }) => atUs),
  ]);
}
