/** The blocks of one fork, and how far they are confirmed. */
import type { Blockhash, EncodedAccount, Address } from "@solana/kit";

import { blockhashOf } from "./blockhashes.js";
import type { TransactionErrorJson } from "./transactionError.js";
import type { WireTransaction } from "./wire.js";

export type Commitment = "processed" | "confirmed" | "finalized";

/** What an account was before a transaction changed it; undefined: it did not exist. */
export interface PreImage {
  readonly address: Address;
  readonly account: EncodedAccount | undefined;
}

/** An instruction that a program made; indexes are those of the transaction's accounts. */
export interface InnerInstruction {
  readonly programIdIndex: number;
  readonly accounts: readonly number[];
  readonly data: Uint8Array;
  readonly stackHeight: number;
}

export interface ReturnData {
  readonly programId: Address;
  readonly data: Uint8Array;
}

/** Tokens of an account of a transaction. */
export interface TokenBalance {
  readonly accountIndex: number;
  readonly mint: Address;
  readonly owner: Address;
  readonly programId: Address;
  readonly amount: bigint;
  readonly decimals: number;
}

/** A transaction in a block. */
export interface Executed {
  readonly wire: WireTransaction;
  readonly slot: bigint;
  /** Unix seconds of its block. */
  readonly time: bigint;
  readonly error: TransactionErrorJson | null;
  readonly logs: readonly string[];
  readonly computeUnits: bigint;
  readonly feeLamports: bigint;
  /** Addresses in the order of the message, those from lookup tables last; with balances in lamports. */
  readonly accounts: readonly Address[];
  readonly preBalances: readonly bigint[];
  readonly postBalances: readonly bigint[];
  readonly preTokenBalances: readonly TokenBalance[];
  readonly postTokenBalances: readonly TokenBalance[];
  /** By the outer instruction that led to them; empty lists for those that called nothing. */
  readonly innerInstructions: readonly (readonly InnerInstruction[])[];
  readonly returnData: ReturnData | undefined;
  readonly writable: ReadonlySet<Address>;
  readonly microLamportsPerUnit: bigint;
}

export interface Block {
  readonly slot: bigint;
  /** Number of blocks below it on its fork; smaller than the slot once a fork was dropped. */
  readonly height: bigint;
  readonly parentSlot: bigint;
  readonly parentHash: string;
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

/** Where a chain of blocks begins. */
export interface ChainStart {
  readonly parentHash: string;
  readonly slot: bigint;
  readonly height: bigint;
}

/** Blocks that keep their pre-images: a state can be read as of any of them. */
const JOURNAL_MARGIN = 8;

/** The chain of blocks, oldest first; the last one is open. Confirmed and finalized never move back. */
export class Blocks {
  private readonly chain: Block[];
  private readonly reached = { confirmed: 0, finalized: 0 };

  constructor(
    start: ChainStart,
    private readonly depths: ConfirmationDepths,
    private readonly timeOf: (slot: bigint) => bigint,
  ) {
    this.chain = [this.make(start, start.slot, start.height)];
  }

  /** The lowest slot that is known. */
  get first(): Block {
    return this.at(0);
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

  /** Closes the open block and opens the next, some slots later when leaders were missing. @returns the closed one. */
  close(skippedSlots = 0n): Block {
    const closed = this.open;
    this.chain.push(this.make(childOf(closed), closed.slot + 1n + skippedSlots, closed.height + 1n));
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
    this.chain.push(this.make(childOf(parent), slot + 1n, parent.height + 1n));
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

  private make(parent: { readonly parentHash: string; readonly slot: bigint }, slot: bigint, height: bigint): Block {
    const { parentHash, slot: parentSlot } = parent;
    const blockhash = blockhashOf(parentHash, slot);
    const time = this.timeOf(slot);
    return { slot, height, parentSlot, parentHash, time, blockhash, transactions: [], preImages: [] };
  }
}

function childOf({ blockhash, slot }: Block): { readonly parentHash: string; readonly slot: bigint } {
  return { parentHash: blockhash, slot };
}
