import type { Log, Provider } from "ethers";

/** Blocks asked at a time where a node refuses the whole range. */
const CHUNK_BLOCKS = 5_000;

/** Which logs: several addresses and any of several first topics are allowed, as in eth_getLogs. */
export interface LogQuery {
  readonly address: string | string[];
  readonly topics: (string | string[] | null)[];
  readonly fromBlock: number;
}

/** All logs from a block to now: in one request, or in pieces where the node limits the range. */
export async function allLogs(provider: Provider, query: LogQuery): Promise<Log[]> {
  try {
    return await provider.getLogs({ ...query, toBlock: "latest" });
  } catch (error) {
    const last = await provider.getBlockNumber();
    if (last - query.fromBlock < CHUNK_BLOCKS) throw error;
    const logs: Log[] = [];
    for (let from = query.fromBlock; from <= last; from += CHUNK_BLOCKS) {
      const toBlock = Math.min(from + CHUNK_BLOCKS - 1, last);
      logs.push(...(await provider.getLogs({ ...query, fromBlock: from, toBlock })));
    }
    return logs;
  }
}
