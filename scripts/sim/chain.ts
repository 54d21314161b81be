/** One simulated chain: blocks are made when the simulation says so, with the timestamps it says. */
import type { Provider, Signer } from "ethers";

import { hex, type SimNode } from "./node/types.js";

/** A transaction of a local account. */
export interface SimTransaction {
  readonly from: string;
  readonly to: string;
  readonly data: string;
  /** Gas limit; without one the most that any transaction here needs. */
  readonly gas?: number;
}

/** A log as the node returns it. */
export interface SimLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

/** What a transaction did. */
export interface SimReceipt {
  readonly ok: boolean;
  readonly gasUsed: number;
  readonly logs: readonly SimLog[];
}

/** Gas price of every transaction here: above any base fee of these nearly empty blocks, below every limit. */
export const GAS_PRICE_WEI = 1_000_000_000n;
/** Enough for the largest block of a day at 5x: some thirty trades in one transaction. */
const TRANSACTION_GAS = 25_000_000;
/** Blocks in one request; longer runs of empty blocks are split. */
const MAX_EMPTY_BLOCKS = 10_000;

/** Milliseconds spent per kind of work, for the benchmark. */
export interface ChainTimes {
  sendMs: number;
  mineMs: number;
  callMs: number;
  receiptMs: number;
}

const NO_TIMES: Readonly<ChainTimes> = { sendMs: 0, mineMs: 0, callMs: 0, receiptMs: 0 };

export class SimChain {
  readonly times: ChainTimes = { ...NO_TIMES };
  readonly #node: SimNode;
  readonly #blockSeconds: number;
  #timestamp = 0;
  #number = 0;
  /** What the node was told of the next block; a block made, or taken back, forgets it. */
  #nextTimestamp: number | undefined;
  #mark: string | undefined;

  /** A fresh chain that mines every transaction at once, until `takeOver`. */
  constructor(node: SimNode, blockSeconds: number) {
    this.#node = node;
    this.#blockSeconds = blockSeconds;
  }

  /** ethers over this chain, for the deployment. */
  get provider(): Provider {
    return this.#node.provider;
  }

  /** A development account, for the deployment. */
  signer(address: string): Promise<Signer> {
    return this.#node.signer(address);
  }

  /** Number and timestamp of the newest block. */
  get head(): { readonly number: number; readonly timestamp: number } {
    return { number: this.#number, timestamp: this.#timestamp };
  }

  /**
   * Lets an address without a key send transactions. Saves the signature, a third of the cost of a plain transaction: the market sends
   * one in almost every block.
   */
  async impersonate(address: string): Promise<void> {
    await this.#node.request("hardhat_impersonateAccount", [address]);
    await this.#node.request("hardhat_setBalance", [address, hex(10n ** 24n)]);
  }

  /** From now on a block is made by `mine` and `skip` only. */
  async takeOver(): Promise<void> {
    await this.#node.mineByHand(this.#blockSeconds);
    await this.#readHead();
  }

  /** Keeps the chain as it is now, for `rewind`. */
  async mark(): Promise<void> {
    this.#mark = (await this.#node.request("evm_snapshot", [])) as string;
  }

  /** Takes back everything since `mark`, and counts the times of work from zero. */
  async rewind(): Promise<void> {
    const params = [this.#mark];
    const isBack = await this.#node.request("evm_revert", params);
    if (isBack !== true) throw new Error("the chain was not marked, or the mark is gone");
    // A mark counts once.
    await this.mark();
    await this.#readHead();
    Object.assign(this.times, NO_TIMES);
  }

  async #readHead(): Promise<void> {
    const block = (await this.#node.request("eth_getBlockByNumber", ["latest", false])) as {
      number: string;
      timestamp: string;
    };
    this.#number = Number(block.number);
    this.#timestamp = Number(block.timestamp);
    this.#nextTimestamp = undefined;
  }

  /** What is asked of the next block must not depend on how quick this machine is: left alone a node adds the time that has passed. */
  async #setNextTimestamp(): Promise<void> {
    const next = this.#timestamp + this.#blockSeconds;
    if (this.#nextTimestamp === next) return;
    await this.#node.request("evm_setNextBlockTimestamp", [next]);
    this.#nextTimestamp = next;
  }

  /** Lets the next block follow a later timestamp: several chains then make their blocks at the same times. */
  alignTo(timestamp: number): void {
    this.#timestamp = Math.max(this.#timestamp, timestamp);
  }

  /** One block with these transactions in this order; returns their hashes. */
  async mine(transactions: readonly SimTransaction[]): Promise<string[]> {
    const started = performance.now();
    const hashes: string[] = [];
    for (const { from, to, data, gas = TRANSACTION_GAS } of transactions) {
      const request = { from, to, data, gas: hex(gas), gasPrice: hex(GAS_PRICE_WEI) };
      hashes.push((await this.#node.request("eth_sendTransaction", [request])) as string);
    }
    const sent = performance.now();
    this.#timestamp += this.#blockSeconds;
    this.#number += 1;
    await this.#node.request("evm_mine", [this.#timestamp]);
    this.times.sendMs += sent - started;
    this.times.mineMs += performance.now() - sent;
    return hashes;
  }

  /** `count` empty blocks. */
  async skip(count: number): Promise<void> {
    const started = performance.now();
    for (let left = count; left > 0; left -= MAX_EMPTY_BLOCKS) {
      const batch = Math.min(left, MAX_EMPTY_BLOCKS);
      await this.#setNextTimestamp();
      await this.#node.mineEmpty(batch, this.#blockSeconds);
      this.#timestamp += batch * this.#blockSeconds;
      this.#number += batch;
    }
    this.times.mineMs += performance.now() - started;
  }

  /** eth_call on the newest block, or in the context of the next one. */
  async call(to: string, data: string, at: "latest" | "pending" = "latest"): Promise<string> {
    const started = performance.now();
    if (at === "pending") await this.#setNextTimestamp();
    const answer = (await this.#node.request("eth_call", [{ to, data }, at])) as string;
    this.times.callMs += performance.now() - started;
    return answer;
  }

  /** What a mined transaction did. */
  async receipt(hash: string): Promise<SimReceipt> {
    const started = performance.now();
    const raw = (await this.#node.request("eth_getTransactionReceipt", [hash])) as {
      status: string;
      gasUsed: string;
      logs: SimLog[];
    };
    this.times.receiptMs += performance.now() - started;
    return { ok: raw.status === "0x1", gasUsed: Number(raw.gasUsed), logs: raw.logs };
  }

  async close(): Promise<void> {
    await this.#node.close();
  }
}
