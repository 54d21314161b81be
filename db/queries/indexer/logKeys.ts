import type { Queryable } from "../../database.js";
import type { LogKey } from "./insertLogs.js";

/** What a table of logs holds of one block. */
export async function logKeys(
  db: Queryable,
  table: string,
  chainId: string,
  blockNumber: bigint,
): Promise<readonly LogKey[]> {
  return db.query<LogKey>(
    `SELECT block_number, log_index FROM ${table} WHERE chain_id = $1 AND block_number = $2 ORDER BY log_index`,
    [chainId, blockNumber],
  );
}
