import { z } from "zod";

import { otherEnd } from "../../protocol/params/load.js";
import { ConfigError, flag, httpUrl, integer, optionalText, setting, type Env, type Settings } from "../kit/env.js";
import { loadKeeperConfig, type KeeperConfig } from "../kit/config.js";
import { keyVariables } from "../kit/keys/load.js";

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const MAX_PORT = 65_535;

/** Words separated by commas; the empty text means none. */
function listOf<T>(item: z.ZodType<T, string>): z.ZodType<T[], string> {
  return z
    .string()
    .transform((text) => (text === "" ? [] : text.split(",").map((word) => word.trim())))
    .pipe(z.array(item));
}

const optionalAddress: z.ZodType<string | undefined, string> = optionalText.refine(
  (text) => text === undefined || ADDRESS.test(text),
  "expected an address",
);

/** Settings of this keeper beside those of the kit. Keys carry the unit of the parsed value. */
export const attestorSettings = {
  remote: setting({
    env: "ATTESTOR_REMOTE",
    schema: optionalText,
    default: "",
    doc: "The network at the other end; when unset that of the pair: `chain138` and `alltra`, `localhost` and `localhost651940`. Needs its `<NETWORK>_RPC_URL`.",
  }),
  deliver: setting({
    env: "ATTESTOR_DELIVER",
    schema: flag,
    default: "true",
    doc: "`false`: signs and serves, and sends nothing.",
  }),
  cancelExpired: setting({
    env: "ATTESTOR_CANCEL_EXPIRED",
    schema: flag,
    default: "true",
    doc: "Cancels on their destination what expired there unpaid, so that it can be refunded. What was accepted waits for its recipient all the same.",
  }),
  applyAttestors: setting({
    env: "ATTESTOR_APPLY_ATTESTORS",
    schema: flag,
    default: "true",
    doc: "Applies an announced set of attestors once it is ready.",
  }),
  peers: setting({
    env: "ATTESTOR_PEERS",
    schema: listOf(httpUrl),
    default: "",
    doc: "Addresses of the other attestors, separated by commas: asked for their signatures. Every signature is checked against the set in force.",
  }),
  httpTimeoutMs: setting({
    env: "ATTESTOR_HTTP_TIMEOUT_MS",
    schema: integer(50, 60_000),
    default: "3000",
    doc: "Milliseconds after which a peer counts as silent.",
  }),
  listenHost: setting({
    env: "ATTESTOR_LISTEN_HOST",
    schema: z.string().min(1),
    default: "127.0.0.1",
    doc: "Where peers and carriers read signatures. Nothing else leaves; still, put TLS in front of it.",
  }),
  listenPort: setting({
    env: "ATTESTOR_LISTEN_PORT",
    schema: listOf(integer(0, MAX_PORT)),
    default: "",
    doc: "Port for them; unset: nobody is answered. 0 takes a free one.",
  }),
  requestsPerSecond: setting({
    env: "ATTESTOR_REQUESTS_PER_SECOND",
    schema: integer(1, 10_000),
    default: "20",
    doc: "Answers per second and address of a reader, with a burst of twice as many; all readers together get eight times that. What comes above it is answered 429.",
  }),
  settleBlocks: setting({
    env: "ATTESTOR_SETTLE_BLOCKS",
    schema: integer(1, 10_000),
    default: "128",
    doc: "Blocks below the head of which events are read again at each block, because the chain may still change them.",
  }),
  logRange: setting({
    env: "ATTESTOR_LOG_RANGE",
    schema: integer(1, 100_000),
    default: "2000",
    doc: "Blocks that one question for logs spans.",
  }),
  window: setting({
    env: "ATTESTOR_WINDOW",
    schema: integer(1, 1_000),
    default: "64",
    doc: "Messages of each direction that are looked at per block, in turn.",
  }),
  turnBlocks: setting({
    env: "ATTESTOR_TURN_BLOCKS",
    schema: integer(0, 1_000),
    default: "3",
    doc: "Blocks between the turns of the attestors: for each message they stand in another order, and the first one sends; another one only after that pause.",
  }),
  gasLimit: setting({
    env: "ATTESTOR_GAS_LIMIT",
    schema: integer(100_000, 10_000_000),
    default: "1200000",
    doc: "Gas limit of a transaction; what is not used is not paid.",
  }),
  validBlocks: setting({
    env: "ATTESTOR_VALID_BLOCKS",
    schema: integer(2, 1_000),
    default: "20",
    doc: "Blocks after which a transaction that was not mined is cancelled.",
  }),
  localSigner: setting({
    env: "ATTESTOR_LOCAL_SIGNER",
    schema: optionalAddress,
    default: "",
    doc: "Local networks only: public development account that attests when no key is given. Without it nothing is attested.",
  }),
  localPayer: setting({
    env: "ATTESTOR_LOCAL_PAYER",
    schema: z.string().regex(ADDRESS),
    default: "0xbDA5747bFD65F08deb54cb465eB87D40e51B197E",
    doc: "Local networks only: public development account that pays when no key is given. It has no office.",
  }),
} as const satisfies Settings;

const PREFIX = "ATTESTOR_";
/** The key that attests, apart from the one that pays for gas. */
export const ATTESTING_KEY = "ATTESTOR";

export type AttestorConfig = KeeperConfig<typeof attestorSettings>;

/**
 * The configuration for both ends, `networkName` first. What belongs to the process and not to a network is told apart here: the other end
 * has the next port for its status, and the first one's heartbeat speaks for both.
 * @throws ConfigError listing every problem of one end; UsageError UNKNOWN_NETWORK.
 */
export function loadConfigs(networkName: string, env: Env): readonly [AttestorConfig, AttestorConfig] {
  const first = loadOne(networkName, env);
  const remote = first.remote ?? otherEnd(networkName);
  if (remote === undefined || remote === networkName) {
    const message = `names no other end of ${networkName}`;
    throw new ConfigError([{ env: attestorSettings.remote.env, message }]);
  }
  const other = loadOne(remote, env);
  const problems = [
    ...(other.network.chainId === first.network.chainId
      ? [{ env: attestorSettings.remote.env, message: `${remote} and ${networkName} are the same chain` }]
      : []),
    // Public keys sign for chains of this machine, and for no other.
    ...(other.network.local === first.network.local
      ? []
      : [{ env: attestorSettings.remote.env, message: "networks of this machine and others do not go together" }]),
    ...(first.httpPort === MAX_PORT
      ? [{ env: "KEEPER_HTTP_PORT", message: "leaves no port for the other network" }]
      : []),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  const httpPort = other.httpPort === 0 ? 0 : other.httpPort + 1;
  return [first, Object.freeze({ ...other, httpPort, heartbeatUrl: undefined })];
}

function loadOne(networkName: string, env: Env): AttestorConfig {
  return loadKeeperConfig(attestorSettings, PREFIX, networkName, env, keyVariables(ATTESTING_KEY));
}
