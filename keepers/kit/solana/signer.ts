/**
 * Keys of Solana. What is signed is read back from the bytes first: a transaction with a durable nonce does not expire, so nobody could
 * ever say that it will not happen any more, and one that somebody else must sign as well is not ours alone.
 */
import { createPublicKey, verify } from "node:crypto";

import {
  createSignableMessage,
  getAddressEncoder,
  getBase58Decoder,
  getCompiledTransactionMessageDecoder,
  signatureBytes,
  type Address,
  type KeyPairSigner,
} from "@solana/kit";

import { PermanentError } from "../../../protocol/errors.js";

export interface SolanaSigner {
  readonly address: Address;
  /** Signing takes a network call, so that no transaction of the database may wait for it. */
  readonly remote?: boolean;
  /** @returns the 64 bytes of an Ed25519 signature. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

const SYSTEM_PROGRAM = "11111111111111111111111111111111";
/** System instruction AdvanceNonceAccount, u32 little-endian. */
const ADVANCE_NONCE_ACCOUNT = 4;

/** Signer of a key pair in memory. */
export function solanaSignerOf(pair: KeyPairSigner): SolanaSigner {
  return {
    address: pair.address,
    sign: async (message) => {
      const [signatures] = await pair.signMessages([createSignableMessage(message)]);
      return signatures?.[pair.address] ?? new Uint8Array();
    },
  };
}

/** The bytes of a signed transaction and its name. */
export interface SignedTransaction {
  readonly bytes: Uint8Array;
  /** The only signature, base58. */
  readonly signature: string;
}

/**
 * Signs a compiled message. @throws PermanentError DURABLE_NONCE, FOREIGN_SIGNER when the message must not be signed;
 * WRONG_SIGNATURE when the key is not that of the address.
 */
export async function signMessage(signer: SolanaSigner, message: Uint8Array): Promise<SignedTransaction> {
  assertSignable(message, signer.address);
  const raw = await signer.sign(message);
  if (!isSignatureOf(signer.address, message, raw)) {
    throw new PermanentError(
      "WRONG_SIGNATURE",
      `the signature is not one of ${signer.address}`,
      "check that the key and the configured address belong together",
      { address: signer.address },
    );
  }
  // One signature, then the message.
  return { bytes: Uint8Array.from([1, ...raw, ...message]), signature: getBase58Decoder().decode(signatureBytes(raw)) };
}

/** DER of an Ed25519 public key up to its 32 bytes. */
const ED25519_SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

function isSignatureOf(address: Address, message: Uint8Array, signature: Uint8Array): boolean {
  const der = Buffer.concat([ED25519_SPKI_PREFIX, Buffer.from(getAddressEncoder().encode(address))]);
  return verify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
}

/** @throws PermanentError DURABLE_NONCE, FOREIGN_SIGNER. */
export function assertSignable(message: Uint8Array, address: Address): void {
  const decoded = getCompiledTransactionMessageDecoder().decode(message);
  const { staticAccounts, header } = decoded;
  const signers = staticAccounts.slice(0, header.numSignerAccounts);
  if (signers.length !== 1 || signers[0] !== address) {
    throw new PermanentError(
      "FOREIGN_SIGNER",
      `the transaction needs the signatures of ${signers.join(", ")}, expected ${address} alone`,
      "build instructions whose only signer is the keeper's account",
      { signers: signers.join(","), address },
    );
  }
  const instructions = "instructions" in decoded ? decoded.instructions : [];
  const advances = instructions.some(({ programAddressIndex, data }) => {
    if (staticAccounts[programAddressIndex] !== SYSTEM_PROGRAM || data === undefined || data.length < 4) return false;
    return new DataView(Uint8Array.from(data).buffer).getUint32(0, true) === ADVANCE_NONCE_ACCOUNT;
  });
  if (advances) {
    throw new PermanentError(
      "DURABLE_NONCE",
      "the transaction advances a durable nonce and would never expire",
      "give the transaction a recent blockhash",
      { address },
    );
  }
}
