import { expect } from "chai";

import type { Database } from "../../db/database.js";
import { enqueueJob } from "../../db/queries/job/enqueue.js";
import { finishJob, postponeJob } from "../../db/queries/job/finish.js";
import { leaseJobs } from "../../db/queries/job/lease.js";
import { usePostgres } from "../helpers/postgres.js";

const QUEUE = "vaults";
const LONG_MS = 60_000;

describe("work queue", () => {
  const postgres = usePostgres();
  let db: Database;

  beforeEach(async () => {
    db = (await postgres.testDatabase()).database;
  });

  const lease = (worker: string, ms = LONG_MS, count = 10) => leaseJobs(db, QUEUE, worker, ms, count);

  it("JOB-1 a unit of work is asked for once, done or not", async () => {
    expect(await enqueueJob(db, QUEUE, "vault-7:2026-11-20", { vault: 7 })).to.equal(true);
    expect(await enqueueJob(db, QUEUE, "vault-7:2026-11-20", { vault: 8 })).to.equal(false);
    const [job] = await lease("a");
    expect(job).to.deep.include({ key: "vault-7:2026-11-20", payload: { vault: 7 }, attempts: 1 });
    expect(await finishJob(db, job?.id ?? 0n, job?.fence ?? 0n)).to.equal(true);
    expect(await enqueueJob(db, QUEUE, "vault-7:2026-11-20", {})).to.equal(false);
    expect(await lease("a")).to.deep.equal([]);
  });

  it("JOB-2 many workers share the work, and no job is in two hands", async () => {
    await Promise.all(Array.from({ length: 60 }, (_, index) => enqueueJob(db, QUEUE, String(index), {})));
    const hands = await Promise.all(Array.from({ length: 8 }, (_, worker) => lease(String(worker), LONG_MS, 10)));
    const keys = hands.flat().map(({ key }) => key);
    expect(new Set(keys).size).to.equal(keys.length);
    const rest = await lease("last", LONG_MS, 100);
    expect(keys.length + rest.length).to.equal(60);
  });

  it("JOB-3 a dead worker's job goes to another one, and the dead one cannot finish it", async () => {
    await enqueueJob(db, QUEUE, "one", {});
    const [dead] = await lease("dead");
    expect(await lease("next")).to.deep.equal([]);
    await db.query("UPDATE keeper_job SET lease_until = clock_timestamp()");
    const [taken] = await lease("next");
    expect(taken).to.include({ key: "one", attempts: 2 });
    expect(await finishJob(db, dead?.id ?? 0n, dead?.fence ?? 0n)).to.equal(false);
    expect(await postponeJob(db, dead?.id ?? 0n, dead?.fence ?? 0n, "late", 0)).to.equal(false);
    expect(await finishJob(db, taken?.id ?? 0n, taken?.fence ?? 0n)).to.equal(true);
  });

  it("comes when it is due, oldest first, and again later after a failure", async () => {
    await enqueueJob(db, QUEUE, "tomorrow", {}, new Date(Date.now() + 86_400_000));
    await enqueueJob(db, QUEUE, "second", {}, new Date(Date.now() - 1_000));
    await enqueueJob(db, QUEUE, "first", {}, new Date(Date.now() - 2_000));
    const jobs = await lease("a");
    expect(jobs.map(({ key }) => key).sort()).to.deep.equal(["first", "second"]);
    const [job] = jobs.filter(({ key }) => key === "first");
    expect(await postponeJob(db, job?.id ?? 0n, job?.fence ?? 0n, "NO_QUORUM", LONG_MS)).to.equal(true);
    expect(await lease("a")).to.deep.equal([]);
    await db.query("UPDATE keeper_job SET run_at = clock_timestamp() WHERE job_key = 'first'");
    expect((await lease("a")).map(({ key }) => key)).to.deep.equal(["first"]);
  });
});
