/** Who pays and deploys on local clusters: a key that anyone can make, so that nobody may put value behind it. */
import type { KeyPairSigner } from "@solana/kit";

import { LOCAL_PHRASE, localSigner } from "../../protocol/solana/programKeys.js";

const NAME = "payer";

/** The ed25519 seed is the SHA-256 of this. */
export const PAYER_PHRASE = LOCAL_PHRASE + NAME;

export function localPayer(): Promise<KeyPairSigner> {
  return localSigner(NAME);
}

/** What it has at least when a validator is up. */
export const PAYER_LAMPORTS = 100_000n * 1_000_000_000n;
