import { expect } from "chai";

import { connectDatabase } from "../../db/connect.js";
import type { Database, Queryable } from "../../db/database.js";
import { RetryableError } from "../../protocol/errors.js";
import { usePostgres, type TestDatabase } from "../helpers/postgres.js";
import { codeOf, rejection } from "../helpers/rejection.js";

/** A promise and the way to resolve it. */
function latch(): { readonly opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe("database connection", () => {
  const postgres = usePostgres();
  let test: TestDatabase;
  let db: Database;

  beforeEach(async () => {
    test = await postgres.emptyDatabase();
    db = test.database;
    await db.query(
      "CREATE TABLE account (id bigint PRIMARY KEY, units numeric(78,0) CONSTRAINT positive CHECK (units >= 0))",
    );
    await db.query("INSERT INTO account VALUES (1, 100), (2, 100)");
  });

  const units = async (id: bigint): Promise<unknown> =>
    (await db.query<{ units: bigint }>("SELECT units FROM account WHERE id = $1", [id]))[0]?.units;

  describe("#query", () => {
    it("names a broken constraint, and repeats no value of the row", async () => {
      const twice = await rejection(db.query("INSERT INTO account VALUES (1, 424242)"));
      expect(twice).to.include({ code: "DB_UNIQUE" });
      expect(twice.details).to.include({ constraint: "account_pkey", table: "account" });
      const negative = await rejection(db.query("INSERT INTO account VALUES ($1, $2)", [3n, -424_242n]));
      expect(negative).to.include({ code: "DB_CHECK" });
      expect(negative.details).to.include({ constraint: "positive" });
      const malformed = await rejection(db.query("SELECT $1::int8", ["424242x"]));
      for (const error of [twice, negative, malformed]) {
        expect(JSON.stringify([error, error.message, error.stack, error.cause])).not.to.include("424242");
      }
    });

    /** SQLSTATE by SQLSTATE, each raised by the server itself. */
    const STATES: Readonly<Record<string, readonly string[]>> = {
      DB_CONFLICT: ["40001", "40P01", "55P03"],
      DB_UNAVAILABLE: ["57P01", "57P03", "53300", "08006", "57014", "25006", "XX000"],
      DB_STORAGE: ["53100", "58030"],
      DB_UNIQUE: ["23505", "23P01"],
      DB_CHECK: ["23514"],
      DB_REFUSED: ["23502", "23503", "42P01", "42501", "22003", "22P02", "P0001"],
    };
    for (const [code, states] of Object.entries(STATES)) {
      it(`answers ${states.join(", ")} with ${code}`, async () => {
        for (const state of states) {
          const error = await rejection(
            db.query(`DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${state}'; END $$`),
          );
          expect([state, error.code]).to.deep.equal([state, code]);
          expect(error instanceof RetryableError).to.equal(code === "DB_CONFLICT" || code === "DB_UNAVAILABLE");
        }
      });
    }

    it("takes one statement at a time", async () => {
      expect(await codeOf(db.query("SELECT 1; SELECT 2"))).to.equal("DB_REFUSED");
    });

    it("keeps its connection after a refusal", async () => {
      const single = test.connect({ maxConnections: 1 });
      const pid = async (): Promise<unknown> => (await single.query("SELECT pg_backend_pid()"))[0];
      const before = await pid();
      await rejection(single.query("INSERT INTO account VALUES (1, 1)"));
      expect(await pid()).to.deep.equal(before);
    });
  });

  describe("#transaction", () => {
    const move = async (tx: Queryable): Promise<void> => {
      await tx.query("UPDATE account SET units = units - 60 WHERE id = 1");
      await tx.query("UPDATE account SET units = units + 60 WHERE id = 2");
    };

    it("commits what the work did, or nothing of it", async () => {
      await db.transaction(move);
      expect([await units(1n), await units(2n)]).to.deep.equal([40n, 160n]);
      expect(await codeOf(db.transaction(move))).to.equal("DB_CHECK");
      const own = new Error("changed my mind");
      const thrown = await db
        .transaction(async (tx) => {
          await tx.query("UPDATE account SET units = 0");
          throw own;
        })
        .catch((error: unknown) => error);
      expect(thrown).to.equal(own);
      expect([await units(1n), await units(2n)]).to.deep.equal([40n, 160n]);
    });

    it("does not report success when the work swallowed a failed statement", async () => {
      const swallowed = db.transaction(async (tx) => {
        await tx.query("UPDATE account SET units = 1 WHERE id = 1");
        await tx.query("INSERT INTO account VALUES (1, 1)").catch(() => undefined);
      });
      expect(await codeOf(swallowed)).to.equal("DB_REFUSED");
      expect(await units(1n)).to.equal(100n);
    });

    it("runs statements one after another, and none after its end", async () => {
      let escaped: Queryable | undefined;
      const seen = await db.transaction(async (tx) => {
        escaped = tx;
        return Promise.all([tx.query("SELECT 1 AS n"), tx.query("SELECT 2 AS n"), tx.query("SELECT 3 AS n")]);
      });
      expect(seen.flat()).to.deep.equal([{ n: 1 }, { n: 2 }, { n: 3 }]);
      expect(await codeOf(escaped?.query("SELECT 1") ?? Promise.resolve())).to.equal("DB_REFUSED");
    });

    it("answers a lock that is held and a deadlock with DB_CONFLICT", async () => {
      const impatient = test.connect({ lockTimeoutMs: 50 });
      const held = latch();
      const done = latch();
      const holder = db.transaction(async (tx) => {
        await tx.query("UPDATE account SET units = units WHERE id = 1");
        held.open();
        await done.opened;
      });
      await held.opened;
      const waiting = impatient.query("UPDATE account SET units = 0 WHERE id = 1");
      expect(await codeOf(waiting)).to.equal("DB_CONFLICT");
      done.open();
      await holder;

      const both = [latch(), latch()] as const;
      const cross = (first: 0 | 1, second: 0 | 1): Promise<void> =>
        db.transaction(async (tx) => {
          await tx.query("SELECT FROM account WHERE id = $1 FOR UPDATE", [first + 1]);
          both[first].open();
          await both[second].opened;
          await tx.query("SELECT FROM account WHERE id = $1 FOR UPDATE", [second + 1]);
        });
      const ends = await Promise.allSettled([cross(0, 1), cross(1, 0)]);
      const codes = ends.map((end) => (end.status === "rejected" ? (end.reason as { code: string }).code : "ok"));
      expect(codes.sort()).to.deep.equal(["DB_CONFLICT", "ok"]);
    });
  });

  describe("when the server misbehaves", () => {
    /** Processes of the server, stopped while `work` runs. */
    async function whileStopped(pids: readonly number[], work: () => Promise<void>): Promise<void> {
      for (const pid of pids) process.kill(pid, "SIGSTOP");
      try {
        await work();
      } finally {
        for (const pid of pids) process.kill(pid, "SIGCONT");
      }
    }

    it("DB-2: a server that hangs ends neither a statement nor a commit nor a connect nor a close in a wait without end", async () => {
      const patience = { connectTimeoutMs: 5_000, statementTimeoutMs: 5_000, maxConnections: 1 };
      const stuck = test.connect(patience);
      const [file] = await db.query<{ text: string }>("SELECT pg_read_file('postmaster.pid') AS text");
      const postmaster = Number(file?.text.split("\n")[0]);
      const [own] = await stuck.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      await whileStopped([postmaster, own?.pid ?? 0], async () => {
        expect(await codeOf(stuck.query("SELECT 1"))).to.equal("DB_UNAVAILABLE");
        expect(await codeOf(stuck.query("SELECT 1"))).to.equal("DB_UNAVAILABLE");
        await stuck.close();
      });
      const committing = test.connect(patience);
      const stopped: number[] = [];
      const commit = committing.transaction(async (tx) => {
        const [session] = await tx.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
        stopped.push(session?.pid ?? 0);
        process.kill(session?.pid ?? 0, "SIGSTOP");
      });
      try {
        expect(await codeOf(commit)).to.equal("DB_UNAVAILABLE");
      } finally {
        for (const pid of stopped) process.kill(pid, "SIGCONT");
      }
      expect(await units(1n)).to.equal(100n);
    });

    it("a statement that is too slow is ended by the server", async () => {
      const hasty = test.connect({ statementTimeoutMs: 500 });
      expect(await codeOf(hasty.query("SELECT pg_sleep(30)"))).to.equal("DB_UNAVAILABLE");
      expect(await hasty.query("SELECT 1 AS n")).to.deep.equal([{ n: 1 }]);
    });

    it("a transaction that says nothing for too long loses its locks", async () => {
      const silent = test.connect({ idleInTransactionTimeoutMs: 1_000 });
      const slow = silent.transaction(async (tx) => {
        await tx.query("UPDATE account SET units = 0 WHERE id = 1");
        await db.query("UPDATE account SET units = 7 WHERE id = 1");
        await tx.query("SELECT 1");
      });
      expect(await codeOf(slow)).to.equal("DB_UNAVAILABLE");
      expect(await units(1n)).to.equal(7n);
    });

    it("DB-3: a restart costs an error and nothing else, in mid-transaction too", async () => {
      const broken = db.transaction(async (tx) => {
        await tx.query("UPDATE account SET units = 0");
        await postgres.restartServer();
        await tx.query("UPDATE account SET units = 1");
      });
      expect(await codeOf(broken)).to.equal("DB_UNAVAILABLE");
      expect([await units(1n), await units(2n)]).to.deep.equal([100n, 100n]);
    });

    it("a pool without a free connection does not wait for ever", async () => {
      const narrow = test.connect({ maxConnections: 1, connectTimeoutMs: 1_000 });
      await narrow.transaction(async () => {
        expect(await codeOf(narrow.query("SELECT 1"))).to.equal("DB_UNAVAILABLE");
      });
    });
  });

  it("answers DB_UNAVAILABLE after close, and where nobody listens", async () => {
    await db.close();
    await db.close();
    expect(await codeOf(db.query("SELECT 1"))).to.equal("DB_UNAVAILABLE");
    expect(await codeOf(db.transaction(() => Promise.resolve()))).to.equal("DB_UNAVAILABLE");
    const nowhere = connectDatabase({ url: "postgres://nobody:hunter2@127.0.0.1:1/x" });
    const error = await rejection(nowhere.query("SELECT 1"));
    expect(error).to.include({ code: "DB_UNAVAILABLE" });
    expect(JSON.stringify([error, error.stack])).not.to.include("hunter2");
    await nowhere.close();
  });

  it("refuses an address that is none, without repeating it, and a login that does not exist", async () => {
    for (const url of ["hunter2", "mysql://a:hunter2@b/c", ""]) {
      try {
        connectDatabase({ url });
        expect.fail("expected an error");
      } catch (error) {
        expect(error).to.include({ code: "DB_URL_INVALID" });
        expect(String(error)).not.to.include("hunter2");
      }
    }
    const wrong = new URL(test.url);
    wrong.password = "hunter2";
    const stranger = connectDatabase({ url: wrong.toString() });
    expect(await codeOf(stranger.query("SELECT 1"))).to.equal("DB_REFUSED");
    await stranger.close();
  });

  it("adds its session settings to those of the address", async () => {
    const url = new URL(test.url);
    url.searchParams.set("options", "-c statement_timeout=0 -c work_mem=8MB");
    const own = connectDatabase({ url: url.toString(), statementTimeoutMs: 4_000 });
    const [row] = await own.query(
      "SELECT current_setting('statement_timeout') AS timeout, current_setting('work_mem') AS memory",
    );
    await own.close();
    expect(row).to.deep.equal({ timeout: "4s", memory: "8MB" });
  });
});
