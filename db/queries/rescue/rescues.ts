import type { Queryable } from "../../database.js";
import type { DoneRescue, KeyState, NewRescue, RescueBook, RescueEnd } from "./rows.js";

const COLUMNS = `position, ordinal, effect, stage, steps, cost_units AS "costUnits", spender, gas_limit AS "gasLimit",
  follow_up_gas AS "followUpGas", stake_wei AS "stakeWei", deadline, began_block AS "beganBlock"`;

/**
 * Without gaps: the one before must be there, and must have ended if it was of this account. Counted over all accounts: the outbox knows an
 * effect by its key, which has the ordinal and no account.
 */
const INSERT = `
INSERT INTO keeper_rescue (book, account, position, ordinal, effect, stage, steps, cost_units, spender, gas_limit, follow_up_gas,
  stake_wei, deadline, began_block)
SELECT $1, $2, $3, $4::bigint, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14
WHERE $4::bigint = 1 + (SELECT coalesce(max(ordinal), 0) FROM keeper_rescue WHERE book = $1 AND position = $3)
ON CONFLICT DO NOTHING RETURNING ordinal`;
const OPEN = `SELECT ${COLUMNS} FROM keeper_rescue WHERE book = $1 AND account = $2 AND ended_as IS NULL ORDER BY position`;
const BEGUN = `
SELECT position, max(ordinal) AS ordinal FROM keeper_rescue WHERE book = $1 GROUP BY position`;
const DONE = `
SELECT DISTINCT ON (position) position, ordinal, follow_up_gas AS "followUpGas", stake_wei AS "stakeWei",
  began_block AS "beganBlock" FROM keeper_rescue
WHERE book = $1 AND account = $2 AND ended_as = 'rescued' ORDER BY position, ordinal DESC`;
const END = `
UPDATE keeper_rescue SET ended_as = $5, ended_at = clock_timestamp()
WHERE book = $1 AND account = $2 AND position = $3 AND ordinal = $4 AND ended_as IS NULL RETURNING ordinal`;
const STATES = `
SELECT DISTINCT ON (effect_key) effect_key AS "effectKey", state, mined_hash AS "minedHash" FROM keeper_outbox
WHERE chain_id = $1 AND role = $2 AND effect_key = ANY ($3) ORDER BY effect_key, id DESC`;
const FAILED = `
SELECT count(*) AS failed FROM keeper_rescue
WHERE book = $1 AND account = $2 AND ended_as = 'failed' AND ended_at > clock_timestamp() - interval '1 day'`;

/** @returns false when another rescue of the position was written meanwhile. */
export async function insertRescue(tx: Queryable, { book, account }: RescueBook, rescue: NewRescue): Promise<boolean> {
  const { position, ordinal, effect, stage, steps, costUnits, spender, gasLimit } = rescue;
  const { followUpGas, stakeWei, deadline, beganBlock } = rescue;
  const name = [book, account, position, ordinal, effect, stage, steps];
  const terms = [costUnits, spender, gasLimit, followUpGas, stakeWei, deadline, beganBlock];
  return (await tx.query(INSERT, [...name, ...terms])).length === 1;
}

export function openRescues(db: Queryable, { book, account }: RescueBook): Promise<readonly NewRescue[]> {
  return db.query<NewRescue>(OPEN, [book, account]);
}

/** Ordinal of the newest rescue of each position that ever had one, from whichever account. */
export function rescuesBegun(
  db: Queryable,
  { book }: RescueBook,
): Promise<readonly { readonly position: string; readonly ordinal: bigint }[]> {
  return db.query(BEGUN, [book]);
}

/** Positions that were ever rescued by this account, each with the newest rescue of it. */
export function rescuesDone(db: Queryable, { book, account }: RescueBook): Promise<readonly DoneRescue[]> {
  return db.query<DoneRescue>(DONE, [book, account]);
}

/** @returns false when it had ended before. */
export async function endRescue(
  tx: Queryable,
  { book, account }: RescueBook,
  { position, ordinal }: Pick<NewRescue, "position" | "ordinal">,
  end: RescueEnd,
): Promise<boolean> {
  return (await tx.query(END, [book, account, position, ordinal, end])).length === 1;
}

/** The newest row of each key that has any. */
export function keyStates(
  db: Queryable,
  chainId: string,
  role: string,
  keys: readonly string[],
): Promise<readonly KeyState[]> {
  return db.query<KeyState>(STATES, [chainId, role, keys]);
}

/** Rescues that the chain refused in the last 24 hours; lost races are none of them. */
export async function rescuesFailed(db: Queryable, { book, account }: RescueBook): Promise<bigint> {
  const [row] = await db.query<{ failed: bigint }>(FAILED, [book, account]);
  return row?.failed ?? 0n;
}
