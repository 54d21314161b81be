/**
 * Are these the receipts of that block, and may a log be in it? A block's header commits to its receipts by the root of a Merkle
 * Patricia trie (key: RLP of the index, value: the consensus encoding of the receipt) and to the addresses and topics of its logs by a
 * bloom filter that never misses one.
 */
import { concat, encodeRlp, getBytes, keccak256, toBeArray, type RlpStructuredDataish } from "ethers";
import { z } from "zod";

const hex = z.string().regex(/^0x[0-9a-fA-F]*$/);
export const logSchema = z.object({
  address: hex,
  topics: z.array(hex),
  data: hex,
  logIndex: hex,
  transactionHash: hex,
});
export const receiptsSchema = z.array(
  z.object({
    type: hex.default("0x0"),
    status: hex.optional(),
    root: hex.optional(),
    cumulativeGasUsed: hex,
    logsBloom: hex,
    logs: z.array(logSchema),
  }),
);
export type ChainLog = z.infer<typeof logSchema>;
export type ChainReceipts = z.infer<typeof receiptsSchema>;

/** What a block's header commits to of a receipt. */
export interface ProvableReceipt {
  readonly type: string;
  readonly status?: string | undefined;
  readonly root?: string | undefined;
  readonly cumulativeGasUsed: string;
  readonly logsBloom: string;
  readonly logs: readonly { readonly address: string; readonly topics: readonly string[]; readonly data: string }[];
}

/** Root of the trie of these receipts, in the order of their transactions. Covers status, gas, bloom and every log's address, topics and data. */
export function receiptsRoot(receipts: readonly ProvableReceipt[]): string {
  const entries = receipts.map((receipt, index) => ({
    path: nibbles(encodeRlp(toBeArray(index))),
    value: encodeReceipt(receipt),
  }));
  return keccak256(encodeRlp(buildNode(entries, 0)));
}

/** False: no log of this address and these topics is in a block with this bloom, for certain. */
export function bloomMayHold(logsBloom: string, items: readonly string[]): boolean {
  const bloom = getBytes(logsBloom);
  return items.every((item) => {
    const hash = getBytes(keccak256(item));
    return [0, 2, 4].every((at) => {
      const bit = (((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0)) & 2047;
      return (((bloom[255 - (bit >> 3)] ?? 0) >> (bit & 7)) & 1) === 1;
    });
  });
}

function encodeReceipt({ type, status, root, cumulativeGasUsed, logsBloom, logs }: ProvableReceipt): string {
  const outcome = status === undefined ? (root ?? "0x") : toBeArray(BigInt(status));
  const body = encodeRlp([
    outcome,
    toBeArray(BigInt(cumulativeGasUsed)),
    logsBloom,
    logs.map(({ address, topics, data }) => [address, [...topics], data]),
  ]);
  return BigInt(type) === 0n ? body : concat([toBeArray(BigInt(type)), body]);
}

interface Entry {
  readonly path: readonly number[];
  readonly value: string;
}

function buildNode(entries: readonly Entry[], depth: number): RlpStructuredDataish {
  const [first, ...others] = entries;
  if (first === undefined) return "0x";
  if (others.length === 0) return [compactPath(first.path.slice(depth), true), first.value];
  let shared = 0;
  while (
    entries.every(({ path }) => depth + shared < path.length && path[depth + shared] === first.path[depth + shared])
  )
    shared += 1;
  if (shared > 0) {
    return [compactPath(first.path.slice(depth, depth + shared), false), reference(buildNode(entries, depth + shared))];
  }
  const children = Array.from({ length: 16 }, (_, nibble) =>
    reference(
      buildNode(
        entries.filter(({ path }) => path[depth] === nibble),
        depth + 1,
      ),
    ),
  );
  return [...children, entries.find(({ path }) => path.length === depth)?.value ?? "0x"];
}

/** Nodes of less than 32 bytes stand in their parent as they are. */
function reference(node: RlpStructuredDataish): RlpStructuredDataish {
  if (node === "0x") return "0x";
  const encoded = encodeRlp(node);
  return getBytes(encoded).length < 32 ? node : keccak256(encoded);
}

/** Hex-prefix encoding: whether it ends in a leaf, and whether the number of nibbles is odd. */
function compactPath(path: readonly number[], isLeaf: boolean): string {
  const odd = path.length % 2;
  const flag = (isLeaf ? 2 : 0) + odd;
  const padded = odd === 1 ? [flag, ...path] : [flag, 0, ...path];
  return `0x${padded.map((nibble) => nibble.toString(16)).join("")}`;
}

function nibbles(data: string): number[] {
  return Array.from(getBytes(data), (byte) => [byte >> 4, byte & 15]).flat();
}
