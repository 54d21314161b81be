import type { Queryable } from "../../database.js";
import type { PolicyAcceptance, PolicyOf } from "./rows.js";

const SQL = `
INSERT INTO keeper_policy (role, chain_id, policy_hash, policy, accepted, replaces)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (role, chain_id, replaces) DO NOTHING
RETURNING id`;

/** Puts a policy into force after the row `replaces` (0: after none). @returns false when another one has followed it meanwhile. */
export async function acceptPolicy(
  db: Queryable,
  of: PolicyOf,
  policy: { readonly hash: string; readonly json: string },
  accepted: PolicyAcceptance,
  replaces: bigint,
): Promise<boolean> {
  const values = [of.role, of.chainId, policy.hash, policy.json, accepted, replaces];
  return (await db.query(SQL, values)).length > 0;
}
