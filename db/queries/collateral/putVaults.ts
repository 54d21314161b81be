import type { Queryable } from "../../database.js";
import type { VaultRow } from "./rows.js";

const SQL = `
INSERT INTO vaults AS known (chain_id, vault, owner, seq_num, config_version, balances, pending_withdrawals, has_security_config,
                    has_multi_sig, frozen_until, slot)
SELECT $1, *, $2 FROM unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::integer[], $8::integer[], $9::boolean[],
                             $10::boolean[], $11::bigint[])
ON CONFLICT (chain_id, vault) DO UPDATE SET
  owner = excluded.owner, seq_num = excluded.seq_num, config_version = excluded.config_version, balances = excluded.balances,
  pending_withdrawals = excluded.pending_withdrawals, has_security_config = excluded.has_security_config,
  has_multi_sig = excluded.has_multi_sig, frozen_until = excluded.frozen_until, slot = excluded.slot, closed_slot = NULL
WHERE known.slot < excluded.slot`;
const CLOSE = `UPDATE vaults SET closed_slot = $2, slot = $2 WHERE chain_id = $1 AND vault = ANY ($3::text[]) AND slot < $2`;

/** Vaults as they are at a finalized slot. */
export async function putVaults(
  tx: Queryable,
  chainId: string,
  slot: bigint,
  rows: readonly VaultRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(SQL, [
    chainId,
    slot,
    rows.map(({ vault }) => vault),
    rows.map(({ owner }) => owner),
    rows.map(({ seqNum }) => seqNum),
    rows.map(({ configVersion }) => configVersion),
    rows.map(({ balances }) => balances),
    rows.map(({ pendingWithdrawals }) => pendingWithdrawals),
    rows.map(({ hasSecurityConfig }) => hasSecurityConfig),
    rows.map(({ hasMultiSig }) => hasMultiSig),
    rows.map(({ frozenUntil }) => frozenUntil),
  ]);
}

/** Vaults that were gone at a finalized slot. */
export async function closeVaults(
  tx: Queryable,
  chainId: string,
  slot: bigint,
  vaults: readonly string[],
): Promise<void> {
  if (vaults.length > 0) await tx.query(CLOSE, [chainId, slot, vaults]);
}
