/** A simulated chain's node in this process: Hardhat's own. */
import "../allocator.js";

import { network } from "hardhat";

import { localChain } from "../../../protocol/params/load.js";
import { BLOCK_GAS, hex, type SimNode } from "./types.js";

/** States of past blocks that Hardhat's EVM keeps in memory. Only the newest are read here; with its own 100,000 a day of two chains took 18 GB. */
const CACHED_STATES = "200";

export async function openHardhatNode(chainId: number): Promise<SimNode> {
  // Read by the EVM when a network opens.
  process.env["__EDR_MAX_CACHED_STATES"] ??= CACHED_STATES;
  const connection = await network.create({
    network: localChain(chainId).simulated,
    chainType: "l1",
    override: {
      initialBaseFeePerGas: 0n,
      blockGasLimit: BigInt(BLOCK_GAS),
      // First come, first served: the order in which a block's transactions are sent is the order in which they run.
      mining: { auto: true, mempool: { order: "fifo" } },
    },
  });
  const request: SimNode["request"] = (method, params) => connection.provider.request({ method, params: [...params] });
  return {
    provider: connection.ethers.provider,
    signer: (address) => connection.ethers.getSigner(address),
    request,
    async mineByHand() {
      await request("evm_setAutomine", [false]);
    },
    async mineEmpty(count, blockSeconds) {
      await request("hardhat_mine", [hex(count), hex(blockSeconds)]);
    },
    close: () => connection.close(),
  };
}
