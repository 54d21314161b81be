/** A Bitcoin chain of our making: real work at the lowest difficulty, blocks on command, reorganisations on command. */
import { RawOldTx } from "@scure/btc-signer/script.js";
import { concat, dataSlice } from "ethers";

import { BLOCK_SECONDS, FIRST_TIMESTAMP, GENESIS_HEADER, hash256, mineHeader } from "../bitcoin.js";
import { decodeTransaction, type LocalTransaction, Mempool, type Output } from "./mempool.js";

export interface LocalBlock {
  /** 0x and 80 bytes. */
  readonly header: string;
  /** As hashed. */
  readonly hash: string;
  readonly transactions: readonly LocalTransaction[];
}

export interface MineOptions {
  /** Transactions that pay less per virtual byte stay in the mempool; 0 takes all. */
  readonly satPerVbyte?: number;
  /** Put into the first block as they are, without a look at their inputs: how coins come into this world. */
  readonly place?: readonly string[];
}

const COINBASE_SAT = 5_000_000_000n;
const NO_OUTPOINT = { txid: new Uint8Array(32), index: 0xffffffff };
const OP_TRUE = Uint8Array.of(0x51);

export class LocalBitcoin {
  readonly mempool = new Mempool((outpoint) => this.unspent(outpoint));
  private readonly blocks: LocalBlock[] = [
    { header: GENESIS_HEADER, hash: hash256(GENESIS_HEADER), transactions: [coinbase(0, 0)] },
  ];
  private branch = 0;
  private readonly listeners = new Set<() => void>();

  get height(): number {
    return this.blocks.length - 1;
  }

  block(height: number): LocalBlock | undefined {
    return this.blocks[height];
  }

  /** Mines so many blocks; what waits goes into the first. */
  mine(count = 1, { satPerVbyte = 0, place = [] }: MineOptions = {}): void {
    for (let mined = 0; mined < count; mined += 1) {
      const waiting = mined === 0 ? this.mempool.worth(satPerVbyte) : [];
      const placed = mined === 0 ? place.map(decodeTransaction) : [];
      this.append([...placed, ...waiting]);
    }
    for (const listener of this.listeners) listener();
  }

  /**
   * Leaves the last blocks for a branch that is one longer. Their transactions wait again, as far as they still can; coins that were placed
   * are placed again.
   */
  reorganize(depth: number): void {
    const left = this.blocks.splice(this.blocks.length - depth);
    this.branch += 1;
    const transactions = left.flatMap((block) => block.transactions.slice(1));
    const known = new Set([...this.all(), ...transactions].map(({ txid }) => txid));
    const placed = transactions.filter(({ spends }) => spends.every((one) => !known.has(one.split(":")[0] ?? "")));
    this.append(placed);
    for (const { raw } of transactions.filter((one) => !placed.includes(one))) this.mempool.submit(raw);
    for (let mined = 0; mined < depth; mined += 1) this.append([]);
    for (const listener of this.listeners) listener();
  }

  /** A copy that goes its own way from here: another server on another branch. */
  fork(): LocalBitcoin {
    const copy = new LocalBitcoin();
    copy.blocks.splice(0, copy.blocks.length, ...this.blocks);
    copy.branch = this.branch + 1000;
    for (const { raw } of this.mempool.all) copy.mempool.submit(raw);
    return copy;
  }

  /** Where a transaction is: 0 in the mempool; undefined nowhere. */
  heightOf(txid: string): number | undefined {
    const height = this.blocks.findIndex(({ transactions }) => transactions.some((one) => one.txid === txid));
    return height >= 0 ? height : this.mempool.get(txid) === undefined ? undefined : 0;
  }

  transaction(txid: string): LocalTransaction | undefined {
    return this.all().find((one) => one.txid === txid);
  }

  /** In blocks, then waiting, in order. */
  all(): readonly LocalTransaction[] {
    return [...this.blocks.flatMap(({ transactions }) => transactions), ...this.mempool.all];
  }

  onBlock(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private append(transactions: readonly LocalTransaction[]): void {
    const height = this.blocks.length;
    const all = [coinbase(height, this.branch), ...transactions];
    const previous = this.blocks[height - 1]?.hash ?? "";
    const root = merkleLevels(all.map(({ txid }) => reversed(txid))).at(-1)?.[0] ?? "";
    const header = mineHeader(previous, root, FIRST_TIMESTAMP + height * BLOCK_SECONDS + this.branch);
    this.blocks.push({ header, hash: hash256(header), transactions: all });
    for (const transaction of transactions) this.mempool.settled(transaction);
  }

  private unspent(outpoint: string): Output | undefined {
    const confirmed = this.blocks.flatMap(({ transactions }) => transactions);
    if (confirmed.some(({ spends }) => spends.includes(outpoint))) return undefined;
    const [txid, index] = outpoint.split(":");
    return confirmed.find((one) => one.txid === txid)?.outputs[Number(index)];
  }
}

/** Hashes of a block's tree, leaves first; the last level is the root. As hashed. */
export function merkleLevels(leaves: readonly string[]): readonly (readonly string[])[] {
  const levels = [leaves];
  for (let level = leaves; level.length > 1; levels.push(level)) {
    const below = level;
    level = below.flatMap((left, index) =>
      index % 2 === 1 ? [] : [hash256(concat([left, below[index + 1] ?? left]))],
    );
  }
  return levels;
}

/** 0x and the bytes of a shown hash, as hashed. */
export function reversed(shown: string): string {
  return `0x${Buffer.from(shown, "hex").reverse().toString("hex")}`;
}

/** One per block: height and branch make it unique. */
function coinbase(height: number, branch: number): LocalTransaction {
  const finalScriptSig = Buffer.alloc(10);
  finalScriptSig.writeUInt8(8, 0);
  finalScriptSig.writeUInt32LE(height, 1);
  finalScriptSig.writeUInt32LE(branch, 5);
  const raw = RawOldTx.encode({
    version: 1,
    inputs: [{ ...NO_OUTPOINT, finalScriptSig, sequence: 0xffffffff }],
    outputs: [{ amount: COINBASE_SAT, script: OP_TRUE }],
    lockTime: 0,
  });
  return decodeTransaction(dataSlice(raw, 0).slice(2));
}
