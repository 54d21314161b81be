import type { Queryable } from "../../database.js";

const SQL = `
INSERT INTO keeper_control (role, network, state, reason, actor, cause) VALUES ($1, $2, 'run', 'first start', $3, 'automatic')
ON CONFLICT (role, network) DO NOTHING`;

/** Makes the keeper known, in state `run`; does nothing when it is. */
export async function ensureControl(db: Queryable, role: string, network: string, actor: string): Promise<void> {
  await db.query(SQL, [role, network, actor]);
}
