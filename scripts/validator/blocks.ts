/** The blocks of one fork, and how far they are confirmed. */
import type { Blockhash, EncodedAccount, Address } from "@solana/kit";

import { blockhashOf } from "./blockhashes.js";
import type { TransactionErrorJson } from "./transactionError.js";
import type { WireTransaction } from "./wire.js";

export type Commitment = "processed" | "confirmed" | "finalized";

/** What an account was before a block touched it; undefined data: it did not exist. */
export interface PreImage {
  readonly address: Address;
  readonly account: EncodedAccount | undefined;
}

/** A transaction in a block. */
export interface Executed {
  readonly wire: WireTransaction;
  readonly slot: bigint;
  readonly error: TransactionErrorJson | null;
  readonly logs: readonly string[];
  readonly computeUnits: bigint;
  readonly feeLamports: bigint;
  /** Addresses in the order of the message, those from lookup tables last; with balances in lamports. */
  readonly accounts: readonly Address[];
  readonly preBalances: readonly bigint[];
  readonly postBalances: readonly bigint[];
}

export interface Block {
  readonly slot: bigint;
  /** Number of blocks below it on its fork; smaller than the slot once a fork was dropped. */
  readonly height: bigint;
  /** Unix seconds. */
  readonly time: bigint;
  /** Registered when the block is closed; the open one has none yet. */
  readonly blockhash: Blockhash;
  readonly transactions: Executed[];
  /** In the order of execution; undone from the end. */
  readonly preImages: PreImage[];
}

export interface ConfirmationDepths {
  /** Blocks on top of a block after which it is confirmed, and after which it is finalized. */
  readonly confirmedBlocks: number;
  readonly finalizedBlocks: number;
}

/** Blocks that keep their pre-images: a state can be read as of any of them. */
const JOURNAL_MARGIN = 8;

/** The chain of blocks, oldest first; the last one is open. Confirmed and finalized never move back. */
export class Blocks {
  private readonly chain: Block[];
  private readonly reached = { confirmed: 0, finalized: 0 };

  constructor(
    genesisHash: string,
    private readonly depths: ConfirmationDepths,
    private readonly timeOf: (slot: bigint) => bigint,
  ) {
    this.chain = [this.make(genesisHash, 0n, 0n)];
  }

  get open(): Block {
    return this.at(this.chain.length - 1);
  }

  /** The newest block of a commitment; `processed` is the open one. */
  newest(commitment: Commitment): Block {
    return commitment === "processed" ? this.open : this.at(this.reached[commitment]);
  }

  /** The newest closed block: its hash is the newest that a transaction can name. */
  get parent(): Block {
    return this.at(Math.max(0, this.chain.length - 2));
  }

  /** How many of the newest blocks may still be dropped: those that are only processed. */
  get droppable(): number {
    return this.chain.length - 1 - this.reached.confirmed;
  }

  /** Blocks above one of this slot, oldest first. */
  after(slot: bigint): readonly Block[] {
    return this.chain.slice(this.indexAbove(slot));
  }

  bySlot(slot: bigint): Block | undefined {
    const block = this.chain[this.indexAbove(slot) - 1];
    return block?.slot === slot ? block : undefined;
  }

  commitmentOf(slot: bigint): Commitment {
    if (slot <= this.newest("finalized").slot) return "finalized";
    return slot <= this.newest("confirmed").slot ? "confirmed" : "processed";
  }

  /** Closes the open block and opens the next. @returns the closed one. */
  close(): Block {
    const closed = this.open;
    this.chain.push(this.make(closed.blockhash, closed.slot + 1n, closed.height + 1n));
    const newest = this.chain.length - 1;
    this.reached.confirmed = Math.max(this.reached.confirmed, newest - this.depths.confirmedBlocks);
    this.reached.finalized = Math.max(this.reached.finalized, newest - this.depths.finalizedBlocks);
    this.chain[this.reached.finalized - JOURNAL_MARGIN]?.preImages.splice(0);
    return closed;
  }

  /** Drops the newest `count` blocks and opens another on what is left, in a slot of its own. @returns them, newest first. */
  drop(count: number): readonly Block[] {
    if (count < 1 || count > this.droppable) {
      throw new RangeError(`cannot drop ${String(count)} blocks: only ${String(this.droppable)} are not confirmed`);
    }
    const { slot } = this.open;
    const dropped = this.chain.splice(-count).reverse();
    const parent = this.open;
    this.chain.push(this.make(parent.blockhash, slot + 1n, parent.height + 1n));
    return dropped;
  }

  /** Slots only rise along the chain. */
  private indexAbove(slot: bigint): number {
    let [low, high] = [0, this.chain.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle).slot > slot) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private at(index: number): Block {
    const block = this.chain[index];
    if (block === undefined) throw new RangeError(`no block ${String(index)}`);
    return block;
  }

  private make(parentHash: string, slot: bigint, height: bigint): Block {
    const blockhash = blockhashOf(parentHash, slot);
    return { slot, height, time: this.timeOf(slot), blockhash, transactions: [], preImages: [] };
  }
}
