/** What a cluster needs to go on where it was. */
import type { Blockhash } from "@solana/kit";

import type { ChainStart, Executed } from "./blocks.js";

export interface SavedBank extends ChainStart {
  readonly genesisHash: string;
  /** Unix milliseconds of its slot. */
  readonly timeMs: bigint;
  /** Hashes that transactions may still name, oldest first. */
  readonly blockhashes: readonly { readonly blockhash: Blockhash; readonly height: bigint }[];
  /** Oldest first. */
  readonly transactions: readonly Executed[];
  /** LiteSVM's own snapshot. */
  readonly accounts: Uint8Array;
}
