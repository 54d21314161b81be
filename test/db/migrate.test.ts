import { expect } from "chai";

import type { Database } from "../../db/database.js";
import { assertSchema, migrate } from "../../db/migrate.js";
import { readMigrations, type Migration } from "../../db/migrations.js";
import { codeOf, rejection } from "../helpers/rejection.js";
import { usePostgres } from "../helpers/postgres.js";

const extra = (name: string, sql: string): Migration => ({ name, sql, checksum: `of ${sql}` });

describe("migrations", () => {
  const postgres = usePostgres();
  const all = readMigrations();
  const names = all.map(({ name }) => name);
  let db: Database;

  beforeEach(async () => {
    db = (await postgres.emptyDatabase()).database;
  });

  it("installs into an empty database, and finds nothing to do the second time", async () => {
    expect(await codeOf(assertSchema(db))).to.equal("SCHEMA_TOO_OLD");
    expect(await migrate(db)).to.deep.equal(names);
    expect(await migrate(db)).to.deep.equal([]);
    await assertSchema(db);
  });

  it("applies each file once when many processes start at the same time", async () => {
    const other = (await postgres.emptyDatabase()).database;
    const runs = await Promise.all([db, db, other, db, other].map((database) => migrate(database)));
    expect(runs.filter((applied) => applied.length > 0)).to.deep.equal([names, names]);
    const rows = await db.query("SELECT name FROM schema_migration ORDER BY name");
    expect(rows).to.deep.equal(names.map((name) => ({ name })));
  });

  it("adds what is missing, whatever its number", async () => {
    const late = extra("0500_late", "CREATE TABLE late (id bigint)");
    const early = extra("0040_early", "CREATE TABLE early (id bigint)");
    await migrate(db, [...all, late]);
    expect(await migrate(db, [...all, early, late])).to.deep.equal(["0040_early"]);
  });

  it("refuses a database that is newer, and a file that was changed", async () => {
    const second = extra("0500_second", "CREATE TABLE second (id bigint)");
    await migrate(db, [...all, second]);
    expect(await codeOf(migrate(db))).to.equal("SCHEMA_TOO_NEW");
    expect(await codeOf(assertSchema(db))).to.equal("SCHEMA_TOO_NEW");
    const changed = [...all, { ...second, checksum: "another" }];
    const error = await rejection(migrate(db, changed));
    expect(error).to.include({ code: "SCHEMA_CHANGED" });
    expect(error.details).to.deep.equal({ migrations: "0500_second" });
    expect(await codeOf(assertSchema(db, changed))).to.equal("SCHEMA_CHANGED");
  });

  it("leaves nothing behind when one of them fails, and names it", async () => {
    const broken = [
      ...all,
      extra("0500_first", "CREATE TABLE first (id bigint)"),
      extra("0501_broken", "CREATE TABBLE x ()"),
    ];
    const error = await rejection(migrate(db, broken));
    expect(error).to.include({ code: "DB_REFUSED" });
    expect(error.details).to.include({ migration: "0501_broken" });
    const [state] = await db.query("SELECT to_regclass('first') AS first, to_regclass('schema_migration') AS ledger");
    expect(state).to.deep.equal({ first: null, ledger: null });
  });

  it("takes one statement per file", async () => {
    const two = extra("0500_two", "CREATE TABLE one (id bigint); CREATE TABLE two (id bigint)");
    expect(await codeOf(migrate(db, [...all, two]))).to.equal("DB_REFUSED");
  });
});
