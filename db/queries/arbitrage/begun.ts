import type { Queryable } from "../../database.js";

const TRADES = `
SELECT pair, max(ordinal) AS ordinal, max(began_at) AS "beganAt" FROM keeper_arbitrage_trade WHERE book = $1 GROUP BY pair`;
const TRANSFERS = `
SELECT token, from_chain AS "fromChain", to_chain AS "toChain", max(ordinal) AS ordinal
FROM keeper_arbitrage_transfer WHERE book = $1 GROUP BY token, from_chain, to_chain`;

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
