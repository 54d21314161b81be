/** What every keeper opens first: log, node, deployment record, key. Nothing is sent or started here. */
import { loadDeployment, type Deployment } from "../../protocol/addresses.js";
import type { AlertDesk } from "./alerts/desk.js";
import { openDesk } from "./alerts/open.js";
import { alertingLog } from "./alerts/rules.js";
import type { Broadcaster } from "./broadcast/broadcaster.js";
import { openBroadcaster } from "./broadcast/settings.js";
import type { KitConfig } from "./config.js";
import type { Env } from "./env.js";
import { createLog, type KeeperLog } from "./logger.js";
import { NextBlock } from "./nextBlock.js";
import { ChainClient } from "./provider.js";
import type { TransactionSigner } from "./keys/account.js";
import { KEEPER_KEY, loadKey } from "./keys/load.js";

export interface ChainConnection {
  readonly config: KitConfig;
  readonly client: ChainClient;
  readonly nextBlock: NextBlock;
  /** Where signed bytes go, as configured. */
  readonly broadcaster: Broadcaster;
  /** What it warns of is told to people as well. */
  readonly log: KeeperLog;
  readonly alerts: AlertDesk;
  /** The record of the network. @throws PermanentError NOT_DEPLOYED, WRONG_CHAIN, RECORD_MALFORMED. */
  readonly deployment: () => Deployment;
  /** Signs and pays for transactions; undefined when no key is configured. @throws PermanentError when it cannot be opened. */
  readonly signer: () => Promise<TransactionSigner | undefined>;
}

/**
 * @param terminal whether people read the log, when the configuration leaves its format open.
 * @param localAccount public development account that is used on a local network where no key is configured.
 */
export function openChain<Config extends KitConfig>(
  config: Config,
  keeper: string,
  env: Env,
  terminal: boolean,
  localAccount = config.network.keeper,
): ChainConnection & { readonly config: Config } {
  const { network } = config;
  const format = config.logFormat === "auto" ? (terminal ? "human" : "json") : config.logFormat;
  const plainLog = createLog({ format, level: config.logLevel, keeper, network: network.name });
  const alerts = openDesk(config, keeper, network.name, plainLog);
  const log = alertingLog(plainLog, alerts);
  let signer: Promise<TransactionSigner | undefined> | undefined;
  const client = new ChainClient({
    url: config.rpcUrl,
    chainId: network.chainId,
    timeoutMs: config.rpcTimeoutMs,
    retries: config.rpcRetries,
    quorum: quorumOf(config),
    blockMs: network.blockMs,
    probeMs: config.rpcProbeSeconds * 1000,
    onFleet: ({ state, reasons }) => {
      log[state === "healthy" ? "info" : "warn"]("rpc.fleet", { state, reasons });
    },
    onRetry: (method, attempt, reason) => {
      log.debug("rpc.retry", { method, attempt, reason });
    },
  });
  return {
    config,
    client,
    log,
    alerts,
    nextBlock: new NextBlock(client),
    broadcaster: openBroadcaster(config, client, log),
    deployment: () => loadDeployment(network.name, client.chainId, config.deploymentsFolder),
    signer: () => (signer ??= openSigner()),
  };

  async function openSigner(): Promise<TransactionSigner | undefined> {
    const key = await loadKey(env, KEEPER_KEY, network.local ? localAccount : undefined);
    // Encryption at rest protects nothing from the process that may use the key.
    if (key?.source === "mnemonic-envelope") log.warn("key.weak", { source: key.source, better: "kms" });
    return key?.account;
  }
}

/** A local network has one node, and says so by its name. */
function quorumOf({ rpcQuorum, network }: KitConfig): number {
  return rpcQuorum === "auto" ? (network.local ? 1 : 2) : Number(rpcQuorum);
}
