/**
 * `eth_getLogs` sometimes leaves out logs under the right block hash. What a block's bloom promises and the answer lacks is fetched out of
 * the receipts, from another node where there is one; blocks that touch money are compared with receipts in any case.
 */
import { RetryableError } from "../../protocol/errors.js";
import { isEmptyBloom, mayContain } from "../../protocol/bloom.js";
import { isWanted, type BlockHeader, type ChainLog, type ChainSource } from "./chainSource.js";
import { filterOf, isFor, type LogHandler } from "./handler.js";

/**
 * Some chains leave every bloom empty. A bloom that shows anything proves that this one does not; one that lacks a log that is there
 * proves that it cannot be used. Until then an empty bloom over transactions says nothing.
 */
export type BloomTrust = "unknown" | "filled" | "useless";

export interface Checker {
  readonly handlers: readonly LogHandler[];
  /** Asked for receipts, in order: nodes other than the one that gave the logs come first. */
  readonly witnesses: readonly ChainSource[];
  /** Compare every block that may hold a wanted log, not only those whose logs are visibly missing. */
  readonly isMoney: boolean;
  /** What has been learned of the chain, kept from range to range. */
  readonly blooms: { trust: BloomTrust };
}

export interface CompleteLogs {
  readonly logs: readonly ChainLog[];
  /** How many of them `eth_getLogs` had left out. */
  readonly recovered: number;
  /** Blocks whose receipts were read. */
  readonly receiptBlocks: number;
}

const AT_ONCE = 8;

/**
 * The wanted logs of these blocks, complete as far as blooms and receipts show, in the order of the chain.
 * @throws RetryableError SOURCE_INCONSISTENT when log and block do not fit together, LOGS_DISPUTED when nodes contradict each other,
 * RECEIPTS_UNAVAILABLE when no node has the receipts that are needed.
 */
export async function completeLogs(
  checker: Checker,
  headers: readonly BlockHeader[],
  logs: readonly ChainLog[],
): Promise<CompleteLogs> {
  const told = groupByBlock(checker, headers, logs);
  learnTrust(checker, headers, told);
  const doubtful = headers.filter((header) => isDoubtful(checker, header, told.get(header.number) ?? []));
  let recovered = 0;
  for (let at = 0; at < doubtful.length; at += AT_ONCE) {
    const chunk = doubtful.slice(at, at + AT_ONCE);
    const truths = await Promise.all(chunk.map((header) => logsOfReceipts(checker, header)));
    for (const [index, header] of chunk.entries()) {
      const truth = truths[index] ?? [];
      recovered += compare(header, told.get(header.number) ?? [], truth);
      told.set(header.number, truth);
    }
  }
  const all = headers.flatMap(({ number }) => told.get(number) ?? []);
  return { logs: all, recovered, receiptBlocks: doubtful.length };
}

/** The wanted logs of a block out of its receipts, from the first node that has them. */
export async function logsOfReceipts(
  { handlers, witnesses }: Pick<Checker, "handlers" | "witnesses">,
  { hash, number }: Pick<BlockHeader, "hash" | "number">,
): Promise<readonly ChainLog[]> {
  const wanted = filterOf(handlers);
  let cause: unknown;
  for (const witness of witnesses) {
    try {
      const logs = await witness.receiptLogs(hash);
      if (logs !== undefined) return logs.filter((log) => isWanted(wanted, log));
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      cause = error;
    }
  }
  const message = `no node has the receipts of block ${String(number)} (${hash})`;
  throw new RetryableError("RECEIPTS_UNAVAILABLE", message, "name another node", { block: String(number) }, { cause });
}

function groupByBlock(
  { handlers }: Checker,
  headers: readonly BlockHeader[],
  logs: readonly ChainLog[],
): Map<bigint, readonly ChainLog[]> {
  const wanted = filterOf(handlers);
  const byNumber = new Map(headers.map((header) => [header.number, header]));
  const grouped = new Map<bigint, ChainLog[]>();
  for (const log of logs) {
    if (byNumber.get(log.blockNumber)?.hash !== log.blockHash || !isWanted(wanted, log)) {
      const details = { block: String(log.blockNumber), log: String(log.logIndex) };
      throw new RetryableError(
        "SOURCE_INCONSISTENT",
        "a log belongs to none of the blocks asked for",
        undefined,
        details,
      );
    }
    const own = grouped.get(log.blockNumber) ?? [];
    own.push(log);
    grouped.set(log.blockNumber, own);
  }
  for (const own of grouped.values()) own.sort((a, b) => a.logIndex - b.logIndex);
  return grouped;
}

function learnTrust(
  checker: Checker,
  headers: readonly BlockHeader[],
  told: ReadonlyMap<bigint, readonly ChainLog[]>,
): void {
  for (const { number, logsBloom } of headers) {
    if (checker.blooms.trust === "unknown" && !isEmptyBloom(logsBloom)) checker.blooms.trust = "filled";
    const contradicts = (log: ChainLog): boolean =>
      !mayContain(logsBloom, log.address) || log.topics.some((topic) => !mayContain(logsBloom, topic));
    if (told.get(number)?.some(contradicts) === true) checker.blooms.trust = "useless";
  }
}

/** Whether the receipts must be read before the logs of this block are believed. */
function isDoubtful(checker: Checker, header: BlockHeader, told: readonly ChainLog[]): boolean {
  if (!header.hasTransactions) return told.length > 0;
  if (checker.blooms.trust === "useless") return true;
  if (checker.blooms.trust === "unknown" && isEmptyBloom(header.logsBloom)) return true;
  return checker.handlers.some((handler) => {
    const isPromised =
      mayContain(header.logsBloom, handler.topic0) &&
      handler.addresses.some((address) => mayContain(header.logsBloom, address));
    return isPromised && (checker.isMoney || !told.some((log) => isFor(handler, log)));
  });
}

/** How many logs were left out. A log without a receipt was invented by somebody: nobody can say by whom, so nothing is believed. */
function compare(header: BlockHeader, told: readonly ChainLog[], truth: readonly ChainLog[]): number {
  const known = new Map(truth.map((log) => [log.logIndex, log]));
  const invented = told.filter((log) => !isSame(log, known.get(log.logIndex)));
  if (invented.length > 0) {
    throw new RetryableError(
      "LOGS_DISPUTED",
      `block ${String(header.number)}: logs and receipts contradict each other`,
      "find out which node lies and remove it",
      { block: String(header.number), hash: header.hash, logs: String(invented.length) },
    );
  }
  return truth.length - told.length;
}

function isSame(a: ChainLog, b: ChainLog | undefined): boolean {
  const told = [a.address, a.data, a.transactionHash, ...a.topics];
  return told.join() === [b?.address, b?.data, b?.transactionHash, ...(b?.topics ?? [])].join();
}
