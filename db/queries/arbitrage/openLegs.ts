import type { Queryable } from "../../database.js";
import { newestEffect, type LegRow } from "./rows.js";

/** What is received counts by the books, which are written in the transaction that makes an effect final. */
const SQL = `
SELECT x.book, x.pair, x.ordinal, x.position, x.way, x.effect_key AS "effectKey", x.chain_id AS "chainId", x.pool,
  x.sell_base AS "sellBase", x.token_in AS "tokenIn", x.token_out AS "tokenOut", x.asset_out AS "assetOut", x.amount_in AS "amountIn",
  x.min_out AS "minOut", x.deadline, t.began_at AS "beganAt", x.dropped_at IS NOT NULL AS dropped, e.state, e.nonce,
  e.mined_hash AS "minedHash", e.mined_block AS "minedBlock", p.units AS "receivedUnits"
FROM keeper_arbitrage_trade t
JOIN keeper_arbitrage_leg x USING (book, pair, ordinal)
${newestEffect("x.chain_id", "$2")}
LEFT JOIN LATERAL (
  SELECT sum(line.amount)::numeric(78,0) AS units FROM keeper_pnl_entry n JOIN keeper_pnl_posting line ON line.entry_id = n.id
  WHERE n.outbox_id = e.id AND n.reverses IS NULL AND line.account = 'own:wallet' AND line.asset = x.asset_out
    AND NOT EXISTS (SELECT 1 FROM keeper_pnl_entry r WHERE r.reverses = n.id)) p ON true
WHERE t.book = $1 AND t.closed_at IS NULL
ORDER BY t.began_at, x.pair, x.ordinal, x.position`;

/** Legs of all trades that are not closed, each with what the outbox of its chain says of it. */
export function openLegs(db: Queryable, book: string, role: string): Promise<readonly LegRow[]> {
  return db.query<LegRow>(SQL, [book, role]);
}
