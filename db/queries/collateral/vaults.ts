import type { Queryable } from "../../database.js";
import type { VaultRow } from "./rows.js";

const SQL = `
SELECT vault, owner, seq_num AS "seqNum", config_version AS "configVersion", balances, pending_withdrawals AS "pendingWithdrawals",
       has_security_config AS "hasSecurityConfig", has_multi_sig AS "hasMultiSig", frozen_until AS "frozenUntil", slot
  FROM vaults WHERE chain_id = $1 AND closed_slot IS NULL`;

/** Vaults that are open, as last recorded. */
export function openVaults(db: Queryable, chainId: string): Promise<readonly (VaultRow & { readonly slot: bigint })[]> {
  return db.query<VaultRow & { slot: bigint }>(SQL, [chainId]);
}
