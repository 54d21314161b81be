/** Which key a process uses: one source per account, named by variables with the account's prefix. */
import { readFileSync } from "node:fs";

import { PermanentError } from "../../../protocol/errors.js";
import { developmentAccounts } from "../../../protocol/params/rules.js";
import type { Env } from "../env.js";
import { walletAccount, type KeyAccount } from "./account.js";
import { openEnvelope, parseEnvelope } from "./envelope.js";
import { openKeystore, unlockKeystore } from "./keystore.js";
import { openKms, type KmsPlace } from "./kmsClient.js";
import { openKmsAccount, openKmsKey, type DigestSigner } from "./kmsSigner.js";
import { decryptWith } from "./makeEnvelope.js";
import { secretOf, type Secret } from "./secret.js";

/** Where a key comes from, strongest first. */
export type KeySource = "kms" | "keystore" | "mnemonic-envelope" | "development";

export interface LoadedKey {
  readonly account: KeyAccount;
  readonly source: KeySource;
}

/** Variables that point to the key of an account. They are read here once and are not part of any configuration object. */
export function keyVariables(prefix: string): readonly string[] {
  const names = [
    "KEYSTORE_FILE",
    "KEYSTORE_PASSPHRASE",
    "KMS_KEY_ID",
    "KMS_REGION",
    "KMS_ENDPOINT",
    "MNEMONIC_ENVELOPE_FILE",
    "ADDRESS",
  ];
  return names.map((name) => `${prefix}_${name}`);
}

/** The keeper's own: signs and pays for transactions. */
export const KEEPER_KEY = "KEEPER";

/** How a key is opened, by where it comes from. */
interface Openers<T> {
  readonly keystore: (file: string, passphrase: Secret | undefined, prefix: string) => Promise<T>;
  readonly kms: (place: KmsPlace, address: string) => Promise<T>;
  readonly envelope: (file: string, place: () => KmsPlace) => Promise<T>;
}

/**
 * Opens the key that the variables with this prefix name. On a local network (`localAddress`) and without any of them: the account of the
 * public development mnemonic with that address.
 * @returns undefined when no key is configured.
 * @throws PermanentError KEY_AMBIGUOUS, KEY_INCOMPLETE, KEY_WRONG_ADDRESS, and what the source throws; RetryableError KMS_UNAVAILABLE.
 */
export async function loadKey(env: Env, prefix: string, localAddress?: string): Promise<LoadedKey | undefined> {
  const opened = await openNamed<KeyAccount>(env, prefix, {
    keystore: openKeystore,
    kms: (place, address) => openKmsAccount(openKms(place), place, address),
    envelope: (file, place) => openEnvelopeFile(file, place, prefix),
  });
  return opened === undefined ? developmentKey(localAddress) : { account: opened.key, source: opened.source };
}

/**
 * Opens a key that signs digests, for a chain whose transactions nobody here makes as those of an account. It is no key of this chain: the
 * variables have a prefix of their own.
 * @returns undefined when no key is configured. @throws like `loadKey`; PermanentError KEY_UNSUITABLE for a mnemonic.
 */
export async function loadDigestKey(env: Env, prefix: string): Promise<DigestSigner | undefined> {
  const opened = await openNamed<DigestSigner>(env, prefix, {
    keystore: async (file, passphrase, name) => {
      const { address, signingKey } = await unlockKeystore(file, passphrase, name);
      return { address, signDigest: (digest) => Promise.resolve(signingKey.sign(digest)) };
    },
    kms: (place, address) => openKmsKey(openKms(place), place, address),
    envelope: () => {
      const fix = `set ${prefix}_KEYSTORE_FILE or ${prefix}_KMS_KEY_ID`;
      throw new PermanentError("KEY_UNSUITABLE", "a mnemonic's envelope opens accounts only", fix);
    },
  });
  return opened?.key;
}

async function openNamed<T extends { readonly address: string }>(
  env: Env,
  prefix: string,
  openers: Openers<T>,
): Promise<{ readonly key: T; readonly source: KeySource } | undefined> {
  const text = (name: string): string | undefined => {
    const value = env[`${prefix}_${name}`];
    return value === "" ? undefined : value;
  };
  const sources = ["KMS_KEY_ID", "KEYSTORE_FILE", "MNEMONIC_ENVELOPE_FILE"].filter((name) => text(name) !== undefined);
  if (sources.length > 1) {
    const named = sources.map((name) => `${prefix}_${name}`).join(", ");
    throw new PermanentError("KEY_AMBIGUOUS", `more than one key is configured: ${named}`, "set one of them");
  }
  const address = text("ADDRESS");
  const [source] = sources;
  const value = source === undefined ? undefined : text(source);
  if (source === undefined || value === undefined) return undefined;
  const opened = await open(source, value);
  if (address !== undefined && opened.key.address.toLowerCase() !== address.toLowerCase()) {
    throw new PermanentError(
      "KEY_WRONG_ADDRESS",
      `the key is that of ${opened.key.address}, ${prefix}_ADDRESS is ${address}`,
      `correct ${prefix}_ADDRESS or the key`,
      { found: opened.key.address, expected: address },
    );
  }
  return opened;

  async function open(kind: string, where: string): Promise<{ readonly key: T; readonly source: KeySource }> {
    switch (kind) {
      case "KEYSTORE_FILE": {
        const passphrase = secretOf(env[`${prefix}_KEYSTORE_PASSPHRASE`]);
        return { key: await openers.keystore(where, passphrase, `${prefix}_KEYSTORE`), source: "keystore" };
      }
      case "KMS_KEY_ID": {
        if (address === undefined) throw incomplete("ADDRESS", "whose key it must be");
        return { key: await openers.kms(kmsPlace(where), address), source: "kms" };
      }
      default:
        return { key: await openers.envelope(where, () => kmsPlace("")), source: "mnemonic-envelope" };
    }
  }

  function kmsPlace(keyId: string): KmsPlace {
    const region = text("KMS_REGION");
    if (region === undefined) throw incomplete("KMS_REGION", "where the KMS is");
    return { keyId, region, endpoint: text("KMS_ENDPOINT") };
  }

  function incomplete(name: string, why: string): PermanentError {
    return new PermanentError("KEY_INCOMPLETE", `${prefix}_${name} is not set`, `set it: ${why}`);
  }
}

async function openEnvelopeFile(file: string, place: () => KmsPlace, prefix: string): Promise<KeyAccount> {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch {
    throw new PermanentError("ENVELOPE_UNREADABLE", `cannot read ${file}`, `check ${prefix}_MNEMONIC_ENVELOPE_FILE`);
  }
  return openEnvelope(parseEnvelope(content), decryptWith(openKms(place())));
}

function developmentKey(localAddress: string | undefined): LoadedKey | undefined {
  if (localAddress === undefined) return undefined;
  const wallet = developmentAccounts().find((account) => account.address.toLowerCase() === localAddress.toLowerCase());
  return wallet === undefined ? undefined : { account: walletAccount(wallet), source: "development" };
}
