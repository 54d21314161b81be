import { readFileSync } from "node:fs";

import { expect } from "chai";

import { dumpSchema } from "../../db/dump.js";
import { usePostgres } from "../helpers/postgres.js";

describe("db/schema.sql", () => {
  const postgres = usePostgres();

  it("is what the migrations make; npm run generate writes it anew", async () => {
    const { database } = await postgres.testDatabase();
    const committed = readFileSync(new URL("../../db/schema.sql", import.meta.url), "utf8");
    expect(await dumpSchema(database)).to.equal(committed);
  });

  it("shows every kind of change", async () => {
    const { database } = await postgres.testDatabase();
    const seen = new Set([await dumpSchema(database)]);
    for (const sql of [
      "CREATE TYPE mood AS ENUM ('good', 'bad')",
      "CREATE DOMAIN wei AS numeric(78,0) CHECK (VALUE >= 0)",
      "CREATE SEQUENCE counter",
      "CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY, units wei, twice numeric GENERATED ALWAYS AS (units * 2) STORED)",
      "ALTER TABLE thing ADD PRIMARY KEY (id)",
      "ALTER TABLE thing ADD CHECK (units < 10)",
      "ALTER TABLE thing ALTER COLUMN units SET DEFAULT 5",
      "ALTER TABLE thing ALTER COLUMN units SET NOT NULL",
      "CREATE INDEX thing_units ON thing (units) WHERE units > 3",
      "CREATE VIEW rich AS SELECT id FROM thing WHERE units > 3",
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$",
      "CREATE TRIGGER no_delete BEFORE DELETE ON thing FOR EACH ROW EXECUTE FUNCTION refuse()",
      "COMMENT ON COLUMN thing.units IS 'wei'",
      "GRANT SELECT (id), UPDATE ON thing TO keeper_rw",
      "GRANT USAGE ON SEQUENCE counter TO indexer_rw",
      "REVOKE EXECUTE ON FUNCTION refuse() FROM PUBLIC",
      "DROP VIEW rich",
    ]) {
      await database.query(sql);
      const dump = await dumpSchema(database);
      expect(seen.has(dump), sql).to.equal(false);
      seen.add(dump);
    }
  });
});
