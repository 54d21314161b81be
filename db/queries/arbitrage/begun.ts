import type { Queryable } from "../../database.js";

// From one name to the next along the key, and of each only its newest row: as quick after a year as on the first day.
const TRADES = `
WITH RECURSIVE named AS (
  (SELECT pair FROM keeper_arbitrage_trade WHERE book = $1 ORDER BY pair LIMIT 1)
  UNION ALL
  SELECT n.pair FROM named
  CROSS JOIN LATERAL (SELECT t.pair FROM keeper_arbitrage_trade t WHERE t.book = $1 AND t.pair > named.pair ORDER BY t.pair LIMIT 1) n)
SELECT named.pair, newest.ordinal, newest.began_at AS "beganAt" FROM named
CROSS JOIN LATERAL (SELECT t.ordinal, t.began_at FROM keeper_arbitrage_trade t
  WHERE t.book = $1 AND t.pair = named.pair ORDER BY t.ordinal DESC LIMIT 1) newest`;
const TRANSFERS = `
WITH RECURSIVE named AS (
  (SELECT token, from_chain, to_chain FROM keeper_arbitrage_transfer WHERE book = $1 ORDER BY token, from_chain, to_chain LIMIT 1)
  UNION ALL
  SELECT n.token, n.from_chain, n.to_chain FROM named
  CROSS JOIN LATERAL (SELECT t.token, t.from_chain, t.to_chain FROM keeper_arbitrage_transfer t
    WHERE t.book = $1 AND (t.token, t.from_chain, t.to_chain) > (named.token, named.from_chain, named.to_chain)
    ORDER BY t.token, t.from_chain, t.to_chain LIMIT 1) n)
SELECT named.token, named.from_chain AS "fromChain", named.to_chain AS "toChain", newest.ordinal FROM named
CROSS JOIN LATERAL (SELECT t.ordinal FROM keeper_arbitrage_transfer t
  WHERE t.book = $1 AND t.token = named.token AND t.from_chain = named.from_chain AND t.to_chain = named.to_chain
  ORDER BY t.ordinal DESC LIMIT 1) newest`;

/** Trades ever begun, by pair, with the chain time of the newest. */
export function tradesBegun(
  db: Queryable,
  book: string,
): Promise<readonly { readonly pair: string; readonly ordinal: bigint; readonly beganAt: bigint }[]> {
  return db.query(TRADES, [book]);
}

/** Transfers ever begun, by token and direction. */
export function transfersBegun(
  db: Queryable,
  book: string,
): Promise<
  readonly {
    readonly token: string;
    readonly fromChain: string;
    readonly toChain: string;
    readonly ordinal: bigint;
  }[]
> {
  return db.query(TRANSFERS, [book]);
}
