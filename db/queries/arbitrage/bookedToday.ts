import type { Queryable } from "../../database.js";
import { unpriced } from "./rows.js";

const SQL = `
SELECT coalesce(sum(n.result_xau_wei), 0)::numeric(78,0) AS "resultXauWei", count(*) FILTER (WHERE ${unpriced("n")}) AS "unpriced"
FROM keeper_pnl_entry n
WHERE n.role = $1 AND n.signer = $2 AND n.chain_id = ANY ($3) AND n.at >= date_trunc('day', clock_timestamp(), 'UTC')`;

export interface BookedToday {
  readonly resultXauWei: bigint;
  /** Entries that nobody could value, and nothing has taken back: the result is not known. */
  readonly unpriced: bigint;
}

/** What a key has gained or lost on some chains since midnight UTC, by what is final. */
export async function bookedToday(
  db: Queryable,
  role: string,
  signer: string,
  chainIds: readonly string[],
): Promise<BookedToday> {
  const [row] = await db.query<BookedToday>(SQL, [role, signer, chainIds]);
  return row ?? { resultXauWei: 0n, unpriced: 0n };
}
