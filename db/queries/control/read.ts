import type { Queryable } from "../../database.js";
import { CONTROL_COLUMNS, type ControlRow } from "./rows.js";

const READ = `SELECT ${CONTROL_COLUMNS} FROM keeper_control WHERE role = $1 AND network = $2`;
/** A change waits for whoever has read it like this, and whoever comes later sees the change. */
const SHARE = `${READ} FOR SHARE`;
const UPDATE = `${READ} FOR UPDATE`;

/** undefined: the keeper has never been started or told anything. */
export async function readControl(db: Queryable, role: string, network: string): Promise<ControlRow | undefined> {
  return (await db.query<ControlRow>(READ, [role, network]))[0];
}

/** As `readControl`; until the transaction ends the row stays as it is. `forChange`: and nobody else reads it like this. */
export async function lockControl(
  tx: Queryable,
  role: string,
  network: string,
  forChange = false,
): Promise<ControlRow | undefined> {
  return (await tx.query<ControlRow>(forChange ? UPDATE : SHARE, [role, network]))[0];
}
