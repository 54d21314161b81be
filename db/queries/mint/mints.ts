import type { Queryable } from "../../database.js";
import type { MintBook, MintEnd, MintFunding, MintRow, NewMint } from "./rows.js";

/** Without gaps, counted over all accounts: the keys by which the outbox knows its steps have no account. */
const INSERT = `
INSERT INTO keeper_mint (book, account, ordinal, lot_sat, creation_fee_wei, began_block)
SELECT $1, $2, $3::bigint, $4, $5, $6
WHERE $3::bigint = 1 + (SELECT coalesce(max(ordinal), 0) FROM keeper_mint WHERE book = $1)
ON CONFLICT DO NOTHING RETURNING ordinal`;
const OPEN = `
SELECT ordinal, lot_sat AS "lotSat", creation_fee_wei AS "creationFeeWei", began_block AS "beganBlock", deposit,
  funding_txid AS "fundingTxid", funding_raw AS "fundingRaw", funding_fee_sat AS "fundingFeeSat", funding_coins AS "fundingCoins"
FROM keeper_mint WHERE book = $1 AND account = $2 AND ended_as IS NULL ORDER BY ordinal`;
const NEWEST = "SELECT coalesce(max(ordinal), 0) AS newest FROM keeper_mint WHERE book = $1";
/** What may be paid still, and what was paid in the last 24 hours. */
const COMMITTED = `
SELECT coalesce(sum(lot_sat), 0) AS committed FROM keeper_mint
WHERE book = $1 AND account = $2
  AND (funded_at > clock_timestamp() - interval '1 day' OR (funded_at IS NULL AND ended_as IS NULL))`;
/** Opened and never paid; what was not even sent, or taken back before, cost nothing. */
const FAILED = `
SELECT count(*) AS failed FROM keeper_mint
WHERE book = $1 AND account = $2 AND funding_txid IS NULL AND ended_at > clock_timestamp() - interval '1 day'
  AND ended_as IN ('setup-failed', 'unfunded', 'fraud', 'failed')`;
const FOUND = `
UPDATE keeper_mint SET deposit = $4
WHERE book = $1 AND account = $2 AND ordinal = $3 AND deposit IS NULL AND ended_as IS NULL
  AND NOT EXISTS (SELECT FROM keeper_mint AS other WHERE other.book = $1 AND other.account = $2 AND other.deposit = $4)
RETURNING ordinal`;
/** Once, and no coin that an open mint spends already. */
const FUND = `
UPDATE keeper_mint SET funding_txid = $4, funding_raw = $5, funding_fee_sat = $6, funding_coins = $7, funded_at = clock_timestamp()
WHERE book = $1 AND account = $2 AND ordinal = $3 AND funding_txid IS NULL AND ended_as IS NULL
  AND NOT EXISTS (SELECT FROM keeper_mint AS other WHERE other.book = $1 AND other.account = $2 AND other.ended_as IS NULL
    AND other.funding_coins && $7)
RETURNING ordinal`;
const END = `
UPDATE keeper_mint SET ended_as = $4, ended_at = clock_timestamp()
WHERE book = $1 AND account = $2 AND ordinal = $3 AND ended_as IS NULL RETURNING ordinal`;

/** @returns false when another one was written meanwhile. */
export async function insertMint(tx: Queryable, { book, account }: MintBook, mint: NewMint): Promise<boolean> {
  const { ordinal, lotSat, creationFeeWei, beganBlock } = mint;
  return (await tx.query(INSERT, [book, account, ordinal, lotSat, creationFeeWei, beganBlock])).length === 1;
}

export function openMints(db: Queryable, { book, account }: MintBook): Promise<readonly MintRow[]> {
  return db.query<MintRow>(OPEN, [book, account]);
}

/** Of whichever account; 0 before the first. */
export async function newestMint(db: Queryable, { book }: MintBook): Promise<bigint> {
  const [row] = await db.query<{ newest: bigint }>(NEWEST, [book]);
  return row?.newest ?? 0n;
}

/** Lots in satoshis that count against a day. */
export async function committedSat(db: Queryable, { book, account }: MintBook): Promise<bigint> {
  const [row] = await db.query<{ committed: bigint }>(COMMITTED, [book, account]);
  return row?.committed ?? 0n;
}

/** Mints that ended without a payment in the last 24 hours. */
export async function failedMints(db: Queryable, { book, account }: MintBook): Promise<bigint> {
  const [row] = await db.query<{ failed: bigint }>(FAILED, [book, account]);
  return row?.failed ?? 0n;
}

/** @returns false when a deposit was written before, or this one belongs to another mint. */
export async function writeDeposit(
  tx: Queryable,
  { book, account }: MintBook,
  ordinal: bigint,
  deposit: string,
): Promise<boolean> {
  return (await tx.query(FOUND, [book, account, ordinal, deposit])).length === 1;
}

/** @returns false when a payment was written before, or one of its coins is another's. */
export async function writeFunding(
  tx: Queryable,
  { book, account }: MintBook,
  ordinal: bigint,
  { txid, raw, feeSat, coins }: MintFunding,
): Promise<boolean> {
  return (await tx.query(FUND, [book, account, ordinal, txid, raw, feeSat, coins])).length === 1;
}

/** @returns false when it had ended before. */
export async function endMint(
  tx: Queryable,
  { book, account }: MintBook,
  ordinal: bigint,
  end: MintEnd,
): Promise<boolean> {
  return (await tx.query(END, [book, account, ordinal, end])).length === 1;
}
