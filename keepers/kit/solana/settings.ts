/** What every Solana keeper is told; the same variables as those of the other keepers, where they mean the same. */
import {
  ConfigError,
  httpUrl,
  integer,
  loadSettings,
  setting,
  type Env,
  type Settings,
  type SettingsOf,
} from "../env.js";
import { alertProblems, alertSettings } from "../alerts/settings.js";
import { kitSettings, rpcVariable } from "../config.js";
import { isLoopback } from "../providers/address.js";
import { solanaNetwork, type SolanaNetwork } from "./network.js";

const {
  rpcTimeoutMs,
  rpcRetries,
  httpPort,
  httpHost,
  databaseFolder,
  staleAfterSeconds,
  dataFolder,
  deploymentsFolder,
  logFormat,
  logLevel,
} = kitSettings;

/** Settings that every keeper on a Solana cluster shares. */
export const solanaSettings = {
  pollMs: setting({
    env: "KEEPER_POLL_MS",
    schema: integer(20, 60_000),
    default: "1000",
    doc: "Milliseconds between two looks at the cluster.",
  }),
  ...{
    rpcTimeoutMs,
    rpcRetries,
    httpPort,
    httpHost,
    databaseFolder,
    ...alertSettings,
    staleAfterSeconds,
    dataFolder,
    deploymentsFolder,
  },
  ...{ logFormat, logLevel },
} as const satisfies Settings;

export type SolanaConfig = SettingsOf<typeof solanaSettings> & {
  readonly network: SolanaNetwork;
  /** May carry a provider's key: never logged. */
  readonly rpcUrl: string;
};

/**
 * Reads the configuration of a Solana keeper. `prefix`: of its own variables; `keyNames`: variables that point to its key and are read elsewhere.
 * @throws ConfigError with every problem at once; UsageError UNKNOWN_NETWORK.
 */
export function loadSolanaConfig<S extends Settings>(
  own: S,
  prefix: string,
  networkName: string,
  env: Env,
  keyNames: readonly string[] = [],
): SettingsOf<S> & SolanaConfig {
  // First of all: a misspelt network would otherwise show as a missing variable.
  const folder = env[kitSettings.deploymentsFolder.env] ?? "";
  const network = solanaNetwork(networkName, folder === "" ? undefined : folder);
  const rpcUrl = setting({
    env: rpcVariable(networkName),
    schema: httpUrl,
    ...(network.rpcUrl === null ? {} : { default: network.rpcUrl }),
    doc: `JSON-RPC address of a node of ${networkName}`,
  });
  // Variables of keepers on other chains may stand in the same environment.
  const alsoKnown = [...keyNames, ...Object.values(kitSettings).map((entry) => entry.env)];
  const known = { prefixes: ["KEEPER_", prefix], alsoKnown, problems: alertProblems(env) };
  const values = loadSettings({ ...solanaSettings, ...own, rpcUrl }, env, known) as SettingsOf<S> &
    SettingsOf<typeof solanaSettings> & { readonly rpcUrl: string };
  if (network.local && !isLoopback(values.rpcUrl)) {
    throw new ConfigError([
      { env: rpcUrl.env, message: "must be an address of this machine, because public keys are used there" },
    ]);
  }
  return Object.freeze({ ...values, network }) as SettingsOf<S> & SolanaConfig;
}
