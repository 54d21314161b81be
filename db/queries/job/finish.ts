import type { Queryable } from "../../database.js";

const DONE = `
UPDATE keeper_job SET done_at = clock_timestamp(), lease_until = NULL, last_error = NULL
WHERE id = $1 AND fence = $2 AND done_at IS NULL RETURNING 1 AS changed`;

const LATER = `
UPDATE keeper_job SET lease_until = NULL, last_error = $3, run_at = clock_timestamp() + $4 * INTERVAL '1 millisecond'
WHERE id = $1 AND fence = $2 AND done_at IS NULL RETURNING 1 AS changed`;

/** Ends a job. @returns false when its lease had gone to another worker, whose business it is now. */
export async function finishJob(db: Queryable, id: bigint, fence: bigint): Promise<boolean> {
  return (await db.query(DONE, [id, fence])).length === 1;
}

/** Gives a job back, to be taken again after a while. @returns as `finishJob`. */
export async function postponeJob(
  db: Queryable,
  id: bigint,
  fence: bigint,
  error: string,
  afterMs: number,
): Promise<boolean> {
  return (await db.query(LATER, [id, fence, error, afterMs])).length === 1;
}
