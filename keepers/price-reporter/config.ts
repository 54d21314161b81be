import { CantileverError, UsageError } from "../../protocol/errors.js";
import { loadKeeperConfig, type KeeperConfig } from "../kit/config.js";
import { keyVariables } from "../kit/keys/load.js";
import {
  ConfigError,
  httpUrl,
  integer,
  oneOf,
  optionalText,
  setting,
  type Env,
  type SettingProblem,
  type Settings,
} from "../kit/env.js";
import { z } from "zod";

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

/** Words separated by commas; the empty text means none. */
function listOf<T>(item: z.ZodType<T, string>): z.ZodType<T[], string> {
  return z
    .string()
    .transform((text) => (text === "" ? [] : text.split(",").map((word) => word.trim())))
    .pipe(z.array(item));
}

/** Settings of this keeper beside those of the kit. Keys carry the unit of the parsed value. */
export const reporterSettings = {
  networks: setting({
    env: "REPORTER_NETWORKS",
    schema: listOf(z.string().min(1)),
    default: "",
    doc: "Further networks beside `--network`, separated by commas: every signed round goes to all of them, see above. Each needs its `<NETWORK>_RPC_URL`.",
  }),
  feeds: setting({
    env: "REPORTER_FEEDS",
    schema: listOf(z.string().min(1)),
    default: "",
    doc: "Descriptions of the feeds to report to, separated by commas, such as `XAU / USD A`; all signed feeds of the network when unset. With several networks each must have them.",
  }),
  duty: setting({
    env: "REPORTER_DUTY",
    schema: oneOf(["report", "cosign"]),
    default: "report",
    doc: "`report`: decides when rounds are due, and sends them. `cosign`: only answers peers, with its own key and its own sources; sends nothing and pays nothing.",
  }),
  sourcesFile: setting({
    env: "REPORTER_SOURCES_FILE",
    schema: optionalText,
    default: "",
    doc: "JSON file with the HTTP price sources of each token, see above. `--prices FILE` takes its place.",
  }),
  minSources: setting({
    env: "REPORTER_MIN_SOURCES",
    schema: integer(1, 32),
    default: "2",
    doc: "Fewest sources of a token that must give a price; with fewer nothing is reported.",
  }),
  maxDisagreementBps: setting({
    env: "REPORTER_MAX_DISAGREEMENT_BPS",
    schema: integer(1, 1_000),
    default: "20",
    doc: "Largest distance between the lowest and the highest source; beyond it nothing is reported, unless at least four gave a price and one alone contradicts all the others: it is left out, with the alert `source-outlier`.",
  }),
  httpTimeoutMs: setting({
    env: "REPORTER_HTTP_TIMEOUT_MS",
    schema: integer(50, 60_000),
    default: "3000",
    doc: "Milliseconds after which a source or a peer counts as silent.",
  }),
  httpMaxBytes: setting({
    env: "REPORTER_HTTP_MAX_BYTES",
    schema: integer(64, 10_000_000),
    default: "65536",
    doc: "Largest answer of a source or a peer.",
  }),
  peers: setting({
    env: "REPORTER_PEERS",
    schema: listOf(httpUrl),
    default: "",
    doc: "Addresses of the other reporters, separated by commas: asked for their signatures when this process's keys do not reach the threshold.",
  }),
  listenHost: setting({
    env: "REPORTER_LISTEN_HOST",
    schema: z.string().min(1),
    default: "127.0.0.1",
    doc: "Where peers reach this reporter. Only signatures over checked rounds leave; still, put TLS and a firewall in front of it.",
  }),
  listenPort: setting({
    env: "REPORTER_LISTEN_PORT",
    schema: listOf(integer(0, 65_535)),
    default: "",
    doc: "Port for peers; unset: this reporter asks, but does not answer. 0 takes a free one.",
  }),
  toleranceBps: setting({
    env: "REPORTER_COSIGN_TOLERANCE_BPS",
    schema: integer(1, 1_000),
    default: "20",
    doc: "How far a peer's price may lie from this reporter's own source to be co-signed.",
  }),
  maxAheadSeconds: setting({
    env: "REPORTER_COSIGN_MAX_AHEAD_SECONDS",
    schema: integer(0, 600),
    default: "15",
    doc: "How far a peer's observation may lie ahead of this machine's clock.",
  }),
  gasLimit: setting({
    env: "REPORTER_GAS_LIMIT",
    schema: integer(50_000, 5_000_000),
    default: "400000",
    doc: "Gas limit of a round; what is not used is not paid.",
  }),
  validBlocks: setting({
    env: "REPORTER_VALID_BLOCKS",
    schema: integer(2, 1_000),
    default: "10",
    doc: "Blocks after which a round that was not mined is cancelled.",
  }),
  localSigners: setting({
    env: "REPORTER_LOCAL_SIGNERS",
    schema: listOf(z.string().regex(ADDRESS)),
    default: "",
    doc: "Local networks only: public development accounts that sign when no keystore is given; as many reporters of the parameters as the threshold asks when unset.",
  }),
  localPayer: setting({
    env: "REPORTER_LOCAL_PAYER",
    schema: z.string().regex(ADDRESS),
    default: "0x2546BcD3c84621e976D8185a91A922aE77ECEc30",
    doc: "Local networks only: public development account that pays when no key is given. It has no office.",
  }),
  localSpeed: setting({
    env: "REPORTER_LOCAL_SPEED",
    schema: integer(1, 1_000),
    default: "1",
    doc: "Local networks only: heartbeats are shortened by this factor, for a market that runs faster than the clock.",
  }),
} as const satisfies Settings;

const PREFIX = "REPORTER_";
/** The key that signs rounds, apart from the one that pays for gas. */
export const SIGNING_KEY = "REPORTER";

export type ReporterConfig = KeeperConfig<typeof reporterSettings>;

/** Reads the configuration of one network. @throws ConfigError listing every problem; UsageError UNKNOWN_NETWORK. */
export function loadConfig(networkName: string, env: Env): ReporterConfig {
  return loadKeeperConfig(reporterSettings, PREFIX, networkName, env, keyVariables(SIGNING_KEY));
}

/**
 * Reads the configuration of every network that the process serves, `networkName` first. What belongs to the process and not to a network
 * is told apart here: each network has the next port for its status, and the first one's heartbeat speaks for all.
 * @throws ConfigError listing every problem of all networks; UsageError UNKNOWN_NETWORK for `networkName`.
 */
export function loadConfigs(networkName: string, env: Env): readonly ReporterConfig[] {
  const problems: SettingProblem[] = [];
  const further = (env[reporterSettings.networks.env] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const configs: ReporterConfig[] = [];
  for (const [index, name] of [networkName, ...further].entries()) {
    try {
      configs.push(ofNetwork(loadConfig(name, env), index));
    } catch (error) {
      if (error instanceof ConfigError) problems.push(...error.problems);
      else if (index === 0 || !(error instanceof CantileverError)) throw error;
      else problems.push({ env: reporterSettings.networks.env, message: describe(error) });
    }
  }
  problems.push(...togetherProblems(configs, networkName));
  if (problems.length === 0) return configs;
  const texts = new Set<string>();
  throw new ConfigError(
    problems.filter(({ env: variable, message }) => {
      const text = `${variable} ${message}`;
      return !texts.has(text) && texts.add(text);
    }),
  );
}

function ofNetwork(config: ReporterConfig, index: number): ReporterConfig {
  if (index === 0) return config;
  const httpPort = config.httpPort === 0 ? 0 : config.httpPort + index;
  return Object.freeze({ ...config, httpPort, heartbeatUrl: undefined });
}

function describe(error: CantileverError): string {
  return error instanceof UsageError && error.fix !== undefined ? `${error.message}; ${error.fix}` : error.message;
}

/** What is wrong with networks that are right by themselves. */
function togetherProblems(configs: readonly ReporterConfig[], first: string): SettingProblem[] {
  const { env } = reporterSettings.networks;
  const names = configs.map(({ network }) => network.name);
  const problems = names
    .filter((name, index) => names.indexOf(name) !== index)
    .map((name) => ({ env, message: name === first ? `${name} is --network already` : `${name} is named twice` }));
  for (const [index, { network }] of configs.entries()) {
    const twin = configs.slice(0, index).find((other) => other.network.chainId === network.chainId)?.network.name;
    if (twin === undefined || twin === network.name) continue;
    problems.push({ env, message: `${network.name} and ${twin} are the same chain ${String(network.chainId)}` });
  }
  // Public keys sign for a chain of this machine, and for no other.
  if (new Set(configs.map(({ network }) => network.local)).size > 1)
    problems.push({ env, message: "networks of this machine and others do not go together" });
  const last = Math.max(0, ...configs.map(({ httpPort }) => httpPort));
  if (last > 65_535) problems.push({ env: "KEEPER_HTTP_PORT", message: "leaves no port for the last network" });
  return problems;
}
