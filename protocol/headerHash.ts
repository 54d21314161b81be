/**
 * Does a block hash to the name its node gives it? The hash is keccak256 of the RLP of the header's fields in consensus order; every
 * field below is covered, so a node cannot change any of them (state root, receipts root, bloom, time, gas, base fee …) and keep the name.
 *
 * Not every chain hashes that way: Besu's QBFT and IBFT leave the validators' seals out. And a fork may add fields that this file does
 * not know. Then the answer is "unknown", not "wrong".
 */
import { encodeRlp, getBytes, keccak256, toBeArray } from "ethers";

type Kind = "bytes" | "quantity";

/** Consensus order. Those after `nonce` came with forks and form an unbroken prefix. */
const FIELDS: readonly (readonly [name: string, kind: Kind, since?: "fork"])[] = [
  ["parentHash", "bytes"],
  ["sha3Uncles", "bytes"],
  ["miner", "bytes"],
  ["stateRoot", "bytes"],
  ["transactionsRoot", "bytes"],
  ["receiptsRoot", "bytes"],
  ["logsBloom", "bytes"],
  ["difficulty", "quantity"],
  ["number", "quantity"],
  ["gasLimit", "quantity"],
  ["gasUsed", "quantity"],
  ["timestamp", "quantity"],
  ["extraData", "bytes"],
  ["mixHash", "bytes"],
  ["nonce", "bytes"],
  ["baseFeePerGas", "quantity", "fork"],
  ["withdrawalsRoot", "bytes", "fork"],
  ["blobGasUsed", "quantity", "fork"],
  ["excessBlobGas", "quantity", "fork"],
  ["parentBeaconBlockRoot", "bytes", "fork"],
  ["requestsHash", "bytes", "fork"],
];
/** What nodes say about a block beside its header. */
const BESIDE = new Set([
  "hash",
  "size",
  "totalDifficulty",
  "transactions",
  "uncles",
  "withdrawals",
  "author",
  "sealFields",
]);
const KNOWN = new Set([...FIELDS.map(([name]) => name), ...BESIDE]);

/** The hash of a block as `eth_getBlockBy…` gives it; undefined when its fields are not those of a header known here. */
export function headerHash(block: Readonly<Record<string, unknown>>): string | undefined {
  if (Object.keys(block).some((name) => !KNOWN.has(name) && block[name] != null)) return undefined;
  const encoded: Uint8Array[] = [];
  for (const [name, kind, since] of FIELDS) {
    const value = block[name];
    if (typeof value !== "string" || !/^0x[0-9a-fA-F]*$/.test(value)) {
      if (since === undefined) return undefined;
      // Where a later one is there this is a gap, which no header has: what is left hashes to another name.
      continue;
    }
    if (kind === "bytes" && value.length % 2 !== 0) return undefined;
    encoded.push(kind === "bytes" ? getBytes(value) : toBeArray(value === "0x" ? 0n : BigInt(value)));
  }
  return keccak256(encodeRlp(encoded));
}
