import type { Queryable } from "../../database.js";

/**
 * Takes about a megabyte of the data disk for as long as the statement runs, and leaves nothing. Reading, and writing into room that
 * is there already, also work on a full disk.
 * @throws PermanentError DB_STORAGE when there is none.
 */
export async function takeRoom(db: Queryable): Promise<void> {
  await db.query(`
    CREATE TEMPORARY TABLE keeper_room ON COMMIT DROP AS
      SELECT repeat(md5(n::text), 8) AS filling FROM generate_series(1, 4096) AS n`);
}
