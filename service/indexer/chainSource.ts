/** What the indexer asks of a node. Behind it is JSON-RPC (`rpcSource.ts`); whoever answers may be late, wrong or silent. */

/** A header, as far as blocks are linked by it and logs are promised by it. Hex texts in lower case. */
export interface BlockHeader {
  readonly number: bigint;
  readonly hash: string;
  readonly parentHash: string;
  readonly logsBloom: string;
  /** Unix seconds. */
  readonly timestamp: bigint;
  readonly hasTransactions: boolean;
}

export interface ChainLog {
  readonly blockNumber: bigint;
  readonly blockHash: string;
  /** Position in the block, over all logs. */
  readonly logIndex: number;
  readonly transactionHash: string;
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

/** Which logs are wanted: any of the addresses with any of the first topics. */
export interface LogFilter {
  readonly addresses: readonly string[];
  readonly topics0: readonly string[];
}

/** Every method throws RetryableError SOURCE_… when nobody answers or the answer cannot be used. */
export interface ChainSource {
  /** For people and records; without credentials. */
  readonly name: string;
  header(at: bigint | "latest" | "safe" | "finalized"): Promise<BlockHeader | undefined>;
  /** Headers of `from` to `to`, as far as the node has them, in order. */
  headers(from: bigint, to: bigint): Promise<readonly BlockHeader[]>;
  logs(filter: LogFilter, from: bigint, to: bigint): Promise<readonly ChainLog[]>;
  /** All logs of one block out of its receipts; undefined when the node does not know the block. */
  receiptLogs(blockHash: string): Promise<readonly ChainLog[] | undefined>;
}

/** Whether the log is one of the wanted. */
export function isWanted(filter: LogFilter, log: ChainLog): boolean {
  return filter.addresses.includes(log.address) && filter.topics0.includes(log.topics[0] ?? "");
}
