/** Chain 138 on this machine with everything deployed by the real scripts, a trader with tokens, and a folder with its record. */
import { rmSync } from "node:fs";

import { MaxUint256 } from "ethers";

import { Deployment } from "../../protocol/addresses.js";
import { connectContracts } from "../../protocol/contracts.js";
import { FileStore } from "../../scripts/deploy/store.js";
import { connectTo, copyOfParameters, deployedBase, ownerAndTrader } from "./deployedBase.js";
import { attachToNode } from "./localNode.js";

export type DeployedChain = Awaited<ReturnType<typeof startDeployedChain>>;

/**
 * Chain 138 with everything deployed, as it was after the deployment; blocks are mined only on demand. Test files take turns on it:
 * close it in an `after` hook, which undoes all that was done.
 */
export async function startDeployedChain() {
  const { url, record } = await deployedBase("localhost");
  const node = await attachToNode(url);
  await node.ask("evm_setAutomine", false);
  const pristine = await node.ask("evm_snapshot");
  const folder = copyOfParameters();
  new FileStore("localhost", folder).write(record);
  const provider = connectTo(url, "localhost");
  const { trader } = ownerAndTrader(provider);
  const deployment = new Deployment("localhost", record);
  const contracts = connectContracts(deployment, provider);

  return {
    ...node,
    /** Holds params/ and the record; what KEEPER_DEPLOYMENTS_FOLDER points to. */
    folder,
    provider,
    deployment,
    contracts,
    trader,
    /**
     * Sends a trade that moves the mid of a pool at its anchor by `bps` (positive: up, base is bought), without mining it.
     * mid ÷ anchor = 1 − k + k·(target ÷ reserve)² on the side that is drained, so reserve = target ÷ √(1 + d ÷ k), and what must be paid
     * is the drained amount times 1 − k + k · target ÷ reserve. Floating point is exact enough for a test's push.
     */
    async push(pair: string, bps: number): Promise<void> {
      const pool = contracts.pool(pair).connect(trader);
      const [reserves, kWad, [anchor]] = await Promise.all([pool.getVaultReserve(), pool._K_(), pool.anchors()]);
      const k = Number(kWad) / 1e18;
      const stretch = Math.sqrt(1 + Math.abs(bps) / 10_000 / k); // target ÷ reserve
      const paid = BigInt(Math.round((1 - 1 / stretch) * (1 - k + k * stretch) * 1e15));
      const overrides = { gasLimit: 1_000_000n };
      if (bps > 0) {
        const quoteUnits = (reserves.baseReserve * anchor * paid) / 10n ** 33n;
        await pool.swapQuote(quoteUnits, 0n, trader, trader, MaxUint256, overrides);
      } else {
        const baseUnits = (reserves.quoteReserve * 10n ** 18n * paid) / anchor / 10n ** 15n;
        await pool.swapBase(baseUnits, 0n, trader, trader, MaxUint256, overrides);
      }
    },
    /** Buys base for `quoteUnits` and sells exactly what was received, both in the next block; nothing is mined. */
    async swing(pair: string, quoteUnits: bigint): Promise<void> {
      const pool = contracts.pool(pair).connect(trader);
      const overrides = { gasLimit: 1_000_000n };
      const received = await pool.swapQuote.staticCall(quoteUnits, 0n, trader, trader, MaxUint256);
      await pool.swapQuote(quoteUnits, 0n, trader, trader, MaxUint256, overrides);
      await pool.swapBase(received, 0n, trader, trader, MaxUint256, overrides);
    },
    /** Blocks of the executions so far, oldest first, with their pools. */
    async executions(fromBlock = 0): Promise<{ block: number; pool: string; hash: string }[]> {
      const { stabilizer } = contracts;
      const events = await stabilizer.queryFilter(stabilizer.filters.Stabilized(), fromBlock);
      return events.map((event) => ({ block: event.blockNumber, pool: event.args.pool, hash: event.transactionHash }));
    },
    async close(): Promise<void> {
      provider.destroy();
      rmSync(folder, { recursive: true });
      await node.ask("evm_setIntervalMining", 0);
      await node.ask("evm_revert", pristine);
      await node.close();
    },
  };
}
