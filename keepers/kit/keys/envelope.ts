/**
 * A mnemonic under a data key of the KMS: the weakest source, because the key ends up in this process, as a text that JavaScript cannot
 * erase. What can be erased is: data key and decrypted bytes are overwritten as soon as they have been used.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

import { HDNodeWallet } from "ethers";
import { z } from "zod";

import { PermanentError } from "../../../protocol/errors.js";
import { walletAccount, type KeyAccount } from "./account.js";
import type { Secret } from "./secret.js";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Part of what is authenticated, here and as encryption context at the KMS: no other ciphertext of the same key can take its place. */
export const PURPOSE = "cantilever keeper mnemonic 1";

const base64 = z.base64().transform((text) => Buffer.from(text, "base64"));
const envelopeSchema = z.strictObject({
  version: z.literal(1),
  /** The data key, encrypted by the KMS. */
  encryptedDataKey: base64,
  nonce: base64.refine((bytes) => bytes.length === NONCE_BYTES),
  ciphertext: base64,
  tag: base64.refine((bytes) => bytes.length === TAG_BYTES),
  /** Derivation path of the account. */
  path: z.string().regex(/^m(\/\d+'?)+$/),
});
export type Envelope = z.infer<typeof envelopeSchema>;

/** Asks the KMS for a data key: by its encrypted form. The caller erases what it gets. */
export type DecryptDataKey = (encrypted: Uint8Array) => Promise<Uint8Array>;

/** Reads an envelope. @throws PermanentError ENVELOPE_MALFORMED */
export function parseEnvelope(text: string): Envelope {
  try {
    return envelopeSchema.parse(JSON.parse(text));
  } catch {
    // The cause is left out on purpose: it may carry parts of the file.
    throw new PermanentError("ENVELOPE_MALFORMED", "not an envelope with a mnemonic", "see docs/keeper-runtime.md");
  }
}

/**
 * Opens the account. @throws PermanentError ENVELOPE_REFUSED when the data key does not open it, or what it holds is no mnemonic; what
 * `decrypt` throws.
 */
export async function openEnvelope(envelope: Envelope, decrypt: DecryptDataKey): Promise<KeyAccount> {
  const dataKey = await decrypt(envelope.encryptedDataKey);
  let phrase = Buffer.alloc(0);
  try {
    const decipher = createDecipheriv(CIPHER, dataKey, envelope.nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(PURPOSE));
    decipher.setAuthTag(envelope.tag);
    phrase = decipher.update(envelope.ciphertext);
    decipher.final(); // GCM is a stream: nothing is left, and here the tag is compared
    return walletAccount(HDNodeWallet.fromPhrase(phrase.toString("utf8"), "", envelope.path));
  } catch {
    throw new PermanentError(
      "ENVELOPE_REFUSED",
      "the data key does not open the envelope, or it holds no mnemonic",
      "check the KMS key",
    );
  } finally {
    dataKey.fill(0);
    phrase.fill(0);
  }
}

/** Seals a mnemonic under a data key, in both of its forms. Erases the data key. @returns the file's text. */
export function sealMnemonic(
  mnemonic: Secret,
  path: string,
  dataKey: { readonly plaintext: Uint8Array; readonly encrypted: Uint8Array },
): string {
  const nonce = randomBytes(NONCE_BYTES);
  try {
    const cipher = createCipheriv(CIPHER, dataKey.plaintext, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(PURPOSE));
    const ciphertext = mnemonic.use((text) => Buffer.concat([cipher.update(text, "utf8"), cipher.final()]));
    const file = {
      version: 1,
      encryptedDataKey: Buffer.from(dataKey.encrypted).toString("base64"),
      nonce: nonce.toString("base64"),
      ciphertext: ciphertext.toString("base64"),
      tag: cipher.getAuthTag().toString("base64"),
      path,
    };
    return `${JSON.stringify(file, undefined, 2)}\n`;
  } finally {
    dataKey.plaintext.fill(0);
  }
}
