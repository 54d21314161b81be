/** The real Uniswap v3 beside the real tBTC v1, with pools that have a past, and a wallet with as much of everything as a test wants. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { Interface, toQuantity, zeroPadValue } from "ethers";

import type { SwapConfig } from "../../../../keepers/courtesy-call-redeemer/etherSupply/settings.js";
import type { UniswapAddresses } from "../../../../protocol/uniswap/addresses.js";
import { LocalUniswap } from "../../../../scripts/uniswap/deploy.js";
import type { TbtcNode } from "../../../helpers/tbtcNode.js";
import { WAD } from "../fixtures.js";

export const FEE = 3_000n;
/** 31.25 ether for a bitcoin: what 0.032 BTC for an ether are. */
const POOL_UNITS = 20n;
export const POOL_ETHER_WEI = 625n * WAD;
export const RATE_WEI = POOL_ETHER_WEI / POOL_UNITS;
const TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
const OBSERVATIONS = 50;
const tokenAbi = new Interface([
  "function mint(address to, uint256 value)",
  "function balanceOf(address account) view returns (uint256)",
]);

export interface Sold {
  readonly address: string;
  readonly decimals: number;
}

export async function openMarket(node: TbtcNode) {
  const { deployer, user, redeemer } = node.roles;
  const uniswap = await LocalUniswap.deploy(node.chain, deployer);
  const folder = mkdtempSync(path.join(tmpdir(), "cantilever-uniswap-"));
  const write = (addresses: UniswapAddresses, name = "other.json"): string => {
    const file = path.join(folder, name);
    writeFileSync(file, JSON.stringify(addresses));
    return file;
  };
  const file = write(uniswap.addresses, "uniswap.json");
  const pools = new Map<string, string>();
  return {
    ...{ uniswap, write, file },
    /** Twenty whole tokens and 625 ether; the token is the user's. */
    async pool({ address, decimals }: Sold): Promise<string> {
      const amounts = { tokenUnits: POOL_UNITS * 10n ** BigInt(decimals), etherWei: POOL_ETHER_WEI };
      const pool = await uniswap.createPool({
        ...{ token: address, fee: FEE, provider: user, ...amounts, observations: OBSERVATIONS },
      });
      pools.set(address.toLowerCase(), pool);
      return pool;
    },
    /** A token with nothing in it, minted by anybody: 100 whole ones for the user, ten for the redeemer. */
    async token(bytecode: string, decimals: number): Promise<Sold> {
      const { contractAddress } = await node.chain.send({ from: deployer, data: bytecode });
      if (contractAddress === undefined) throw new Error("no token was created");
      const unit = 10n ** BigInt(decimals);
      for (const [to, whole] of [
        [user, 100n],
        [redeemer, 10n],
      ] as const) {
        await node.scenario.send(user, contractAddress, tokenAbi.encodeFunctionData("mint", [to, whole * unit]));
      }
      return { address: contractAddress.toLowerCase(), decimals };
    },
    async unitsOf({ address }: Sold, account: string): Promise<bigint> {
      const data = tokenAbi.encodeFunctionData("balanceOf", [account]);
      return BigInt(await node.scenario.chain.provider.call({ to: address, data }));
    },
    /** What went from the redeemer into the pool, swap by swap. */
    async soldInto(token: string): Promise<readonly bigint[]> {
      const topics = [TRANSFER, zeroPadValue(redeemer, 32), zeroPadValue(pools.get(token.toLowerCase()) ?? "", 32)];
      const filter = { address: token, topics, fromBlock: "0x0", toBlock: "latest" };
      return ((await node.ask("eth_getLogs", filter)) as { data: string }[]).map(({ data }) => BigInt(data));
    },
    async setEther(wei: bigint): Promise<void> {
      await node.ask("hardhat_setBalance", redeemer, toQuantity(wei));
    },
    async etherOf(account = redeemer): Promise<bigint> {
      return BigInt(String(await node.ask("eth_getBalance", account, "latest")));
    },
    /** At most one whole token at a time, at no less than 20 ether. */
    config(changes: Partial<SwapConfig> = {}, sold?: Sold): SwapConfig {
      const unit = 10n ** BigInt(sold?.decimals ?? 18);
      return {
        ...{ targetWei: 3n * WAD, floorWei: 2n * WAD, poolFee: FEE, keepUnits: 0n, leastRateWei: 20n * WAD, file },
        token: { symbol: sold === undefined ? "TBTC" : "TKN", decimals: 18, address: undefined, ...sold },
        ...{ mostUnits: unit, unitsPerDay: 4n * unit, maxDeviationBps: 200n, maxSlippageBps: 50n },
        ...{ averageSeconds: 1_800, deadlineSeconds: 600 },
        ...changes,
      };
    },
    close(): void {
      rmSync(folder, { recursive: true });
    },
  };
}

export type Market = Awaited<ReturnType<typeof openMarket>>;
