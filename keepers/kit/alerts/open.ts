/** Puts the alerts of one keeper together. */
import type { ChainConnection } from "../chain.js";
import type { CheckPlan } from "../doctor.js";
import type { Freshness } from "../health.js";
import type { KeeperLog } from "../logger.js";
import { AlertDesk } from "./desk.js";
import { Heartbeat } from "./heartbeat.js";
import { openChannels, type AlertConfig } from "./settings.js";
import { TroubleWatch } from "./watch.js";

const TIMEOUT_MS = 10_000;
const ATTEMPTS = 4;
const RETRY_MS = 2_000;
const LOOK_MS = 5_000;
const BALANCE_MS = 600_000;
/** Clocks may differ by this much: block timestamps are set by whoever builds the block. */
const MAX_SKEW_SECONDS = 60;

/** @param log without alerts, so that a channel that fails raises none. */
export function openDesk(config: AlertConfig, keeper: string, network: string, log: KeeperLog): AlertDesk {
  const options = {
    keeper,
    network,
    repeatMs: config.alertRepeatMinutes * 60_000,
    settleMs: config.alertSettleSeconds * 1_000,
    perHour: config.alertsPerHour,
    timeoutMs: TIMEOUT_MS,
    attempts: ATTEMPTS,
    retryMs: RETRY_MS,
  };
  return new AlertDesk(openChannels(config), options, log);
}

/** Watches what nobody logs, and beats, from the start of a keeper's work to its end. `isWell`: what the heartbeat speaks for. */
export function watchTroubles(
  { config, client, alerts, log, signer }: ChainConnection,
  health: Freshness,
  isWell?: () => boolean,
): { readonly stop: () => void } {
  return watchKeeper({
    ...{ config, alerts, log, health, isWell },
    // Local chains run ahead of the clock after many quick blocks.
    skewSeconds: () => (config.network.local ? undefined : client.skewSeconds),
    balance: async () => {
      const key = await signer();
      if (key === undefined) return undefined;
      return BigInt(String(await client.request("eth_getBalance", [key.address, "latest"])));
    },
    minBalance: config.minBalanceWei,
  });
}

export interface WatchedKeeper {
  readonly config: AlertConfig;
  readonly alerts: AlertDesk;
  readonly log: KeeperLog;
  readonly health: Freshness;
  readonly isWell?: (() => boolean) | undefined;
  /** See WatchParts. Nothing is watched where they are left out. */
  readonly skewSeconds?: () => number | undefined;
  /** Of the keeper's key, in the chain's smallest unit. */
  readonly balance?: () => Promise<bigint | undefined>;
  readonly minBalance?: bigint;
}

/** The same for a keeper on any chain. */
export function watchKeeper({ config, alerts, log, health, ...parts }: WatchedKeeper): { readonly stop: () => void } {
  // Before the first success there is nothing to be told.
  const isWell = parts.isWell ?? (() => health.report().healthy && health.report().lastBlock !== undefined);
  const watch = new TroubleWatch({
    desk: alerts,
    health: () => health.report(),
    skewSeconds: parts.skewSeconds ?? (() => undefined),
    maxSkewSeconds: MAX_SKEW_SECONDS,
    balanceWei: parts.balance ?? (() => Promise.resolve(undefined)),
    minBalanceWei: parts.minBalance ?? 0n,
    everyMs: LOOK_MS,
    balanceEveryMs: BALANCE_MS,
  });
  const { heartbeatUrl: url, heartbeatMethod: method, heartbeatSeconds } = config;
  const beat = { method, everyMs: heartbeatSeconds * 1_000, timeoutMs: TIMEOUT_MS, isWell };
  const heartbeat = url === undefined ? undefined : new Heartbeat({ url, ...beat }, log);
  return {
    stop: () => {
      watch.stop();
      heartbeat?.stop();
    },
  };
}

/** `alerts`: who would be told. @param test sends a message through every channel. */
export function alertCheck(
  {
    config,
    alerts,
  }: { readonly config: AlertConfig & { readonly network: { readonly local: boolean } }; readonly alerts: AlertDesk },
  test: boolean,
): CheckPlan {
  return {
    name: "alerts",
    expected: test ? "a test message taken by every channel" : "somebody is told, except on a local network",
    fix: "set the KEEPER_ALERT_… variables of a channel; the keeper's README lists them",
    look: async () => {
      const failed = Object.entries(test ? await alerts.test() : {}).filter(([, why]) => why !== undefined);
      const told = alerts.channels.length === 0 ? "nobody" : alerts.channels.join(", ");
      const beat =
        config.heartbeatUrl === undefined ? "no heartbeat" : `heartbeat every ${String(config.heartbeatSeconds)} s`;
      const why = failed.map(([channel, reason]) => `${channel} failed: ${String(reason)}`);
      const found = [told, beat, ...(test ? [`test sent`] : []), ...why].join("; ");
      const enough = alerts.channels.length > 0 || (config.network.local && !test);
      return { ok: enough && failed.length === 0, found };
    },
  };
}
