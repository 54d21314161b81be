/** The blockhashes that a transaction may name. LiteSVM's own check knows one hash only, so it is off and this queue stands in for it. */
import { createHash } from "node:crypto";

import { getBase58Decoder, type Blockhash } from "@solana/kit";

/** Blocks a blockhash stays valid after its own (MAX_PROCESSING_AGE of Solana). */
export const BLOCKHASH_AGE_BLOCKS = 150n;

/** The hash that a block gets when it is closed; slots are never used twice, so neither are hashes. */
export function blockhashOf(parent: string, slot: bigint): Blockhash {
  const digest = createHash("sha256")
    .update(`${parent}/${String(slot)}`)
    .digest();
  return getBase58Decoder().decode(digest) as Blockhash;
}

/** Hashes of closed blocks on the current fork, with their heights. */
export class BlockhashQueue {
  private readonly heights = new Map<string, bigint>();

  register(blockhash: Blockhash, height: bigint): void {
    this.heights.set(blockhash, height);
    for (const [old, oldHeight] of this.heights) {
      if (height - oldHeight <= BLOCKHASH_AGE_BLOCKS) break;
      this.heights.delete(old);
    }
  }

  /** Oldest first. */
  list(): readonly { readonly blockhash: Blockhash; readonly height: bigint }[] {
    return [...this.heights].map(([blockhash, height]) => ({ blockhash: blockhash as Blockhash, height }));
  }

  /** The block was dropped with its fork: what names its hash can never be executed. */
  forget(blockhash: Blockhash): void {
    this.heights.delete(blockhash);
  }

  /**
   * Whether a block on top of one of `parentHeight` takes transactions with this hash. Its own height may then be one more than
   * `lastValidBlockHeight`: as on a real cluster, the hash of block b is good up to and including block b + 151.
   */
  isValid(blockhash: string, parentHeight: bigint): boolean {
    const height = this.heights.get(blockhash);
    return height !== undefined && height <= parentHeight && parentHeight - height <= BLOCKHASH_AGE_BLOCKS;
  }
}

/** What getLatestBlockhash says of the hash of a block of this height. */
export function lastValidBlockHeight(height: bigint): bigint {
  return height + BLOCKHASH_AGE_BLOCKS;
}
