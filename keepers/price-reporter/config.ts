import { loadKeeperConfig, type KeeperConfig } from "../kit/config.js";
import { keyVariables } from "../kit/keys/load.js";
import { httpUrl, integer, oneOf, optionalText, setting, type Env, type Settings } from "../kit/env.js";
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
  feeds: setting({
    env: "REPORTER_FEEDS",
    schema: listOf(z.string().min(1)),
    default: "",
    doc: "Descriptions of the feeds to report to, separated by commas, such as `XAU / USD A`; all signed feeds of the network when unset.",
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
    doc: "Largest distance between the lowest and the highest source; beyond it nothing is reported.",
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

/** Reads the configuration. @throws ConfigError listing every problem; UsageError UNKNOWN_NETWORK. */
export function loadConfig(networkName: string, env: Env): ReporterConfig {
  return loadKeeperConfig(reporterSettings, PREFIX, networkName, env, keyVariables(SIGNING_KEY));
}
