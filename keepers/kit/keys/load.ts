/** Which key a process uses: one source per account, named by variables with the account's prefix. */
import { readFileSync } from "node:fs";

import { PermanentError } from "../../../protocol/errors.js";
import { developmentAccounts } from "../../../protocol/params/rules.js";
import type { Env } from "../env.js";
import { walletAccount, type KeyAccount } from "./account.js";
import { openEnvelope, parseEnvelope } from "./envelope.js";
import { openKeystore } from "./keystore.js";
import { openKms, type KmsPlace } from "./kmsClient.js";
import { openKmsAccount } from "./kmsSigner.js";
import { decryptWith } from "./makeEnvelope.js";
import { secretOf } from "./secret.js";

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

/**
 * Opens the key that the variables with this prefix name. On a local network (`localAddress`) and without any of them: the account of the
 * public development mnemonic with that address.
 * @returns undefined when no key is configured.
 * @throws PermanentError KEY_AMBIGUOUS, KEY_INCOMPLETE, KEY_WRONG_ADDRESS, and what the source throws; RetryableError KMS_UNAVAILABLE.
 */
export async function loadKey(env: Env, prefix: string, localAddress?: string): Promise<LoadedKey | undefined> {
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
  if (source === undefined || value === undefined) return developmentKey(localAddress);
  const loaded = await open(source, value);
  if (address !== undefined && loaded.account.address.toLowerCase() !== address.toLowerCase()) {
    throw new PermanentError(
      "KEY_WRONG_ADDRESS",
      `the key is that of ${loaded.account.address}, ${prefix}_ADDRESS is ${address}`,
      `correct ${prefix}_ADDRESS or the key`,
      { found: loaded.account.address, expected: address },
    );
  }
  return loaded;

  async function open(kind: string, where: string): Promise<LoadedKey> {
    switch (kind) {
      case "KEYSTORE_FILE": {
        const passphrase = secretOf(env[`${prefix}_KEYSTORE_PASSPHRASE`]);
        return { account: await openKeystore(where, passphrase, `${prefix}_KEYSTORE`), source: "keystore" };
      }
      case "KMS_KEY_ID": {
        if (address === undefined) throw incomplete("ADDRESS", "whose key it must be");
        const place = kmsPlace(where);
        return { account: await openKmsAccount(openKms(place), place, address), source: "kms" };
      }
      default:
        return { account: await openEnvelopeFile(where), source: "mnemonic-envelope" };
    }
  }

  function kmsPlace(keyId: string): KmsPlace {
    const region = text("KMS_REGION");
    if (region === undefined) throw incomplete("KMS_REGION", "where the KMS is");
    return { keyId, region, endpoint: text("KMS_ENDPOINT") };
  }

  async function openEnvelopeFile(file: string): Promise<KeyAccount> {
    let content: string;
    try {
      content = readFileSync(file, "utf8");
    } catch {
      throw new PermanentError("ENVELOPE_UNREADABLE", `cannot read ${file}`, `check ${prefix}_MNEMONIC_ENVELOPE_FILE`);
    }
    const client = openKms(kmsPlace(""));
    return openEnvelope(parseEnvelope(content), decryptWith(client));
  }

  function incomplete(name: string, why: string): PermanentError {
    return new PermanentError("KEY_INCOMPLETE", `${prefix}_${name} is not set`, `set it: ${why}`);
  }
}

function developmentKey(localAddress: string | undefined): LoadedKey | undefined {
  if (localAddress === undefined) return undefined;
  const wallet = developmentAccounts().find((account) => account.address.toLowerCase() === localAddress.toLowerCase());
  return wallet === undefined ? undefined : { account: walletAccount(wallet), source: "development" };
}
