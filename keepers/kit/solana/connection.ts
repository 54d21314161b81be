/** What every Solana keeper opens first: log, node, alerts. Nothing is sent or started here. */
import { assertCluster } from "../../../protocol/solana/cluster.js";
import type { AlertDesk } from "../alerts/desk.js";
import { openDesk } from "../alerts/open.js";
import { alertingLog } from "../alerts/rules.js";
import { createLog, type KeeperLog } from "../logger.js";
import { SolanaClient } from "./client.js";
import { genesisHash } from "./cluster.js";
import type { SolanaConfig } from "./settings.js";

export interface SolanaConnection<Config extends SolanaConfig = SolanaConfig> {
  readonly config: Config;
  readonly client: SolanaClient;
  /** What it warns of is told to people as well. */
  readonly log: KeeperLog;
  readonly alerts: AlertDesk;
  /** Genesis hash of the cluster. @throws PermanentError WRONG_CLUSTER when it is not the network's. */
  readonly chainId: () => Promise<string>;
}

/** @param terminal whether people read the log, when the configuration leaves its format open. */
export function openSolana<Config extends SolanaConfig>(
  config: Config,
  keeper: string,
  terminal: boolean,
): SolanaConnection<Config> {
  const { network } = config;
  const format = config.logFormat === "auto" ? (terminal ? "human" : "json") : config.logFormat;
  const plainLog = createLog({ format, level: config.logLevel, keeper, network: network.name });
  const alerts = openDesk(config, keeper, network.name, plainLog);
  const log = alertingLog(plainLog, alerts);
  const client = new SolanaClient({
    url: config.rpcUrl,
    timeoutMs: config.rpcTimeoutMs,
    retries: config.rpcRetries,
    onRetry: (method, attempt, reason) => {
      log.debug("rpc.retry", { method, attempt, reason });
    },
  });
  return {
    ...{ config, client, log, alerts },
    chainId: async () => {
      const found = await genesisHash(client);
      assertCluster(network.name, network.genesisHash, found);
      return found;
    },
  };
}
