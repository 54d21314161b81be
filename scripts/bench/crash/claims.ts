/** What the keeper's own books say at the end, to be compared with the chain. */
import type { Database } from "../../../db/database.js";

export interface Claims {
  /** Rows that are not settled, and jobs that nobody has done. */
  readonly open: number;
  readonly jobs: number;
  /** One per effect, over all of its rows. */
  readonly effects: readonly { readonly key: string; readonly isFinal: boolean; readonly isCancelled: boolean }[];
  /** Bytes beyond the first of a row. */
  readonly bumps: number;
}

const EFFECTS = `
select effect_key as key, bool_or(state = 'final') as "isFinal", bool_and(state = 'cancelled') as "isCancelled"
from keeper_outbox where effect_key like 'effect-%' group by effect_key`;

const REST = `
select (select count(*) from keeper_outbox where state in ('assigned', 'signed', 'mined'))::integer as open,
  (select count(*) from keeper_job where done_at is null)::integer as jobs,
  (select count(*) from keeper_attempt where ordinal > 0)::integer as bumps`;

export async function readClaims(database: Database): Promise<Claims> {
  const effects = await database.query<Claims["effects"][number]>(EFFECTS);
  const [rest] = await database.query<{ open: number; jobs: number; bumps: number }>(REST);
  return { effects, ...(rest ?? { open: 0, jobs: 0, bumps: 0 }) };
}
