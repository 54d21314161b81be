/** Clusters that a Solana keeper can work on: one parameter file, one cluster. */
import type { Address } from "@solana/kit";

import { PermanentError, UsageError } from "../../../protocol/errors.js";
import { isSolanaNetwork, loadSolanaParams } from "../../../protocol/solana/network.js";
import type { ProgramName } from "../../../protocol/solana/programKeys.js";

export interface SolanaNetwork {
  readonly name: string;
  /** A cluster on this machine: published keys may be used there, and only there. */
  readonly local: boolean;
  /** As the parameters say it; see assertCluster. */
  readonly genesisHash: string;
  /** Null: the network's variable names the node. */
  readonly rpcUrl: string | null;
  readonly programIds: Readonly<Record<ProgramName, Address>>;
}

/** @throws UsageError UNKNOWN_NETWORK; ParameterError when its file is wrong. */
export function solanaNetwork(name: string, folder?: string): SolanaNetwork {
  if (!isSolanaNetwork(name)) throw unknown(name);
  try {
    const { local, params } = loadSolanaParams(name, folder);
    const { genesisHash, rpcUrl, programs: programIds } = params;
    return { name, local, genesisHash, rpcUrl, programIds };
  } catch (error) {
    if (error instanceof PermanentError && error.code === "PARAMS_MISSING") throw unknown(name);
    throw error;
  }
}

function unknown(name: string): UsageError {
  const where = "its parameters would be deployments/params/solana-….json";
  return new UsageError("UNKNOWN_NETWORK", `there is no Solana network ${name}`, where);
}
