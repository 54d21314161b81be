/**
 * The Bitcoin transaction of a redemption, rebuilt from what the chain logged: version 1, one input with sequence 0, one output, locktime 0.
 * The digest that the deposit asked the signers for proves that it is the same one.
 */
import { p2pkh, p2wpkh, Transaction } from "@scure/btc-signer";
import { concat, dataLength, dataSlice, getBytes, hexlify, SigningKey } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";
import { writeSignature } from "../../kit/keys/der.js";

/** A redemption as its request, or a fee bump, was logged. */
export interface RedemptionRequest {
  readonly digest: string;
  readonly utxoSat: bigint;
  readonly feeSat: bigint;
  /** With its length in front. */
  readonly script: string;
  /** Txid as hashed and index, little-endian. */
  readonly outpoint: string;
  /** Unix seconds of its block: all its timers run from here. */
  readonly requestedAt: bigint;
}

export interface SignatureParts {
  readonly r: string;
  readonly s: string;
}

/** A transaction without witness, in the parts that deposits take. */
export interface TransactionParts {
  readonly version: string;
  readonly inputVector: string;
  readonly outputVector: string;
  readonly locktime: string;
}

export interface Payment {
  /** As explorers and servers show it. */
  readonly txid: string;
  readonly parts: TransactionParts;
  readonly feeSat: bigint;
  readonly outputSat: bigint;
  /** Without its length. */
  readonly script: Uint8Array;
}

export interface SignedPayment extends Payment {
  /** Hex without prefix, with witness. */
  readonly raw: string;
  readonly vsize: bigint;
}

const SIGHASH_ALL = 1;
const SEQUENCE = 0;
const OUTPOINT_BYTES = 36;
const POINT_BYTES = 64;
const PARITIES = [27, 28] as const;
/** Count, outpoint, empty script, sequence. */
const INPUT_VECTOR_BYTES = 42;
const WORD_BYTES = 4;

/** A txid as servers show it, from the bytes as hashed; works both ways. */
export function reversedHex(data: string): string {
  return Buffer.from(data.replace(/^0x/, ""), "hex").reverse().toString("hex");
}

/** P2WPKH output script of a keep, whose key is x and y. @throws PermanentError BTC_KEY_INVALID */
export function signerScript(publicKey: string): Uint8Array {
  return p2wpkh(compressed(publicKey)).script;
}

/**
 * What the signers were asked to sign.
 * @param publicKey x and y of the keep, 64 bytes
 * @throws PermanentError BTC_REQUEST_INVALID, BTC_KEY_INVALID, BTC_DIGEST_MISMATCH
 */
export function plannedPayment(request: RedemptionRequest, publicKey: string): Payment {
  const transaction = unsigned(request, publicKey);
  const key = compressed(publicKey);
  const digest = hexlify(transaction.preimageWitnessV0(0, p2pkh(key).script, SIGHASH_ALL, request.utxoSat));
  if (digest !== request.digest.toLowerCase()) {
    throw new PermanentError(
      "BTC_DIGEST_MISMATCH",
      "the payment that was rebuilt is not the one that the signers were asked for",
      "compare the deposit's key, output and script with the event",
      { expected: request.digest, rebuilt: digest },
    );
  }
  const bytes = transaction.unsignedTx;
  const outputsFrom = WORD_BYTES + INPUT_VECTOR_BYTES;
  const outputsTo = bytes.length - WORD_BYTES;
  return {
    txid: transaction.id,
    parts: {
      version: hexlify(bytes.subarray(0, WORD_BYTES)),
      inputVector: hexlify(bytes.subarray(WORD_BYTES, outputsFrom)),
      outputVector: hexlify(bytes.subarray(outputsFrom, outputsTo)),
      locktime: hexlify(bytes.subarray(outputsTo)),
    },
    feeSat: request.feeSat,
    outputSat: request.utxoSat - request.feeSat,
    script: targetScript(request),
  };
}

/** The payment with the keep's signature in its witness. @throws PermanentError BTC_SIGNATURE_INVALID and those of `plannedPayment` */
export function signedPayment(request: RedemptionRequest, publicKey: string, signature: SignatureParts): SignedPayment {
  const planned = plannedPayment(request, publicKey);
  if (recoveryOf(request.digest, publicKey, signature) === undefined) {
    throw new PermanentError("BTC_SIGNATURE_INVALID", "the signature is not one of the keep for this payment");
  }
  const transaction = unsigned(request, publicKey);
  const der = writeSignature(BigInt(signature.r), BigInt(signature.s));
  transaction.updateInput(0, { partialSig: [[compressed(publicKey), Buffer.concat([der, Buffer.of(SIGHASH_ALL)])]] });
  transaction.finalize();
  return { ...planned, raw: transaction.hex, vsize: BigInt(transaction.vsize) };
}

/** 27 or 28 with which a signature recovers to the key, as deposits want it; undefined for a signature of another key or digest. */
export function recoveryOf(
  digest: string,
  publicKey: string,
  { r, s }: SignatureParts,
): (typeof PARITIES)[number] | undefined {
  const key = concat(["0x04", publicKey]).toLowerCase();
  return PARITIES.find((v) => {
    try {
      return SigningKey.recoverPublicKey(digest, { r, s, v }).toLowerCase() === key;
    } catch {
      return false;
    }
  });
}

function unsigned(request: RedemptionRequest, publicKey: string): Transaction {
  const { outpoint, utxoSat, feeSat } = request;
  if (dataLength(outpoint) !== OUTPOINT_BYTES) throw invalid("the outpoint is not 36 bytes");
  if (feeSat < 0n || feeSat >= utxoSat) throw invalid("the fee is not below the output");
  const transaction = new Transaction({ version: 1, lockTime: 0 });
  transaction.addInput({
    txid: reversedHex(dataSlice(outpoint, 0, 32)),
    index: Buffer.from(getBytes(dataSlice(outpoint, 32))).readUInt32LE(),
    sequence: SEQUENCE,
    witnessUtxo: { script: signerScript(publicKey), amount: utxoSat },
  });
  transaction.addOutput({ script: targetScript(request), amount: utxoSat - feeSat });
  return transaction;
}

function targetScript({ script }: RedemptionRequest): Uint8Array {
  const bytes = getBytes(script);
  if (bytes[0] !== bytes.length - 1) throw invalid("the script's length is not the one in front of it");
  return bytes.slice(1);
}

function compressed(publicKey: string): Uint8Array {
  try {
    if (dataLength(publicKey) !== POINT_BYTES) throw new RangeError("length");
    return getBytes(SigningKey.computePublicKey(concat(["0x04", publicKey]), true));
  } catch {
    throw new PermanentError("BTC_KEY_INVALID", "the keep's key is no point of the curve");
  }
}

function invalid(what: string): PermanentError {
  return new PermanentError("BTC_REQUEST_INVALID", `the logged redemption makes no payment: ${what}`);
}
