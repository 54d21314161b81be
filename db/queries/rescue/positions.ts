import type { Queryable } from "../../database.js";

export interface StoredPosition {
  readonly position: string;
  /** JSON text. */
  readonly facts: string;
  readonly closedBlock: bigint | null;
}

const ADD = `
INSERT INTO keeper_rescue_position (book, position, facts)
SELECT $1, name, facts::jsonb FROM unnest($2::text[], $3::text[]) AS found (name, facts)
ON CONFLICT (book, position) DO UPDATE SET facts = excluded.facts, closed_block = NULL`;
const LOAD = `
SELECT position, facts, closed_block AS "closedBlock" FROM keeper_rescue_position WHERE book = $1 ORDER BY position`;
const CLOSE = "UPDATE keeper_rescue_position SET closed_block = $3 WHERE book = $1 AND position = ANY ($2)";

/** What was known of them before is replaced. Each position once. */
export async function addPositions(
  tx: Queryable,
  book: string,
  found: readonly { readonly position: string; readonly facts: string }[],
): Promise<void> {
  await tx.query(ADD, [book, found.map(({ position }) => position), found.map(({ facts }) => facts)]);
}

export function loadPositions(db: Queryable, book: string): Promise<readonly StoredPosition[]> {
  return db.query<StoredPosition>(LOAD, [book]);
}

/** `block` null: they are not over after all. */
export async function closePositions(
  tx: Queryable,
  book: string,
  positions: readonly string[],
  block: bigint | null,
): Promise<void> {
  await tx.query(CLOSE, [book, positions, block]);
}
