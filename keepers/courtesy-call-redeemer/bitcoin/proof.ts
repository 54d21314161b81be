/**
 * That a payment lies in a block with enough work on it: what `provideRedemptionProof` takes, checked as the contracts check it before
 * gas is spent.
 *
 * The first header must have the difficulty of the relay's current or previous epoch, d. As many headers as it takes follow, until their
 * difficulties sum to 6 · d: after a retarget downwards that is more than six. A proof never has fewer than six, because a block with
 * less on it is undone more often.
 */
import { concat } from "ethers";

import { TX_PROOF_DIFFICULTY_FACTOR } from "../../../protocol/tbtc/constants.js";
import { type BlockHeader, brokenLink, hash256, hasWork } from "./header.js";
import { type Payment, reversedHex, type TransactionParts } from "./payment.js";

export const LEAST_HEADERS = 6;
const HASH_BYTES = 32;

/** What the relay knows of Bitcoin's difficulty. */
export interface RelayEpochs {
  readonly currentDifficulty: bigint;
  readonly previousDifficulty: bigint;
}

/** Where a transaction stands in the tree of its block. */
export interface MerklePath {
  /** Hashes beside the way from the leaf to the root, as hashed, one after the other. */
  readonly nodes: string;
  readonly index: number;
}

export interface RedemptionProof {
  readonly parts: TransactionParts;
  readonly merkleProof: string;
  readonly txIndexInBlock: bigint;
  readonly headers: string;
}

export type ProofAttempt =
  | { readonly ok: true; readonly proof: RedemptionProof }
  | {
      readonly ok: false;
      readonly reason:
        /** Too few headers yet. */
        | "too-short"
        /** The relay has not heard of the epoch of the block, or has forgotten it. */
        | "relay-behind"
        | "unlinked"
        | "no-work"
        | "merkle";
    };

/** Root that a path leads to, or undefined for a path that no tree has. Txid as hashed. */
export function merkleRoot(txid: string, { nodes, index }: MerklePath): string | undefined {
  const bytes = (nodes.length - 2) / 2;
  const depth = bytes / HASH_BYTES;
  if (!Number.isSafeInteger(depth) || !Number.isSafeInteger(index) || index < 0 || index >= 2 ** depth)
    return undefined;
  let hash = txid;
  for (let level = 0, place = index; level < depth; level += 1, place = Math.floor(place / 2)) {
    const node = `0x${nodes.slice(2 + level * HASH_BYTES * 2, 2 + (level + 1) * HASH_BYTES * 2)}`;
    hash = hash256(place % 2 === 1 ? concat([node, hash]) : concat([hash, node]));
  }
  return hash;
}

/**
 * Builds the proof of a payment, or says why there is none.
 * @param headers from the block of the payment upwards
 */
export function redemptionProof(
  payment: Payment,
  path: MerklePath,
  headers: readonly BlockHeader[],
  relay: RelayEpochs,
): ProofAttempt {
  const [first] = headers;
  if (first === undefined) return { ok: false, reason: "too-short" };
  if (brokenLink(headers) >= 0) return { ok: false, reason: "unlinked" };
  if (!headers.every(hasWork)) return { ok: false, reason: "no-work" };
  if (merkleRoot(`0x${reversedHex(payment.txid)}`, path) !== first.merkleRoot) return { ok: false, reason: "merkle" };
  const { currentDifficulty, previousDifficulty } = relay;
  if (first.difficulty !== currentDifficulty && first.difficulty !== previousDifficulty) {
    return { ok: false, reason: "relay-behind" };
  }
  const needed = headersNeeded(headers);
  if (needed === undefined) return { ok: false, reason: "too-short" };
  return {
    ok: true,
    proof: {
      parts: payment.parts,
      merkleProof: path.nodes,
      txIndexInBlock: BigInt(path.index),
      headers: concat(headers.slice(0, needed).map(({ raw }) => raw)),
    },
  };
}

/** How many of the headers make the proof; undefined while they are not enough. */
function headersNeeded(headers: readonly BlockHeader[]): number | undefined {
  const required = (headers[0]?.difficulty ?? 0n) * TX_PROOF_DIFFICULTY_FACTOR;
  let sum = 0n;
  for (const [index, { difficulty }] of headers.entries()) {
    sum += difficulty;
    if (sum >= required && index + 1 >= LEAST_HEADERS) return index + 1;
  }
  return undefined;
}
