import type { Queryable } from "../../database.js";
import type { Claim, Watched } from "./rows.js";

const SQL = `
INSERT INTO collateral_checkpoint AS mine (chain_id, program, owner, held_until)
VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 millisecond')
ON CONFLICT (chain_id, program) DO UPDATE SET owner = excluded.owner, held_until = excluded.held_until,
  generation = mine.generation + CASE WHEN mine.owner = excluded.owner THEN 0 ELSE 1 END
WHERE mine.owner = excluded.owner OR mine.held_until < clock_timestamp()
RETURNING signature, slot, generation`;

/**
 * Takes or keeps the right to write; inside a transaction nobody else can have it before its end.
 * @returns how far was read, and since how many changes of who writes; undefined while another copy writes.
 */
export async function claimCheckpoint(
  db: Queryable,
  { chainId, program }: Watched,
  owner: string,
  ttlMs: number,
): Promise<Claim | undefined> {
  const [row] = await db.query<Claim>(SQL, [chainId, program, owner, ttlMs]);
  return row;
}
