import type { Queryable } from "../../database.js";
import { CONTROL_COLUMNS, type ControlRow } from "./rows.js";

const SQL = `
UPDATE keeper_control SET state = $3, reason = $4, actor = $5, cause = $6, changed_at = clock_timestamp()
WHERE role = $1 AND network = $2 RETURNING ${CONTROL_COLUMNS}`;

/** Writes what a keeper may do from now on. @throws PermanentError DB_CHECK when a program would end a kill. */
export async function setControl(
  tx: Queryable,
  role: string,
  network: string,
  row: Omit<ControlRow, "changedAt">,
): Promise<ControlRow | undefined> {
  const { state, reason, actor, cause } = row;
  return (await tx.query<ControlRow>(SQL, [role, network, state, reason, actor, cause]))[0];
}
