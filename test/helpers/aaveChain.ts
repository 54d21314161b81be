/** A market of Aave v3 on a node of its own, put back between tests, and the rescue adapter in front of it. */
import { JsonRpcProvider } from "ethers";

import { AaveRescue, type AaveSettings } from "../../keepers/courtesy-call-redeemer/adapters/aave/adapter.js";
import type { BlockRef } from "../../keepers/courtesy-call-redeemer/types.js";
import { ChainClient, type ClientOptions } from "../../keepers/kit/provider.js";
import { deployAave, REFERENCE_RESERVES } from "../../scripts/aave/deploy.js";
import { AaveScenario } from "../../scripts/aave/scenario.js";
import { LocalChain } from "../../scripts/local/chain.js";
import { FlakyRpc } from "./flakyRpc.js";
import { serveChain } from "./localNode.js";

const CHAIN_ID = 138;
/** What a lender has deposited, whole tokens. */
const LIQUIDITY = { WETH: 1_000n, WBTC: 100n, USDC: 5_000_000n, DAI: 5_000_000n } as const;

export type AaveSymbol = keyof typeof LIQUIDITY;

export async function createAaveChain() {
  const { url, close } = await serveChain();
  const provider = new JsonRpcProvider(url, CHAIN_ID, { staticNetwork: true, cacheTimeout: -1 });
  const chain = new LocalChain(provider);
  const [deployer = "", lender = "", wallet = "", rival = "", ...borrowers] = await chain.accounts();
  const market = await deployAave(chain, { deployer, reserves: REFERENCE_RESERVES });
  const scenario = new AaveScenario(chain, market);
  const units = (symbol: AaveSymbol, whole: bigint): bigint => whole * 10n ** BigInt(scenario.reserve(symbol).decimals);
  for (const [symbol, whole] of Object.entries(LIQUIDITY) as [AaveSymbol, bigint][])
    await scenario.supply(symbol, lender, units(symbol, whole));
  const clients: ChainClient[] = [];
  const snapshots: unknown[] = [];
  const clientOf = (options: Partial<ClientOptions> = {}): ChainClient => {
    const client = new ChainClient({ url, chainId: CHAIN_ID, timeoutMs: 30_000, retries: 0, ...options });
    clients.push(client);
    return client;
  };
  const liar = await FlakyRpc.start(() => url);
  return {
    provider,
    chain,
    market,
    scenario,
    units,
    roles: { deployer, lender, wallet, rival, borrowers: borrowers.map((account) => account.toLowerCase()) },
    url,
    /** The same node behind a proxy that can lie. */
    liar,
    client: clientOf,
    /** The adapter as somebody would run it whose reserve is in USDC; the accounts are his own. */
    rescue(own: readonly string[], changes: Partial<AaveSettings> = {}, client = clientOf()): AaveRescue {
      return new AaveRescue(client, {
        provider: market.provider,
        pool: market.pool,
        wrappedNative: scenario.reserve("WETH").asset,
        token: scenario.reserve("USDC").asset,
        ownAccounts: new Set(own),
        startBlock: 0,
        logRange: 1_000,
        triggerBps: 10_500n,
        targetBps: 12_500n,
        dustBase: 0n,
        inclusionSeconds: 12n,
        maxPriceAge: () => undefined,
        deleverage: new Set([...market.reserves.values()].map(({ asset }) => asset)),
        ...changes,
      });
    },
    async block(): Promise<BlockRef> {
      const block = await provider.getBlock("latest");
      if (block?.hash == null) throw new Error("the node has no block");
      return { number: block.number, hash: block.hash, timestamp: BigInt(block.timestamp) };
    },
    /** The next transaction is mined at this time. */
    async nextBlockAt(timestamp: bigint): Promise<void> {
      await provider.send("evm_setNextBlockTimestamp", [Number(timestamp)]);
    },
    /** Remembers the chain as it is now; `giveBack` returns to the newest of these. */
    async keep(): Promise<void> {
      snapshots.push(await provider.send("evm_snapshot", []));
    },
    async giveBack(): Promise<void> {
      await provider.send("evm_revert", [snapshots.pop()]);
    },
    async close(): Promise<void> {
      for (const client of clients) client.close();
      provider.destroy();
      await liar.stop();
      await close();
    },
  };
}

export type AaveChain = Awaited<ReturnType<typeof createAaveChain>>;
