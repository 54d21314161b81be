import type { Queryable } from "../../database.js";

const READ = "SELECT cursor FROM keeper_rescue_scan WHERE book = $1";
const WRITE = `
INSERT INTO keeper_rescue_scan (book, cursor) VALUES ($1, $2)
ON CONFLICT (book) DO UPDATE SET cursor = excluded.cursor, at = clock_timestamp()`;

/** JSON text; undefined before the first look. */
export async function readScan(db: Queryable, book: string): Promise<string | undefined> {
  const [row] = await db.query<{ cursor: string }>(READ, [book]);
  return row?.cursor;
}

export async function writeScan(tx: Queryable, book: string, cursor: string): Promise<void> {
  await tx.query(WRITE, [book, cursor]);
}
