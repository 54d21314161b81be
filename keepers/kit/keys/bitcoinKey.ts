/** A key of Bitcoin from an encrypted keystore: signs what spends its own outputs. The key itself never leaves this file. */
import { Transaction } from "@scure/btc-signer";
import { getBytes } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";
import type { Env } from "../env.js";
import { unlockKeystore } from "./keystore.js";
import { secretOf } from "./secret.js";

export interface BitcoinKey {
  /** Compressed, hex without prefix. */
  readonly publicKey: string;
  /**
   * Adds signatures for the inputs that are this key's. Gets and returns a PSBT, base64.
   * @throws PermanentError BTC_NOTHING_TO_SIGN when none is
   */
  signPsbt(psbt: string): Promise<string>;
}

/** Variables that point to a key of Bitcoin; they are read here once and are not part of any configuration object. */
export function bitcoinKeyVariables(prefix: string): readonly string[] {
  return [`${prefix}_KEYSTORE_FILE`, `${prefix}_KEYSTORE_PASSPHRASE`];
}

/**
 * Opens the keystore that the variables with this prefix name.
 * @returns undefined when none is configured
 * @throws PermanentError KEYSTORE_UNREADABLE, KEYSTORE_REFUSED, PASSPHRASE_MISSING
 */
export async function loadBitcoinKey(env: Env, prefix: string): Promise<BitcoinKey | undefined> {
  const file = env[`${prefix}_KEYSTORE_FILE`] ?? "";
  if (file === "") return undefined;
  const passphrase = secretOf(env[`${prefix}_KEYSTORE_PASSPHRASE`]);
  const { signingKey } = await unlockKeystore(file, passphrase, `${prefix}_KEYSTORE`);
  return {
    publicKey: signingKey.compressedPublicKey.slice(2),
    signPsbt(psbt) {
      const transaction = Transaction.fromPSBT(Buffer.from(psbt, "base64"));
      try {
        transaction.sign(getBytes(signingKey.privateKey));
      } catch {
        // The cause is left out on purpose: it may carry what was signed with.
        return Promise.reject(new PermanentError("BTC_NOTHING_TO_SIGN", "no input of the payment is this key's"));
      }
      return Promise.resolve(Buffer.from(transaction.toPSBT()).toString("base64"));
    },
  };
}
