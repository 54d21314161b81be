/** A reorganisation of one block on a chain of the local world: programs see a block that is replaced by another one. */
import { BLOCK_SECONDS, type WorldChain } from "../chain.js";

/** Long enough for every program to have looked at the block that will not stay. */
const SHOWN_MS = 1_200;

export interface Replaced {
  readonly block: number;
  readonly before: string;
  readonly after: string;
}

/**
 * Mines a block, shows it, takes it back, leaves out one transaction and mines another block in its place. `bring` sends that transaction,
 * which is in the first of both blocks only. Blocks come at their pace again afterwards; the chain's clock goes on.
 */
export async function replaceBlock({ rpc }: WorldChain, bring: () => Promise<string>): Promise<Replaced> {
  await rpc.request("evm_setIntervalMining", [0]);
  try {
    const lost = await bring();
    const point = await rpc.request<string>("evm_snapshot", []);
    await rpc.request("evm_mine", []);
    const block = await rpc.blockNumber();
    const [before, shownAt] = [await rpc.blockHash(block), await rpc.timestamp(block)];
    await new Promise((resolve) => setTimeout(resolve, SHOWN_MS));
    await rpc.request("evm_revert", [point]);
    await rpc.request("hardhat_dropTransaction", [lost]);
    await rpc.request("evm_setNextBlockTimestamp", [shownAt + 1]);
    await rpc.request("evm_mine", []);
    return { block, before, after: await rpc.blockHash(block) };
  } finally {
    await rpc.request("evm_setIntervalMining", [BLOCK_SECONDS * 1000]);
  }
}
