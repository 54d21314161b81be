import type { Queryable } from "../../database.js";

const SQL = `
SELECT p.account, p.asset, sum(p.amount)::numeric(78,0) AS amount
FROM keeper_pnl_posting p JOIN keeper_pnl_entry e ON e.id = p.entry_id
WHERE e.role = $1 AND e.chain_id = $2 AND e.at > clock_timestamp() - $3 * INTERVAL '1 hour'
GROUP BY p.account, p.asset HAVING sum(p.amount) <> 0 ORDER BY p.account, p.asset`;

export interface AccountBalance {
  readonly account: string;
  readonly asset: string;
  readonly amount: bigint;
}

/** How each account has changed in the last hours; together zero per asset. */
export function accountBalances(
  db: Queryable,
  role: string,
  chainId: string,
  hours: number,
): Promise<readonly AccountBalance[]> {
  return db.query<AccountBalance>(SQL, [role, chainId, hours]);
}
