/** Which cluster a connection leads to, before anything is built for it. */
import { PermanentError } from "../errors.js";
import { refuseLocalProgramIds } from "./programKeys.js";
import { readGenesisHash, type SolanaRpc } from "./rpc.js";

export type ClusterName = "mainnet" | "devnet" | "testnet" | "local";

/** Genesis hashes of the public clusters. */
const PUBLIC_CLUSTERS: ReadonlyMap<string, Exclude<ClusterName, "local">> = new Map([
  ["5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d", "mainnet"],
  ["EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG", "devnet"],
  ["4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY", "testnet"],
]);

export interface ExpectedCluster {
  readonly name: ClusterName;
  /** Programs that will be called: local identities are refused anywhere else. */
  readonly programIds?: readonly string[];
}

/** Name of the cluster with that genesis hash; undefined when it is not a public one. */
export function publicClusterOf(genesisHash: string): ClusterName | undefined {
  return PUBLIC_CLUSTERS.get(genesisHash);
}

/**
 * Makes sure that the connection leads where it should. A cluster that is not public is local only when the caller expects a local one.
 * @returns its genesis hash.
 * @throws PermanentError WRONG_CLUSTER; LOCAL_PROGRAM_KEY when a program of a local cluster would be called elsewhere.
 */
export async function requireCluster(rpc: SolanaRpc, expected: ExpectedCluster): Promise<string> {
  const genesisHash = await readGenesisHash(rpc);
  const found = publicClusterOf(genesisHash);
  if (found !== (expected.name === "local" ? undefined : expected.name)) {
    throw new PermanentError(
      "WRONG_CLUSTER",
      `the node is of ${found ?? "a cluster that is not public"}, expected ${expected.name}`,
      "check the address of the node and the network that was asked for",
      { genesisHash, found: found ?? "unknown", expected: expected.name },
    );
  }
  refuseLocalProgramIds({
    programIds: expected.programIds ?? [],
    genesisHash,
    localGenesisHashes: new Set(expected.name === "local" ? [genesisHash] : []),
  });
  return genesisHash;
}

/** Expected of a cluster on this machine, which may have another genesis at every start. */
export const LOCAL_GENESIS = "local";

/**
 * The cluster is the one that a network's parameters name.
 * @param expected a genesis hash, or `LOCAL_GENESIS` for any cluster that is not public.
 * @throws PermanentError WRONG_CLUSTER.
 */
export function assertCluster(network: string, expected: string, found: string): void {
  const name = publicClusterOf(found);
  if (expected === LOCAL_GENESIS ? name === undefined : expected === found) return;
  throw new PermanentError(
    "WRONG_CLUSTER",
    `the node of ${network} serves ${name ?? "another cluster"} (genesis hash ${found}), expected ${expected}`,
    "correct the RPC URL, or name the network you mean",
    { network, found, expected },
  );
}
