/**
 * Local identities: of our programs and of who holds a role. Their keys come from phrases that anyone can read here, so that every local
 * cluster has the programs at the addresses of `declare_id!`, and nobody may put value behind them: `refuseLocalProgramIds` and the
 * parameters (network.ts) keep them off other clusters.
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

/** Addresses by the name of the key on local clusters: of deployments, of keepers, of the world. Whoever publishes another lists it here. */
export const LOCAL_ROLE_ADDRESSES = {
  payer: "5anUvcxaAwxFZ23A3ncEzschmSs3FL8XT72rUTE4yuZ9",
  guardian: "HtY4WvZzeDU952Gf6WLnQ7ZmKMAaKdq2MyfwbiQK78Uy",
  house: "62QGQWGAKfE5Q3G238JZRforBdfEbNBWUT1Pj5Fc6WC4",
  "price authority": "GY2EWcvqqJa7dYV38DWrZCQmxCDSbgtBhbSZwjeyfQV6",
  "collateral-crank": "Hc5aKK7HDSUfAAF87wnYyY9MyUrFFZZqVTYZ6xpcsZ9A",
  "world admin": "B3shdmk8qSTKvGTYyNoMA2XaRXk3fGnbKY8o9XhQpW6T",
  "world guardian": "49adaKX5wngP92kbspmU4H3s3D7iu57xxLLdqN1DTXN9",
  "world price authority": "CN39yHk84Hsh36jnyu4P9qvWEvr4MNYLeSuuCCsRRoVC",
  "world mint authority": "2qvdzipDNXoQ2BkvbViFL2JxZayU3xprHNiYaCF6x5R3",
} as const;

/** The ed25519 seed is the SHA-256 of this and a name. */
export const LOCAL_PHRASE = "cantilever local ";

/** The published key of that name. */
export function localSigner(name: string): Promise<KeyPairSigner> {
  return createKeyPairSignerFromPrivateKeyBytes(getBytes(sha256(toUtf8Bytes(LOCAL_PHRASE + name))));
}

/** The published key of a program on local clusters. */
export function localProgramSigner(name: ProgramName): Promise<KeyPairSigner> {
  return localSigner(`program ${name}`);
}

const PUBLISHED: ReadonlySet<string> = new Set([
  ...Object.values(LOCAL_PROGRAM_IDS),
  ...Object.values(LOCAL_ROLE_ADDRESSES),
]);

/** Whether anyone can sign for an address. */
export function isPublished(address: string): boolean {
  return PUBLISHED.has(address);
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
