import type { Queryable } from "../../database.js";
import type { AppliedMigration } from "./appliedMigrations.js";

/** Notes that a migration has been applied, in its own transaction. */
export async function recordMigration(db: Queryable, { name, checksum }: AppliedMigration): Promise<void> {
  await db.query("INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)", [name, checksum]);
}
