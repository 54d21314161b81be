/**
 * Local identities of our programs. Their keys come from a phrase that anyone can read here, so that every local cluster has the
 * programs at the addresses of `declare_id!`, and nobody may put value behind them: `refuseLocalProgramIds` keeps them off other clusters.
 */
import { createKeyPairSignerFromPrivateKeyBytes, type KeyPairSigner } from "@solana/kit";
import { getBytes, sha256, toUtf8Bytes } from "ethers";

import { PermanentError } from "../errors.js";

/** Addresses on local clusters by package name (programs/<name>). test/programs/programKeys.test.ts derives them anew. */
export const LOCAL_PROGRAM_IDS = {
  "collateral-vault": "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ",
  "position-manager": "FnWyXSmct2W35V3HJGEN54ohYUscotR5bLiBeADpUA1c",
} as const;

export type ProgramName = keyof typeof LOCAL_PROGRAM_IDS;

export const PROGRAM_NAMES = Object.keys(LOCAL_PROGRAM_IDS) as readonly ProgramName[];

/** The ed25519 seed is the SHA-256 of this and the program's name. */
const SEED_PHRASE = "cantilever local program ";

/** The published key of a program on local clusters. */
export function localProgramSigner(name: ProgramName): Promise<KeyPairSigner> {
  return createKeyPairSignerFromPrivateKeyBytes(getBytes(sha256(toUtf8Bytes(SEED_PHRASE + name))));
}

/** Where a program is about to go. */
export interface ProgramTarget {
  readonly programIds: readonly string[];
  readonly genesisHash: string;
  /** Of the clusters that this machine runs for itself. */
  readonly localGenesisHashes: ReadonlySet<string>;
}

/**
 * Anyone can sign for a local program address.
 * @throws PermanentError LOCAL_PROGRAM_KEY when one is to be used on a cluster whose genesis hash is not local.
 */
export function refuseLocalProgramIds({ programIds, genesisHash, localGenesisHashes }: ProgramTarget): void {
  if (localGenesisHashes.has(genesisHash)) return;
  const published: readonly string[] = Object.values(LOCAL_PROGRAM_IDS);
  const refused = programIds.filter((id) => published.includes(id));
  if (refused.length === 0) return;
  throw new PermanentError(
    "LOCAL_PROGRAM_KEY",
    `the cluster with genesis hash ${genesisHash} is not a local one, and anyone can sign for ${refused.join(", ")}`,
    "make a key for each program (solana-keygen new), put its address into declare_id! and Anchor.toml, and build again",
    { genesisHash, programIds: refused.join(",") },
  );
}
