import { type z } from "zod";

import { UsageError } from "../../protocol/errors.js";
import { loadKeeperConfig, rpcVariable, type KeeperConfig } from "../kit/config.js";
import { ConfigError, integer, oneOf, optionalText, scaled, setting, type Env, type Settings } from "../kit/env.js";
import { bitcoinKeyVariables } from "../kit/keys/bitcoinKey.js";
import { keyVariables } from "../kit/keys/load.js";
import { aaveConfig, aaveSettings, type AaveConfig } from "./adapters/aave/settings.js";
import { mintSettings } from "./adapters/tbtc/minting/settings.js";
import { CHILD_KEY } from "./bitcoin/childSigner.js";
import { bitcoinSettings, loadBitcoinConfig, type BitcoinConfig } from "./bitcoin/config.js";
import type { DecideConfig } from "./decide.js";
import { APPROVAL_GAS } from "./encode.js";
import { swapConfig, swapSettings, type SwapConfig } from "./etherSupply/settings.js";
import { redeemerNetwork } from "./networks.js";
import { parseOperators, type Operators } from "./strategies/modes.js";
import type { UrgencyPolicy } from "./strategies/urgency.js";
import { MODES } from "./types.js";

/** Percent with two digits are basis points. */
const PERCENT_DECIMALS = 2;
const ETHER_DECIMALS = 18;
const MAX_SECONDS = 604_800;
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

const percent = scaled(PERCENT_DECIMALS, "percent");
const ether = scaled(ETHER_DECIMALS, "ether");
const seconds: z.ZodType<bigint, string> = integer(0, MAX_SECONDS).transform(BigInt);

/** Settings of this keeper beside those of the kit. Keys carry the unit of the parsed value. */
export const redeemerSettings = {
  protocol: setting({
    env: "REDEEMER_PROTOCOL",
    schema: oneOf(["tbtc", "aave-v3"]),
    default: "tbtc",
    doc: "In which protocol positions are rescued: `tbtc`, deposits of tBTC v1; `aave-v3`, accounts that owe in a market of Aave v3. Settings of the other one are refused.",
  }),
  operators: setting({
    env: "OPERATORS",
    schema: optionalText,
    doc: "Operators whose positions are looked after, or accounts that owe: addresses separated by commas, in any case; `*` means everybody's: only in `watch`, and in `service-provider`, which has no other.",
  }),
  mode: setting({
    env: "REDEEMER_MODE",
    schema: oneOf(MODES),
    default: "watch",
    doc: "`watch`: alerts only; `courtesy`: rescues what was called; `self-courtesy`: also calls and rescues what can be called; `preemptive`: also rescues what is below `COLLATERALISATION_THRESHOLD`; `service-provider`: calls and rescues for a bounty what others have listed.",
  }),
  preemptBelowBps: setting({
    env: "COLLATERALISATION_THRESHOLD",
    schema: percent,
    default: "130",
    doc: "Collateral in percent below which a position counts as in danger before it can be called.",
  }),
  minBlock: setting({
    env: "MINBLOCK",
    schema: integer(0, Number.MAX_SAFE_INTEGER),
    default: "0",
    doc: "First block in which positions are looked for.",
  }),
  cooldownMs: setting({
    env: "COOLDOWN",
    schema: integer(0, 3_600_000),
    default: "5000",
    doc: "Milliseconds between two looks at all positions while none is in danger; then every block counts.",
  }),
  escrow: setting({
    env: "REDEEMER_BOUNTY_ESCROW",
    schema: optionalText,
    default: "",
    doc: "Address of the escrow of bounties (docs/rescue-bounty.md). Needed in mode `service-provider`; no other mode uses it.",
  }),
  leastPayoutWei: setting({
    env: "REDEEMER_LEAST_PAYOUT_ETH",
    schema: ether,
    default: "0.05",
    doc: "Least that must be booked at the escrow before it is paid out, in ether.",
  }),
  systemFile: setting({
    env: "REDEEMER_SYSTEM_FILE",
    schema: optionalText,
    default: "",
    doc: "JSON file with the addresses of the system, as `npm run tbtc:world` writes them below `data/world`; the published ones of the network when unset.",
  }),
  dangerBufferBps: setting({
    env: "REDEEMER_DANGER_BUFFER_PERCENT",
    schema: percent,
    default: "2",
    doc: "Percent points above the liquidation threshold below which any block may be the last.",
  }),
  urgentSeconds: setting({
    env: "REDEEMER_URGENT_SECONDS",
    schema: seconds,
    default: "3600",
    doc: "A window that ends within this makes a position most urgent.",
  }),
  safetyMarginSeconds: setting({
    env: "REDEEMER_MARGIN_SECONDS",
    schema: seconds,
    default: "2700",
    doc: "So long before the end of its window a rescue should be mined.",
  }),
  reserveWei: setting({
    env: "REDEEMER_RESERVE_ETH",
    schema: ether,
    default: "0.5",
    doc: "Ether that is never planned with; gas of settling what is on its way is set aside besides.",
  }),
  reserveUnits: setting({
    env: "REDEEMER_RESERVE_TBTC",
    schema: scaled(ETHER_DECIMALS, "TBTC"),
    default: "0",
    doc: "TBTC that is never planned with.",
  }),
  minMarginWei: setting({
    env: "REDEEMER_MIN_MARGIN_ETH",
    schema: ether,
    default: "0.01",
    doc: "Least by which a bounty must be above the highest cost, settling and claim included, in ether; for mode `service-provider`.",
  }),
  feeShareBps: setting({
    env: "REDEEMER_FEE_SHARE_PERCENT",
    schema: percent,
    default: "10",
    doc: "Most of what is at stake that may go to the gas of a rescue, percent; `KEEPER_MAX_FEE_GWEI` holds besides.",
  }),
  maxPriceAgeSeconds: setting({
    env: "REDEEMER_PRICE_SECONDS",
    schema: seconds,
    default: "86400",
    doc: "`tbtc`: age at which the medianizer's price is stale: what was not called is left alone then. Where the medianizer tells no age, nothing is known of it.",
  }),
  sumLimit: setting({
    env: "REDEEMER_PLAN_SUMS",
    schema: integer(1_000, 10_000_000),
    default: "100000",
    doc: "Partial sums after which the search for the best plan of a class ends and says how much it may miss.",
  }),
  callGasLimit: setting({
    env: "REDEEMER_CALL_GAS_LIMIT",
    schema: integer(21_000, 10_000_000),
    default: "1200000",
    doc: "Most gas that one transaction may be given.",
  }),
  validBlocks: setting({
    env: "REDEEMER_VALID_BLOCKS",
    schema: integer(2, 100_000),
    default: "300",
    doc: "Blocks after which a rescue that was not mined is cancelled and decided anew. One whose position needs it no more is cancelled at once.",
  }),
  perHour: setting({
    env: "REDEEMER_CALLS_PER_HOUR",
    schema: integer(2, 100_000),
    default: "120",
    doc: "Circuit breaker: most transactions of one kind in any hour; half of them at once.",
  }),
  tokenUnitsPerDay: setting({
    env: "REDEEMER_TBTC_PER_DAY",
    schema: scaled(ETHER_DECIMALS, "TBTC"),
    default: "200",
    doc: "Circuit breaker: most TBTC that is approved in any 24 hours; half of it at once.",
  }),
  nativeWeiPerDay: setting({
    env: "REDEEMER_ETH_PER_DAY",
    schema: ether,
    default: "20",
    doc: "Circuit breaker: most ether that may go to gas in any 24 hours, counted at gas limit times highest fee; half of it at once.",
  }),
  maxFailedPerDay: setting({
    env: "REDEEMER_MAX_FAILED",
    schema: integer(1, 10_000),
    default: "5",
    doc: "Circuit breaker: so many rescues that the chain refused in 24 hours pause the keeper; lost races are none of them.",
  }),
  ...mintSettings,
  ...swapSettings,
  localAccount: setting({
    env: "REDEEMER_LOCAL_ACCOUNT",
    schema: optionalText,
    default: "",
    doc: "Public development account that signs on a local network where no key is configured; the parameters' keeper when unset.",
  }),
  ...aaveSettings,
} as const satisfies Settings;

/** Chances of liquidation at the upper edge of each class; they rise to certainty at the liquidation threshold. */
const LIKELIHOOD_BPS: UrgencyPolicy["likelihoodBps"] = { A: 9_500n, B: 9_000n, C: 6_000n, D: 1_000n };
const PREFIX = "REDEEMER_";
/** Prefix of the variables that name the key of the bitcoin that redemptions bring. */
export const BITCOIN_KEY = "REDEEMER_BTC";
/** Networks of the original's provider; only one of them still has the protocol. */
const INFURA_NETWORKS: Readonly<Record<string, string>> = { mainnet: "https://mainnet.infura.io/v3/" };

type Parsed = KeeperConfig<typeof redeemerSettings>;

export interface RedeemerConfig extends Omit<Parsed, "operators"> {
  readonly operators: Operators;
  readonly urgency: UrgencyPolicy;
  /** Undefined unless the protocol is settled there. */
  readonly bitcoin: BitcoinConfig | undefined;
  /** Undefined unless it is the protocol. */
  readonly aave: AaveConfig | undefined;
  /** Undefined: ether comes from elsewhere. */
  readonly swap: SwapConfig | undefined;
  /** Variables of the original that were given and are not used, by name. */
  readonly ignored: readonly string[];
}

/** The original took a raw key from the environment. It is neither needed nor read; that it is there is said. */
const IGNORED = ["ETH_WALLET_PRIVATE_KEY"];

/** Reads the configuration. @throws ConfigError with every problem; UsageError UNKNOWN_NETWORK. */
export function loadConfig(networkName: string, env: Env): RedeemerConfig {
  const nodes = infuraNode(networkName, env);
  const { operators: text, ...rest } = loadKeeperConfig(
    redeemerSettings,
    PREFIX,
    networkName,
    { ...env, ...nodes },
    bitcoinKeyVariables(BITCOIN_KEY),
    redeemerNetwork,
  );
  refuseOthers(rest.protocol, env);
  const { dangerBufferBps, urgentSeconds, safetyMarginSeconds, preemptBelowBps, protocol, mode } = rest;
  const urgency = {
    dangerBufferBps,
    urgentSeconds,
    safetyMarginSeconds,
    preemptBelowBps,
    likelihoodBps: LIKELIHOOD_BPS,
  };
  const ignored = IGNORED.filter((name) => (env[name] ?? "") !== "");
  const operators = operatorsOf(text ?? "", rest.minMarginWei);
  if (protocol === "tbtc") {
    const bitcoin = bitcoinOf(mode, rest.mintTargetUnits, env);
    const escrow = escrowOf(mode, rest.escrow);
    const wrong = feeProblem(mode, operators);
    if (wrong !== undefined) throw new ConfigError([{ env: redeemerSettings.operators.env, message: wrong }]);
    const swap = swapConfig(rest, mode, { symbol: "TBTC", decimals: ETHER_DECIMALS });
    return Object.freeze({ ...rest, escrow, urgency, operators, ignored, bitcoin, swap, aave: undefined });
  }
  const aave = aaveConfig(rest, mode, operators);
  return Object.freeze({
    ...{ ...rest, operators, ignored, aave, bitcoin: undefined, swap: swapConfig(rest, mode, aave.token) },
    // The same names as for the other protocol, in units of its own token and at its own threshold.
    ...{ reserveUnits: aave.reserveUnits, tokenUnitsPerDay: aave.unitsPerDay, preemptBelowBps: aave.triggerBps },
    urgency: { ...urgency, preemptBelowBps: aave.triggerBps },
  });
}

/** Limits of one protocol that are given for the other would not hold. @throws ConfigError with each of them. */
function refuseOthers(protocol: Parsed["protocol"], env: Env): void {
  const { maxPriceAgeSeconds, systemFile, escrow, leastPayoutWei, minMarginWei } = redeemerSettings;
  const { preemptBelowBps, reserveUnits, tokenUnitsPerDay } = redeemerSettings;
  const tbtc = [
    ...[maxPriceAgeSeconds, systemFile, escrow, leastPayoutWei, minMarginWei],
    ...[preemptBelowBps, reserveUnits, tokenUnitsPerDay],
    ...[...Object.values(bitcoinSettings), ...Object.values(mintSettings)],
    ...[...keyVariables(CHILD_KEY), ...bitcoinKeyVariables(BITCOIN_KEY)].map((name) => ({ env: name })),
  ];
  const others: readonly { readonly env: string }[] = protocol === "tbtc" ? Object.values(aaveSettings) : tbtc;
  const given = others.filter((other) => (env[other.env] ?? "") !== "");
  if (given.length === 0) return;
  const message = `no setting of ${protocol}, which REDEEMER_PROTOCOL chooses`;
  throw new ConfigError(given.map((other) => ({ env: other.env, message })));
}

/** @throws ConfigError */
function operatorsOf(text: string, minMarginWei: bigint): Operators {
  try {
    return parseOperators(text, minMarginWei);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new ConfigError([{ env: redeemerSettings.operators.env, message: error.message }]);
  }
}

/** Where redeemed bitcoin goes is needed by whoever redeems, and servers by whoever mints. @throws ConfigError */
function bitcoinOf(mode: Parsed["mode"], mintTargetUnits: bigint, env: Env): BitcoinConfig {
  const bitcoin = loadBitcoinConfig(env);
  const fail = (variable: string, message: string): never => {
    throw new ConfigError([{ env: variable, message }]);
  };
  if (mode !== "watch" && bitcoin.destination === undefined) {
    fail(bitcoinSettings.destination.env, `required in mode ${mode}: where redeemed bitcoin goes`);
  }
  if (mintTargetUnits === 0n) return bitcoin;
  if (mode === "watch") {
    fail(mintSettings.mintTargetUnits.env, "a watching keeper signs nothing: choose another mode, or mint nothing");
  }
  if (bitcoin.servers.length === 0) fail(bitcoinSettings.servers.env, "required: minting pays on Bitcoin");
  return bitcoin;
}

/** Address of the escrow, if there is one. @throws ConfigError */
function escrowOf(mode: Parsed["mode"], text: string | undefined): string | undefined {
  const { env } = redeemerSettings.escrow;
  if (text === undefined) {
    if (mode !== "service-provider") return undefined;
    throw new ConfigError([{ env, message: "required in mode service-provider: the escrow that pays" }]);
  }
  if (!ADDRESS.test(text)) throw new ConfigError([{ env, message: "not an address: write 0x and 40 hex digits" }]);
  return text.toLowerCase();
}

/** Everybody's positions are rescued for a fee only, and for a fee everybody's are. */
function feeProblem(mode: Parsed["mode"], { kind }: Operators): string | undefined {
  if (mode === "service-provider") {
    return kind === "service" ? undefined : "in mode service-provider it is *: whoever has promised a bounty is served";
  }
  if (kind === "own" || mode === "watch") return undefined;
  return `in mode ${mode} nobody pays for everybody's positions: name operators, or set REDEEMER_MODE=service-provider`;
}

/** What the decision is told. */
export function decideConfigOf(config: RedeemerConfig, token: string): DecideConfig {
  const { mode, operators, urgency, reserveUnits, reserveWei, maxFeePerGasWei, sumLimit } = config;
  return {
    ...{ mode, operators, urgency, token, maxFeePerGasWei, sumLimit },
    reserve: { tokenUnits: reserveUnits, nativeWei: reserveWei },
    batchGasLimit: APPROVAL_GAS,
  };
}

/** The original's variables as one more address of a node, behind those that are named by the network's own. */
function infuraNode(network: string, env: Env): Env {
  const project = env["INFURA_PROJECT_ID"] ?? "";
  if (project === "") return {};
  const wanted = env["INFURA_NETWORK"] ?? "mainnet";
  const base = INFURA_NETWORKS[wanted];
  if (base === undefined) {
    throw new ConfigError([{ env: "INFURA_NETWORK", message: "the protocol is on mainnet only" }]);
  }
  if (network !== wanted) return {};
  const variable = rpcVariable(network);
  const named = env[variable] ?? "";
  return { [variable]: [named, `${base}${project}`].filter((address) => address !== "").join(",") };
}
