import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect } from "chai";

import type { Database } from "../../../../db/database.js";
import { appendAudit } from "../../../../db/queries/audit/append.js";
import { AuditRecord, recordTo } from "../../../../keepers/kit/audit/auditRecord.js";
import { auditCommand } from "../../../../keepers/kit/audit/command.js";
import { verifyAudit } from "../../../../keepers/kit/audit/verify.js";
import { MemoryRecord } from "../../../../keepers/kit/record.js";
import { capturedLog } from "../../../helpers/capturedLog.js";
import { FailingDatabase } from "../../../helpers/failingDatabase.js";
import { usePostgres, type TestDatabase } from "../../../helpers/postgres.js";
import { codeOf } from "../../../helpers/rejection.js";

const STREAM = "role:localhost";

describe("keepers/kit/audit", () => {
  const postgres = usePostgres();
  let test: TestDatabase;
  let db: Database;

  beforeEach(async () => {
    test = await postgres.testDatabase();
    db = test.connect({ role: "keeper_rw" });
  });

  const append = (body: string, block: bigint | null = 7n, stream = STREAM) =>
    db.transaction((tx) => appendAudit(tx, { stream, kind: "plan", block, body }));
  const fill = async (rows: number) => {
    for (let row = 1; row <= rows; row += 1) await append(`{"row":${String(row)},"text":"ä\\n☃"}`, row % 2 ? 7n : null);
  };

  it("AUDIT-1: nobody changes or removes a row, nor chooses its place", async () => {
    await fill(2);
    for (const sql of [
      "UPDATE keeper_audit SET body = '{}'",
      "DELETE FROM keeper_audit WHERE sequence = 2",
      "TRUNCATE keeper_audit",
    ]) {
      expect([sql, await codeOf(db.query(sql))]).to.deep.equal([sql, "DB_REFUSED"]);
      expect([sql, await codeOf(test.database.query(sql))]).to.deep.equal([sql, "DB_CHECK"]);
    }
    await db.query(
      `INSERT INTO keeper_audit (stream, sequence, at, kind, body, previous_hash, hash)
       VALUES ($1, 1, '2000-01-01', 'forged', '{}', 'x', 'y')`,
      [STREAM],
    );
    expect(await verifyAudit(db, STREAM)).to.deep.include({ rows: 3, broken: undefined });
  });

  it("AUDIT-7: loses no row that is written while an earlier one is on its way", async () => {
    const record = new AuditRecord(db, { role: "role", network: "localhost" }, capturedLog().log);
    const rows = 120;
    for (let row = 1; row <= rows; row += 1) {
      record.write({ kind: "plan", block: row, facts: { row } });
      if (row % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await record.close();
    const found = await db.query<{ block: bigint }>("SELECT block FROM keeper_audit ORDER BY sequence");
    expect(found.map(({ block }) => Number(block))).to.deep.equal(Array.from({ length: rows }, (_, row) => row + 1));
  });

  it("AUDIT-2: names the first row that is not what was written, whatever was done to it", async () => {
    const tampers: readonly (readonly [string, bigint, string])[] = [
      ["UPDATE keeper_audit SET body = '{\"row\":33}' WHERE sequence = 3", 3n, "hash"],
      ["UPDATE keeper_audit SET at = at + INTERVAL '1 microsecond' WHERE sequence = 2", 2n, "hash"],
      ["UPDATE keeper_audit SET kind = 'skips' WHERE sequence = 1", 1n, "hash"],
      ["UPDATE keeper_audit SET block = 8 WHERE sequence = 3", 3n, "hash"],
      ["UPDATE keeper_audit SET block = 0 WHERE sequence = 4", 4n, "hash"],
      ["UPDATE keeper_audit SET hash = repeat('a', 64) WHERE sequence = 4", 4n, "hash"],
      ["UPDATE keeper_audit SET previous_hash = repeat('a', 64) WHERE sequence = 4", 4n, "link"],
      ["DELETE FROM keeper_audit WHERE sequence = 3", 3n, "missing"],
      ["DELETE FROM keeper_audit WHERE sequence = 1", 1n, "missing"],
      ["UPDATE keeper_audit SET sequence = 9 WHERE sequence = 5", 5n, "missing"],
    ];
    for (const [index, [sql, sequence, what]] of tampers.entries()) {
      const stream = `tampered ${String(index)}`;
      for (let row = 1; row <= 5; row += 1) await append(`{"row":${String(row)}}`, row % 2 ? 7n : null, stream);
      expect((await verifyAudit(db, stream)).broken).to.equal(undefined);
      await test.database.transaction(async (tx) => {
        await tx.query("ALTER TABLE keeper_audit DISABLE TRIGGER USER");
        await tx.query(`${sql} AND stream = $1`, [stream]);
        await tx.query("ALTER TABLE keeper_audit ENABLE TRIGGER USER");
      });
      const { rows, broken } = await verifyAudit(db, stream);
      expect([sql, broken]).to.deep.equal([sql, { sequence, what }]);
      expect(rows).to.equal(Number(sequence) - 1);
    }
  });

  it("AUDIT-3: writers at the same time make one chain without gaps, also when some roll back", async () => {
    const writers = Array.from({ length: 8 }, () => test.connect({ role: "keeper_rw", maxConnections: 1 }));
    await Promise.all(
      writers.map(async (writer, index) => {
        for (let row = 0; row < 10; row += 1) {
          const work = writer.transaction(async (tx) => {
            await appendAudit(tx, { stream: STREAM, kind: "plan", block: null, body: `{"by":${String(index)}}` });
            await appendAudit(tx, { stream: "other:localhost", kind: "plan", block: null, body: "{}" });
            if (row === 5) throw new Error("rolled back");
          });
          await work.catch((error: unknown) => {
            if (row !== 5) throw error;
          });
        }
      }),
    );
    expect(await verifyAudit(db, STREAM)).to.deep.include({ rows: 72, broken: undefined });
    expect(await verifyAudit(db, "other:localhost")).to.deep.include({ rows: 72, broken: undefined });
  });

  it("AUDIT-4: evidence never waits for the database, and comes when it is back", async () => {
    const failing = new FailingDatabase(db);
    const { log, names } = capturedLog();
    const memory = new MemoryRecord();
    const record = recordTo(
      new AuditRecord(failing, { role: "role", network: "localhost", maxWaiting: 3 }, log),
      memory,
    );
    failing.mode = "gone";
    for (let block = 1; block <= 5; block += 1) record.write({ kind: "plan", block, facts: { amount: 10n ** 30n } });
    failing.mode = "well";
    await record.close();
    expect(memory.entries).to.have.length(5);
    const kinds: string[] = [];
    const { broken } = await verifyAudit(db, STREAM, ({ kind, body }) => kinds.push(`${kind} ${body}`));
    expect(broken).to.equal(undefined);
    const amount = `plan {"amount":"${String(10n ** 30n)}"}`;
    expect(kinds).to.deep.equal([amount, amount, amount, 'audit.dropped {"rows":2}']);
    expect(names()).to.deep.equal(["audit.waiting"]);
  });

  it("gives up at the end when the database stays away, and says how much is lost", async () => {
    const failing = new FailingDatabase(db);
    failing.mode = "gone";
    const { log, events } = capturedLog();
    const record = new AuditRecord(failing, { role: "role", network: "localhost", closeMs: 1 }, log);
    for (let block = 1; block <= 3; block += 1) record.write({ kind: "plan", block, facts: {} });
    await record.close();
    expect(events().at(-1)).to.deep.include({ event: "audit.lost", rows: 3 });
  });

  it("verifies and exports by command", async () => {
    await fill(3);
    const folder = mkdtempSync(path.join(tmpdir(), "cantilever-audit-"));
    const file = openSync(path.join(folder, "audit.jsonl"), "w");
    try {
      const command = { role: "role", network: "localhost", exportTo: file, say: () => undefined };
      const { ok, report } = await auditCommand(db, command);
      expect([ok, report["rows"], report["broken"]]).to.deep.equal([true, 3, null]);
      const lines = readFileSync(path.join(folder, "audit.jsonl"), "utf8").trim().split("\n");
      const last = JSON.parse(lines[2] ?? "") as { kind: string; row: number; audit: { hash: string } };
      expect([lines.length, last.kind, last.row, last.audit.hash]).to.deep.equal([
        3,
        "plan",
        3,
        (report["head"] as { hash: string }).hash,
      ]);
      await test.database.query("ALTER TABLE keeper_audit DISABLE TRIGGER USER");
      await test.database.query("DELETE FROM keeper_audit WHERE sequence = 2");
      const broken = await auditCommand(db, { role: "role", network: "localhost", say: () => undefined });
      expect([broken.ok, broken.report["broken"]]).to.deep.equal([false, { sequence: 2n, what: "missing" }]);
    } finally {
      closeSync(file);
      rmSync(folder, { recursive: true });
    }
  });
});
