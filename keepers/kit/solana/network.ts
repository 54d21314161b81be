/** Clusters that a Solana keeper can work on. */
import type { Address } from "@solana/kit";

import { PermanentError, UsageError } from "../../../protocol/errors.js";
import { LOCAL_PROGRAM_IDS, type ProgramName } from "../../../protocol/solana/programKeys.js";

export interface SolanaNetwork {
  readonly name: string;
  /** A cluster on this machine: published keys may be used there, and only there. */
  readonly local: boolean;
  /** Undefined for a local cluster, which has another one at every start: there any that is not a public cluster's. */
  readonly genesisHash: string | undefined;
  readonly programIds: Readonly<Record<ProgramName, Address>>;
}

/** Genesis hashes of the clusters that everybody shares. */
const PUBLIC_CLUSTERS: ReadonlyMap<string, string> = new Map([
  ["5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d", "mainnet-beta"],
  ["EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG", "devnet"],
  ["4uhcVJyU9pJkvQyS88uRDiswHScsciAUXcbFEF2Y2u5Y", "testnet"],
]);

const NETWORKS: readonly SolanaNetwork[] = [
  {
    name: "solana-localnet",
    local: true,
    genesisHash: undefined,
    programIds: LOCAL_PROGRAM_IDS as Readonly<Record<ProgramName, Address>>,
  },
];

const PREFIX = "solana-";

export function isSolanaNetwork(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** @throws UsageError UNKNOWN_NETWORK. */
export function solanaNetwork(name: string): SolanaNetwork {
  const found = NETWORKS.find((network) => network.name === name);
  if (found !== undefined) return found;
  const known = NETWORKS.map((network) => network.name).join(", ");
  throw new UsageError("UNKNOWN_NETWORK", `there is no Solana network ${name}`, `Known: ${known}`);
}

/**
 * Whether the cluster behind an address is the one that was meant.
 * @throws PermanentError WRONG_GENESIS.
 */
export function assertGenesis(network: SolanaNetwork, found: string): void {
  const expected = network.genesisHash;
  const isRight = expected === undefined ? !PUBLIC_CLUSTERS.has(found) : found === expected;
  if (isRight) return;
  const what = PUBLIC_CLUSTERS.get(found) ?? "another cluster";
  throw new PermanentError(
    "WRONG_GENESIS",
    `the node serves ${what} (genesis hash ${found}), expected ${expected ?? "a local cluster"} for ${network.name}`,
    "point the RPC variable of this network to a node of its cluster",
    { found, network: network.name },
  );
}
