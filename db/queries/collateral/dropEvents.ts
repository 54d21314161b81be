import type { Queryable } from "../../database.js";

const SQL = `DELETE FROM transactions WHERE chain_id = $1 AND signature = ANY ($2::text[]) AND status = 'confirmed'`;

/** Forgets what a dropped fork took back. */
export async function dropEvents(tx: Queryable, chainId: string, signatures: readonly string[]): Promise<void> {
  if (signatures.length > 0) await tx.query(SQL, [chainId, signatures]);
}
