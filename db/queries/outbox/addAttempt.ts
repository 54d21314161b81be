import type { Queryable } from "../../database.js";
import type { AttemptRow } from "./rows.js";

const ATTEMPT = `
insert into keeper_attempt (outbox_id, ordinal, hash, raw, kind, terms, block)
select id, (select count(*) from keeper_attempt where outbox_id = $1)::integer, $2, $3, $4, $5, $6
from keeper_outbox where id = $1 and state in ('assigned', 'signed')
returning ordinal`;

const SIGNED = `update keeper_outbox set state = 'signed', updated_at = now() where id = $1 and state = 'assigned'`;

/** Stores signed bytes. @returns false when the row is not open for them any more; nothing was stored then. */
export async function addAttempt(tx: Queryable, id: bigint, attempt: AttemptRow): Promise<boolean> {
  const { hash, raw, kind, terms, block } = attempt;
  const stored = await tx.query(ATTEMPT, [id, hash, raw, kind, JSON.stringify(terms), block]);
  if (stored.length === 0) return false;
  await tx.query(SIGNED, [id]);
  return true;
}
