import type { Queryable } from "../../database.js";
import { OUTBOX_COLUMNS, type AttemptRow, type OutboxRow } from "./rows.js";

const ROWS = `
select ${OUTBOX_COLUMNS} from keeper_outbox o
where o.chain_id = $1 and o.signer = $2 and (o.state in ('assigned', 'signed', 'mined') or o.nonce = any($3))
order by o.id`;

const ATTEMPTS = `
select outbox_id as "outboxId", hash, raw, kind, terms, block from keeper_attempt
where outbox_id = any($1) order by outbox_id, ordinal`;

/** Everything of a signer that is open, and the rows of `nonces` whatever their state; in the order in which they were written. */
export async function loadOutbox(
  db: Queryable,
  chainId: string,
  signer: string,
  nonces: readonly bigint[] = [],
): Promise<OutboxRow[]> {
  const rows = await db.query<Omit<OutboxRow, "attempts">>(ROWS, [chainId, signer, nonces]);
  const attempts = await db.query<AttemptRow & { outboxId: bigint }>(ATTEMPTS, [rows.map(({ id }) => id)]);
  return rows.map((row) => ({
    ...row,
    attempts: attempts
      .filter(({ outboxId }) => outboxId === row.id)
      .map(({ hash, raw, kind, terms, block }) => ({ hash, raw, kind, terms, block })),
  }));
}
