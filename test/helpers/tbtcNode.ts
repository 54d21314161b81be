/** tBTC v1 on a node behind HTTP and a proxy, as a keeper meets it. */
import { JsonRpcProvider, toQuantity } from "ethers";

import { TbtcRescue, type TbtcRescueParts } from "../../keepers/courtesy-call-redeemer/adapters/tbtc/tbtc.js";
import type { Action, BlockRef, Call } from "../../keepers/courtesy-call-redeemer/types.js";
import { Counters } from "../../keepers/kit/counters.js";
import type { ClientOptions } from "../../keepers/kit/provider.js";
import { tbtcAbi } from "../../protocol/tbtc/contracts.js";
import { prefixedOutputScript } from "../../protocol/tbtc/units.js";
import { LocalChain } from "../../scripts/local/chain.js";
import {
  deployTbtc,
  REFERENCE_BOND_WEI,
  REFERENCE_LOTS_SAT,
  REFERENCE_PRICE_WAD,
  type TbtcOptions,
} from "../../scripts/tbtc/deploy.js";
import { TbtcScenario } from "../../scripts/tbtc/scenario.js";
import { capturedLog } from "./capturedLog.js";
import { attachToNode, serveChain } from "./localNode.js";
import { rolesOf } from "./tbtcChain.js";

/** P2WPKH of nobody in particular. */
export const DESTINATION = Buffer.from(`0014${"c0".repeat(20)}`, "hex");
/** What the first payment of a redemption offers here. */
export const FEE_SAT = 20_000n;
const RECEIPT_TRIES = 500;

export interface MinedCall {
  readonly hash: string;
  readonly ok: boolean;
  readonly block: number;
  readonly gasUsed: bigint;
}

export async function startTbtcNode(changes: Partial<TbtcOptions> = {}) {
  const { url, close } = await serveChain();
  const node = await attachToNode(url);
  const provider = new JsonRpcProvider(url, 138, { staticNetwork: true, cacheTimeout: -1, batchMaxCount: 1 });
  const chain = new LocalChain(provider);
  const roles = rolesOf(await chain.accounts());
  const world = await deployTbtc(chain, {
    deployer: roles.deployer,
    operators: roles.operators,
    bondWei: REFERENCE_BOND_WEI,
    lotsSat: REFERENCE_LOTS_SAT,
    btcPerEthWad: REFERENCE_PRICE_WAD,
    ...changes,
  });
  const scenario = new TbtcScenario(chain, world);
  const snapshots: unknown[] = [];

  async function mined(hash: string): Promise<MinedCall> {
    for (let tries = 0; tries < RECEIPT_TRIES; tries += 1) {
      const receipt = (await node.ask("eth_getTransactionReceipt", hash)) as Record<string, string> | null;
      if (receipt === null) continue;
      const { status, blockNumber, gasUsed } = receipt;
      return { hash, ok: status === "0x1", block: Number(blockNumber), gasUsed: BigInt(gasUsed ?? 0) };
    }
    throw new Error(`${hash} is in no block`);
  }

  /** Sends calls from one account with consecutive nonces, and mines them together. */
  async function batch(from: string, calls: readonly (Call & { readonly gas: bigint })[]): Promise<MinedCall[]> {
    await node.ask("evm_setAutomine", false);
    try {
      const hashes: string[] = [];
      for (const { to, data, gas } of calls) {
        const transaction = { from, to, data, gas: toQuantity(gas) };
        hashes.push(String(await node.ask("eth_sendTransaction", transaction)));
      }
      await node.ask("evm_mine");
      return await Promise.all(hashes.map(mined));
    } finally {
      await node.ask("evm_setAutomine", true);
    }
  }

  return {
    ...node,
    chain,
    roles,
    world,
    scenario,
    batch,
    async block(): Promise<BlockRef> {
      const found = (await node.ask("eth_getBlockByNumber", "latest", false)) as Record<string, string>;
      return {
        number: Number(found["number"]),
        hash: String(found["hash"]),
        timestamp: BigInt(found["timestamp"] ?? 0),
      };
    },
    async tbtcOf(account: string): Promise<bigint> {
      return scenario.contracts.token.balanceOf(account);
    },
    /** What the wallet sends for these actions: one approval per spender, for the sum; then every call. */
    async carryOut(from: string, actions: readonly Action[]): Promise<MinedCall[]> {
      const sums = new Map<string, bigint>();
      for (const { allowance } of actions) {
        if (allowance !== undefined) {
          sums.set(allowance.spender, (sums.get(allowance.spender) ?? 0n) + allowance.units);
        }
      }
      const approvals = [...sums].map(([spender, units]) => ({
        to: world.addresses.token,
        data: tbtcAbi.token.encodeFunctionData("approve", [spender, units]),
        valueWei: 0n,
        gas: 70_000n,
      }));
      const calls = actions.flatMap(({ calls, gasLimit }) =>
        calls.map((call) => ({ ...call, gas: call.gasLimit ?? gasLimit })),
      );
      return batch(from, [...approvals, ...calls]);
    },
    rescue(changed: Partial<TbtcRescueParts> & { readonly client?: TbtcRescueParts["client"] } = {}) {
      const captured = capturedLog();
      const counters = new Counters();
      const rescue = new TbtcRescue({
        client: changed.client ?? node.client({ timeoutMs: 20_000 } satisfies Partial<ClientOptions>),
        addresses: world.addresses,
        payout: { outputScript: prefixedOutputScript(DESTINATION), initialFeeSat: () => FEE_SAT },
        takerCostWei: 10n ** 16n,
        counters,
        log: captured.log,
        ...changed,
      });
      return { rescue, counters, captured };
    },
    /** Remembers the chain as it is; `giveBack` returns to the newest of these. */
    async keep(): Promise<void> {
      snapshots.push(await node.ask("evm_snapshot"));
    },
    async giveBack(): Promise<void> {
      const newest = snapshots.pop();
      if (newest !== undefined) await node.ask("evm_revert", newest);
    },
    async close(): Promise<void> {
      provider.destroy();
      await node.close();
      await close();
    },
  };
}

export type TbtcNode = Awaited<ReturnType<typeof startTbtcNode>>;
