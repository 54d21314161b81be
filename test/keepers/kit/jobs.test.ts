import { setTimeout as wait } from "node:timers/promises";

import { expect } from "chai";

import type { Database } from "../../../db/database.js";
import { enqueueJob } from "../../../db/queries/job/enqueue.js";
import { doJobs } from "../../../keepers/kit/jobs.js";
import { startSchedule } from "../../../keepers/kit/schedule.js";
import { PermanentError } from "../../../protocol/errors.js";
import { capturedLog } from "../../helpers/capturedLog.js";
import { usePostgres } from "../../helpers/postgres.js";

const options = { queue: "q", worker: "w", leaseMs: 60_000, atATime: 10 };

describe("keepers/kit/jobs and schedule", () => {
  const postgres = usePostgres();
  let db: Database;

  beforeEach(async () => {
    db = (await postgres.testDatabase()).database;
  });

  it("JOB-4 one job that fails stops no other, and comes again later", async () => {
    const { log, names } = capturedLog();
    for (const key of ["a", "b", "c"]) await enqueueJob(db, "q", key, {});
    const handled: string[] = [];
    const handle = (job: { key: string }) => {
      handled.push(job.key);
      return job.key === "b" ? Promise.reject(new PermanentError("BROKEN", "b")) : Promise.resolve();
    };
    expect(await doJobs(db, options, handle, log)).to.equal(2);
    expect(handled).to.deep.equal(["a", "b", "c"]);
    expect(names()).to.include("job.failed");
    const rows = await db.query("SELECT job_key AS key, last_error AS error FROM keeper_job WHERE done_at IS NULL");
    expect(rows).to.deep.equal([{ key: "b", error: "BROKEN" }]);
    await db.query("UPDATE keeper_job SET run_at = clock_timestamp() WHERE done_at IS NULL");
    expect(await doJobs(db, options, () => Promise.resolve(), log)).to.equal(1);
  });

  it("JOB-1 clocks of several copies ask for one unit of work once", async () => {
    const { log } = capturedLog();
    const seen = new Set<string>();
    const keyOf = (at: Date) => {
      const key = at.toISOString().slice(0, 19);
      seen.add(key);
      return key;
    };
    const stops = [1, 2, 3].map(() => startSchedule(db, { cron: "* * * * * *", queue: "q", keyOf }, log));
    while (seen.size < 2) await wait(20);
    for (const stop of stops) await stop();
    await wait(50);
    const [row] = await db.query<{ count: number }>("SELECT count(*)::integer AS count FROM keeper_job");
    expect(row?.count).to.equal(seen.size);
  });

  it("refuses what is no cron expression", () => {
    const { log } = capturedLog();
    const start = () => startSchedule(db, { cron: "every day", queue: "q", keyOf: String }, log);
    expect(start).to.throw(PermanentError).with.property("code", "SCHEDULE_INVALID");
  });
});
