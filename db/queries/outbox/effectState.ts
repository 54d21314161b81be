import type { Queryable } from "../../database.js";
import type { OutboxState } from "./rows.js";

const SQL = `
select state from keeper_outbox
where chain_id = $1 and role = $2 and effect_key = $3 and state not in ('reverted', 'cancelled')`;

/** What became of the effect that holds this key; undefined when the key is free. */
export async function effectState(
  db: Queryable,
  chainId: string,
  role: string,
  effectKey: string,
): Promise<OutboxState | undefined> {
  const [row] = await db.query<{ state: OutboxState }>(SQL, [chainId, role, effectKey]);
  return row?.state;
}
