/** Starts chain 138 for the local world and brings the protocol onto it, exactly as for a real network: over HTTP. */
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";

import { MaxUint256, Wallet, type Provider } from "ethers";

import { PermanentError } from "../../protocol/errors.js";
import { DEPLOYMENTS_FOLDER, loadParams, type LoadedParams } from "../../protocol/params/load.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import { tokenNames } from "../../protocol/params/schema.js";
import { connectContracts, type ProtocolContracts } from "../../protocol/contracts.js";
import type { Deployment } from "../../protocol/addresses.js";
import { recordFile } from "../../protocol/addresses.js";
import { FlashAttacker__factory, MarketDriver__factory } from "../../protocol/generated/contracts/index.js";
import { deploy } from "../deploy/deploy.js";
import { FileStore } from "../deploy/store.js";
import { GRANT_USD, marketAccounts, marketGrants, referenceUnits, type MarketAccounts } from "../sim/setup.js";
import { Child, ROOT } from "./child.js";
import { DEFAULT_PORT } from "./port.js";
import { Rpc, WorldProvider } from "./rpc.js";

/** The network whose parameters and record the world uses. */
export const WORLD_NETWORK = "localhost";
/** Blocks are never compressed. */
export const BLOCK_SECONDS = 2;

export interface WorldChain {
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

/** Starts the node. @throws PermanentError PORT_IN_USE or NODE_FAILED. */
export async function startNode(port: number): Promise<{ node: Child; url: string; port: number }> {
  const node = new Child({ script: "scripts/world/node-main.ts", args: [String(port)] });
  const message = (await node.message()) as { port?: number; error?: string; message?: string } | undefined;
  if (message?.port !== undefined) return { node, url: `http://127.0.0.1:${message.port}`, port: message.port };
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
    `the node of chain 138 did not start: ${reason}`,
    "see above, then start again",
  );
}

/**
 * Deploys over HTTP and prepares the market's accounts; then the chain changes to one block every two seconds.
 * @throws what the deployment throws.
 */
export async function deployWorld(
  running: { node: Child; url: string; port: number },
  log: (line: string) => void,
): Promise<WorldChain> {
  const { node, url, port } = running;
  const rpc = new Rpc(url);
  const deploymentsFolder = prepareFolder(port);
  const loaded = loadParams(WORLD_NETWORK, deploymentsFolder);
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
      store: new FileStore(WORLD_NETWORK, deploymentsFolder),
      execute: true,
      extraGrants: marketGrants(loaded, accounts),
      log,
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
    await rpc.request("evm_setAutomine", [false]);
    const deployedBlock = await rpc.blockNumber();
    await rpc.request("evm_setIntervalMining", [BLOCK_SECONDS * 1000]);
    return {
      node,
      rpc,
      loaded,
      deployment,
      contracts,
      accounts,
      driver: driverAddress,
      attackerContract,
      deploymentsFolder,
      deployedBlock,
      provider,
    };
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

/**
 * The record of a former world describes a chain that is gone: it is removed. On another port than the usual one the record is kept in
 * a folder of its own, so that two worlds do not overwrite each other.
 */
function prepareFolder(port: number): string {
  const folder = port === DEFAULT_PORT ? DEPLOYMENTS_FOLDER : join(ROOT, "data", "world", String(port), "deployments");
  if (folder !== DEPLOYMENTS_FOLDER) {
    mkdirSync(join(folder, "params"), { recursive: true });
    cpSync(join(DEPLOYMENTS_FOLDER, "params"), join(folder, "params"), { recursive: true });
  }
  const record = recordFile(WORLD_NETWORK, folder);
  rmSync(record, { force: true });
  rmSync(record.replace(/\.json$/, ".journal.json"), { force: true });
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
