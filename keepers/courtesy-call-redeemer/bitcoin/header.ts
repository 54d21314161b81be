/** Block headers: what they say, and whether there is work in them. */
import { dataSlice, sha256 } from "ethers";

import { PermanentError } from "../../../protocol/errors.js";

/** Target of difficulty 1: bits 0x1d00ffff. */
const DIFFICULTY_1 = 0xffff0000000000000000000000000000000000000000000000000000n;
const HASHES = 2n ** 256n;
/** Below this exponent a target is smaller than its mantissa; the contracts do not read such bits. */
const LEAST_EXPONENT = 3;
const MOST_EXPONENT = 32;
const SIGN_BIT = 0x800000;

export interface BlockHeader {
  /** 0x and 80 bytes. */
  readonly raw: string;
  /** All hashes as they are hashed, not as explorers show them. */
  readonly hash: string;
  readonly previousHash: string;
  readonly merkleRoot: string;
  readonly timestamp: bigint;
  readonly target: bigint;
  /** As the contracts count it: whole, rounded down; 0 on regtest. */
  readonly difficulty: bigint;
}

/** Twice SHA-256. */
export function hash256(data: string): string {
  return sha256(sha256(data));
}

/** Reads one header. @throws PermanentError BTC_HEADER_MALFORMED */
export function parseHeader(raw: string): BlockHeader {
  if (!/^0x[0-9a-f]{160}$/.test(raw)) throw malformed("not 80 bytes in hex");
  const bytes = Buffer.from(raw.slice(2), "hex");
  const target = targetOf(bytes.readUInt32LE(72));
  return {
    raw,
    hash: hash256(raw),
    previousHash: dataSlice(raw, 4, 36),
    merkleRoot: dataSlice(raw, 36, 68),
    timestamp: BigInt(bytes.readUInt32LE(68)),
    target,
    difficulty: DIFFICULTY_1 / target,
  };
}

/** Whether the hash, read from its last byte, is within the header's own target. */
export function hasWork({ hash, target }: BlockHeader): boolean {
  return BigInt(`0x${Buffer.from(hash.slice(2), "hex").reverse().toString("hex")}`) <= target;
}

/** Hashes that were tried on average for one: what compares two branches. */
export function workOf({ target }: BlockHeader): bigint {
  return HASHES / (target + 1n);
}

/** Index of the first header that does not follow the one before, or -1. */
export function brokenLink(headers: readonly BlockHeader[]): number {
  return headers.findIndex((header, index) => index > 0 && header.previousHash !== headers[index - 1]?.hash);
}

function targetOf(bits: number): bigint {
  const exponent = bits >>> 24;
  const mantissa = bits & 0xffffff;
  if (exponent < LEAST_EXPONENT || exponent > MOST_EXPONENT) throw malformed("its target is out of range");
  if (mantissa === 0 || mantissa >= SIGN_BIT) throw malformed("its target is not positive");
  return BigInt(mantissa) * 256n ** BigInt(exponent - LEAST_EXPONENT);
}

function malformed(what: string): PermanentError {
  return new PermanentError("BTC_HEADER_MALFORMED", `a block header is ${what}`);
}
