import type { Queryable } from "../../database.js";
import type { NewTrade } from "./rows.js";

/** Without gaps: the one before must be there. */
const SQL = `
INSERT INTO keeper_arbitrage_trade (book, pair, ordinal, purpose, expected_xau_wei, spread_rate, began_at)
SELECT $1, $2, $3::bigint, $4, $5, $6, $7
WHERE $3::bigint = 1 + (SELECT coalesce(max(ordinal), 0) FROM keeper_arbitrage_trade WHERE book = $1 AND pair = $2)
ON CONFLICT DO NOTHING RETURNING ordinal`;

/** @returns false when it is not the next trade of the pair: another one was written meanwhile. */
export async function insertTrade(tx: Queryable, trade: NewTrade): Promise<boolean> {
  const { book, pair, ordinal, purpose, expectedXauWei, spreadRate, beganAt } = trade;
  return (await tx.query(SQL, [book, pair, ordinal, purpose, expectedXauWei, spreadRate, beganAt])).length === 1;
}
