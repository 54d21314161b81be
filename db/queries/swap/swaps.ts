import type { Queryable } from "../../database.js";
import type { NewSwap, SwapBook, SwapEnd, SwapTotals } from "./rows.js";

/**
 * Without gaps, and one at a time: the one before must be there, and must have ended if it was of this account. Counted over all accounts: the
 * keys by which the outbox knows its steps have no account.
 */
const INSERT = `
INSERT INTO keeper_swap (book, account, ordinal, token, amount_units, began_block)
SELECT $1, $2, $3::bigint, $4, $5, $6
WHERE $3::bigint = 1 + (SELECT coalesce(max(ordinal), 0) FROM keeper_swap WHERE book = $1)
ON CONFLICT DO NOTHING RETURNING ordinal`;
const OPEN = `
SELECT ordinal, token, amount_units AS "amountUnits", began_block AS "beganBlock" FROM keeper_swap
WHERE book = $1 AND account = $2 AND ended_as IS NULL`;
const TOTALS = `
SELECT coalesce(max(ordinal), 0) AS newest,
  coalesce(sum(amount_units) FILTER (WHERE account = $2 AND token = $3 AND (ended_as IS NULL
    OR (ended_as = 'swapped' AND ended_at > clock_timestamp() - interval '1 day'))), 0) AS "committedUnits",
  count(*) FILTER (WHERE account = $2 AND ended_as = 'failed' AND ended_at > clock_timestamp() - interval '1 day') AS failed
FROM keeper_swap WHERE book = $1`;
const END = `
UPDATE keeper_swap SET ended_as = $4, ended_at = clock_timestamp()
WHERE book = $1 AND account = $2 AND ordinal = $3 AND ended_as IS NULL RETURNING ordinal`;

/** @returns false when another one was written meanwhile, or is open. */
export async function insertSwap(tx: Queryable, { book, account }: SwapBook, swap: NewSwap): Promise<boolean> {
  const { ordinal, token, amountUnits, beganBlock } = swap;
  return (await tx.query(INSERT, [book, account, ordinal, token, amountUnits, beganBlock])).length === 1;
}

export async function openSwap(db: Queryable, { book, account }: SwapBook): Promise<NewSwap | undefined> {
  return (await db.query<NewSwap>(OPEN, [book, account]))[0];
}

/** @param token lower case */
export async function swapTotals(db: Queryable, { book, account }: SwapBook, token: string): Promise<SwapTotals> {
  const [row] = await db.query<SwapTotals>(TOTALS, [book, account, token]);
  return row ?? { newest: 0n, committedUnits: 0n, failed: 0n };
}

/** @returns false when it had ended before. */
export async function endSwap(
  tx: Queryable,
  { book, account }: SwapBook,
  ordinal: bigint,
  end: SwapEnd,
): Promise<boolean> {
  return (await tx.query(END, [book, account, ordinal, end])).length === 1;
}
