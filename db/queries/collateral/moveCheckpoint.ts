import type { Queryable } from "../../database.js";
import type { Checkpoint, Watched } from "./rows.js";

const SQL = `UPDATE collateral_checkpoint SET signature = $3, slot = $4 WHERE chain_id = $1 AND program = $2`;

/** Says how far was read. */
export async function moveCheckpoint(tx: Queryable, { chainId, program }: Watched, to: Checkpoint): Promise<void> {
  await tx.query(SQL, [chainId, program, to.signature, to.slot]);
}
