import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

import { expect } from "chai";

import { lockLease } from "../../../db/queries/lease/lock.js";
import { readLease } from "../../../db/queries/lease/read.js";
import { leaseOwners } from "../../../db/queries/lease/owners.js";
import { Lease, ownerPid } from "../../../keepers/kit/lease.js";
import { capturedLog } from "../../helpers/capturedLog.js";
import { FailingDatabase } from "../../helpers/failingDatabase.js";
import { usePostgres, type TestDatabase } from "../../helpers/postgres.js";

const NAME = "role:138";
const HOLDER = join(import.meta.dirname, "..", "..", "helpers", "leaseHolder.ts");
/** Longer than any test takes: what is to run out is ended by hand. */
const LONG_MS = 3_600_000;

describe("keepers/kit/lease", () => {
  const postgres = usePostgres();
  let test: TestDatabase;

  beforeEach(async () => {
    test = await postgres.testDatabase();
  });

  const lease = (ttlMs: number, db = test.database) =>
    new Lease(db, { name: NAME, ttlMs, renewMs: ttlMs / 4 }, capturedLog().log);
  const mayWrite = ({ held }: Lease) =>
    test.database.transaction(
      async (tx) => held !== undefined && (await lockLease(tx, held.name, held.owner, held.fence)),
    );

  /** As if the time of every lease had passed for the database. */
  const leasesEnd = () =>
    test.database.query("UPDATE keeper_lease SET expires_at = clock_timestamp() - INTERVAL '1 second'");
  /** What a lease says of itself once so much time has passed in its process. */
  function heldAfter(one: Lease, passedMs: number): Lease["held"] {
    const real = performance.now.bind(performance);
    performance.now = () => real() + passedMs;
    try {
      return one.held;
    } finally {
      performance.now = real;
    }
  }

  it("LEASE-1 one process holds it, and the next one under a higher fence when it has run out", async () => {
    const [first, second] = [lease(LONG_MS), lease(LONG_MS)];
    expect(await first.step()).to.equal(true);
    expect(await second.step()).to.equal(false);
    expect(second.held).to.equal(undefined);
    expect(await first.step(), "renewed").to.equal(true);
    expect(heldAfter(first, LONG_MS / 2)?.fence).to.equal(1n);
    expect(heldAfter(first, LONG_MS), "it knows that the time is over").to.equal(undefined);
    await leasesEnd();
    expect(await second.step()).to.equal(true);
    expect(second.held?.fence).to.equal(2n);
    expect(await first.step()).to.equal(false);
    expect(first.claimed).to.equal(false);
    expect(await readLease(test.database, NAME)).to.include({ owner: second.owner, fence: 2n, held: true });
  });

  it("ARB-28 of two leases the second is taken only while the first is held, and given back with it", async () => {
    const said = capturedLog();
    const behind = (first: Lease) =>
      new Lease(test.database, { name: "role:651940", ttlMs: LONG_MS, renewMs: LONG_MS, behind: first }, said.log);
    const [a, b] = [lease(LONG_MS), lease(LONG_MS)];
    const [second, other] = [behind(a), behind(b)];
    expect([await second.step(), second.held]).to.deep.equal([false, undefined]);
    expect([await a.step(), await second.step()]).to.deep.equal([true, true]);
    expect([await b.step(), await other.step()]).to.deep.equal([false, false]);
    a.lost("a test");
    await test.database.query("UPDATE keeper_lease SET expires_at = now() - INTERVAL '1 hour' WHERE name = $1", [NAME]);
    expect(await b.step()).to.equal(true);
    // Its owner still has the time of that lease before it, and does not keep it.
    expect([await other.step(), await second.step(), second.held]).to.deep.equal([false, false, undefined]);
    expect(await other.step()).to.equal(true);
    const spoken = said.events().map(({ event, fence }) => [event, fence]);
    expect(spoken, "who takes and who gives back").to.deep.equal([
      ["lease.acquired", "1"],
      ["lease.released", "1"],
      ["lease.acquired", "2"],
    ]);
  });

  it("an owner names the process that holds it, and nothing else does", async () => {
    const only = lease(LONG_MS);
    await only.step();
    expect((await leaseOwners(test.database, "role:")).map(ownerPid)).to.deep.equal([process.pid]);
    expect(await leaseOwners(test.database, "other:")).to.deep.equal([]);
    expect(["", "host", "host::x", "a:b:c"].map(ownerPid)).to.deep.equal(Array(4).fill(undefined));
    await test.database.query("UPDATE keeper_lease SET expires_at = now() - INTERVAL '1 hour'");
    expect(await leaseOwners(test.database, "role:")).to.deep.equal([]);
  });

  it("LEASE-1 many processes at once: one gets it", async () => {
    const all = Array.from({ length: 12 }, () => lease(LONG_MS));
    const got = await Promise.all(all.map((one) => one.step()));
    expect(got.filter(Boolean)).to.have.length(1);
  });

  it("goes on holding a lease that ran out and that nobody took", async () => {
    const only = lease(LONG_MS);
    await only.step();
    await leasesEnd();
    expect(await mayWrite(only)).to.equal(false);
    expect(await only.step()).to.equal(true);
    expect(only.held?.fence).to.equal(1n);
    expect(await mayWrite(only)).to.equal(true);
  });

  it("gives it back, so that the next one need not wait", async () => {
    const [first, second] = [lease(LONG_MS), lease(LONG_MS)];
    first.start();
    while (first.held === undefined) await wait(5);
    await first.stop();
    expect(await second.step()).to.equal(true);
  });

  it("LEASE-2 a process that was stopped wakes up believing that it leads, and may write nothing", async () => {
    const child = fork(HOLDER, [test.url, NAME, String(LONG_MS)], { execArgv: ["--import", "tsx"] });
    try {
      expect(await said(child)).to.deep.equal({ fence: "1" });
      expect(await ask(child)).to.equal(true);
      child.kill("SIGSTOP");
      const next = lease(LONG_MS);
      expect(await next.step()).to.equal(false);
      await leasesEnd();
      expect(await next.step()).to.equal(true);
      child.kill("SIGCONT");
      expect(await ask(child)).to.equal(false);
      expect(await mayWrite(next)).to.equal(true);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("LEASE-2 nobody takes it while its holder is writing", async () => {
    const [first, second] = [lease(LONG_MS), lease(LONG_MS)];
    await first.step();
    const { held } = first;
    if (held === undefined) throw new Error("not held");
    let taken: Promise<boolean> | undefined;
    let isTaken = false;
    await test.database.transaction(async (tx) => {
      expect(await lockLease(tx, held.name, held.owner, held.fence)).to.equal(true);
      await tx.query("SELECT pg_sleep(0.05)");
      // The database's clock jumps ahead: the lease has run out in mid-transaction.
      taken = test.database
        .query(`UPDATE keeper_lease SET expires_at = clock_timestamp() - INTERVAL '1 hour'`)
        .then(() => second.step());
      void taken.then(() => {
        isTaken = true;
      });
      await wait(100);
      expect(isTaken).to.equal(false);
    });
    expect(await taken).to.equal(true);
    expect(await mayWrite(first)).to.equal(false);
  });

  it("LEASE-3 a process whose clock jumps neither gains nor loses by it", async () => {
    const [first, second] = [lease(LONG_MS), lease(LONG_MS)];
    await first.step();
    const real = Date.now;
    try {
      for (const stepMs of [86_400_000, -86_400_000]) {
        Date.now = () => real() + stepMs;
        expect(await second.step()).to.equal(false);
        expect(first.held?.fence).to.equal(1n);
        expect(await mayWrite(first)).to.equal(true);
      }
    } finally {
      Date.now = real;
    }
  });

  it("counts as claimed while the database is gone, and as held no longer than it was renewed for", async () => {
    const failing = new FailingDatabase(test.database);
    const only = lease(LONG_MS, failing);
    await only.step();
    failing.mode = "gone";
    expect(await only.step().catch((error: unknown) => (error as { code: string }).code)).to.equal("DB_UNAVAILABLE");
    expect(only.claimed).to.equal(true);
    expect([only.held?.fence, heldAfter(only, LONG_MS)]).to.deep.equal([1n, undefined]);
  });
});

async function ask(child: ChildProcess): Promise<unknown> {
  child.send("write");
  return ((await said(child)) as { mayWrite: boolean }).mayWrite;
}

/** What it says next. @throws when it ends instead */
async function said(child: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  const ended = once(child, "exit", over).then(([code]) => {
    throw new Error(`it has ended with ${String(code)}`);
  });
  // Nobody waits for it any more then.
  ended.catch(() => undefined);
  try {
    const [message] = (await Promise.race([once(child, "message", over), ended])) as [unknown];
    return message;
  } finally {
    over.abort();
  }
}
