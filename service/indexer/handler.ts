/** One kind of log and the table it goes to. A handler is data: columns with types, and a pure function from log to row. */
import type { Queryable, SqlValue } from "../../db/database.js";
import type { LogColumn, LogRow } from "../../db/queries/indexer/insertLogs.js";
import type { ChainLog, LogFilter } from "./chainSource.js";

export interface LogHandler {
  /** A table with the key (chain_id, block_number, log_index) and the block's hash, such as `chain_transfer`. */
  readonly table: string;
  readonly columns: readonly LogColumn[];
  /** Lower case. */
  readonly addresses: readonly string[];
  /** First topic: the event. */
  readonly topic0: string;
  /** Values of `columns`; undefined for a log that only looks like one, for example with other indexed arguments. */
  readonly decode: (log: ChainLog) => readonly SqlValue[] | undefined;
  /**
   * Brings what is derived from the table up to date, from this block on: called in the transaction that changed rows at or above it,
   * also when the change comes late.
   */
  readonly derive?: (tx: Queryable, chainId: string, fromBlock: bigint) => Promise<void>;
}

/** Asks for all handlers at once. */
export function filterOf(handlers: readonly LogHandler[]): LogFilter {
  return {
    addresses: [...new Set(handlers.flatMap(({ addresses }) => addresses))],
    topics0: [...new Set(handlers.map(({ topic0 }) => topic0))],
  };
}

export function isFor(handler: LogHandler, log: ChainLog): boolean {
  return log.topics[0] === handler.topic0 && handler.addresses.includes(log.address);
}

/** The rows of a handler, out of logs of any kind. */
export function rowsOf(handler: LogHandler, logs: readonly ChainLog[]): LogRow[] {
  return logs.flatMap((log) => {
    const values = isFor(handler, log) ? handler.decode(log) : undefined;
    if (values === undefined) return [];
    return [
      {
        blockNumber: log.blockNumber,
        logIndex: log.logIndex,
        blockHash: bytesOf(log.blockHash),
        transactionHash: bytesOf(log.transactionHash),
        address: bytesOf(log.address),
        values,
      },
    ];
  });
}

export function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.slice(2), "hex");
}
