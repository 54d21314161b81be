/** Puts a mnemonic under a data key of the KMS, and does not believe in the result before it has been opened again. */
import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from "@aws-sdk/client-kms";
import { Mnemonic } from "ethers";

import { PermanentError, UsageError } from "../../../protocol/errors.js";
import { openEnvelope, parseEnvelope, PURPOSE, sealMnemonic, type DecryptDataKey } from "./envelope.js";
import { askKms } from "./kmsClient.js";
import type { Secret } from "./secret.js";

const CONTEXT = { purpose: PURPOSE };

/** Which key decrypts stands in the ciphertext itself; the context makes sure that it was meant for this. */
export function decryptWith(client: KMSClient): DecryptDataKey {
  return async (encrypted) => {
    const command = new DecryptCommand({ CiphertextBlob: encrypted, EncryptionContext: CONTEXT });
    const { Plaintext } = await askKms("Decrypt", client.send(command));
    return Plaintext ?? new Uint8Array();
  };
}

/**
 * @returns the text of the file, and the address of the account that it holds.
 * @throws UsageError MNEMONIC_INVALID; RetryableError KMS_UNAVAILABLE; PermanentError KMS_REFUSED, ENVELOPE_REFUSED.
 */
export async function makeEnvelope(
  client: KMSClient,
  keyId: string,
  phrase: Secret,
  path: string,
): Promise<{ readonly text: string; readonly address: string }> {
  if (!phrase.use((words) => Mnemonic.isValidMnemonic(words))) {
    throw new UsageError(
      "MNEMONIC_INVALID",
      "these are no 12 to 24 words of BIP-39 with their checksum",
      "type it again",
    );
  }
  const command = new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: "AES_256", EncryptionContext: CONTEXT });
  const { Plaintext, CiphertextBlob } = await askKms("GenerateDataKey", client.send(command));
  if (Plaintext?.length !== 32 || CiphertextBlob === undefined) {
    throw new PermanentError("KMS_REFUSED", "GenerateDataKey: the KMS gave no data key", "check the key");
  }
  const text = sealMnemonic(phrase, path, { plaintext: Plaintext, encrypted: CiphertextBlob });
  const { address } = await openEnvelope(parseEnvelope(text), decryptWith(client));
  return { text, address };
}
