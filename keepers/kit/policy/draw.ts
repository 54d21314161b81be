/** Booking what a policy allows: meters in the database, drawn in the transaction that stores the bytes. */
import type { Queryable } from "../../../db/database.js";
import { addMeters } from "../../../db/queries/policy/addMeters.js";
import { lockMeters } from "../../../db/queries/policy/lockMeters.js";
import type { MeterRow, PolicyOf } from "../../../db/queries/policy/rows.js";
import { writeMeters } from "../../../db/queries/policy/writeMeters.js";
import { availableUnits, drawn, fullMeter, type MeterLimit } from "./meter.js";
import { drawsOf } from "./meters.js";
import { NATIVE, refuse, type PolicyRefusal, type PolicyUse } from "./types.js";

type Meters = ReadonlyMap<string, MeterLimit>;

/** Draws from every meter or from none. */
export async function drawFrom(
  tx: Queryable,
  of: PolicyOf,
  meters: Meters,
  use: PolicyUse,
  nowUs: bigint,
): Promise<PolicyRefusal | undefined> {
  const draws = drawsOf(use).filter(([, amount]) => amount > 0n);
  const names = draws.map(([meter]) => meter);
  const rows = await lock(tx, of, meters, names, nowUs);
  const after: MeterRow[] = [];
  for (const [meter, amount] of draws) {
    const limit = meters.get(meter);
    const row = rows.get(meter);
    if (limit === undefined || row === undefined) return refuse("amount", `${meter} has no limit`);
    const before = { scaled: row.level, atUs: row.atUs };
    const level = drawn(limit, before, nowUs, amount);
    if (level === undefined) {
      const left = availableUnits(limit, before, nowUs);
      const check = meter.startsWith("calls:") ? "rate" : "daily-amount";
      return refuse(check, `${meter}: ${String(amount)} wanted, ${String(left)} left now`);
    }
    after.push({ meter, level: level.scaled, atUs: level.atUs });
  }
  if (after.length > 0) await writeMeters(tx, of, after);
  return undefined;
}

/** What better paid bytes use on top of those before. */
export function more(cost: bigint, booked: bigint): PolicyUse {
  return { calls: {}, amounts: cost > booked ? { [NATIVE]: cost - booked } : {} };
}

async function lock(
  tx: Queryable,
  of: PolicyOf,
  meters: Meters,
  names: readonly string[],
  nowUs: bigint,
): Promise<ReadonlyMap<string, MeterRow>> {
  let rows = await lockMeters(tx, of, names);
  if (rows.length < names.length) {
    const fresh = names.flatMap((meter): MeterRow[] => {
      const limit = meters.get(meter);
      return limit === undefined ? [] : [{ meter, level: fullMeter(limit, nowUs).scaled, atUs: nowUs }];
    });
    await addMeters(tx, of, fresh);
    rows = await lockMeters(tx, of, names);
  }
  return new Map(rows.map((row) => [row.meter, row]));
}
