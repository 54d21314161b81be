import { PermanentError } from "../protocol/errors.js";
import type { Queryable } from "./database.js";

/** Settings without which a commit may not survive a power failure, in the order they are reported. */
const REQUIRED = ["fsync", "synchronous_commit", "full_page_writes"] as const;

/**
 * What has been committed must still be there after a crash of the machine, or bytes that were broadcast could be forgotten. Reads what
 * holds for this session. `synchronous_commit = local` is enough: it waits for this server's own disk.
 * @throws PermanentError DB_NOT_DURABLE with the settings that are off in `details.settings`.
 */
export async function assertDurable(db: Queryable): Promise<void> {
  const rows = await db.query<{ name: string; setting: string }>(
    "SELECT name, current_setting(name) AS setting FROM unnest($1::text[]) AS required (name)",
    [REQUIRED],
  );
  const off = rows.filter(({ setting }) => setting === "off").map(({ name }) => name);
  if (off.length === 0) return;
  throw new PermanentError(
    "DB_NOT_DURABLE",
    `the database may lose what it has committed: ${off.map((name) => `${name} = off`).join(", ")}`,
    "turn them on, or point DATABASE_URL to another server; off is for tests and local chains",
    { settings: off.join(", ") },
  );
}
