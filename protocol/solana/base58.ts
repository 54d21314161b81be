/** Addresses as text. A pass over all vaults makes a hundred thousand of them: general base58 takes five times as long. */
import type { Address } from "@solana/kit";

const ADDRESS_BYTES = 32;
const ALPHABET = Buffer.from("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", "latin1");
/** Five characters at a time: 65,536 times one such digit is an exact number still. */
const CHARS_PER_DIGIT = 5;
const DIGIT = 58 ** CHARS_PER_DIGIT;
const LIMB = 65_536;
/** Of 32 bytes. */
const DIGITS = 9;
const CHARS = DIGITS * CHARS_PER_DIGIT;
const ONE = ALPHABET[0] ?? 0;

/** The address in the 32 bytes from `offset` on. @throws RangeError where there are fewer. */
export function addressAt(data: Uint8Array, offset: number): Address {
  if (offset + ADDRESS_BYTES > data.length) throw new RangeError("the data ends within an address");
  const digits = new Array<number>(DIGITS).fill(0);
  let used = 0;
  for (let at = offset; at < offset + ADDRESS_BYTES; at += 2) {
    let carry = (data[at] ?? 0) * 256 + (data[at + 1] ?? 0);
    for (let index = 0; index < used || carry > 0; index += 1) {
      const value = (digits[index] ?? 0) * LIMB + carry;
      carry = Math.floor(value / DIGIT);
      digits[index] = value - carry * DIGIT;
      if (index >= used) used = index + 1;
    }
  }
  const text = Buffer.allocUnsafe(CHARS);
  let start = CHARS;
  for (let index = 0; index < used; index += 1) {
    let rest = digits[index] ?? 0;
    for (let count = 0; count < CHARS_PER_DIGIT; count += 1) {
      start -= 1;
      text[start] = ALPHABET[rest % 58] ?? ONE;
      rest = Math.floor(rest / 58);
    }
  }
  while (start < CHARS && text[start] === ONE) start += 1;
  // Every zero byte in front is a digit of its own.
  for (let at = offset; at < offset + ADDRESS_BYTES && data[at] === 0; at += 1) {
    start -= 1;
    text[start] = ONE;
  }
  return text.toString("latin1", start, CHARS) as Address;
}
