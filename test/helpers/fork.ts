/** A fork to test against: Ethereum mainnet where an RPC URL is given, else a chain of this process. */
import { network } from "hardhat";

/** Pinned, so that state and gas do not change from run to run. */
export const MAINNET_FORK_BLOCK = 22_000_000;

/** Forks Ethereum mainnet at the pinned block. Call only inside `describeWith("rpc", …)`. */
export async function forkMainnet() {
  const url = process.env["MAINNET_RPC_URL"];
  if (url === undefined || url === "") throw new Error("MAINNET_RPC_URL is not set");
  return forkOf(url, MAINNET_FORK_BLOCK);
}

/** Forks the chain behind `url`, at its newest block unless one is named. Close it in an `after` hook. */
export async function forkOf(url: string, blockNumber?: number) {
  const at = blockNumber === undefined ? {} : { blockNumber };
  return network.create({ network: "mainnetFork", override: { forking: { enabled: true, url, ...at } } });
}
