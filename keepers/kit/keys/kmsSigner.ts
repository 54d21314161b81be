/** A key that never leaves AWS KMS. Everything the KMS answers is checked: the key, the signature, and whom it recovers to. */
import { GetPublicKeyCommand, SignCommand, type KMSClient } from "@aws-sdk/client-kms";
import { getBytes, recoverAddress, Signature, toBeHex } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";
import { remoteAccount, type KeyAccount } from "./account.js";
import { readAddress, readSignature } from "./der.js";
import { askKms, type KmsPlace } from "./kmsClient.js";

const KEY_SPEC = "ECC_SECG_P256K1";
/** The algorithm's name in the KMS; what is signed is a digest of ours, and the KMS hashes nothing. */
const ALGORITHM = "ECDSA_SHA_256";
const WORD_BYTES = 32;

/**
 * Opens a signing key of the KMS. `address`: whose key it must be.
 * @throws RetryableError KMS_UNAVAILABLE; PermanentError KMS_REFUSED, KMS_WRONG_KEY, DER_MALFORMED.
 */
export async function openKmsAccount(client: KMSClient, place: KmsPlace, address: string): Promise<KeyAccount> {
  const key = await openKmsKey(client, place, address);
  return remoteAccount(key.address, (digest) => key.signDigest(digest));
}

/** Signs digests of one key. */
export interface DigestSigner {
  readonly address: string;
  signDigest(digest: string): Promise<Signature>;
}

/** The key itself, for those who make other things than transactions of an account. @throws like `openKmsAccount` */
export async function openKmsKey(client: KMSClient, { keyId }: KmsPlace, address: string): Promise<DigestSigner> {
  const key = await askKms("GetPublicKey", client.send(new GetPublicKeyCommand({ KeyId: keyId })));
  if (
    key.KeySpec !== KEY_SPEC ||
    key.KeyUsage !== "SIGN_VERIFY" ||
    key.SigningAlgorithms?.includes(ALGORITHM) !== true
  ) {
    throw wrongKey(`${key.KeySpec ?? "no key"} for ${key.KeyUsage ?? "nothing"}`, `${KEY_SPEC} for SIGN_VERIFY`);
  }
  const found = readAddress(key.PublicKey ?? new Uint8Array());
  if (found.toLowerCase() !== address.toLowerCase()) throw wrongKey(found, address);
  const signDigest = async (digest: string): Promise<Signature> => {
    const answer = await askKms(
      "Sign",
      client.send(
        new SignCommand({
          KeyId: keyId,
          Message: getBytes(digest),
          MessageType: "DIGEST",
          SigningAlgorithm: ALGORITHM,
        }),
      ),
    );
    return recoverable(digest, answer.Signature ?? new Uint8Array(), found);
  };
  return { address: found, signDigest };
}

/** The signature with the one recovery id that leads to `address`. @throws PermanentError KMS_WRONG_KEY, DER_MALFORMED */
export function recoverable(digest: string, der: Uint8Array, address: string): Signature {
  const { r, s } = readSignature(der);
  for (const yParity of [0, 1] as const) {
    const signature = Signature.from({ r: toBeHex(r, WORD_BYTES), s: toBeHex(s, WORD_BYTES), yParity });
    if (recovers(digest, signature, address)) return signature;
  }
  throw wrongKey("a signature by another key", address);
}

function recovers(digest: string, signature: Signature, address: string): boolean {
  try {
    return recoverAddress(digest, signature) === address;
  } catch {
    return false; // r is no point's x with this parity
  }
}

function wrongKey(found: string, expected: string): PermanentError {
  return new PermanentError(
    "KMS_WRONG_KEY",
    `the KMS holds ${found}, expected ${expected}`,
    "correct the key id or the address",
    {
      found,
      expected,
    },
  );
}
