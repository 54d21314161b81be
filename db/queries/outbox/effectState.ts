import type { Queryable } from "../../database.js";
import type { OutboxState } from "./rows.js";

const SQL = `
SELECT state FROM keeper_outbox
WHERE chain_id = $1 AND role = $2 AND effect_key = $3 AND state NOT IN ('reverted', 'cancelled')`;

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
