/** What a KMS answers: ECDSA signatures and public keys in DER. Strict: one value has one encoding, and everything else is refused. */
import { computeAddress, SigningKey } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";

/** Order of secp256k1 (SEC 2, section 2.4.1). */
export const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const SEQUENCE = 0x30;
const INTEGER = 0x02;
/** Longest INTEGER: 32 bytes and the zero that keeps it positive. */
const MAX_INTEGER_BYTES = 33;
/** SubjectPublicKeyInfo of an uncompressed secp256k1 point: id-ecPublicKey, secp256k1, BIT STRING of 65 bytes (RFC 5480). */
const SPKI_PREFIX = Buffer.from("3056301006072a8648ce3d020106052b8104000a034200", "hex");
const POINT_BYTES = 65;
const UNCOMPRESSED = 0x04;

/** r and s, s in the lower half of the order: nodes and contracts refuse the other one (EIP-2). */
export interface LowSignature {
  readonly r: bigint;
  readonly s: bigint;
}

/** Reads `SEQUENCE { r INTEGER, s INTEGER }`. @throws PermanentError DER_MALFORMED */
export function readSignature(der: Uint8Array): LowSignature {
  const bytes = Buffer.from(der);
  const at = { position: 0 };
  if (byteAt(bytes, at) !== SEQUENCE) throw malformed("not a SEQUENCE");
  if (byteAt(bytes, at) !== bytes.length - at.position) throw malformed("its length is not that of the bytes");
  const r = readInteger(bytes, at);
  const s = readInteger(bytes, at);
  if (at.position !== bytes.length) throw malformed("something follows s");
  return { r, s: 2n * s > CURVE_ORDER ? CURVE_ORDER - s : s };
}

/** Writes `SEQUENCE { r INTEGER, s INTEGER }`, s in the lower half. @throws PermanentError DER_MALFORMED for numbers outside 1 … n − 1 */
export function writeSignature(r: bigint, s: bigint): Uint8Array {
  const low = 2n * s > CURVE_ORDER ? CURVE_ORDER - s : s;
  const content = Buffer.concat([writeInteger(r), writeInteger(low)]);
  return Buffer.concat([Buffer.from([SEQUENCE, content.length]), content]);
}

/** The address of a public key. @throws PermanentError DER_MALFORMED when it is none of secp256k1. */
export function readAddress(spki: Uint8Array): string {
  const bytes = Buffer.from(spki);
  const point = bytes.subarray(SPKI_PREFIX.length);
  if (!bytes.subarray(0, SPKI_PREFIX.length).equals(SPKI_PREFIX)) throw malformed("not a key of secp256k1");
  if (point.length !== POINT_BYTES || point[0] !== UNCOMPRESSED) throw malformed("not an uncompressed point");
  const hex = `0x${point.toString("hex")}`;
  try {
    SigningKey.computePublicKey(hex, true); // fails for a point that is not on the curve
  } catch {
    throw malformed("the point is not on the curve");
  }
  return computeAddress(hex);
}

function writeInteger(value: bigint): Buffer {
  if (value <= 0n || value >= CURVE_ORDER) throw malformed("an INTEGER outside 1 … n − 1");
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  const signed = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.from([INTEGER, signed.length]), signed]);
}

function readInteger(bytes: Buffer, at: { position: number }): bigint {
  if (byteAt(bytes, at) !== INTEGER) throw malformed("not an INTEGER");
  const length = byteAt(bytes, at);
  if (length === 0 || length > MAX_INTEGER_BYTES) throw malformed(`an INTEGER of ${String(length)} bytes`);
  const content = bytes.subarray(at.position, at.position + length);
  if (content.length !== length) throw malformed("an INTEGER is cut short");
  at.position += length;
  const [first = 0, second = 0] = content;
  if (first >= 0x80) throw malformed("a negative INTEGER");
  if (first === 0 && length > 1 && second < 0x80) throw malformed("a leading zero too many");
  const value = BigInt(`0x${content.toString("hex")}`);
  if (value === 0n || value >= CURVE_ORDER) throw malformed("an INTEGER outside 1 … n − 1");
  return value;
}

function byteAt(bytes: Buffer, at: { position: number }): number {
  const byte = bytes[at.position];
  if (byte === undefined) throw malformed("cut short");
  at.position += 1;
  return byte;
}

function malformed(what: string): PermanentError {
  return new PermanentError(
    "DER_MALFORMED",
    `the answer is no DER that we accept: ${what}`,
    "check the key and the endpoint of the KMS",
  );
}
