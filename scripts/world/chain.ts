/** Starts the chains of the local world and brings the protocol onto them, exactly as for real networks: over HTTP. */
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";

import { MaxUint256, Wallet, type Provider } from "ethers";

import { PermanentError } from "../../protocol/errors.js";
import {
  DEPLOYMENTS_FOLDER,
  LOCAL_CHAINS,
  loadParams,
  localChain,
  type LoadedParams,
  type LocalChain,
} from "../../protocol/params/load.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import { tokenNames } from "../../protocol/params/schema.js";
import { connectContracts, type ProtocolContracts } from "../../protocol/contracts.js";
import type { Deployment } from "../../protocol/addresses.js";
import { recordFile } from "../../protocol/addresses.js";
import { FlashAttacker__factory, MarketDriver__factory } from "../../protocol/generated/contracts/index.js";
import { deploy } from "../deploy/deploy.js";
import { FileStore } from "../deploy/store.js";
import type { Grant } from "../deploy/types.js";
import { GRANT_USD, marketAccounts, marketGrants, referenceUnits, type MarketAccounts } from "../sim/setup.js";
import { Child, ROOT } from "./child.js";
import type { ServedChain } from "./copies.js";
import { DEFAULT_PORT } from "./port.js";
import { Rpc, WorldProvider } from "./rpc.js";

/** The chains that a world can have. */
export type ChainName = `${LocalChain["chainId"]}`;
export const CHAIN_NAMES: readonly ChainName[] = LOCAL_CHAINS.map(({ chainId }): ChainName => `${chainId}`);
/** Blocks are never compressed. */
export const BLOCK_SECONDS = 2;

/** A node that answers and has nothing on it. */
export interface RunningNode {
  readonly chain: ChainName;
  readonly node: Child;
  readonly url: string;
  readonly port: number;
}

export interface WorldChain {
  readonly name: ChainName;
  /** As commands know it. */
  readonly network: string;
  readonly node: Child;
  readonly rpc: Rpc;
  readonly loaded: LoadedParams;
  readonly deployment: Deployment;
  readonly contracts: ProtocolContracts;
  readonly accounts: MarketAccounts;
  readonly driver: string;
  readonly attackerContract: string;
  /** Folder with the parameters and the record, for keepers. */
  readonly deploymentsFolder: string;
  /** The last block of the deployment: no keeper has done anything up to here. */
  readonly deployedBlock: number;
  readonly provider: WorldProvider;
}

/** Starts all nodes or none. @throws PermanentError PORT_IN_USE or NODE_FAILED. */
export async function startNodes(chains: readonly ChainName[], port: number): Promise<RunningNode[]> {
  const attempts = await Promise.allSettled(
    chains.map((chain, index) => startNode(port === 0 ? 0 : port + index, chain)),
  );
  const nodes = attempts.flatMap((attempt) => (attempt.status === "fulfilled" ? [attempt.value] : []));
  const failed = attempts.find((attempt) => attempt.status === "rejected");
  if (failed === undefined) return nodes;
  await Promise.all(nodes.map(({ node }) => node.stop()));
  throw failed.reason;
}

/** Starts a node. @throws PermanentError PORT_IN_USE or NODE_FAILED. */
export async function startNode(port: number, chain: ChainName = "138"): Promise<RunningNode> {
  const node = new Child({ script: "scripts/world/node-main.ts", args: [chain, String(port)] });
  const message = (await node.message()) as { port?: number; error?: string; message?: string } | undefined;
  if (message?.port !== undefined) {
    return { chain, node, url: `http://127.0.0.1:${message.port}`, port: message.port };
  }
  await node.stop();
  if (message?.error === "EADDRINUSE") {
    throw new PermanentError(
      "PORT_IN_USE",
      `another program already listens on 127.0.0.1:${port}`,
      `stop it (another local world?), or choose another port: npm start -- --port ${port + 10}`,
      { port: String(port) },
    );
  }
  const reason = message?.message ?? node.lastErrorLines.at(-1) ?? "no reason given";
  throw new PermanentError(
    "NODE_FAILED",
    `the node of chain ${chain} did not start: ${reason}`,
    "see above, then start again",
  );
}

/**
 * Deploys over HTTP on all chains at once and prepares the market's accounts; then the chains' clocks are set alike, and each makes a block
 * every two seconds.
 * @throws what a deployment throws.
 */
export async function deployWorlds(
  nodes: readonly RunningNode[],
  /** Tokens for others than the market. */
  moreGrants: (loaded: LoadedParams) => readonly Grant[] = () => [],
): Promise<WorldChain[]> {
  const folder = prepareFolder(nodes);
  const attempts = await Promise.allSettled(nodes.map((running) => deployOn(running, folder, moreGrants)));
  const deployed = attempts.flatMap((attempt) => (attempt.status === "fulfilled" ? [attempt.value] : []));
  const failed = attempts.find((attempt) => attempt.status === "rejected");
  if (failed !== undefined) {
    for (const { provider } of deployed) provider.destroy();
    throw failed.reason;
  }
  await Promise.all(deployed.map(({ rpc }) => rpc.request("evm_setAutomine", [false])));
  if (deployed.length > 1) await setClocksAlike(deployed.map(({ rpc }) => rpc));
  const blocks = await Promise.all(deployed.map(({ rpc }) => rpc.blockNumber()));
  await Promise.all(deployed.map(({ rpc }) => rpc.request("evm_setIntervalMining", [BLOCK_SECONDS * 1000])));
  return deployed.map((chain, index) => ({ ...chain, deployedBlock: blocks[index] ?? 0 }));
}

/** A deployment mines faster than a block a second, so that each chain's clock runs ahead by as much as it took. */
async function setClocksAlike(rpcs: readonly Rpc[]): Promise<void> {
  const times = await Promise.all(rpcs.map((rpc) => rpc.timestamp()));
  const together = Math.max(...times) + BLOCK_SECONDS;
  await Promise.all(rpcs.map((rpc) => rpc.request("evm_setNextBlockTimestamp", [together])));
  await Promise.all(rpcs.map((rpc) => rpc.request("evm_mine", [])));
}

/** @throws what the deployment throws. */
async function deployOn(
  { chain, node, url }: RunningNode,
  deploymentsFolder: string,
  moreGrants: (loaded: LoadedParams) => readonly Grant[],
): Promise<Omit<WorldChain, "deployedBlock">> {
  const rpc = new Rpc(url);
  const { network } = localChain(Number(chain));
  const loaded = loadParams(network, deploymentsFolder);
  const provider = new WorldProvider(url, loaded.params.chainId, {
    staticNetwork: true,
    pollingInterval: 50,
    cacheTimeout: -1,
    batchStallTime: 0,
  });
  try {
    const accounts = marketAccounts();
    const deployer = walletOf(loaded.params.roles.deployer ?? "", provider);
    const { deployment } = await deploy({
      loaded,
      provider,
      signer: deployer,
      store: new FileStore(network, deploymentsFolder),
      execute: true,
      extraGrants: [...marketGrants(loaded, accounts), ...moreGrants(loaded)],
    });
    const contracts = connectContracts(deployment, provider);
    const driver = await new MarketDriver__factory(walletOf(accounts.operator, provider)).deploy(accounts.operator);
    const attackerWallet = walletOf(accounts.attacker, provider);
    const attacker = await new FlashAttacker__factory(attackerWallet).deploy(accounts.attacker);
    const [driverAddress, attackerContract] = await Promise.all([driver.getAddress(), attacker.getAddress()]);
    for (const token of tokenNames) {
      const approve = contracts.token(token).interface.encodeFunctionData("approve", [driverAddress, MaxUint256]);
      for (const from of [...accounts.traders, accounts.arbitrageur]) {
        await rpc.send({ from, to: deployment.token(token), data: approve, gas: 200_000 });
      }
      const capital = referenceUnits(loaded, token, GRANT_USD);
      const move = contracts.token(token).interface.encodeFunctionData("transfer", [attackerContract, capital]);
      await rpc.send({ from: accounts.attacker, to: deployment.token(token), data: move, gas: 200_000 });
    }
    return {
      name: chain,
      network,
      node,
      rpc,
      loaded,
      deployment,
      contracts,
      accounts,
      driver: driverAddress,
      attackerContract,
      deploymentsFolder,
      provider,
    };
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

/** Where programs find the nodes of these chains. */
export function rpcVariables(chains: readonly ServedChain[]): Record<string, string> {
  return Object.fromEntries(chains.map(({ network, rpc }) => [`${network.toUpperCase()}_RPC_URL`, rpc.url]));
}

/**
 * The records of a former world describe chains that are gone: they are removed. On other ports than the usual ones the records are kept in
 * a folder of their own, so that two worlds do not overwrite each other.
 */
function prepareFolder(nodes: readonly RunningNode[]): string {
  const [port = DEFAULT_PORT] = nodes.map((running) => running.port);
  const usual = nodes.every(({ chain, port: own }) => own === DEFAULT_PORT + CHAIN_NAMES.indexOf(chain));
  const folder = usual ? DEPLOYMENTS_FOLDER : join(ROOT, "data", "world", String(port), "deployments");
  if (folder !== DEPLOYMENTS_FOLDER) {
    mkdirSync(join(folder, "params"), { recursive: true });
    cpSync(join(DEPLOYMENTS_FOLDER, "params"), join(folder, "params"), { recursive: true });
  }
  for (const { network } of LOCAL_CHAINS) {
    const record = recordFile(network, folder);
    rmSync(record, { force: true });
    rmSync(record.replace(/\.json$/, ".journal.json"), { force: true });
  }
  return folder;
}

/** A path as people type it from the root. */
export function shownPath(file: string): string {
  return relative(ROOT, file);
}

function walletOf(address: string, provider: Provider): Wallet {
  const account = developmentAccounts().find((wallet) => wallet.address.toLowerCase() === address.toLowerCase());
  if (account === undefined) throw new Error(`${address} is no development account`);
  return new Wallet(account.privateKey, provider);
}
