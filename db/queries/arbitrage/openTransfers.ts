import type { Queryable } from "../../database.js";
import { newestEffect, type TransferRow } from "./rows.js";

const SQL = `
SELECT x.book, x.token, x.from_chain AS "fromChain", x.to_chain AS "toChain", x.ordinal, x.effect_key AS "effectKey",
  x.amount_units AS "amountUnits", x.max_fee_units AS "maxFeeUnits", x.deadline, x.message_id AS "messageId", e.state, e.nonce,
  e.mined_hash AS "minedHash", e.mined_block AS "minedBlock"
FROM keeper_arbitrage_transfer x
${newestEffect("x.from_chain", "$2")}
WHERE x.book = $1 AND x.closed_as IS NULL
ORDER BY x.token, x.from_chain, x.ordinal`;

/** Transfers that are not closed, each with what the outbox of its source says of it. */
export function openTransfers(db: Queryable, book: string, role: string): Promise<readonly TransferRow[]> {
  return db.query<TransferRow>(SQL, [book, role]);
}
