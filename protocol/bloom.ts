/** Ethereum's log blooms (yellow paper 4.3.1): 2048 bits in which each address and topic of a block's logs sets three. */
import { getBytes, keccak256 } from "ethers";

const BYTES = 256;

/** Whether the block may hold a log with this address or topic. False is certain; true is a hint. */
export function mayContain(bloomHex: string, item: string): boolean {
  if (bloomHex.length !== 2 + 2 * BYTES) return true;
  return bitsOf(item).every((bit) => {
    // Bit 0 is the lowest bit of the last byte.
    const at = 2 + 2 * (BYTES - 1 - (bit >> 3));
    return (Number.parseInt(bloomHex.slice(at, at + 2), 16) & (1 << (bit & 7))) !== 0;
  });
}

/** Whether no log at all has been added. */
export function isEmptyBloom(bloomHex: string): boolean {
  return /^0x0*$/.test(bloomHex);
}

/** The bloom of these addresses and topics. */
export function bloomOf(items: Iterable<string>): string {
  const bloom = new Uint8Array(BYTES);
  for (const item of items) {
    for (const bit of bitsOf(item)) {
      const at = BYTES - 1 - (bit >> 3);
      bloom[at] = (bloom[at] ?? 0) | (1 << (bit & 7));
    }
  }
  return `0x${Buffer.from(bloom).toString("hex")}`;
}

const bitsByItem = new Map<string, readonly number[]>();

function bitsOf(item: string): readonly number[] {
  const known = bitsByItem.get(item);
  if (known !== undefined) return known;
  const hash = getBytes(keccak256(item));
  const bits = [0, 2, 4].map((at) => (((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0)) & 0x7ff);
  // Filters ask for the same few addresses and topics again and again.
  if (bitsByItem.size > 10_000) bitsByItem.clear();
  bitsByItem.set(item, bits);
  return bits;
}
