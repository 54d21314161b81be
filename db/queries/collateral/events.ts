import type { Queryable } from "../../database.js";
import type { EventRow } from "./rows.js";

const COLUMNS = `signature, event_index AS "eventIndex", subject, seq_num AS "seqNum", slot, block_time AS "blockTime", kind, vault, mint,
  program, amount, total, locked, body, status`;
const OPEN = `SELECT ${COLUMNS} FROM transactions WHERE chain_id = $1 AND status = 'confirmed' ORDER BY slot, signature, event_index`;
const RULES_SINCE = `
SELECT ${COLUMNS} FROM transactions WHERE chain_id = $1 AND block_time >= $2 AND kind IN ('securityConfigSet', 'multiSigSet')
 ORDER BY slot, seq_num, signature, event_index`;
const RULES_BEFORE = `
SELECT DISTINCT ON (vault) ${COLUMNS} FROM transactions
 WHERE chain_id = $1 AND kind = 'securityConfigSet' AND (block_time < $2 OR block_time IS NULL)
 ORDER BY vault, slot DESC, seq_num DESC`;
const WITHDRAWN_SINCE = `
SELECT ${COLUMNS} FROM transactions WHERE chain_id = $1 AND block_time >= $2 AND kind = 'withdrawn'
 ORDER BY slot DESC, seq_num DESC, signature, event_index LIMIT $3`;
const AFTER = `
SELECT ${COLUMNS} FROM transactions JOIN unnest($2::text[], $3::bigint[]) AS known (account, since)
    ON subject = account AND slot > since
 WHERE chain_id = $1 AND seq_num IS NOT NULL ORDER BY subject, seq_num`;

/** Events that are not final yet, oldest first. */
export function openEvents(db: Queryable, chainId: string): Promise<readonly EventRow[]> {
  return db.query<EventRow>(OPEN, [chainId]);
}

/**
 * Changes of vaults' rules since a Unix time, oldest first, after the configuration that each vault had at that time, however old. All of
 * them: a limit would let a stranger's changes hide others.
 */
export async function rulesSince(db: Queryable, chainId: string, seconds: bigint): Promise<readonly EventRow[]> {
  const before = await db.query<EventRow>(RULES_BEFORE, [chainId, seconds]);
  return [...before, ...(await db.query<EventRow>(RULES_SINCE, [chainId, seconds]))];
}

/** Withdrawals since a Unix time, oldest first; the newest where there are more than `most`. */
export async function withdrawnSince(
  db: Queryable,
  chainId: string,
  seconds: bigint,
  most: number,
): Promise<readonly EventRow[]> {
  return [...(await db.query<EventRow>(WITHDRAWN_SINCE, [chainId, seconds, most]))].reverse();
}

/** Counted events of accounts after the slots up to which they were recorded, in order. */
export function eventsAfter(
  db: Queryable,
  chainId: string,
  known: readonly { readonly subject: string; readonly slot: bigint }[],
): Promise<readonly EventRow[]> {
  return db.query<EventRow>(AFTER, [chainId, known.map(({ subject }) => subject), known.map(({ slot }) => slot)]);
}
