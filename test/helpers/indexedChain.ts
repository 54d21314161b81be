/** A chain in memory with nodes in front of it that can be late, on another branch, forgetful about logs, or silent. */
import { id } from "ethers";

import { bloomOf } from "../../protocol/bloom.js";
import { RetryableError } from "../../protocol/errors.js";
import {
  isWanted,
  type BlockHeader,
  type ChainLog,
  type ChainSource,
  type LogFilter,
} from "../../service/indexer/chainSource.js";

export const TOKEN = `0x${"70".repeat(20)}`;
const TRANSFER = id("Transfer(address,address,uint256)");
const OTHER = id("Approval(address,address,uint256)");

interface Block extends BlockHeader {
  readonly logs: readonly ChainLog[];
}

const word = (value: bigint): string => `0x${value.toString(16).padStart(64, "0")}`;

export class IndexedChain {
  private blocks: Block[] = [];
  private made = 0n;

  constructor(private readonly hasBlooms = true) {
    this.mine([0]);
  }

  get head(): bigint {
    return BigInt(this.blocks.length) - 1n;
  }

  /** One block per entry, with so many transfers; every third log is of another event. No two blocks are ever the same. */
  mine(transfers: readonly number[]): void {
    for (const count of transfers) this.blocks.push(this.block(count));
  }

  /** Drops the newest blocks and mines others. */
  reorg(depth: number, transfers: readonly number[]): void {
    this.blocks.splice(Math.max(1, this.blocks.length - depth));
    this.mine(transfers);
  }

  /** Another chain with the same blocks so far. */
  split(): IndexedChain {
    const other = new IndexedChain(this.hasBlooms);
    other.blocks = [...this.blocks];
    other.made = this.made + 1_000_000n;
    return other;
  }

  at(number: bigint): Block | undefined {
    return this.blocks[Number(number)];
  }

  byHash(hash: string): Block | undefined {
    return this.blocks.find((block) => block.hash === hash);
  }

  /** Every transfer of the chain as it is now, as the table should hold it. */
  transfers(): { block_number: bigint; log_index: number; block_hash: string; units: bigint }[] {
    return this.blocks.flatMap(({ logs }) =>
      logs
        .filter(({ topics }) => topics[0] === TRANSFER)
        .map(({ blockNumber, logIndex, blockHash, data }) => ({
          ...{ block_number: blockNumber, log_index: logIndex, block_hash: blockHash, units: BigInt(data) },
        })),
    );
  }

  private block(transfers: number): Block {
    this.made += 1n;
    const number = BigInt(this.blocks.length);
    const hash = word(0xb10cn * 2n ** 128n + this.made);
    const logs = Array.from({ length: transfers }, (_, index): ChainLog => {
      const topic = index % 3 === 2 ? OTHER : TRANSFER;
      return {
        ...{
          blockNumber: number,
          blockHash: hash,
          logIndex: index,
          transactionHash: word(this.made * 1000n + BigInt(index)),
        },
        ...{ address: TOKEN, topics: [topic, word(1n), word(2n)], data: word(this.made * 100n + BigInt(index)) },
      };
    });
    const bloom = bloomOf(this.hasBlooms ? logs.flatMap(({ address, topics }) => [address, ...topics]) : []);
    return {
      ...{ number, hash, parentHash: this.blocks.at(-1)?.hash ?? word(0n), logsBloom: bloom, logs },
      ...{ timestamp: 1_700_000_000n + number * 2n, hasTransactions: logs.length > 0 },
    };
  }
}

/** One node of the chain. */
export class ModelSource implements ChainSource {
  /** Blocks that it is late. */
  lag = 0n;
  isSilent = false;
  /** Logs that it leaves out of eth_getLogs. */
  hides: (log: ChainLog) => boolean = () => false;
  /** Logs that it makes up. */
  invents: (block: BlockHeader) => readonly ChainLog[] = () => [];
  receiptsRead = 0;

  constructor(
    public chain: IndexedChain,
    readonly name = "model",
  ) {}

  private get head(): bigint {
    if (this.isSilent) throw new RetryableError("SOURCE_UNREACHABLE", "silent");
    const head = this.chain.head - this.lag;
    return head < 0n ? 0n : head;
  }

  header(at: bigint | "latest" | "safe" | "finalized"): Promise<BlockHeader | undefined> {
    return this.answer(() => {
      const height = typeof at === "bigint" ? at : this.head - { latest: 0n, safe: 2n, finalized: 4n }[at];
      return height > this.head ? undefined : this.chain.at(height);
    });
  }

  headers(from: bigint, to: bigint): Promise<readonly BlockHeader[]> {
    return this.answer(() => this.range(from, to));
  }

  logs(filter: LogFilter, from: bigint, to: bigint): Promise<readonly ChainLog[]> {
    return this.answer(() =>
      this.range(from, to).flatMap((block) => [
        ...block.logs.filter((log) => isWanted(filter, log) && !this.hides(log)),
        ...this.invents(block),
      ]),
    );
  }

  receiptLogs(blockHash: string): Promise<readonly ChainLog[] | undefined> {
    return this.answer(() => {
      this.receiptsRead += 1;
      const block = this.chain.byHash(blockHash);
      return block === undefined || block.number > this.head ? undefined : block.logs;
    });
  }

  private range(from: bigint, to: bigint): Block[] {
    const found: Block[] = [];
    for (let number = from; number <= to && number <= this.head; number += 1n) {
      const block = this.chain.at(number);
      if (block !== undefined) found.push(block);
    }
    return found;
  }

  /** As a promise, so that a throw is a rejection. */
  private async answer<T>(say: () => T): Promise<T> {
    await Promise.resolve();
    return say();
  }
}
