import type { Queryable } from "../../database.js";
import type { NewLeg } from "./rows.js";

const SQL = `
INSERT INTO keeper_arbitrage_leg (book, pair, ordinal, position, way, effect_key, chain_id, pool, sell_base, token_in, token_out, asset_out,
  amount_in, min_out, deadline)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING RETURNING position`;

/** @returns false when its key, or its place in the trade, is taken. */
export async function insertLeg(tx: Queryable, leg: NewLeg): Promise<boolean> {
  const { book, pair, ordinal, position, way, effectKey, chainId, pool, sellBase } = leg;
  const { tokenIn, tokenOut, assetOut, amountIn, minOut, deadline } = leg;
  const name = [book, pair, ordinal, position, way, effectKey];
  const sale = [chainId, pool, sellBase, tokenIn, tokenOut, assetOut, amountIn, minOut, deadline];
  return (await tx.query(SQL, [...name, ...sale])).length === 1;
}
