/** What two deployments of the same parameters have in common, however often one of them was interrupted. */
import { dataSlice, keccak256, type Provider } from "ethers";

import type { DeploymentRecord } from "../../protocol/addresses.js";
import { allFeeds, type Blueprint } from "../../scripts/deploy/blueprint.js";

/** What of a record does not depend on when its transactions were mined. */
export function essence(record: DeploymentRecord) {
  return Object.fromEntries(
    Object.entries(record.contracts).map(([name, entry]) => [
      name,
      { address: entry.address, constructorArgs: entry.constructorArgs, runtimeCodeHash: entry.runtimeCodeHash },
    ]),
  );
}

/** Everything that happened on a chain, as sorted texts: what happened twice stands there twice. */
export interface ChainHistory {
  readonly transactions: readonly string[];
  readonly failed: readonly string[];
  readonly events: readonly string[];
}

/** Reads a whole chain. Of price rounds only that they happened: they carry the time at which they were observed. */
export async function chainHistory(provider: Provider, plan: Blueprint): Promise<ChainHistory> {
  const feeds = new Set(allFeeds(plan).map(({ address }) => address.toLowerCase()));
  const isFeed = (address: string | null) => address !== null && feeds.has(address.toLowerCase());
  const transactions: string[] = [];
  const failed: string[] = [];
  const last = await provider.getBlockNumber();
  for (let number = 0; number <= last; number += 1) {
    const block = await provider.getBlock(number, true);
    for (const { hash, from, to, data } of block?.prefetchedTransactions ?? []) {
      transactions.push(`${from} ${to ?? "creates"} ${isFeed(to) ? dataSlice(data, 0, 4) : keccak256(data)}`);
      if ((await provider.getTransactionReceipt(hash))?.status !== 1) failed.push(hash);
    }
  }
  const logs = await provider.getLogs({ fromBlock: 0, toBlock: last });
  const events = logs.map(({ address, topics, data }) =>
    isFeed(address) ? `${address} ${topics[0] ?? ""}` : `${address} ${topics.join(" ")} ${data}`,
  );
  return { transactions: transactions.sort(), failed, events: events.sort() };
}
