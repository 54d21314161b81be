import type { Queryable } from "../../database.js";

const REGISTER = `
INSERT INTO keeper_signer (chain_id, address, genesis_hash, next_nonce) VALUES ($1, $2, $3, $4)
ON CONFLICT (chain_id, address) DO NOTHING`;

const COLUMNS = `SELECT genesis_hash AS "genesisHash", next_nonce AS "nextNonce", killed_reason AS "killedReason" FROM keeper_signer`;
const READ = `${COLUMNS} WHERE chain_id = $1 AND address = $2`;
const LOCK = `${READ} FOR UPDATE`;
const ADVANCE = `UPDATE keeper_signer SET next_nonce = $3 WHERE chain_id = $1 AND address = $2`;
const KILL = `UPDATE keeper_signer SET killed_reason = coalesce(killed_reason, $3) WHERE chain_id = $1 AND address = $2`;
const REVIVE = `
UPDATE keeper_signer SET killed_reason = NULL, next_nonce = greatest(next_nonce, $3) WHERE chain_id = $1 AND address = $2`;

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
