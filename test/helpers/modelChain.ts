/** A chain reduced to what an outbox relies on: one transaction per nonce, a mempool that may forget, blocks that may be unwound. */
import { id as hashOf, Transaction } from "ethers";

import { RetryableError } from "../../protocol/errors.js";
import type { Head } from "../../keepers/kit/provider.js";
import type { Question } from "../../keepers/kit/providers/pool.js";

interface Block {
  readonly hash: string;
  readonly transactions: readonly Transaction[];
}

/** A replacement must pay this much more, in percent. */
const BUMP_PERCENT = 10n;

export class ModelChain {
  readonly chainId = 138;
  /** What happens to the next requests: lost: done without a reply. refused: not even asked. forgotten: acknowledged, not kept. */
  readonly faults: ("lost" | "refused" | "forgotten")[] = [];
  /** Whoever offers less per gas stays in the mempool. */
  leastFeeWei = 0n;
  /** What a transaction emits; nothing unless a test says so. */
  logsOf: (transaction: Transaction) => readonly { address: string; topics: string[]; data: string }[] = () => [];
  private blocks: Block[] = [{ hash: hashOf("genesis"), transactions: [] }];
  private mempool = new Map<number, Transaction>();
  private fork = 0;

  get head(): Head {
    const number = this.blocks.length - 1;
    return {
      number,
      hash: this.blocks[number]?.hash ?? "",
      parentHash: this.blocks[number - 1]?.hash ?? "",
      timestamp: number * 2,
      nextBaseFeeWei: 1_000_000_000n,
    };
  }

  /** Calldata of every transaction in a block, oldest first. */
  get executed(): string[] {
    return this.blocks
      .flatMap(({ transactions }) => transactions.map(({ data }) => data))
      .filter((data) => data !== "0x");
  }

  get used(): number {
    return this.blocks.reduce((sum, { transactions }) => sum + transactions.length, 0);
  }

  /** One block with everything that can be mined now. */
  mine(): void {
    const transactions: Transaction[] = [];
    for (let nonce = this.used; ; nonce += 1) {
      const next = this.mempool.get(nonce);
      if (next === undefined || price(next) < this.leastFeeWei) break;
      transactions.push(next);
      this.mempool.delete(nonce);
    }
    this.blocks.push({ hash: hashOf(`${String(this.fork)}:${String(this.blocks.length)}`), transactions });
  }

  /** The last blocks are gone, with what they held; others take their place, and one more. */
  reorg(depth: number): void {
    const gone = Math.min(depth, this.blocks.length - 1);
    this.blocks = this.blocks.slice(0, this.blocks.length - gone);
    this.fork += 1;
    for (let block = 0; block <= gone; block += 1) this.mine();
  }

  /** The node restarts without its mempool. */
  forget(): void {
    this.mempool.clear();
  }

  request(method: string, params: readonly unknown[]): Promise<unknown> {
    const fault = this.faults.shift();
    if (fault === "refused") return Promise.reject(unreachable());
    try {
      const answer = this.answer(method, params, fault === "forgotten");
      return fault === "lost" ? Promise.reject(unreachable()) : Promise.resolve(answer);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** As a client asks one of its nodes. */
  async ask<T>({ requests, read }: Question<T>): Promise<T> {
    const fault = this.faults.shift();
    if (fault === "refused") throw unreachable();
    const asked = await requests(undefined as never);
    const answers = asked.map(({ method, params }) => ({ result: this.answer(method, params, false) }));
    if (fault === "lost") throw unreachable();
    return read(answers, undefined as never);
  }

  private answer(method: string, params: readonly unknown[], forget: boolean): unknown {
    switch (method) {
      case "eth_sendRawTransaction":
        return this.take(String(params[0]), forget);
      case "eth_getTransactionCount":
        return `0x${this.used.toString(16)}`;
      case "eth_getTransactionReceipt":
        return this.receipt(String(params[0]));
      case "eth_getBlockByNumber":
        return { hash: this.blocks[0]?.hash };
      default:
        throw new Error(`the model knows no ${method}`);
    }
  }

  private take(bytes: string, forget: boolean): string {
    const transaction = Transaction.from(bytes);
    const { nonce, hash } = transaction;
    if (nonce < this.used) throw new Error("nonce too low");
    const known = this.mempool.get(nonce);
    if (known?.hash === hash) throw new Error("already known");
    if (known !== undefined && (price(known) * (100n + BUMP_PERCENT)) / 100n > price(transaction)) {
      throw new Error("replacement transaction underpriced");
    }
    if (!forget) this.mempool.set(nonce, transaction);
    return hash ?? "";
  }

  private receipt(hash: string): unknown {
    const block = this.blocks.findIndex(({ transactions }) => transactions.some((found) => found.hash === hash));
    if (block < 0) return null;
    const transaction = this.blocks[block]?.transactions.find((found) => found.hash === hash);
    return {
      status: "0x1",
      blockNumber: `0x${block.toString(16)}`,
      blockHash: this.blocks[block]?.hash,
      gasUsed: "0x5208",
      effectiveGasPrice: "0x1",
      logs: transaction === undefined ? [] : this.logsOf(transaction),
    };
  }
}

function price({ maxFeePerGas }: Transaction): bigint {
  return maxFeePerGas ?? 0n;
}

function unreachable(): RetryableError {
  return new RetryableError("RPC_UNREACHABLE", "nobody answered");
}
