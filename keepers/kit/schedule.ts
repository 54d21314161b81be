/**
 * Work that a clock asks for. The clock only enqueues: every copy of a keeper has one, all of them name the same unit of work by the same
 * key, and the database keeps the first. Who does it is decided by the leases of the queue.
 */
import { schedule, validate, type TaskContext } from "node-cron";

import type { Database } from "../../db/database.js";
import { enqueueJob } from "../../db/queries/job/enqueue.js";
import type { JsonObject } from "../../db/queries/outbox/rows.js";
import { PermanentError } from "../../protocol/errors.js";
import { describeError, type KeeperLog } from "./logger.js";

export interface Schedule {
  /** Five or six fields as cron has them, in UTC. */
  readonly cron: string;
  readonly queue: string;
  /** Names the unit of work that is due at `at`, such as a vault and a day; the same on every machine. */
  readonly keyOf: (at: Date) => string;
  readonly payload?: JsonObject;
}

/**
 * Enqueues until stopped; an occasion that the database could not take is logged and lost, so that work which must not be missed names
 * what is still open in its handler. @returns how to stop. @throws PermanentError SCHEDULE_INVALID
 */
export function startSchedule(db: Database, wanted: Schedule, log: KeeperLog): () => Promise<void> {
  const { cron, queue, keyOf, payload = {} } = wanted;
  if (!validate(cron)) {
    throw new PermanentError("SCHEDULE_INVALID", `${queue}: "${cron}" is no cron expression`, "such as 0 20 * * *");
  }
  const enqueue = async ({ date }: Pick<TaskContext, "date">): Promise<void> => {
    const key = keyOf(date);
    try {
      if (await enqueueJob(db, queue, key, payload)) log.info("job.enqueued", { queue, key });
    } catch (error) {
      log.error("job.not-enqueued", { queue, key, ...describeError(error) });
    }
  };
  const task = schedule(cron, enqueue, { timezone: "UTC" });
  return async () => {
    await task.destroy();
  };
}
