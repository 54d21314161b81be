import type { Queryable } from "../../database.js";
import type { TransferEnd } from "./rows.js";

const MESSAGE = `
UPDATE keeper_arbitrage_transfer SET message_id = $3
WHERE book = $1 AND effect_key = $2 AND message_id IS NULL AND closed_as IS NULL RETURNING ordinal`;

const CLOSE = `
UPDATE keeper_arbitrage_transfer SET closed_as = $3 WHERE book = $1 AND effect_key = $2 AND closed_as IS NULL RETURNING ordinal`;

const DROP = `
UPDATE keeper_arbitrage_transfer x SET closed_as = 'dropped'
WHERE x.book = $1 AND x.effect_key = $2 AND x.closed_as IS NULL AND NOT EXISTS (
  SELECT 1 FROM keeper_outbox o WHERE o.chain_id = x.from_chain AND o.role = $3 AND o.effect_key = x.effect_key)
RETURNING x.ordinal`;

/** The id under which the bridge knows it; final, and never another one. */
export async function nameTransfer(
  tx: Queryable,
  book: string,
  effectKey: string,
  messageId: string,
): Promise<boolean> {
  return (await tx.query(MESSAGE, [book, effectKey, messageId])).length === 1;
}

export async function closeTransfer(
  tx: Queryable,
  book: string,
  effectKey: string,
  end: Exclude<TransferEnd, "dropped">,
): Promise<boolean> {
  return (await tx.query(CLOSE, [book, effectKey, end])).length === 1;
}

/** What was never sent never will be. @returns false when it has a row in the outbox. */
export async function dropTransfer(tx: Queryable, book: string, effectKey: string, role: string): Promise<boolean> {
  return (await tx.query(DROP, [book, effectKey, role])).length === 1;
}
