/** Brings the protocol and the market onto a fresh simulated chain. */
import { MaxUint256 } from "ethers";

import type { Deployment } from "../../protocol/addresses.js";
import { connectContracts, type ProtocolContracts } from "../../protocol/contracts.js";
import { FlashAttacker__factory, MarketDriver__factory } from "../../protocol/generated/contracts/index.js";
import type { LoadedParams } from "../../protocol/params/load.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import { deploy } from "../deploy/deploy.js";
import { MemoryStore } from "../deploy/store.js";
import type { Grant } from "../deploy/types.js";
import { localAddress, localAddresses } from "../world/accounts.js";
import { SimChain } from "./chain.js";
import { openNode, type NodeKind } from "./node/open.js";

/** Sends what the market and the reporters have prepared; it has no key (see SimChain.impersonate) and holds no tokens. */
const SIM_OPERATOR = "0xca47113e5e500000000000000000000000000138";
/** What each market account gets of each token, USD: more than any day's one-sided flow. */
export const GRANT_USD = 1_000_000_000;

/** The accounts of the market. */
export interface MarketAccounts {
  readonly operator: string;
  readonly traders: readonly string[];
  readonly arbitrageur: string;
  readonly attacker: string;
}

/** A chain with everything on it. */
export interface SimWorld {
  readonly chain: SimChain;
  readonly loaded: LoadedParams;
  readonly deployment: Deployment;
  readonly contracts: ProtocolContracts;
  readonly accounts: MarketAccounts;
  readonly driver: string;
  readonly attackerContract: string;
}

/** Token units worth `usd` at the reference price of the parameters, rounded down. */
export function referenceUnits(loaded: LoadedParams, token: TokenName, usd: number): bigint {
  const price = Number(loaded.params.oracle.tokens[token].referencePriceUsd);
  const micro = BigInt(Math.floor((usd / price) * 1e6));
  return (micro * 10n ** BigInt(loaded.params.tokens[token].decimals)) / 1_000_000n;
}

/** Above what any transaction of a deployment uses: to estimate costs more than to send. */
const DEPLOY_GAS = 16_000_000n;

/** The market's accounts of a local network. */
export function marketAccounts(): MarketAccounts {
  return {
    operator: localAddress("operator"),
    traders: localAddresses("traders"),
    arbitrageur: localAddress("arbitrageur"),
    attacker: localAddress("attacker"),
  };
}

/** Tokens for everybody in the market, minted by the local deployment. */
export function marketGrants(loaded: LoadedParams, accounts: MarketAccounts): Grant[] {
  const holders = [...accounts.traders, accounts.arbitrageur, accounts.attacker];
  return holders.flatMap((to) =>
    tokenNames.map((token) => ({ token, to, amountUnits: referenceUnits(loaded, token, GRANT_USD) })),
  );
}

/** Deploys with the project's own deploy functions, then the market's two contracts. */
export async function openWorld(
  node: NodeKind,
  loaded: LoadedParams,
  grants: readonly Grant[] = [],
): Promise<SimWorld> {
  const { blockSeconds, chainId } = loaded.params;
  const chain = new SimChain(await openNode(node, chainId), Number(blockSeconds));
  try {
    const { provider } = chain;
    const accounts = { ...marketAccounts(), operator: SIM_OPERATOR };
    const { deployment } = await deploy({
      loaded,
      provider,
      signer: await chain.signer(loaded.params.roles.deployer ?? localAddress("deployer")),
      store: new MemoryStore(),
      execute: true,
      fixedGasLimit: DEPLOY_GAS,
      extraGrants: [...marketGrants(loaded, accounts), ...grants],
    });
    const contracts = connectContracts(deployment, provider);

    await chain.impersonate(SIM_OPERATOR);
    const attackerSigner = await chain.signer(accounts.attacker);
    const driver = await new MarketDriver__factory(attackerSigner).deploy(SIM_OPERATOR);
    const attacker = await new FlashAttacker__factory(attackerSigner).deploy(accounts.attacker);
    const [driverAddress, attackerAddress] = await Promise.all([driver.getAddress(), attacker.getAddress()]);
    for (const token of tokenNames) {
      for (const holder of [...accounts.traders, accounts.arbitrageur]) {
        await contracts
          .token(token)
          .connect(await chain.signer(holder))
          .approve(driverAddress, MaxUint256);
      }
      const capital = referenceUnits(loaded, token, GRANT_USD);
      await contracts.token(token).connect(attackerSigner).transfer(attackerAddress, capital);
    }
    await chain.takeOver();
    return { chain, loaded, deployment, contracts, accounts, driver: driverAddress, attackerContract: attackerAddress };
  } catch (error) {
    await chain.close();
    throw error;
  }
}
