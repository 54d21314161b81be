/**
 * Follows one chain: blocks linked by hash, the wanted logs of each in typed tables, and nothing of a branch that lost. `step` brings the
 * tables nearer to the head, `rescan` looks again at what has been indexed, with the eyes of another node.
 */
import { RetryableError } from "../../protocol/errors.js";
import type { Database } from "../../db/database.js";
import { blocks } from "../../db/queries/indexer/blocks.js";
import { createCheckpoint } from "../../db/queries/indexer/createCheckpoint.js";
import { lastFinalized } from "../../db/queries/indexer/lastFinalized.js";
import { logKeys } from "../../db/queries/indexer/logKeys.js";
import { nextBlock } from "../../db/queries/indexer/nextBlock.js";
import { changing, commonAncestor } from "./ancestor.js";
import type { BlockHeader, ChainLog, ChainSource } from "./chainSource.js";
import { completeLogs, logsOfReceipts, type BloomTrust, type Checker } from "./completeLogs.js";
import { agreedHash, claimedHeights, type FinalityRule, type Heights } from "./finality.js";
import { filterOf, rowsOf, type LogHandler } from "./handler.js";
import { IndexStore } from "./store.js";

export interface IndexerOptions {
  readonly db: Database;
  /** EVM chain id as text. */
  readonly chainId: string;
  /** The first that answers is followed; the others check it. They should not share an operator. */
  readonly sources: readonly [ChainSource, ...ChainSource[]];
  readonly handlers: readonly LogHandler[];
  /** Where a chain that is new to the database begins. */
  readonly startBlock: bigint;
  readonly finality: FinalityRule;
  /** Nodes that must show the same hash before a block is safe or final; 1 only for a local network. */
  readonly quorum: number;
  /** Blocks of one request for logs, and of one transaction. */
  readonly maxRange?: number;
  /** Compare logs with the receipts of every block that may hold some. Without it only logs that are visibly missing are noticed at once. */
  readonly isMoney: boolean;
}

export interface Step {
  /** advanced: blocks were added. caught-up: nothing to add. behind: the node is, and is asked again. raced: another indexer was faster. */
  readonly kind: "advanced" | "caught-up" | "behind" | "raced";
  readonly nextBlock: bigint;
  readonly head: bigint;
  readonly blocks: number;
  readonly logs: number;
  readonly unwound: number;
  /** Logs that the node had left out. */
  readonly recovered: number;
  /** Why blocks did or did not become final. */
  readonly finality: "settled" | "no-quorum" | "too-young";
}

export interface Rescan {
  readonly blocks: number;
  readonly recovered: number;
  /** Rows that no receipt speaks for. They are left in place: one node's word is not enough to delete. */
  readonly disputed: number;
}

const DEFAULT_RANGE = 500;

export class Indexer {
  private readonly store: IndexStore;
  private readonly blooms: { trust: BloomTrust } = { trust: "unknown" };
  private hasBegun = false;
  /** Heights that need not be agreed on again. */
  private settled: Heights | undefined;

  constructor(private readonly options: IndexerOptions) {
    this.store = new IndexStore(options.db, options.chainId, options.handlers);
  }

  /** Whether blooms of this chain can be used. */
  get bloomTrust(): BloomTrust {
    return this.blooms.trust;
  }

  /**
   * One range of blocks nearer to the head, unwinding first what is of another branch.
   * @throws RetryableError when a node or the database does not answer or makes no sense now; PermanentError FINALITY_BROKEN.
   */
  async step(): Promise<Step> {
    const { db, chainId, startBlock } = this.options;
    if (!this.hasBegun) await createCheckpoint(db, chainId, startBlock);
    this.hasBegun = true;
    const [source, head] = await this.follow();
    const next = (await nextBlock(db, chainId)) ?? startBlock;
    const idle = { nextBlock: next, head: head.number, blocks: 0, logs: 0, unwound: 0, recovered: 0 };
    const ancestor = next === startBlock ? undefined : await commonAncestor(db, source, chainId, next - 1n, head);
    if (ancestor?.kind === "behind") return { ...idle, kind: "behind", finality: await this.settle(source, head) };
    const base = ancestor?.kind === "common" ? ancestor.number : startBlock - 1n;
    if (base >= head.number) return { ...idle, kind: "caught-up", finality: await this.settle(source, head) };

    const headers = await this.linkedHeaders(source, base, head.number);
    const last = base + BigInt(headers.length);
    const told = await source.logs(filterOf(this.options.handlers), base + 1n, last);
    const { logs, recovered } = await completeLogs(this.checkerFor(source), headers, told);
    const unwound = await this.store.advance({ expectedNext: next, ancestor: base, headers, logs });
    if (unwound !== 0) this.settled = undefined;
    if (unwound === undefined) return { ...idle, kind: "raced", finality: "too-young" };
    const done = { blocks: headers.length, logs: logs.length, unwound, recovered };
    return {
      kind: "advanced",
      nextBlock: last + 1n,
      head: head.number,
      ...done,
      finality: await this.settle(source, head),
    };
  }

  /**
   * Looks again at blocks that have been indexed: every receipt of theirs, from a node that did not give the logs where there is one. Also
   * fills the table of a handler that is new. @throws RetryableError when no node has the receipts of a block.
   */
  async rescan(from: bigint, to: bigint): Promise<Rescan> {
    const { db, chainId, sources, handlers } = this.options;
    const witnesses = [...sources.slice(1), sources[0]];
    let recovered = 0;
    let disputed = 0;
    const stored = await blocks(db, chainId, from, to);
    for (const { number, hash } of stored) {
      const header = { number, hash: `0x${hash.toString("hex")}` };
      const logs = await logsOfReceipts({ handlers, witnesses }, header);
      recovered += await this.store.recover(header, logs);
      disputed += await this.countDisputed(number, logs);
    }
    return { blocks: stored.length, recovered, disputed };
  }

  /** The first node that answers, and its head. */
  private async follow(): Promise<[ChainSource, BlockHeader]> {
    let cause: unknown;
    for (const source of this.options.sources) {
      try {
        const head = await source.header("latest");
        if (head !== undefined) return [source, head];
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
        cause = error;
      }
    }
    throw new RetryableError("SOURCE_UNREACHABLE", "no node answers", "check the nodes", {}, { cause });
  }

  /** Headers above `base`, each the child of the one before and the first the child of ours. */
  private async linkedHeaders(source: ChainSource, base: bigint, head: bigint): Promise<readonly BlockHeader[]> {
    const { db, chainId, maxRange = DEFAULT_RANGE } = this.options;
    const end = base + BigInt(maxRange) < head ? base + BigInt(maxRange) : head;
    const headers = await source.headers(base + 1n, end);
    const [parent] = await blocks(db, chainId, base, base);
    let hash = parent === undefined ? headers[0]?.parentHash : `0x${parent.hash.toString("hex")}`;
    for (const [index, header] of headers.entries()) {
      if (header.parentHash !== hash || header.number !== base + 1n + BigInt(index))
        throw changing(source, header.number);
      hash = header.hash;
    }
    if (headers.length === 0) throw changing(source, base + 1n);
    return headers;
  }

  private checkerFor(source: ChainSource): Checker {
    const { handlers, isMoney, sources } = this.options;
    return {
      handlers,
      isMoney,
      blooms: this.blooms,
      witnesses: [...sources.filter((other) => other !== source), source],
    };
  }

  /** Raises what enough nodes agree on. */
  private async settle(source: ChainSource, head: BlockHeader): Promise<Step["finality"]> {
    const { db, chainId, finality, quorum, sources, startBlock } = this.options;
    const claimed = await claimedHeights(finality, source, head);
    const tip = ((await nextBlock(db, chainId)) ?? startBlock) - 1n;
    if (claimed === undefined || tip < startBlock) return "too-young";
    const known = (await lastFinalized(db, chainId)) ?? -1n;
    const safe = claimed.safe < tip ? claimed.safe : tip;
    const finalized = claimed.finalized < safe ? claimed.finalized : safe;
    if (this.settled?.safe === safe && this.settled.finalized === finalized) return "settled";
    const agreed = new Map<bigint, string>();
    for (const height of new Set([safe, finalized])) {
      if (height < startBlock || height <= known) continue;
      const hash = await agreedHash(sources, quorum, height);
      if (hash === undefined) return "no-quorum";
      agreed.set(height, hash);
    }
    if (agreed.size === 0) return "too-young";
    if (!(await this.store.promote(safe, finalized, agreed))) return "no-quorum";
    this.settled = { safe, finalized };
    return "settled";
  }

  private async countDisputed(number: bigint, logs: readonly ChainLog[]): Promise<number> {
    const { db, chainId, handlers } = this.options;
    let disputed = 0;
    for (const handler of handlers) {
      const spokenFor = new Set(rowsOf(handler, logs).map(({ logIndex }) => logIndex));
      const keys = await logKeys(db, handler.table, chainId, number);
      disputed += keys.filter(({ log_index }) => !spokenFor.has(log_index)).length;
    }
    return disputed;
  }
}
