import type { Queryable } from "../../database.js";

/** Only while no leg of it can still change: each is dropped or has ended in the outbox. */
const CLOSE = `
UPDATE keeper_arbitrage_trade t SET closed_at = clock_timestamp()
WHERE t.book = $1 AND t.pair = $2 AND t.ordinal = $3 AND t.closed_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM keeper_arbitrage_leg x LEFT JOIN LATERAL (
    SELECT o.state FROM keeper_outbox o WHERE o.chain_id = x.chain_id AND o.role = $4 AND o.effect_key = x.effect_key
    ORDER BY o.id DESC LIMIT 1) e ON true
  WHERE x.book = t.book AND x.pair = t.pair AND x.ordinal = t.ordinal AND x.dropped_at IS NULL
    AND (e.state IS NULL OR e.state NOT IN ('final', 'reverted', 'cancelled')))
RETURNING t.ordinal`;

const DROP = `
UPDATE keeper_arbitrage_leg x SET dropped_at = clock_timestamp()
WHERE x.book = $1 AND x.effect_key = $2 AND x.dropped_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM keeper_outbox o WHERE o.chain_id = x.chain_id AND o.role = $3 AND o.effect_key = x.effect_key)
RETURNING x.position`;

/** @returns false when something of it is not final, or it was closed before. */
export async function closeTrade(
  tx: Queryable,
  { book, pair, ordinal }: { readonly book: string; readonly pair: string; readonly ordinal: bigint },
  role: string,
): Promise<boolean> {
  return (await tx.query(CLOSE, [book, pair, ordinal, role])).length === 1;
}

/** A leg that was never sent never will be. @returns false when it has a row in the outbox. */
export async function dropLeg(tx: Queryable, book: string, effectKey: string, role: string): Promise<boolean> {
  return (await tx.query(DROP, [book, effectKey, role])).length === 1;
}
