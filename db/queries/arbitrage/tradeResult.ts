import type { Queryable } from "../../database.js";
import type { BookedToday } from "./bookedToday.js";
import { unpriced } from "./rows.js";

const SQL = `
SELECT coalesce(sum(n.result_xau_wei), 0)::numeric(78,0) AS "resultXauWei", count(*) FILTER (WHERE ${unpriced("n")}) AS "unpriced"
FROM keeper_arbitrage_leg x
JOIN keeper_pnl_entry n ON n.chain_id = x.chain_id AND n.role = $4 AND n.effect_key = x.effect_key
WHERE x.book = $1 AND x.pair = $2 AND x.ordinal = $3`;

/** What all legs of a trade have gained or lost, by their receipts, gas included. */
export async function tradeResult(
  db: Queryable,
  { book, pair, ordinal }: { readonly book: string; readonly pair: string; readonly ordinal: bigint },
  role: string,
): Promise<BookedToday> {
  const [row] = await db.query<BookedToday>(SQL, [book, pair, ordinal, role]);
  return row ?? { resultXauWei: 0n, unpriced: 0n };
}
