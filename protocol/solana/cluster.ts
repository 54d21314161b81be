/** Which cluster a connection leads to, before anything is built for it. */
import { PermanentError } from "../errors.js";
import { refuseLocalProgramIds } from "./programKeys.js";
import { readGenesisHash, type SolanaRpc } from "./rpc.js";

/** Genesis hashes of the public clusters. */
const PUBLIC_CLUSTERS: ReadonlyMap<string, string> = new Map([
  ["5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d", "mainnet"],
  ["EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG", "devnet"],
  ["4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY", "testnet"],
]);

/** Expected of a cluster on this machine, which may have another genesis at every start. */
export const LOCAL_GENESIS = "local";

/** A network as its parameters describe it. */
export interface ExpectedCluster {
  readonly network: string;
  readonly params: {
    /** A genesis hash, or `LOCAL_GENESIS` for any cluster that is not public. */
    readonly genesisHash: string;
    readonly programs: Readonly<Record<string, string>>;
  };
}

/**
 * The node serves the cluster that is meant, and no published program key goes where strangers are.
 * @returns its genesis hash.
 * @throws PermanentError WRONG_CLUSTER, LOCAL_PROGRAM_KEY.
 */
export async function requireCluster(rpc: SolanaRpc, { network, params }: ExpectedCluster): Promise<string> {
  const genesisHash = await readGenesisHash(rpc);
  assertCluster(network, params.genesisHash, genesisHash);
  refuseLocalProgramIds({
    programIds: Object.values(params.programs),
    genesisHash,
    localGenesisHashes: new Set(params.genesisHash === LOCAL_GENESIS ? [genesisHash] : []),
  });
  return genesisHash;
}

/**
 * The cluster is the one that a network's parameters name.
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
