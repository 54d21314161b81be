import type { Queryable } from "../../database.js";

const SQL = `
SELECT coalesce(sum(result_xau_wei), 0)::numeric(78,0) AS "resultXauWei",
  count(*) FILTER (WHERE reverses IS NULL) AS "entries", count(*) FILTER (WHERE reverses IS NOT NULL) AS "reversals",
  count(*) FILTER (WHERE result_xau_wei IS NULL AND reverses IS NULL) AS "unpriced"
FROM keeper_pnl_entry
WHERE role = $1 AND chain_id = $2 AND at > clock_timestamp() - $3 * INTERVAL '1 hour'`;

export interface RealisedResult {
  /** At the prices of the moments of settlement; entries without a price are left out. */
  readonly resultXauWei: bigint;
  readonly entries: bigint;
  readonly reversals: bigint;
  readonly unpriced: bigint;
}

/** What a keeper has gained or lost by settled transactions in the last hours. */
export async function realisedResult(
  db: Queryable,
  role: string,
  chainId: string,
  hours: number,
): Promise<RealisedResult> {
  const [row] = await db.query<RealisedResult>(SQL, [role, chainId, hours]);
  return row ?? { resultXauWei: 0n, entries: 0n, reversals: 0n, unpriced: 0n };
}
