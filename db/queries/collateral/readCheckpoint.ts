import type { Queryable } from "../../database.js";
import type { Checkpoint, Watched } from "./rows.js";

const SQL = `
SELECT owner, held_until > clock_timestamp() AS "isHeld", signature, slot
FROM collateral_checkpoint WHERE chain_id = $1 AND program = $2`;

/** How far was read, and who writes; undefined before the first start. */
export async function readCheckpoint(
  db: Queryable,
  { chainId, program }: Watched,
): Promise<(Checkpoint & { readonly owner: string; readonly isHeld: boolean }) | undefined> {
  const [row] = await db.query<Checkpoint & { owner: string; isHeld: boolean }>(SQL, [chainId, program]);
  return row;
}
