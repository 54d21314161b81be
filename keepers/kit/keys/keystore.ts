import { readFileSync } from "node:fs";

import { Wallet, type HDNodeWallet } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";
import { walletAccount, type KeyAccount } from "./account.js";
import type { Secret } from "./secret.js";

/**
 * Opens an encrypted JSON keystore (ethers, geth, `cast wallet`). `prefix`: of the variables, for advice.
 * @throws PermanentError KEYSTORE_UNREADABLE, KEYSTORE_REFUSED, PASSPHRASE_MISSING.
 */
export async function openKeystore(file: string, passphrase: Secret | undefined, prefix: string): Promise<KeyAccount> {
  return walletAccount(await unlockKeystore(file, passphrase, prefix));
}

/** The wallet itself, for those who need more of its key than an account shows. @throws like `openKeystore` */
export async function unlockKeystore(
  file: string,
  passphrase: Secret | undefined,
  prefix: string,
): Promise<Wallet | HDNodeWallet> {
  if (passphrase === undefined) {
    throw new PermanentError(
      "PASSPHRASE_MISSING",
      `${prefix}_FILE is set but ${prefix}_PASSPHRASE is not`,
      `set ${prefix}_PASSPHRASE for this process only`,
    );
  }
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch {
    throw new PermanentError("KEYSTORE_UNREADABLE", `cannot read the keystore ${file}`, `check ${prefix}_FILE`);
  }
  try {
    return await passphrase.use((text) => Wallet.fromEncryptedJson(content, text));
  } catch {
    // The cause is left out on purpose: it may carry parts of the file.
    throw new PermanentError(
      "KEYSTORE_REFUSED",
      `the keystore ${file} does not open with the given passphrase, or is not an encrypted JSON keystore`,
      `check ${prefix}_PASSPHRASE`,
    );
  }
}
