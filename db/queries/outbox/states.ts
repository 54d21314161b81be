import type { Queryable } from "../../database.js";
import type { OutboxState } from "./rows.js";

const SQL = `SELECT id, state FROM keeper_outbox WHERE id = ANY($1)`;

/** States of rows, open or not. */
export async function outboxStates(db: Queryable, ids: readonly bigint[]): Promise<ReadonlyMap<bigint, OutboxState>> {
  const rows = await db.query<{ id: bigint; state: OutboxState }>(SQL, [ids]);
  return new Map(rows.map(({ id, state }) => [id, state]));
}
