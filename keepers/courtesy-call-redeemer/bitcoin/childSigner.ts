/**
 * Signs children with the key of the operator's output, which is opened like every other key: from a keystore or a KMS, under a prefix of
 * its own. It signs one thing only: its own output, spent back to itself.
 */
import { p2pkh, p2wpkh, Transaction } from "@scure/btc-signer";
import { getBytes, hexlify, id, SigningKey } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";
import { writeSignature } from "../../kit/keys/der.js";
import type { DigestSigner } from "../../kit/keys/kmsSigner.js";
import type { ChildSigner } from "./child.js";

/** Prefix of the variables that name the key. */
export const CHILD_KEY = "BTC_CHILD";

/** Signed once at the start: the signature tells the public key. It is the digest of no transaction. */
const WHO = id("cantilever: whose key is this");
const SIGHASH_ALL = 1;

/**
 * @param script of the output that is to be spent, without its length.
 * @throws PermanentError BTC_CHILD_KEY_FOREIGN when the key is not that of the output; also for outputs that one key alone cannot spend.
 */
export async function openChildSigner(key: DigestSigner, script: Uint8Array): Promise<ChildSigner> {
  const publicKey = publicKeyOf(WHO, await key.signDigest(WHO));
  if (!same(p2wpkh(publicKey).script, script)) {
    throw new PermanentError(
      "BTC_CHILD_KEY_FOREIGN",
      `the key of ${key.address} is not that of the destination`,
      `${CHILD_KEY}_… must name the key of BTC_WALLET_PUBLIC_KEY, which must be a P2WPKH address or that key`,
    );
  }
  return { signPsbt: (psbt) => signed(psbt, key, publicKey) };
}

/** @throws PermanentError BTC_CHILD_NOT_OURS when it is anything else than our output on the way back to us. */
async function signed(psbt: string, key: DigestSigner, publicKey: Uint8Array): Promise<string> {
  const transaction = Transaction.fromPSBT(Buffer.from(psbt, "base64"));
  const own = p2wpkh(publicKey).script;
  const isAlone = transaction.inputsLength === 1 && transaction.outputsLength === 1;
  const spent = isAlone ? transaction.getInput(0).witnessUtxo : undefined;
  const target = isAlone ? transaction.getOutput(0).script : undefined;
  if (spent === undefined || target === undefined || !same(spent.script, own) || !same(target, own)) {
    throw new PermanentError(
      "BTC_CHILD_NOT_OURS",
      "asked to sign something else than our output on the way back to us",
    );
  }
  const digest = hexlify(transaction.preimageWitnessV0(0, p2pkh(publicKey).script, SIGHASH_ALL, spent.amount));
  const signature = await key.signDigest(digest);
  if (!same(publicKeyOf(digest, signature), publicKey)) {
    throw new PermanentError("BTC_CHILD_KEY_FOREIGN", "the signer answered with another key than at the start");
  }
  const der = writeSignature(BigInt(signature.r), BigInt(signature.s));
  transaction.updateInput(0, { partialSig: [[publicKey, Buffer.concat([der, Buffer.of(SIGHASH_ALL)])]] });
  return Buffer.from(transaction.toPSBT()).toString("base64");
}

function publicKeyOf(digest: string, signature: Awaited<ReturnType<DigestSigner["signDigest"]>>): Uint8Array {
  return getBytes(SigningKey.computePublicKey(SigningKey.recoverPublicKey(digest, signature), true));
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(Buffer.from(b));
}
