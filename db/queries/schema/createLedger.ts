import type { Queryable } from "../../database.js";

/** The ledger of migrations; comes before the first of them. */
export async function createLedger(db: Queryable): Promise<void> {
  await db.query(`
    CREATE TABLE schema_migration (
      name text PRIMARY KEY,
      checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`);
}
