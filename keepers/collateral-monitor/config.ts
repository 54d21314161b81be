import { integer, setting, type Env, type Settings, type SettingsOf } from "../kit/env.js";
import { mintList } from "./watched.js";
import { loadSolanaConfig, type SolanaConfig } from "../kit/solana/settings.js";
import type { ActivityRules } from "./strategies/activity.js";

const BPS = 10_000;
const MINUTE = 60n;
const HOUR = 3_600n;

export const monitorSettings = {
  passSeconds: setting({
    env: "MONITOR_PASS_SECONDS",
    schema: integer(1, 86_400),
    default: "10",
    doc: "Seconds between two passes over all accounts; the history is read at every look at the cluster.",
  }),
  figuresMinutes: setting({
    env: "MONITOR_FIGURES_MINUTES",
    schema: integer(1, 1_440),
    default: "10",
    doc: "Minutes between two rows with the figures of a pass in `reconciliation_logs`; a pass that finds something else than the one before always has one.",
  }),
  mostHistory: setting({
    env: "MONITOR_MOST_HISTORY",
    schema: integer(100, 10_000_000),
    default: "100000",
    doc: "Transactions that are read at most where nothing was read before; what is older is left out, and the accounts count as they are.",
  }),
  takeOverSeconds: setting({
    env: "MONITOR_TAKE_OVER_SECONDS",
    schema: integer(1, 3_600),
    default: "30",
    doc: "Seconds after the last sign of life in which another copy takes over.",
  }),
  mints: setting({
    env: "MONITOR_MINTS",
    schema: mintList,
    default: "",
    doc: "Mints that matter, with commas between them; when unset those of the position manager's market, and all where there is none.",
  }),
  largeShareBps: setting({
    env: "MONITOR_LARGE_BPS",
    schema: integer(1, BPS),
    default: "500",
    doc: "Share of all collateral of a mint from which one withdrawal, or a request for one, is told as large; basis points.",
  }),
  vaultShareBps: setting({
    env: "MONITOR_VAULT_BPS",
    schema: integer(1, BPS),
    default: "5000",
    doc: "Share of a vault's own balance from which a withdrawal is told as suspicious after a change of its rules; basis points.",
  }),
  outflowShareBps: setting({
    env: "MONITOR_OUTFLOW_BPS",
    schema: integer(1, BPS),
    default: "2000",
    doc: "Share of all collateral of a mint that may leave within the window before it is told; basis points.",
  }),
  windowMinutes: setting({
    env: "MONITOR_WINDOW_MINUTES",
    schema: integer(1, 10_080),
    default: "60",
    doc: "Length of that window.",
  }),
  withdrawalsPerWindow: setting({
    env: "MONITOR_WITHDRAWALS_PER_WINDOW",
    schema: integer(2, 1_000_000),
    default: "200",
    doc: "Withdrawals of one mint within the window that are told.",
  }),
  watchHours: setting({
    env: "MONITOR_WATCH_HOURS",
    schema: integer(1, 8_784),
    default: "72",
    doc: "Hours after a loosened whitelist, delay, vetoer or multi-sig in which a large withdrawal is told as suspicious.",
  }),
} as const satisfies Settings;

export type MonitorConfig = SettingsOf<typeof monitorSettings> & SolanaConfig;

/** @throws ConfigError with every problem at once; UsageError UNKNOWN_NETWORK. */
export function loadConfig(network: string, env: Env): MonitorConfig {
  return loadSolanaConfig(monitorSettings, "MONITOR_", network, env);
}

export function activityRules(config: SettingsOf<typeof monitorSettings>): ActivityRules {
  return {
    largeShareBps: BigInt(config.largeShareBps),
    vaultShareBps: BigInt(config.vaultShareBps),
    outflowShareBps: BigInt(config.outflowShareBps),
    windowSeconds: BigInt(config.windowMinutes) * MINUTE,
    withdrawalsPerWindow: config.withdrawalsPerWindow,
    watchSeconds: BigInt(config.watchHours) * HOUR,
  };
}
