import type { Queryable } from "../../database.js";

const SQL = `SELECT floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS "nowUs"`;

/** The server's clock, microseconds since 1970. */
export async function readClockUs(db: Queryable): Promise<bigint> {
  const [row] = await db.query<{ nowUs: bigint }>(SQL);
  return row?.nowUs ?? 0n;
}
