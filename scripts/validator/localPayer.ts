/** Who pays and deploys on local clusters: a key that anyone can make, so that nobody may put value behind it. */
import { createHash } from "node:crypto";

import { createKeyPairSignerFromPrivateKeyBytes, type KeyPairSigner } from "@solana/kit";

/** The ed25519 seed is the SHA-256 of this. */
export const PAYER_PHRASE = "cantilever local payer";

export function localPayer(): Promise<KeyPairSigner> {
  return createKeyPairSignerFromPrivateKeyBytes(createHash("sha256").update(PAYER_PHRASE).digest());
}

/** What it has at least when a validator is up. */
export const PAYER_LAMPORTS = 100_000n * 1_000_000_000n;
