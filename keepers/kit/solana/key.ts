/**
 * A Solana keeper's key: the same encrypted JSON keystore as for other chains (`KEEPER_KEYSTORE_FILE`), whose 32 secret bytes are the
 * Ed25519 seed. The key never leaves this file.
 */
import { readFileSync } from "node:fs";

import { createKeyPairSignerFromPrivateKeyBytes } from "@solana/kit";
import { decryptKeystoreJson } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";
import { localSigner } from "../../../protocol/solana/programKeys.js";
import type { Env } from "../env.js";
import { secretOf } from "../keys/secret.js";
import { solanaSignerOf, type SolanaSigner } from "./signer.js";

/** Variables that point to the key; they become part of no configuration. */
export const SOLANA_KEY_VARIABLES = ["KEEPER_KEYSTORE_FILE", "KEEPER_KEYSTORE_PASSPHRASE", "KEEPER_ADDRESS"] as const;

/**
 * Opens the key that the variables name. Without any of them, and on a cluster of this machine: the published key of `keeper`.
 * @returns undefined when no key is configured.
 * @throws PermanentError PASSPHRASE_MISSING, KEYSTORE_UNREADABLE, KEYSTORE_REFUSED, KEY_WRONG_ADDRESS.
 */
export async function loadSolanaKey(env: Env, keeper: string, local: boolean): Promise<SolanaSigner | undefined> {
  const text = (name: (typeof SOLANA_KEY_VARIABLES)[number]): string | undefined => {
    const value = env[name];
    return value === "" ? undefined : value;
  };
  const file = text("KEEPER_KEYSTORE_FILE");
  if (file === undefined) return local ? solanaSignerOf(await localSigner(keeper)) : undefined;
  const signer = await openSeed(file, text("KEEPER_KEYSTORE_PASSPHRASE"));
  const expected = text("KEEPER_ADDRESS");
  if (expected !== undefined && expected !== signer.address) {
    throw new PermanentError(
      "KEY_WRONG_ADDRESS",
      `the key is that of ${signer.address}, KEEPER_ADDRESS is ${expected}`,
      "correct KEEPER_ADDRESS or the key",
      { found: signer.address, expected },
    );
  }
  return signer;
}

async function openSeed(file: string, passphraseText: string | undefined): Promise<SolanaSigner> {
  const passphrase = secretOf(passphraseText);
  if (passphrase === undefined) {
    throw new PermanentError(
      "PASSPHRASE_MISSING",
      "KEEPER_KEYSTORE_FILE is set but KEEPER_KEYSTORE_PASSPHRASE is not",
      "set KEEPER_KEYSTORE_PASSPHRASE for this process only",
    );
  }
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch {
    throw new PermanentError("KEYSTORE_UNREADABLE", `cannot read the keystore ${file}`, "check KEEPER_KEYSTORE_FILE");
  }
  try {
    const { privateKey } = await passphrase.use((text) => decryptKeystoreJson(content, text));
    const seed = Uint8Array.from(Buffer.from(privateKey.slice(2), "hex"));
    return solanaSignerOf(await createKeyPairSignerFromPrivateKeyBytes(seed));
  } catch {
    // The cause is left out on purpose: it may carry parts of the file.
    throw new PermanentError(
      "KEYSTORE_REFUSED",
      `the keystore ${file} does not open with the given passphrase, or is not an encrypted JSON keystore`,
      "check KEEPER_KEYSTORE_PASSPHRASE",
    );
  }
}
