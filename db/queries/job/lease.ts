import type { Queryable } from "../../database.js";
import type { AsText, JsonObject } from "../outbox/rows.js";

const SQL = `
UPDATE keeper_job
SET leased_by = $2, lease_until = clock_timestamp() + $3 * INTERVAL '1 millisecond', fence = fence + 1, attempts = attempts + 1
WHERE id IN (
  SELECT id FROM keeper_job
  WHERE queue = $1 AND done_at IS NULL AND run_at <= clock_timestamp()
    AND (lease_until IS NULL OR lease_until < clock_timestamp())
  ORDER BY run_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)
RETURNING id, job_key AS "key", payload, fence, attempts`;

/** A job in hand until its lease ends; `fence` proves it. */
export interface LeasedJob {
  readonly id: bigint;
  readonly key: string;
  readonly payload: JsonObject;
  readonly fence: bigint;
  /** Times it has been taken, this one included. */
  readonly attempts: number;
}

/** Takes up to `count` jobs that are due and in nobody's hands, oldest first. */
export async function leaseJobs(
  db: Queryable,
  queue: string,
  worker: string,
  leaseMs: number,
  count: number,
): Promise<LeasedJob[]> {
  const jobs = await db.query<AsText<LeasedJob, "payload">>(SQL, [queue, worker, leaseMs, count]);
  return jobs
    .map((job) => ({ ...job, payload: JSON.parse(job.payload) as JsonObject }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}
