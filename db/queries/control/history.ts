import type { Queryable } from "../../database.js";
import type { ControlCause, ControlState } from "./rows.js";

const SQL = `
SELECT state_before AS "before", state, reason, actor, cause, at
FROM keeper_control_change WHERE role = $1 AND network = $2 ORDER BY id DESC LIMIT $3`;

export interface ControlChange {
  readonly before: ControlState | null;
  readonly state: ControlState;
  readonly reason: string;
  readonly actor: string;
  readonly cause: ControlCause;
  readonly at: Date;
}

/** The last changes, newest first. */
export function controlHistory(
  db: Queryable,
  role: string,
  network: string,
  limit: number,
): Promise<readonly ControlChange[]> {
  return db.query<ControlChange>(SQL, [role, network, limit]);
}
