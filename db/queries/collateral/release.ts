import type { Queryable } from "../../database.js";
import type { Watched } from "./rows.js";

const SQL = `
UPDATE collateral_checkpoint SET held_until = clock_timestamp() - interval '1 millisecond'
WHERE chain_id = $1 AND program = $2 AND owner = $3`;

/** Another copy may write at once. */
export async function releaseCheckpoint(db: Queryable, { chainId, program }: Watched, owner: string): Promise<void> {
  await db.query(SQL, [chainId, program, owner]);
}
