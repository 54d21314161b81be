/** `--networks a,b`: the two chains of one deployment. */
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { UsageError } from "../../protocol/errors.js";
import { isSolanaNetwork } from "../../protocol/solana/network.js";
import type { PairDifference } from "../deploy/pairDifference.js";
import { requireNetwork } from "./connect.js";

export type NetworkPair = readonly [here: string, there: string];

/**
 * The two networks of `--networks`, or undefined when the option is not given.
 * @throws UsageError NETWORKS_CONFLICT beside --network, NETWORKS_INVALID for anything but two, UNKNOWN_NETWORK.
 */
export function networkPair(hre: HardhatRuntimeEnvironment, networks: string): NetworkPair | undefined {
  if (networks === "") return undefined;
  const named = hre.globalOptions.network as string | undefined;
  if (named !== undefined && named !== "") {
    throw new UsageError("NETWORKS_CONFLICT", "--network and --networks are both given", "leave one of them out");
  }
  const [here, there, ...more] = networks.split(",").map((name) => name.trim());
  const bad = here === undefined || there === undefined || here === there || more.length > 0;
  if (bad || isSolanaNetwork(here) || isSolanaNetwork(there)) {
    throw new UsageError(
      "NETWORKS_INVALID",
      `--networks ${networks}: expected two different EVM networks`,
      "for example --networks chain138,alltra",
    );
  }
  return [requireNetwork(hre, here), requireNetwork(hre, there)];
}

/** A difference between two chains on one line. */
export function pairLine({ code, id, found, expected }: PairDifference): string {
  const sides = Object.entries(found).map(([network, what]) => `${network} has ${what}`);
  return `${code} ${id}: ${sides.join(", ")}; expected ${expected}`;
}
