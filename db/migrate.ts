/**
 * Forward-only migrations. All that are missing are applied in one transaction under an advisory lock: a process that is killed leaves
 * nothing half done, and two that start at once apply each file once. Files are missing or not by name, not by "newer than the last":
 * parts of the project own ranges of numbers and grow side by side.
 */
import { PermanentError } from "../protocol/errors.js";
import type { Database, Queryable } from "./database.js";
import { readMigrations, type Migration } from "./migrations.js";
import { appliedMigrations, type AppliedMigration } from "./queries/schema/appliedMigrations.js";
import { createLedger } from "./queries/schema/createLedger.js";
import { recordMigration } from "./queries/schema/recordMigration.js";

/** Any number that nobody else takes as an advisory lock of this database. */
const MIGRATION_LOCK = 7_201_138_001n;

/**
 * Brings the schema to what `migrations` say. @returns the names of those applied now.
 * @throws PermanentError SCHEMA_TOO_NEW, SCHEMA_CHANGED; what the database says of a migration, with its name in `details`.
 */
export async function migrate(db: Database, migrations: readonly Migration[] = readMigrations()): Promise<string[]> {
  return db.transaction(async (tx) => {
    await tx.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    const applied = await appliedMigrations(tx);
    if (applied === undefined) await createLedger(tx);
    const missing = compare(applied ?? [], migrations);
    for (const migration of missing) {
      await apply(tx, migration);
      await recordMigration(tx, migration);
    }
    return missing.map(({ name }) => name);
  });
}

/**
 * Start-up check of a program that does not migrate.
 * @throws PermanentError SCHEMA_TOO_OLD, SCHEMA_TOO_NEW, SCHEMA_CHANGED, with the names in `details.migrations`.
 */
export async function assertSchema(db: Queryable, migrations: readonly Migration[] = readMigrations()): Promise<void> {
  const missing = compare((await appliedMigrations(db)) ?? [], migrations);
  if (missing.length === 0) return;
  throw schemaError(
    "SCHEMA_TOO_OLD",
    "the database lacks migrations that this program needs",
    missing,
    "run npm run migrate with a login that owns the database",
  );
}

/** Migrations that the database lacks. Throws when it has others, or the same with another text. */
function compare(applied: readonly AppliedMigration[], migrations: readonly Migration[]): Migration[] {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  const foreign = applied.filter(({ name }) => !known.has(name));
  if (foreign.length > 0) {
    const fix = "run the version of this project that migrated the database, or a newer one";
    throw schemaError("SCHEMA_TOO_NEW", "the database has migrations that this program does not know", foreign, fix);
  }
  const changed = applied.filter(({ name, checksum }) => known.get(name)?.checksum !== checksum);
  if (changed.length > 0) {
    const fix = "restore the files; a change of the schema is a new file";
    throw schemaError("SCHEMA_CHANGED", "files of db/migrations differ from what was applied", changed, fix);
  }
  const done = new Set(applied.map(({ name }) => name));
  return migrations.filter(({ name }) => !done.has(name));
}

async function apply(tx: Queryable, { name, sql }: Migration): Promise<void> {
  try {
    await tx.query(sql);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    const details = { ...error.details, migration: name };
    throw new PermanentError(error.code, `db/migrations/${name}.sql: ${error.message}`, error.fix, details);
  }
}

function schemaError(
  code: string,
  what: string,
  migrations: readonly { readonly name: string }[],
  fix: string,
): PermanentError {
  const names = migrations.map(({ name }) => name).join(", ");
  return new PermanentError(code, `${what}: ${names}`, fix, { migrations: names });
}
