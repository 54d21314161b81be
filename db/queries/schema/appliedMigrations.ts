import type { Queryable } from "../../database.js";

export interface AppliedMigration {
  readonly name: string;
  readonly checksum: string;
}

/** What this database has seen, in order; undefined when it has never been migrated. */
export async function appliedMigrations(db: Queryable): Promise<readonly AppliedMigration[] | undefined> {
  const [ledger] = await db.query<{ exists: boolean }>(
    "SELECT to_regclass('public.schema_migration') IS NOT NULL AS exists",
  );
  if (ledger?.exists !== true) return undefined;
  return db.query<AppliedMigration>("SELECT name, checksum FROM public.schema_migration ORDER BY name");
}
