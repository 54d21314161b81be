/** tBTC v1 on a fork, behind HTTP as a keeper meets it: of Ethereum where an archive node is given, else of a chain of this machine. */
import { JsonRpcProvider, toQuantity } from "ethers";
import { network } from "hardhat";

import { TbtcRescue } from "../../keepers/courtesy-call-redeemer/adapters/tbtc/tbtc.js";
import type { BlockRef } from "../../keepers/courtesy-call-redeemer/types.js";
import { Counters } from "../../keepers/kit/counters.js";
import { ChainClient } from "../../keepers/kit/provider.js";
import { EthBtcMedianizer__factory } from "../../protocol/generated/contracts/index.js";
import { MAINNET, type TbtcAddresses } from "../../protocol/tbtc/addresses.js";
import { connectTbtc, tbtcAbi } from "../../protocol/tbtc/contracts.js";
import { prefixedOutputScript, satToTbtcWei } from "../../protocol/tbtc/units.js";
import { NOBODYS_SCRIPT } from "../../scripts/tbtc/bitcoin.js";
import { LocalChain } from "../../scripts/local/chain.js";
import { deployTbtc, REFERENCE_BOND_WEI, REFERENCE_LOTS_SAT, REFERENCE_PRICE_WAD } from "../../scripts/tbtc/deploy.js";
import { TbtcScenario } from "../../scripts/tbtc/scenario.js";
import { startNode } from "../../scripts/world/chain.js";
import { capturedLog } from "./capturedLog.js";
import { rolesOf } from "./tbtcChain.js";

/** What is forked. */
export interface TbtcUpstream {
  readonly url: string;
  readonly blockNumber: number;
  readonly addresses: TbtcAddresses;
  /** Has TBTC; is impersonated. */
  readonly holder: string;
  /** No deposit is older. */
  readonly minBlock: number;
  close(): Promise<unknown>;
}

/** As the document about this keeper pins them. */
const DOCUMENT = { block: 11_469_780, holder: "0xf9e11762d522ea29dd78178c9baf83b7b093aacc" } as const;
/** Some days before the system was opened. */
const FIRST_MAINNET_BLOCK = 10_860_000;
const CHAIN_ID = 1;
const TIMEOUT_MS = 120_000;
const FEE_SAT = 20_000n;
const PRICE_BITS = 128n;
/** Of any medianizer that was published: far more than it has. */
const SLOTS = 16;
const GAS_PRICE_WEI = 200n * 10n ** 9n;
const RICH_WEI = 1_000n * 10n ** 18n;
const medianizerAbi = EthBtcMedianizer__factory.createInterface();

/** Call only where `MAINNET_RPC_URL` is set. */
export function mainnetUpstream(): Promise<TbtcUpstream> {
  const url = process.env["MAINNET_RPC_URL"] ?? "";
  const { block, holder } = DOCUMENT;
  const close = (): Promise<void> => Promise.resolve();
  return Promise.resolve({
    ...{ url, blockNumber: block, addresses: MAINNET, holder, minBlock: FIRST_MAINNET_BLOCK, close },
  });
}

/** The real system on a node of its own, with deposits of these sizes, whose TBTC one account holds. */
export async function localUpstream(lotsSat: readonly bigint[]): Promise<TbtcUpstream> {
  const { node, url } = await startNode(0);
  const provider = new JsonRpcProvider(url, 138, { staticNetwork: true, cacheTimeout: -1, batchMaxCount: 1 });
  try {
    const chain = new LocalChain(provider);
    const { deployer, operators, redeemer } = rolesOf(await chain.accounts());
    const world = await deployTbtc(chain, {
      ...{ deployer, operators, bondWei: REFERENCE_BOND_WEI, lotsSat: REFERENCE_LOTS_SAT },
      btcPerEthWad: REFERENCE_PRICE_WAD,
    });
    const scenario = new TbtcScenario(chain, world);
    const minBlock = await provider.getBlockNumber();
    for (const lotSat of lotsSat) await scenario.open({ lotSat });
    await scenario.giveTbtc(
      redeemer,
      lotsSat.reduce((sum, lotSat) => sum + satToTbtcWei(lotSat), 0n),
    );
    const close = (): Promise<unknown> => node.stop();
    // Where none is named a fork begins some blocks below the head.
    const blockNumber = await provider.getBlockNumber();
    return { url, blockNumber, addresses: world.addresses, holder: redeemer, minBlock, close };
  } catch (error) {
    await node.stop();
    throw error;
  } finally {
    provider.destroy();
  }
}

export async function openTbtcFork(upstream: TbtcUpstream) {
  const { url, blockNumber, addresses, holder, minBlock } = upstream;
  const override = { forking: { enabled: true, url, blockNumber } };
  const server = await network.createServer({ network: "mainnetFork", override }, "127.0.0.1", 0);
  const { port } = await server.listen();
  const here = `http://127.0.0.1:${String(port)}`;
  const provider = new JsonRpcProvider(here, CHAIN_ID, { staticNetwork: true, cacheTimeout: -1, batchMaxCount: 1 });
  const client = new ChainClient({ url: here, chainId: CHAIN_ID, timeoutMs: TIMEOUT_MS, retries: 1 });
  const contracts = connectTbtc(addresses, provider);
  await provider.send("hardhat_impersonateAccount", [holder]);
  await provider.send("hardhat_setBalance", [holder, toQuantity(RICH_WEI)]);

  async function send(from: string, to: string, data: string, gas: bigint): Promise<string> {
    const fees = { gas: toQuantity(gas), gasPrice: toQuantity(GAS_PRICE_WEI) };
    return String(await provider.send("eth_sendTransaction", [{ from, to, data, ...fees }]));
  }

  /** Ether's price in bitcoin, 1e18 = one, as the system's price feed may ask for it. */
  async function price(): Promise<bigint> {
    const data = medianizerAbi.encodeFunctionData("peek");
    const answer = await provider.call({ from: addresses.priceFeed, to: addresses.medianizer, data });
    return medianizerAbi.decodeFunctionResult("peek", answer)[0] as bigint;
  }

  return {
    ...{ addresses, holder, contracts, provider, send, price },
    rescue: new TbtcRescue({
      ...{ client, addresses, counters: new Counters(), log: capturedLog().log, discovery: { minBlock } },
      payout: { outputScript: prefixedOutputScript(NOBODYS_SCRIPT), initialFeeSat: () => FEE_SAT },
      takerCostWei: 10n ** 16n,
    }),
    async block(): Promise<BlockRef> {
      const found = (await provider.send("eth_getBlockByNumber", ["latest", false])) as Record<string, string>;
      return {
        number: Number(found["number"]),
        hash: String(found["hash"]),
        timestamp: BigInt(found["timestamp"] ?? 0),
      };
    },
    async mine(blocks = 1): Promise<void> {
      await provider.send("hardhat_mine", [toQuantity(blocks)]);
    },
    /** Writes the price where the medianizer keeps it, whoever published it: in the lower half of the slot that holds it now. */
    async movePrice(btcPerEthWad: bigint): Promise<void> {
      const now = await price();
      const half = (1n << PRICE_BITS) - 1n;
      for (let slot = 0; slot < SLOTS; slot += 1) {
        const word = BigInt(await provider.getStorage(addresses.medianizer, slot));
        if ((word & half) !== now) continue;
        const written = `0x${((word & ~half) | btcPerEthWad).toString(16).padStart(64, "0")}`;
        await provider.send("hardhat_setStorageAt", [addresses.medianizer, toQuantity(slot), written]);
      }
      await provider.send("evm_mine", []);
    },
    /** From one account with consecutive nonces, into one block. */
    async together(
      from: string,
      calls: readonly { readonly to: string; readonly data: string; readonly gas: bigint }[],
    ): Promise<readonly { readonly ok: boolean; readonly block: number }[]> {
      await provider.send("evm_setAutomine", [false]);
      try {
        const hashes: string[] = [];
        for (const { to, data, gas } of calls) hashes.push(await send(from, to, data, gas));
        await provider.send("evm_mine", []);
        const receipts = await Promise.all(hashes.map((hash) => provider.getTransactionReceipt(hash)));
        return receipts.map((receipt) => ({ ok: receipt?.status === 1, block: receipt?.blockNumber ?? 0 }));
      } finally {
        await provider.send("evm_setAutomine", [true]);
      }
    },
    /** What the contracts themselves ask of a wallet for a deposit that belongs to the vending machine. */
    async requirementOf(deposit: string, wallet: string): Promise<bigint> {
      const contract = contracts.deposit(deposit);
      return (await contract.lotSizeTbtc()) + (await contract.getOwnerRedemptionTbtcRequirement(wallet));
    },
    async ownerOf(deposit: string): Promise<string> {
      return contracts.depositToken.ownerOf(BigInt(deposit));
    },
    approval: (units: bigint): { to: string; data: string; gas: bigint } => ({
      to: addresses.token,
      data: tbtcAbi.token.encodeFunctionData("approve", [addresses.vendingMachine, units]),
      gas: 100_000n,
    }),
    async close(): Promise<void> {
      client.close();
      provider.destroy();
      await server.close();
    },
  };
}

export type TbtcFork = Awaited<ReturnType<typeof openTbtcFork>>;
