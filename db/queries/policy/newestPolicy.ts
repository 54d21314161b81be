import type { Queryable } from "../../database.js";
import type { PolicyOf } from "./rows.js";

const SQL = `
SELECT id, policy_hash AS "policyHash", policy FROM keeper_policy
WHERE role = $1 AND chain_id = $2
ORDER BY id DESC LIMIT 1`;

/** The policy in force, with its canonical JSON; undefined before the first start. */
export async function newestPolicy(
  db: Queryable,
  of: PolicyOf,
): Promise<{ readonly id: bigint; readonly policyHash: string; readonly policy: string } | undefined> {
  const [row] = await db.query<{ id: bigint; policyHash: string; policy: string }>(SQL, [of.role, of.chainId]);
  return row;
}
