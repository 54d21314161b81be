import type { Queryable } from "../../database.js";

const REGISTER = `
insert into keeper_signer (chain_id, address, genesis_hash, next_nonce) values ($1, $2, $3, $4)
on conflict (chain_id, address) do nothing`;

const COLUMNS = `select genesis_hash as "genesisHash", next_nonce as "nextNonce", killed_reason as "killedReason" from keeper_signer`;
const READ = `${COLUMNS} where chain_id = $1 and address = $2`;
const LOCK = `${READ} for update`;
const ADVANCE = `update keeper_signer set next_nonce = $3 where chain_id = $1 and address = $2`;
const KILL = `update keeper_signer set killed_reason = coalesce(killed_reason, $3) where chain_id = $1 and address = $2`;
const REVIVE = `
update keeper_signer set killed_reason = null, next_nonce = greatest(next_nonce, $3) where chain_id = $1 and address = $2`;

export interface SignerRow {
  readonly genesisHash: string;
  readonly nextNonce: bigint;
  readonly killedReason: string | null;
}

/** Makes the account known; does nothing when it is. */
export async function registerSigner(
  tx: Queryable,
  chainId: string,
  address: string,
  genesisHash: string,
  nextNonce: bigint,
): Promise<void> {
  await tx.query(REGISTER, [chainId, address, genesisHash, nextNonce]);
}

export async function readSigner(db: Queryable, chainId: string, address: string): Promise<SignerRow | undefined> {
  return (await db.query<SignerRow>(READ, [chainId, address]))[0];
}

/** As `readSigner`; the row stays locked until the transaction ends, so that no two transactions assign one nonce. */
export async function lockSigner(tx: Queryable, chainId: string, address: string): Promise<SignerRow | undefined> {
  return (await tx.query<SignerRow>(LOCK, [chainId, address]))[0];
}

export async function setNextNonce(tx: Queryable, chainId: string, address: string, nextNonce: bigint): Promise<void> {
  await tx.query(ADVANCE, [chainId, address, nextNonce]);
}

/** Ends all signing of this account. The first reason stays. */
export async function killSigner(db: Queryable, chainId: string, address: string, reason: string): Promise<void> {
  await db.query(KILL, [chainId, address, reason]);
}

/** A person has looked: signing may go on at `nextNonce` or later. */
export async function reviveSigner(tx: Queryable, chainId: string, address: string, nextNonce: bigint): Promise<void> {
  await tx.query(REVIVE, [chainId, address, nextNonce]);
}
