/** Which Solana cluster a node serves: told by the hash of its genesis, which no configuration can change. */
import { PermanentError } from "../errors.js";

/** Clusters that everybody shares. */
export const PUBLIC_CLUSTERS: ReadonlyMap<string, string> = new Map([
  ["5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d", "mainnet-beta"],
  ["EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG", "devnet"],
  ["4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY", "testnet"],
]);

/** Expected of a cluster on this machine, which has another genesis at every start. */
export const LOCAL_GENESIS = "local";

/**
 * Refuses a node of another cluster than the one that is meant.
 * @param expected a genesis hash, or `LOCAL_GENESIS` for any cluster that is not public.
 * @throws PermanentError WRONG_CLUSTER.
 */
export function assertCluster(network: string, expected: string, found: string): void {
  const name = PUBLIC_CLUSTERS.get(found);
  if (expected === LOCAL_GENESIS ? name === undefined : expected === found) return;
  throw new PermanentError(
    "WRONG_CLUSTER",
    `the node of ${network} serves ${name ?? "another cluster"} (genesis hash ${found}), expected ${expected}`,
    "correct the RPC URL, or name the network you mean",
    { network, found, expected },
  );
}
