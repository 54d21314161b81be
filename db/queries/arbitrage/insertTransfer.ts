import type { Queryable } from "../../database.js";
import type { NewTransfer } from "./rows.js";

const SQL = `
INSERT INTO keeper_arbitrage_transfer (book, token, from_chain, to_chain, ordinal, effect_key, amount_units, max_fee_units, deadline)
SELECT $1, $2, $3, $4, $5::bigint, $6, $7, $8, $9
WHERE $5::bigint = 1 + (SELECT coalesce(max(ordinal), 0) FROM keeper_arbitrage_transfer
  WHERE book = $1 AND token = $2 AND from_chain = $3 AND to_chain = $4)
ON CONFLICT DO NOTHING RETURNING ordinal`;

/** @returns false when it is not the next one of its direction. */
export async function insertTransfer(tx: Queryable, transfer: NewTransfer): Promise<boolean> {
  const { book, token, fromChain, toChain, ordinal, effectKey, amountUnits, maxFeeUnits, deadline } = transfer;
  const values = [book, token, fromChain, toChain, ordinal, effectKey, amountUnits, maxFeeUnits, deadline];
  return (await tx.query(SQL, values)).length === 1;
}
