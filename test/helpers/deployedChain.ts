/** Chain 138 on this machine with everything deployed by the real scripts, a trader with tokens, and a folder with its record. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { JsonRpcProvider, MaxUint256, type HDNodeWallet } from "ethers";

import { Deployment, type DeploymentRecord } from "../../protocol/addresses.js";
import { connectContracts } from "../../protocol/contracts.js";
import { DEPLOYMENTS_FOLDER, loadParams } from "../../protocol/params/load.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import { deploy } from "../../scripts/deploy/deploy.js";
import { FileStore } from "../../scripts/deploy/store.js";
import { attachToNode, serveChain } from "./localNode.js";

export type DeployedChain = Awaited<ReturnType<typeof startDeployedChain>>;

const TRADER = 12;
/** Base units of each token that the trader starts with: more than the deepest pool holds. */
const TRADER_UNITS = {
  cUSDT: 2_000_000_000_000n,
  cUSDC: 2_000_000_000_000n,
  cEURT: 2_000_000_000_000n,
  XAU: 2_000n * 10n ** 18n,
};

interface Base {
  readonly url: string;
  readonly record: DeploymentRecord;
}

/** One chain for all test files of a process: a deployment takes seconds. */
let shared: Promise<Base> | undefined;
const open: (() => Promise<void>)[] = [];

// Outside every `describe`: after the last test of the process.
after(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** Deploys `localhost` to a fresh simulated chain and gives the trader tokens. */
async function deployBase(): Promise<Base> {
  const { url, close } = await serveChain();
  open.push(close);
  const folder = copyOfParameters();
  const provider = connect(url);
  const trader = account(TRADER).connect(provider);
  const { record } = await deploy({
    loaded: loadParams("localhost", folder),
    provider,
    signer: account(0).connect(provider),
    store: new FileStore("localhost", folder),
    execute: true,
    extraGrants: Object.entries(TRADER_UNITS).map(([token, amountUnits]) => ({
      token: token as keyof typeof TRADER_UNITS,
      to: trader.address,
      amountUnits,
    })),
  });
  rmSync(folder, { recursive: true });
  const deployment = new Deployment("localhost", record);
  const contracts = connectContracts(deployment, provider);
  for (const [pair, pool] of Object.entries(deployment.pools())) {
    for (const token of pair.split("/")) {
      const contract = contracts.token(token as keyof typeof TRADER_UNITS).connect(trader);
      await (await contract.approve(pool, MaxUint256)).wait();
    }
  }
  provider.destroy();
  return { url, record };
}

/** A folder as `deployments/`, with the parameters and no record. */
function copyOfParameters(): string {
  const folder = mkdtempSync(join(tmpdir(), "cantilever-"));
  cpSync(join(DEPLOYMENTS_FOLDER, "params"), join(folder, "params"), { recursive: true });
  return folder;
}

function connect(url: string): JsonRpcProvider {
  const options = { staticNetwork: true, pollingInterval: 20, cacheTimeout: -1, batchStallTime: 0 };
  return new JsonRpcProvider(url, 138, options);
}

/**
 * Chain 138 with everything deployed, as it was after the deployment; blocks are mined only on demand. Test files take turns on it:
 * close it in an `after` hook, which undoes all that was done.
 */
export async function startDeployedChain() {
  const { url, record } = await (shared ??= deployBase());
  const node = await attachToNode(url);
  await node.ask("evm_setAutomine", false);
  const pristine = await node.ask("evm_snapshot");
  const folder = copyOfParameters();
  new FileStore("localhost", folder).write(record);
  const provider = connect(url);
  const trader = account(TRADER).connect(provider);
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

function account(index: number): HDNodeWallet {
  const wallet = developmentAccounts()[index];
  if (wallet === undefined) throw new Error(`there is no development account ${String(index)}`);
  return wallet;
}
