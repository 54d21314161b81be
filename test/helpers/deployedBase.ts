/** The chains of this machine with everything deployed on them by the real scripts: once for all test files of a process. */
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
import { serveChain } from "./localNode.js";

export const CHAIN_IDS = { localhost: 138, localhost651940: 651940 } as const;
export type LocalNetwork = keyof typeof CHAIN_IDS;

/** Of the development accounts: neither has an office. */
const OWNER = 14;
const TRADER = 12;
/** Base units that owner and trader have of each token, on both chains: more than the deepest pool holds. */
export const INVENTORY = {
  cUSDT: 2_000_000_000_000n,
  cUSDC: 2_000_000_000_000n,
  XAU: 2_000n * 10n ** 18n,
} as const;
/** And the trader, where it has a pool. */
const TRADER_CEURT_UNITS = 2_000_000_000_000n;

export interface DeployedBase {
  readonly url: string;
  readonly record: DeploymentRecord;
}

/** A deployment takes seconds, so that test files take turns on it: whoever uses one leaves it as it was. */
const shared = new Map<LocalNetwork, Promise<DeployedBase>>();
const open: (() => Promise<void>)[] = [];

// Outside every `describe`: after the last test of the process.
after(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

export function deployedBase(name: LocalNetwork): Promise<DeployedBase> {
  let base = shared.get(name);
  if (base === undefined) shared.set(name, (base = deployBase(name)));
  return base;
}

export function ownerAndTrader(provider: JsonRpcProvider): {
  readonly owner: HDNodeWallet;
  readonly trader: HDNodeWallet;
} {
  return { owner: account(OWNER).connect(provider), trader: account(TRADER).connect(provider) };
}

/** Deploys to a fresh simulated chain, and gives owner and trader tokens that pools and the bridge may take. */
async function deployBase(name: LocalNetwork): Promise<DeployedBase> {
  const { url, close } = await serveChain(name === "localhost" ? "sim138" : "sim651940");
  open.push(close);
  const folder = copyOfParameters();
  const provider = connectTo(url, name);
  const { owner, trader } = ownerAndTrader(provider);
  const tokens = Object.entries(INVENTORY) as [keyof typeof INVENTORY, bigint][];
  const grants = [owner, trader].flatMap(({ address: to }) =>
    tokens.map(([token, amountUnits]) => ({ token, to, amountUnits })),
  );
  const cEurt = { token: "cEURT" as const, to: trader.address, amountUnits: TRADER_CEURT_UNITS };
  const { record } = await deploy({
    ...{ loaded: loadParams(name, folder), provider, signer: account(0).connect(provider) },
    ...{ store: new FileStore(name, folder), execute: true },
    extraGrants: name === "localhost" ? [...grants, cEurt] : grants,
  });
  rmSync(folder, { recursive: true });
  const deployment = new Deployment(name, record);
  const contracts = connectContracts(deployment, provider);
  const bridge = deployment.address("AlltraCustomBridge");
  const pools = Object.entries(deployment.pools());
  for (const signer of [owner, trader]) {
    for (const token of ["cUSDT", "cUSDC", "cEURT", "XAU"] as const) {
      const spenders = pools.flatMap(([pair, pool]) => (pair.split("/").includes(token) ? [pool] : []));
      // Mined at once.
      for (const spender of spenders.length === 0 ? [] : [...spenders, bridge])
        await contracts.token(token).connect(signer).approve(spender, MaxUint256);
    }
  }
  provider.destroy();
  return { url, record };
}

/** A folder as `deployments/`, with the parameters and no record. */
export function copyOfParameters(): string {
  const folder = mkdtempSync(join(tmpdir(), "cantilever-"));
  cpSync(join(DEPLOYMENTS_FOLDER, "params"), join(folder, "params"), { recursive: true });
  return folder;
}

export function connectTo(url: string, name: LocalNetwork): JsonRpcProvider {
  const options = { staticNetwork: true, pollingInterval: 20, cacheTimeout: -1, batchStallTime: 0 };
  return new JsonRpcProvider(url, CHAIN_IDS[name], options);
}

export function account(index: number): HDNodeWallet {
  const wallet = developmentAccounts()[index];
  if (wallet === undefined) throw new Error(`there is no development account ${String(index)}`);
  return wallet;
}
