import { ConfigError, integer, loadSettings, oneOf, optionalText, scaled, setting, type Env } from "../../kit/env.js";
import { UsageError } from "../../../protocol/errors.js";
import { keyVariables } from "../../kit/keys/load.js";
import { CHILD_KEY } from "./childSigner.js";
import { BITCOIN_NETWORKS, type BitcoinNetwork, type Destination, parseDestination } from "./destination.js";
import { type ElectrumServer, parseElectrumServer } from "./electrum/server.js";
import type { FeePolicy } from "./fee.js";
import { FOLLOW_UP_POLICY, type FollowUpPolicy } from "./followUp.js";

const SAT_DIGITS = 8;
/** Percent with two digits are basis points. */
const PERCENT_DIGITS = 2;
/** Two times: the initial fee is all there is for four hours. */
const RATE_MULTIPLE_BPS = 20_000n;
/** While nobody knows: 20 satoshis per virtual byte. */
const FALLBACK_SAT_PER_KVB = 20_000n;

/** Settings of the Bitcoin side. Keys carry the unit of the parsed value. */
export const bitcoinSettings = {
  network: setting({
    env: "BTC_NETWORK",
    schema: oneOf(BITCOIN_NETWORKS),
    default: "main",
    doc: "`main`, `testnet` or `regtest`; the destination must be of it.",
  }),
  destination: setting({
    env: "BTC_WALLET_PUBLIC_KEY",
    schema: optionalText,
    default: "",
    doc: "Where redeemed bitcoin goes: an address of `BTC_NETWORK` (P2WPKH, P2WSH, P2PKH or P2SH), or a compressed public key, which is paid by P2WPKH. Needed in every mode but `watch`; fixed at the start and part of the policy.",
  }),
  servers: setting({
    env: "BTC_ELECTRUM_SERVERS",
    schema: optionalText,
    default: "",
    doc: "Electrum servers separated by commas, such as `ssl://host:50002`; `#sha256=` and a fingerprint pin a certificate. Without any, redemptions are followed on Ethereum only: nothing is broadcast or proven.",
  }),
  server: setting({
    env: "BTC_ELECTRUM_SERVER",
    schema: optionalText,
    default: "",
    doc: "Host of one more server, with the next two.",
  }),
  port: setting({
    env: "BTC_ELECTRUM_PORT",
    schema: integer(1, 65_535),
    default: "8443",
    doc: "Its port.",
  }),
  protocol: setting({
    env: "BTC_ELECTRUM_PROTOCOL",
    schema: oneOf(["tcp", "ssl", "tls", "ws", "wss"]),
    default: "wss",
    doc: "How it is spoken to: `tcp`, `ssl`, `tls`, `ws` or `wss`.",
  }),
  agreeing: setting({
    env: "BTC_ELECTRUM_AGREEING",
    schema: integer(1, 16),
    default: "2",
    doc: "So many servers must say the same before anything is spent; with fewer servers, all of them.",
  }),
  timeoutMs: setting({
    env: "BTC_ELECTRUM_TIMEOUT",
    schema: integer(100, 120_000),
    default: "10000",
    doc: "Milliseconds that a server may take to answer.",
  }),
  maxFeeSat: setting({
    env: "BTC_MAX_FEE",
    schema: scaled(SAT_DIGITS, "bitcoin"),
    default: "0.002",
    doc: "Most that the first fee of a redemption may be, in BTC.",
  }),
  maxShareBps: setting({
    env: "BTC_MAX_FEE_PERCENT",
    schema: scaled(PERCENT_DIGITS, "percent"),
    default: "5",
    doc: "Most of the deposit's bitcoin that the first fee may be, percent; 0.00002 BTC are always paid.",
  }),
};

export interface BitcoinConfig {
  readonly network: BitcoinNetwork;
  /** undefined: nothing is redeemed. */
  readonly destination: Destination | undefined;
  /** Empty: nothing can be seen of Bitcoin. */
  readonly servers: readonly ElectrumServer[];
  readonly agreeing: number;
  readonly timeoutMs: number;
  readonly fees: FeePolicy;
  readonly followUp: FollowUpPolicy;
}

/** Reads the settings of the Bitcoin side. @throws ConfigError with every problem, also of destination and servers. */
export function loadBitcoinConfig(env: Env): BitcoinConfig {
  const settings = loadSettings(bitcoinSettings, env, { prefixes: ["BTC_"], alsoKnown: keyVariables(CHILD_KEY) });
  const { network, agreeing, timeoutMs, maxFeeSat, maxShareBps } = settings;
  const single =
    settings.server === undefined
      ? []
      : [{ env: "BTC_ELECTRUM_SERVER", text: `${settings.protocol}://${settings.server}:${String(settings.port)}` }];
  const listed = (settings.servers ?? "")
    .split(",")
    .map((text) => ({ env: "BTC_ELECTRUM_SERVERS", text: text.trim() }))
    .filter(({ text }) => text !== "");
  const problems: { env: string; message: string }[] = [];
  const attempt = <T>(variable: string, parse: () => T): T | undefined => {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push({ env: variable, message: error.message });
      return undefined;
    }
  };
  const servers = [...listed, ...single].flatMap(
    ({ env: variable, text }) => attempt(variable, () => parseElectrumServer(text)) ?? [],
  );
  if (new Set(servers.map(({ name }) => name)).size !== servers.length) {
    problems.push({ env: "BTC_ELECTRUM_SERVERS", message: "a server is named twice: it would agree with itself" });
  }
  const { destination: text } = settings;
  const destination =
    text === undefined ? undefined : attempt("BTC_WALLET_PUBLIC_KEY", () => parseDestination(text, network));
  if (problems.length > 0) throw new ConfigError(problems);
  const fees = {
    rateMultipleBps: RATE_MULTIPLE_BPS,
    maxShareBps,
    maxFeeSat,
    fallbackSatPerKvb: FALLBACK_SAT_PER_KVB,
  };
  return Object.freeze({ network, destination, servers, agreeing, timeoutMs, fees, followUp: FOLLOW_UP_POLICY });
}
