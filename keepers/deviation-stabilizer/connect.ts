/** Puts the parts of one keeper together: configuration, connection, addresses, key. Nothing is sent or started here. */
import { ZeroAddress } from "ethers";

import { loadDeployment, type Deployment } from "../../protocol/addresses.js";
import type { Env } from "../kit/env.js";
import { createLog, type KeeperLog } from "../kit/logger.js";
import { NextBlock } from "../kit/nextBlock.js";
import { ChainClient } from "../kit/provider.js";
import { loadSigner, type TransactionSigner } from "../kit/signer.js";
import { loadConfig, type StabilizerConfig } from "./config.js";

export const KEEPER_NAME = "deviation-stabilizer";

/** What every sub-command starts from. */
export interface Connection {
  readonly config: StabilizerConfig;
  readonly client: ChainClient;
  readonly nextBlock: NextBlock;
  readonly log: KeeperLog;
  /** The record of the network. @throws PermanentError NOT_DEPLOYED, WRONG_CHAIN, RECORD_MALFORMED. */
  readonly deployment: () => Deployment;
  /** The key; undefined when none is configured. @throws PermanentError when it cannot be opened. */
  readonly signer: () => Promise<TransactionSigner | undefined>;
}

/** @throws ConfigError with every problem of the environment; UsageError UNKNOWN_NETWORK. */
export function connect(network: string, env: Env, terminal: boolean): Connection {
  const config = loadConfig(network, env);
  const format = config.logFormat === "auto" ? (terminal ? "human" : "json") : config.logFormat;
  const log = createLog({ format, level: config.logLevel, keeper: KEEPER_NAME, network });
  const client = new ChainClient({
    url: config.rpcUrl,
    chainId: config.network.chainId,
    timeoutMs: config.rpcTimeoutMs,
    retries: config.rpcRetries,
    onRetry: (method, attempt, reason) => {
      log.debug("rpc.retry", { method, attempt, reason });
    },
  });
  return {
    config,
    client,
    log,
    nextBlock: new NextBlock(client),
    deployment: () => loadDeployment(network, client.chainId, config.deploymentsFolder),
    signer: () => loadSigner(env, config.network.local ? config.network.keeper : undefined),
  };
}

/** Addresses the keeper talks to. */
export function addresses(deployment: Deployment): { lens: string; limits: string; stabilizer: string } {
  return {
    lens: deployment.address("PegLens"),
    limits: deployment.address("StabilizerLimits"),
    stabilizer: deployment.address("Stabilizer"),
  };
}

/** `base/quote` of a pool; its address when the record does not know it. */
export function poolNames(deployment: Deployment): (address: string) => string {
  const names = new Map(Object.entries(deployment.pools()).map(([name, address]) => [address.toLowerCase(), name]));
  return (address) => names.get(address.toLowerCase()) ?? address;
}

/** Where simulations come from when there is no key: an address that needs no code and holds nothing. */
export const NOBODY = ZeroAddress;
