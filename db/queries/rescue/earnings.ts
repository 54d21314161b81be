import type { Queryable } from "../../database.js";
import type { EarningEnd, EarningKind, NewEarning, RescueBook } from "./rows.js";

/** Without gaps, counted over all accounts: the key by which the outbox knows it has no account. */
const INSERT = `
INSERT INTO keeper_rescue_earning (book, account, kind, about, ordinal, amount, began_block)
SELECT $1, $2, $3, $4, $5::bigint, $6, $7
WHERE $5::bigint = 1 + (
  SELECT coalesce(max(ordinal), 0) FROM keeper_rescue_earning
  WHERE book = $1 AND kind = $3 AND about = $4
)
ON CONFLICT DO NOTHING RETURNING ordinal`;
const OPEN = `
SELECT kind, about, ordinal, amount, began_block AS "beganBlock" FROM keeper_rescue_earning
WHERE book = $1 AND account = $2 AND ended_as IS NULL ORDER BY kind, about`;
const BEGUN = `
SELECT kind, about, max(ordinal) AS ordinal,
  count(*) FILTER (WHERE account = $2 AND ended_as IN ('done', 'by-another')) AS brought,
  count(*) FILTER (WHERE account = $2 AND ended_as = 'refused' AND ended_at > clock_timestamp() - interval '1 day') AS refused
FROM keeper_rescue_earning WHERE book = $1 GROUP BY kind, about`;
const END = `
UPDATE keeper_rescue_earning SET ended_as = $6, ended_at = clock_timestamp()
WHERE book = $1 AND account = $2 AND kind = $3 AND about = $4 AND ordinal = $5 AND ended_as IS NULL RETURNING ordinal`;

/** What was ever begun of one kind about one contract. */
export interface BegunEarning {
  readonly kind: EarningKind;
  readonly about: string;
  /** Of the newest, from whichever account. */
  readonly ordinal: bigint;
  /** How often it came, by us or by somebody else. */
  readonly brought: bigint;
  /** How often the chain refused it in the last 24 hours. */
  readonly refused: bigint;
}

/** @returns false when another one of its kind was written meanwhile. */
export async function insertEarning(
  tx: Queryable,
  { book, account }: RescueBook,
  { kind, about, ordinal, amount, beganBlock }: NewEarning,
): Promise<boolean> {
  return (await tx.query(INSERT, [book, account, kind, about, ordinal, amount, beganBlock])).length === 1;
}

export function openEarnings(db: Queryable, { book, account }: RescueBook): Promise<readonly NewEarning[]> {
  return db.query<NewEarning>(OPEN, [book, account]);
}

export function earningsBegun(db: Queryable, { book, account }: RescueBook): Promise<readonly BegunEarning[]> {
  return db.query<BegunEarning>(BEGUN, [book, account]);
}

/** @returns false when it had ended before. */
export async function endEarning(
  tx: Queryable,
  { book, account }: RescueBook,
  { kind, about, ordinal }: Pick<NewEarning, "kind" | "about" | "ordinal">,
  end: EarningEnd,
): Promise<boolean> {
  return (await tx.query(END, [book, account, kind, about, ordinal, end])).length === 1;
}
