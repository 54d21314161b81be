/** Does what is in a queue, one job after the other; several processes share a queue. */
import type { Database } from "../../db/database.js";
import { finishJob, postponeJob } from "../../db/queries/job/finish.js";
import { leaseJobs, type LeasedJob } from "../../db/queries/job/lease.js";
import { describeError, type KeeperLog } from "./logger.js";
import { backoffMs } from "./retry.js";

export interface QueueOptions {
  readonly queue: string;
  /** Names this process. */
  readonly worker: string;
  /** How long a job stays in one hand: longer than any handler works. */
  readonly leaseMs: number;
  readonly atATime: number;
}

/** Pause before a failed job is tried again: doubles from one second to ten minutes. */
const RETRY_BASE_MS = 1_000;
const RETRY_MAX_MS = 600_000;

/**
 * Takes what is due and does it. A job whose handler throws comes again later; one job never stops another. A handler may run twice for
 * one job (a process dies after its work), so that what it does to the world goes through the outbox under the job's key.
 * @returns how many were done. @throws what the database throws; leased jobs then come again when their lease ends.
 */
export async function doJobs(
  db: Database,
  options: QueueOptions,
  handle: (job: LeasedJob) => Promise<void>,
  log: KeeperLog,
): Promise<number> {
  const { queue, worker, leaseMs, atATime } = options;
  let done = 0;
  for (const job of await leaseJobs(db, queue, worker, leaseMs, atATime)) {
    try {
      await handle(job);
    } catch (error) {
      const facts = describeError(error);
      log.warn("job.failed", { queue, key: job.key, attempts: job.attempts, ...facts });
      await postponeJob(db, job.id, job.fence, facts.code, backoffMs(job.attempts, RETRY_BASE_MS, RETRY_MAX_MS));
      continue;
    }
    if (await finishJob(db, job.id, job.fence)) done += 1;
    else log.warn("job.lease-lost", { queue, key: job.key });
  }
  return done;
}
