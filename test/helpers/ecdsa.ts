/** ECDSA over secp256k1 and its DER, written out: the tests' own signer, whose random number is chosen until r and s look as wanted. */
import { SigningKey } from "ethers";

import { CURVE_ORDER } from "../../keepers/kit/keys/der.js";

export interface RawSignature {
  readonly r: bigint;
  readonly s: bigint;
}

/** Signs a digest with the first k that gives what `wanted` asks for. */
export function signUntil(
  privateKey: bigint,
  digest: bigint,
  wanted: (signature: RawSignature) => boolean,
): RawSignature {
  for (let k = (digest % CURVE_ORDER) + 1n; ; k = (k + 1n) % CURVE_ORDER) {
    const point = SigningKey.computePublicKey(`0x${hex32(k)}`, true);
    const r = BigInt(`0x${point.slice(4)}`) % CURVE_ORDER;
    const s = (inverse(k) * ((digest + r * privateKey) % CURVE_ORDER)) % CURVE_ORDER;
    if (r !== 0n && s !== 0n && wanted({ r, s })) return { r, s };
  }
}

/** `SEQUENCE { INTEGER, INTEGER }` as DER has it. */
export function derOf({ r, s }: RawSignature): Buffer {
  const content = Buffer.concat([derInteger(r), derInteger(s)]);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
}

/** SubjectPublicKeyInfo of a private key's public key. */
export function spkiOf(privateKey: bigint): Buffer {
  const point = SigningKey.computePublicKey(`0x${hex32(privateKey)}`, false);
  return Buffer.from(`3056301006072a8648ce3d020106052b8104000a034200${point.slice(2)}`, "hex");
}

function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  const positive = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
  return Buffer.concat([Buffer.from([0x02, positive.length]), positive]);
}

function hex32(value: bigint): string {
  return value.toString(16).padStart(64, "0");
}

/** Extended Euclid. */
function inverse(value: bigint): bigint {
  let [a, b, x, y] = [value, CURVE_ORDER, 1n, 0n];
  while (b !== 0n) {
    const q = a / b;
    [a, b, x, y] = [b, a % b, y, x - q * y];
  }
  return ((x % CURVE_ORDER) + CURVE_ORDER) % CURVE_ORDER;
}
