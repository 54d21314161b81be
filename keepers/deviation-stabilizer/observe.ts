/** One call for all pools, as of the block to act in. */
import { PermanentError } from "../../protocol/errors.js";
import { IPegLens__factory, type IPegLens } from "../../protocol/generated/contracts/index.js";
import type { ChainSnapshot } from "./types.js";

/** Asks the chain as of the next block and returns the bytes of the answer. A keeper's NextBlock does it, and so does a simulator. */
export type NextBlockCall = (request: { readonly to: string; readonly data: string }) => Promise<string>;

type RawSnapshot = Awaited<ReturnType<IPegLens["snapshot"]>>;

const lens = IPegLens__factory.createInterface();

/** The call that reads everything. `blockEnds`: how many block ends of each pool are wanted. */
export function snapshotCall(lensAddress: string, blockEnds: number): { readonly to: string; readonly data: string } {
  return { to: lensAddress, data: lens.encodeFunctionData("snapshot", [blockEnds]) };
}

/**
 * Reads the snapshot of all registered pools for the next block.
 * @throws what `call` throws; PermanentError LENS_MALFORMED when the answer is not a snapshot (wrong address, older lens).
 */
export async function observe(call: NextBlockCall, lensAddress: string, blockEnds: number): Promise<ChainSnapshot> {
  return decodeSnapshot(await call(snapshotCall(lensAddress, blockEnds)));
}

/** Decodes the lens's answer. @throws PermanentError LENS_MALFORMED */
export function decodeSnapshot(data: string): ChainSnapshot {
  let seen;
  try {
    [seen] = lens.decodeFunctionResult("snapshot", data) as unknown as [RawSnapshot];
  } catch (error) {
    throw new PermanentError(
      "LENS_MALFORMED",
      "the address of PegLens answered with something that is not a snapshot",
      "check that the deployment record and the keeper are of one version: npx hardhat deployment verify",
      {},
      { cause: error },
    );
  }
  return {
    blockNumber: seen.blockNumber,
    timestamp: seen.timestamp,
    parentHash: seen.parentHash,
    maxGasPriceWei: seen.maxGasPriceWei,
    globalCapXauWei: seen.globalCapXauWei,
    nativePriceXauWei: seen.nativePriceXauWei,
    pools: seen.pools.map((pool) => ({
      pool: pool.pool,
      readable: pool.readable,
      failure: pool.failure,
      anchorFailure: pool.anchorFailure,
      baseToken: pool.baseToken,
      quoteToken: pool.quoteToken,
      baseReserve: pool.baseReserve,
      quoteReserve: pool.quoteReserve,
      anchorNew: pool.anchorNew,
      anchorPrevious: pool.anchorPrevious,
      spotRatioWad: pool.spotRatioWad,
      blockEndRatiosWad: [...pool.blockEndRatiosWad],
      thresholdWad: pool.thresholdWad,
      fastThresholdWad: pool.fastThresholdWad,
      confirmations: pool.confirmations,
      minBlocks: pool.minBlocks,
      rewardShareWad: pool.rewardShareWad,
      maxAmountInXauWei: pool.maxAmountInXauWei,
      allowance: {
        reason: Number(pool.allowance.reason),
        sellBase: pool.allowance.sellBase,
        tokenIn: pool.allowance.tokenIn,
        tokenOut: pool.allowance.tokenOut,
        maxAmountIn: pool.allowance.maxAmountIn,
        minAmountIn: pool.allowance.minAmountIn,
        fullCloseIn: pool.allowance.fullCloseIn,
        blockEndDeviationWad: pool.allowance.blockEndDeviationWad,
        averageDeviationWad: pool.allowance.averageDeviationWad,
        spotDeviationWad: pool.allowance.spotDeviationWad,
        readyAtBlock: pool.allowance.readyAtBlock,
      },
    })),
  };
}
