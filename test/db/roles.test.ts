import { expect } from "chai";

import { DATABASE_ROLES } from "../../db/roles.js";
import type { Database } from "../../db/database.js";
import { usePostgres, type TestDatabase } from "../helpers/postgres.js";
import { codeOf } from "../helpers/rejection.js";

interface Right {
  readonly table: string;
  readonly role: string;
  readonly privilege: string;
}

const WRITES = ["INSERT", "UPDATE", "DELETE", "TRUNCATE"];

describe("database roles", () => {
  const postgres = usePostgres();
  let test: TestDatabase;
  let db: Database;

  before(async () => {
    test = await postgres.testDatabase();
    db = test.database;
  });

  /** Every right of our roles on every table, view and sequence of ours. */
  async function rights(): Promise<readonly Right[]> {
    return db.query<Right>(
      `SELECT c.relname::text AS "table", role, privilege
         FROM pg_class c
         CROSS JOIN unnest($1::text[]) AS role
         CROSS JOIN unnest(CASE c.relkind WHEN 'S' THEN $2::text[] ELSE $3::text[] END) AS privilege
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
          AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege(role, c.oid, privilege)
                             ELSE has_table_privilege(role, c.oid, privilege) END`,
      [DATABASE_ROLES, ["UPDATE"], ["SELECT", ...WRITES, "REFERENCES", "TRIGGER"]],
    );
  }

  it("DB-5: keepers write keeper_ tables only, the indexer chain_ tables only, the monitor its own, the API nothing", async () => {
    const found = await rights();
    expect(found).to.not.be.empty;
    const OWN: Readonly<Record<string, RegExp>> = {
      keeper_rw: /^keeper_/,
      indexer_rw: /^chain_/,
      monitor_rw:
        /^(?:collateral_checkpoint|vaults|transactions|balance_snapshots|(?:reconciliation_logs|audit_trail)(?:_id_seq)?)$/,
    };
    const foreign = found.filter(
      ({ table, role, privilege }) => privilege !== "SELECT" && OWN[role]?.test(table) !== true,
    );
    expect(foreign).to.deep.equal([]);
    expect(found.filter(({ privilege }) => ["TRUNCATE", "REFERENCES", "TRIGGER"].includes(privilege))).to.deep.equal(
      [],
    );
  });

  it("nobody else has any right, not even by being somebody", async () => {
    const rows = await db.query(
      `SELECT c.relname::text AS "table", acl.grantee::regrole::text AS grantee
         FROM pg_class c, aclexplode(c.relacl) acl
        WHERE c.relnamespace = 'public'::regnamespace AND acl.grantee <> c.relowner
          AND acl.grantee::regrole::text <> ALL ($1)`,
      [DATABASE_ROLES],
    );
    expect(rows).to.deep.equal([]);
  });

  for (const role of DATABASE_ROLES) {
    it(`a session of ${role} is refused what is not its own`, async () => {
      const session = test.connect({ role });
      expect(await session.query("SELECT current_user::text AS who")).to.deep.equal([{ who: role }]);
      await session.query("SELECT name FROM schema_migration");
      for (const sql of [
        "INSERT INTO schema_migration (name, checksum) VALUES ('x', 'y')",
        "DELETE FROM schema_migration",
        "UPDATE schema_migration SET checksum = ''",
        "TRUNCATE schema_migration",
        "DROP TABLE schema_migration",
        "CREATE TABLE mine (id bigint)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE ROLE stronger SUPERUSER",
        `GRANT ${role === "api_ro" ? "keeper_rw" : "api_ro"} TO ${role}`,
        "ALTER SYSTEM SET fsync = off",
        "SELECT pg_read_file('postmaster.pid')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
      ]) {
        expect([sql, await codeOf(session.query(sql))]).to.deep.equal([sql, "DB_REFUSED"]);
      }
    });
  }

  it("the roles are groups: they cannot log in and can do nothing to the server", async () => {
    const rows = await db.query(
      `SELECT rolname::text AS name FROM pg_roles WHERE rolname = ANY ($1)
          AND NOT (rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)`,
      [DATABASE_ROLES],
    );
    expect(rows).to.have.length(DATABASE_ROLES.length);
  });

  it("a login that is no member of a role cannot take it", async () => {
    await db.query("DROP ROLE IF EXISTS outsider");
    await db.query("CREATE ROLE outsider LOGIN PASSWORD 'known'");
    const url = new URL(test.url);
    url.username = "outsider";
    url.password = "known";
    const { connectDatabase } = await import("../../db/connect.js");
    const outsider = connectDatabase({ url: url.toString(), role: "keeper_rw" });
    expect(await codeOf(outsider.query("SELECT 1"))).to.equal("DB_REFUSED");
    await outsider.close();
    await db.query("DROP ROLE outsider");
  });
});
