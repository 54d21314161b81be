import type { Queryable } from "../../database.js";
import type { JsonObject } from "../outbox/rows.js";

const SQL = `
INSERT INTO keeper_job (queue, job_key, payload, run_at) VALUES ($1, $2, $3, coalesce($4, clock_timestamp()))
ON CONFLICT (queue, job_key) DO NOTHING
RETURNING id`;

/** Asks for a unit of work. @returns false when it has been asked for before, done or not. `runAt`: not earlier; at once when left out. */
export async function enqueueJob(
  db: Queryable,
  queue: string,
  key: string,
  payload: JsonObject,
  runAt?: Date,
): Promise<boolean> {
  return (await db.query(SQL, [queue, key, JSON.stringify(payload), runAt ?? null])).length === 1;
}
