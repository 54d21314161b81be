/** What every keeper is told: where its chain is, how patient it is, what it may pay for gas, where its evidence goes. */
import { globSync } from "node:fs";
import { join } from "node:path";

import { UsageError } from "../../protocol/errors.js";
import { DEPLOYMENTS_FOLDER, isLocalNetwork, loadParams, localRpcUrl } from "../../protocol/params/load.js";
import { nearest } from "../../protocol/params/text.js";
import { parseDecimal } from "../../protocol/units.js";
import { alertProblems, alertSettings } from "./alerts/settings.js";
import { broadcastProblems, broadcastSettings } from "./broadcast/settings.js";
import {
  ConfigError,
  integer,
  loadSettings,
  oneOf,
  optionalText,
  scaled,
  setting,
  type Env,
  type Settings,
  type SettingsOf,
} from "./env.js";
import { KEEPER_KEY, keyVariables } from "./keys/load.js";
import { isLoopback, nodeAddresses } from "./providers/address.js";
import { confirmationTiers } from "./providers/confirmations.js";

/** A chain a keeper can work on: one parameter file, one chain. */
export interface KeeperNetwork {
  readonly name: string;
  readonly chainId: number;
  /** A chain on this machine: the public development keys may be used there, and only there. */
  readonly local: boolean;
  /** Address that the parameters name as keeper; undefined while that is not decided. */
  readonly keeper: string | undefined;
  /** Usual time between two blocks. */
  readonly blockMs: number;
}

/** Name of the variable with the nodes of a network: `CHAIN138_RPC_URL`. */
export function rpcVariable(network: string): string {
  return `${network.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}_RPC_URL`;
}

/**
 * Looks a network up in `deployments/params`.
 * @throws UsageError UNKNOWN_NETWORK; ParameterError when its file is wrong.
 */
export function keeperNetwork(name: string, folder = DEPLOYMENTS_FOLDER): KeeperNetwork {
  const known = globSync("*.json", { cwd: join(folder, "params") }).map((file) => file.slice(0, -".json".length));
  if (!known.includes(name)) {
    const guess = nearest(name, known);
    const hint = guess === undefined ? "" : `did you mean ${guess}? `;
    throw new UsageError("UNKNOWN_NETWORK", `there is no network ${name}`, `${hint}Known: ${known.sort().join(", ")}`);
  }
  const { params, local } = loadParams(name, folder);
  const blockMs = Number(parseDecimal(params.blockSeconds, MS_DECIMALS));
  return { name, chainId: params.chainId, local, keeper: params.roles.keeper ?? undefined, blockMs };
}

/** Where evidence goes when nobody says otherwise. */
const DATA_FOLDER = "data/keepers";
/** Decimals of seconds that are milliseconds. */
const MS_DECIMALS = 3;
const GWEI_DECIMALS = 9;
const ETHER_DECIMALS = 18;

/** Settings that every keeper on an EVM chain shares. Keys carry the unit of the parsed value. */
export const kitSettings = {
  pollMs: setting({
    env: "KEEPER_POLL_MS",
    schema: integer(20, 60_000),
    default: "200",
    doc: "Milliseconds between two looks at the chain's head.",
  }),
  rpcTimeoutMs: setting({
    env: "KEEPER_RPC_TIMEOUT_MS",
    schema: integer(100, 120_000),
    default: "5000",
    doc: "Milliseconds after which a request counts as unanswered.",
  }),
  rpcRetries: setting({
    env: "KEEPER_RPC_RETRIES",
    schema: integer(0, 10),
    default: "3",
    doc: "Repeats of one unanswered request; all requests together share a budget of 20 repeats and 2 more a second.",
  }),
  rpcQuorum: setting({
    env: "KEEPER_RPC_QUORUM",
    schema: oneOf(["auto", "1", "2", "3", "4", "5"]),
    default: "auto",
    doc: "Nodes that must agree on a money read before anything is signed; `auto`: 2, on a local network 1. With fewer nodes than that a keeper does not start with `--execute`.",
  }),
  rpcProbeSeconds: setting({
    env: "KEEPER_RPC_PROBE_SECONDS",
    schema: integer(1, 3_600),
    default: "60",
    doc: "Seconds between two comparisons of all nodes while all is well; at every block while it is not. With one node there is nothing to compare.",
  }),
  maxFeePerGasWei: setting({
    env: "KEEPER_MAX_FEE_GWEI",
    schema: scaled(GWEI_DECIMALS, "gwei"),
    default: "100",
    doc: "Most that is ever offered per gas, in gwei; the chain's own limit for executions applies as well.",
  }),
  priorityFeeWei: setting({
    env: "KEEPER_PRIORITY_FEE_GWEI",
    schema: scaled(GWEI_DECIMALS, "gwei"),
    default: "1",
    doc: "Tip per gas of a first attempt, in gwei; each replacement offers 12.5 % more.",
  }),
  replaceAfterBlocks: setting({
    env: "KEEPER_REPLACE_AFTER_BLOCKS",
    schema: integer(1, 1_000),
    default: "3",
    doc: "Blocks without a receipt after which a transaction is replaced.",
  }),
  ...broadcastSettings,
  confirmations: setting({
    env: "KEEPER_CONFIRMATIONS",
    schema: confirmationTiers,
    default: "0:6,10:12,100:32",
    doc: "Blocks on top of a transaction's own after which its effect counts as final, and the key of a reverted one may be used again, by what it moves: `ounces:blocks`, rising; what has no price counts as the most. A bare number holds for every value.",
  }),
  leaseSeconds: setting({
    env: "KEEPER_LEASE_SECONDS",
    schema: integer(1, 300),
    default: "5",
    doc: "Seconds after the last sign of life in which another copy takes over.",
  }),
  httpPort: setting({
    env: "KEEPER_HTTP_PORT",
    schema: integer(0, 65_535),
    default: "0",
    doc: "Port for `/health`, `/ready`, `/status` and `/metrics`; `0`: none.",
  }),
  httpHost: setting({
    env: "KEEPER_HTTP_HOST",
    schema: optionalText,
    default: "127.0.0.1",
    doc: "Address on which that port listens. The answers carry no secret, but tell everybody what the keeper does.",
  }),
  databaseFolder: setting({
    env: "KEEPER_DATABASE_FOLDER",
    schema: optionalText,
    default: "",
    doc: "Folder of the keeper's own PostgreSQL where `DATABASE_URL` names none; `data/postgres` when unset.",
  }),
  policyAccept: setting({
    env: "KEEPER_POLICY_ACCEPT",
    schema: optionalText,
    default: "",
    doc: "Hash of a changed policy that may come into force; without it a keeper whose policy differs from that of its last start does not start. A keeper on several networks has a policy for each: hashes separated by commas.",
  }),
  ...alertSettings,
  maxLossXauWei: setting({
    env: "KEEPER_MAX_LOSS_XAU",
    schema: scaled(ETHER_DECIMALS, "ounces"),
    default: "1",
    doc: "Ounces of gold that settled transactions may lose in 24 hours, gas included, before the keeper kills itself.",
  }),
  quorumKillSeconds: setting({
    env: "KEEPER_QUORUM_KILL_SECONDS",
    schema: integer(10, 86_400),
    default: "600",
    doc: "Seconds without agreeing nodes after which a paused keeper kills itself.",
  }),
  minBalanceWei: setting({
    env: "KEEPER_MIN_BALANCE_ETHER",
    schema: scaled(ETHER_DECIMALS, "ether"),
    default: "0.1",
    doc: "`doctor` complains when the signer holds less of the chain's coin.",
  }),
  staleAfterSeconds: setting({
    env: "KEEPER_STALE_AFTER_SECONDS",
    schema: integer(2, 86_400),
    default: "30",
    doc: "Seconds without a successful tick after which the keeper counts as unhealthy.",
  }),
  dataFolder: setting({
    env: "KEEPER_DATA_FOLDER",
    schema: optionalText.transform((folder) => folder ?? DATA_FOLDER),
    default: DATA_FOLDER,
    doc: "Folder for evidence (`<keeper>-<network>.jsonl`) and status files.",
  }),
  deploymentsFolder: setting({
    env: "KEEPER_DEPLOYMENTS_FOLDER",
    schema: optionalText,
    default: "",
    doc: "Folder of the deployment records; the repository's own when unset.",
  }),
  logFormat: setting({
    env: "KEEPER_LOG_FORMAT",
    schema: oneOf(["auto", "human", "json"]),
    default: "auto",
    doc: "`human` lines, `json` lines, or `auto`: human on a terminal.",
  }),
  logLevel: setting({
    env: "KEEPER_LOG_LEVEL",
    schema: oneOf(["debug", "info", "warn", "error", "silent"]),
    default: "info",
    doc: "Quietest level that is printed. `debug` shows every skip of every block.",
  }),
} as const satisfies Settings;

/** Settings of a keeper with its network and the addresses of its nodes. These may carry keys: `rpcUrl` is never logged. */
export type KeeperConfig<S extends Settings> = SettingsOf<S> & KitConfig;

/** The part of it that every keeper has. */
export type KitConfig = SettingsOf<typeof kitSettings> & { readonly network: KeeperNetwork; readonly rpcUrl: string };

/** The variable of a network's node as a setting. */
function rpcSetting(name: string, local: boolean) {
  return setting({
    env: rpcVariable(name),
    schema: nodeAddresses,
    ...(local ? { default: localRpcUrl(name) } : {}),
    doc: `JSON-RPC addresses of nodes of ${name}, comma-separated`,
  });
}

/**
 * Reads a keeper's configuration: the kit's settings, its own, and the nodes of its network. Frozen; contains no secret but what addresses of nodes may carry.
 * @param prefix of the keeper's own variables. @param ownKeys further variables that point to a key and are read elsewhere.
 * @param networkOf for keepers that work on networks without parameters.
 * @throws ConfigError with every problem at once; UsageError UNKNOWN_NETWORK; ParameterError when the network's file is wrong.
 */
export function loadKeeperConfig<S extends Settings>(
  own: S,
  prefix: string,
  networkName: string,
  env: Env,
  ownKeys: readonly string[] = [],
  networkOf: (name: string, folder?: string) => KeeperNetwork = keeperNetwork,
): KeeperConfig<S> {
  // First of all: a misspelt network would otherwise show as a missing variable.
  const folder = env[kitSettings.deploymentsFolder.env] ?? "";
  const network = networkOf(networkName, folder === "" ? DEPLOYMENTS_FOLDER : folder);
  const rpcUrl = rpcSetting(networkName, isLocalNetwork(networkName));
  const known = {
    prefixes: ["KEEPER_", prefix],
    alsoKnown: [...keyVariables(KEEPER_KEY), ...ownKeys],
    problems: [...broadcastProblems(env), ...alertProblems(env)],
  };
  const values = loadSettings({ ...kitSettings, ...own, rpcUrl }, env, known) as SettingsOf<S> &
    SettingsOf<typeof kitSettings> & { readonly rpcUrl: string };
  if (network.local && !isLoopback(values.rpcUrl)) {
    throw new ConfigError([
      { env: rpcUrl.env, message: "must be an address of this machine, because public keys are used there" },
    ]);
  }
  return Object.freeze({ ...values, network }) as KeeperConfig<S>;
}
