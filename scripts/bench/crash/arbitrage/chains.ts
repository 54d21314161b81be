/** Two chains with everything deployed on them, the same signed rounds on both, and blocks at a steady pace. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { JsonRpcProvider, MaxUint256, NonceManager, parseUnits } from "ethers";
import { network } from "hardhat";

import { Deployment } from "../../../../protocol/addresses.js";
import { connectContracts } from "../../../../protocol/contracts.js";
import { DEPLOYMENTS_FOLDER, LOCAL_CHAINS, loadParams, type LocalChain } from "../../../../protocol/params/load.js";
import { developmentAccounts } from "../../../../protocol/params/rules.js";
import { encodeSubmit, feedIdOf, SIGNED_ROUND_TYPES, signedRoundDomain } from "../../../../protocol/signedRound.js";
import { FEED_DECIMALS } from "../../../deploy/blueprint.js";
import { deploy } from "../../../deploy/deploy.js";
import { FileStore } from "../../../deploy/store.js";
import { localWallet } from "../../../world/accounts.js";
import { endAll } from "../../../world/endAll.js";
import type { ArbitrageChain, ArbitrageChains } from "./run.js";

export const PAIR = "cUSDT/cUSDC";
const TOKENS = ["cUSDT", "cUSDC"] as const;
const INVENTORY_UNITS = 10_000_000_000_000n;
const FIRST_ROUND = 2n;
/** Chains hurry ahead of the clock, and feeds grow old by theirs. */
const FRESH_SECONDS = 900n;
const FIRST_ROUND_SECONDS = 10;

/** Starts both. @param blockMs pause between two blocks. */
export async function startArbitrageChains(blockMs: number): Promise<ArbitrageChains> {
  const folder = mkdtempSync(join(tmpdir(), "cantilever-crash-two-"));
  cpSync(join(DEPLOYMENTS_FOLDER, "params"), join(folder, "params"), { recursive: true });
  const started: Awaited<ReturnType<typeof startOne>>[] = [];
  const close = async (): Promise<void> => {
    await endAll(started.map((one) => () => one.close()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const which of LOCAL_CHAINS) started.push(await startOne(which, folder));
    return await begin(started, folder, blockMs, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Brings the first rounds, and lets blocks come. */
async function begin(
  started: readonly Awaited<ReturnType<typeof startOne>>[],
  folder: string,
  blockMs: number,
  close: () => Promise<void>,
): Promise<ArbitrageChains> {
  const newest = await Promise.all(
    started.map(async ({ chain }) => (await chain.provider.getBlock("latest"))?.timestamp ?? 0),
  );
  const now = Math.max(...newest) + FIRST_ROUND_SECONDS;
  for (const { chain, bringRound } of started) {
    await chain.provider.send("evm_setNextBlockTimestamp", [now]);
    await chain.provider.send("evm_mine", []);
    await bringRound(FIRST_ROUND, BigInt(now));
    await chain.provider.send("evm_setIntervalMining", [blockMs]);
  }
  let [roundId, observedAt] = [FIRST_ROUND, BigInt(now)];
  const [home, away] = started;
  if (home === undefined || away === undefined) throw new Error("there are two chains");
  return {
    ...{ folder, chains: [home.chain, away.chain] },
    async freshen() {
      const times = await Promise.all(
        started.map(async ({ chain }) => BigInt((await chain.provider.getBlock("latest"))?.timestamp ?? 0)),
      );
      const then = times.reduce((a, b) => (a < b ? a : b));
      if (then - observedAt < FRESH_SECONDS) return;
      [roundId, observedAt] = [roundId + 1n, then];
      await Promise.all(started.map(({ bringRound }) => bringRound(roundId, observedAt)));
    },
    close,
  };
}

async function startOne(which: LocalChain, folder: string) {
  const node = await network.createServer(which.simulated, "127.0.0.1", 0);
  try {
    return await deployOn(which, folder, node);
  } catch (error) {
    await node.close();
    throw error;
  }
}

async function deployOn(
  { network: name, chainId }: LocalChain,
  folder: string,
  node: Awaited<ReturnType<typeof network.createServer>>,
) {
  const url = `http://127.0.0.1:${String((await node.listen()).port)}`;
  const provider = new JsonRpcProvider(url, chainId, { staticNetwork: true, cacheTimeout: -1, pollingInterval: 20 });
  const loaded = loadParams(name, folder);
  const [own, strange] = [localWallet("arbitrage"), localWallet("traders")];
  const [owner, trader] = [own.connect(provider), new NonceManager(strange.connect(provider))];
  const extraGrants = [owner.address, strange.address].flatMap((to) =>
    TOKENS.map((token) => ({ token, to, amountUnits: INVENTORY_UNITS })),
  );
  const store = new FileStore(name, folder);
  const signer = localWallet("deployer").connect(provider);
  const { record } = await deploy({ loaded, provider, signer, store, execute: true, extraGrants });
  const deployment = new Deployment(name, record);
  const contracts = connectContracts(deployment, provider);
  const pool = contracts.pool(PAIR);
  for (const token of TOKENS)
    await (
      await contracts
        .token(token)
        .connect(trader)
        .approve(await pool.getAddress(), MaxUint256)
    ).wait();
  const chain: ArbitrageChain = {
    ...{ network: name, key: String(chainId), url, provider, account: owner.address },
    pool: await pool.getAddress(),
    tokens: Object.fromEntries(TOKENS.map((token) => [token, deployment.token(token).toLowerCase()])),
    startBlock: await provider.getBlockNumber(),
    async swap(sellBase, units) {
      const [to, swap] = [strange.address, pool.connect(trader)];
      const sent = sellBase
        ? await swap.swapBase(units, 0n, to, to, MaxUint256)
        : await swap.swapQuote(units, 0n, to, to, MaxUint256);
      await sent.wait();
    },
    balanceOf: (token) => contracts.token(token as (typeof TOKENS)[number]).balanceOf(owner.address),
  };
  const bringRound = async (roundId: bigint, observedAt: bigint): Promise<void> => {
    const { threshold, addresses } = loaded.params.reporters;
    const types = { Round: [...(SIGNED_ROUND_TYPES["Round"] ?? [])] };
    // The measure of all others too.
    for (const token of [...TOKENS, "XAU"] as const) {
      const { referencePriceUsd, sources } = loaded.params.oracle.tokens[token];
      const round = { roundId, answer: parseUnits(referencePriceUsd, FEED_DECIMALS), observedAt };
      for (const [index, to] of deployment.feeds(token).entries()) {
        const source = sources[index];
        if (source?.kind !== "signed") throw new Error(`${token} has a feed that is not ours`);
        const { description } = source;
        const domain = signedRoundDomain(feedIdOf({ description, decimals: FEED_DECIMALS }));
        const reporters = developmentAccounts().filter((wallet) =>
          addresses.slice(0, threshold).includes(wallet.address),
        );
        const signatures = await Promise.all(
          reporters.map(async (wallet) => {
            return { signer: wallet.address, signature: await wallet.signTypedData(domain, types, round) };
          }),
        );
        await (await trader.sendTransaction({ to, data: encodeSubmit(round, signatures) })).wait();
      }
    }
  };
  return {
    chain,
    bringRound,
    async close(): Promise<void> {
      provider.destroy();
      await node.close();
    },
  };
}
