/**
 * Hashes that are asked for again and again. ethers hashes in JavaScript: a contract's code takes milliseconds, and every address that is
 * encoded or decoded costs a hash for its capitals. A fifth of a deployment's time went into hashes of the same few hundred inputs.
 */
import { keccak256 } from "ethers";

/** Addresses are hashed as 40 characters, slots and pairs of words as 64 bytes. */
const SHORT_BYTES = 64;
const MOST_SHORT = 20_000;
const MOST_CODES = 500;

const codes = new Map<string, string>();
let isRemembering = false;

/** keccak256 of code as hex; what was hashed lately is not hashed again. */
export function codeHash(code: string): string {
  return remembered(codes, MOST_CODES, code, () => keccak256(code));
}

/** From now on ethers looks short inputs up before it hashes them. */
export function rememberHashes(): void {
  if (isRemembering) return;
  isRemembering = true;
  const hashes = new Map<string, Uint8Array>();
  keccak256.register((data) => {
    if (data.length > SHORT_BYTES) return keccak256._(data);
    const key = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("latin1");
    // ethers makes text of it and hands it to nobody.
    return remembered(hashes, MOST_SHORT, key, () => keccak256._(data));
  });
}

/** Forgets everything where there is too much of it. */
function remembered<V>(known: Map<string, V>, most: number, key: string, make: () => V): V {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  if (known.size >= most) known.clear();
  known.set(key, made);
  return made;
}
