import type { Queryable } from "../../database.js";
import type { Checkpoint, Watched } from "./rows.js";

const SQL = `
INSERT INTO collateral_checkpoint AS mine (chain_id, program, owner, held_until)
VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 millisecond')
ON CONFLICT (chain_id, program) DO UPDATE SET owner = excluded.owner, held_until = excluded.held_until
WHERE mine.owner = excluded.owner OR mine.held_until < clock_timestamp()
RETURNING signature, slot`;

/**
 * Takes or keeps the right to write; inside a transaction nobody else can have it before its end.
 * @returns how far was read; undefined while another copy writes.
 */
export async function claimCheckpoint(
  db: Queryable,
  { chainId, program }: Watched,
  owner: string,
  ttlMs: number,
): Promise<Checkpoint | undefined> {
  const [row] = await db.query<Checkpoint>(SQL, [chainId, program, owner, ttlMs]);
  return row;
}
