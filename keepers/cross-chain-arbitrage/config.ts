import { z } from "zod";

import { PermanentError } from "../../protocol/errors.js";
import { otherEnd } from "../../protocol/params/load.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import { parseDecimal } from "../../protocol/units.js";
import { loadKeeperConfig, type KeeperConfig } from "../kit/config.js";
import {
  ConfigError,
  flag,
  integer,
  optionalText,
  scaled,
  setting,
  type Env,
  type SettingProblem,
  type Settings,
} from "../kit/env.js";
import { MOST_DEADLINE_SECONDS } from "./deadlines.js";
import type { ChainKey, DecideConfig } from "./types.js";

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const MAX_PORT = 65_535;
/** Of a rate 1e18 = 1 that is written in basis points. */
const BPS_DECIMALS = 14;
const OUNCE_DECIMALS = 18;
const RESERVE = /^([A-Za-z0-9]+)=(\d+(?:\.\d+)?)$/;

const bps = scaled(BPS_DECIMALS, "basis points");
const ounces = scaled(OUNCE_DECIMALS, "ounces");

/** Words separated by commas; the empty text means none. */
const words: z.ZodType<readonly string[], string> = z
  .string()
  .transform((text) => (text === "" ? [] : text.split(",").map((word) => word.trim())));

/** `cUSDT=1000,XAU=2.5`: whole tokens by name, as text, because their decimals are the parameters'. */
const reserves: z.ZodType<ReadonlyMap<TokenName, string>, string> = words.transform((entries, ctx) => {
  const read = entries.map((entry) => RESERVE.exec(entry));
  for (const [index, found] of read.entries()) {
    if (found !== null && (tokenNames as readonly string[]).includes(found[1] ?? "")) continue;
    ctx.addIssue({ code: "custom", message: `entry ${String(index + 1)} is not TOKEN=AMOUNT in whole tokens` });
  }
  return new Map(read.flatMap((found) => (found === null ? [] : [[found[1] as TokenName, found[2] ?? "0"]])));
});

/** Settings of this keeper beside those of the kit. Keys carry the unit of the parsed value. */
export const arbitrageSettings = {
  remote: setting({
    env: "ARBITRAGE_REMOTE",
    schema: optionalText,
    default: "",
    doc: "The network at the other end; when unset that of the pair: `chain138` and `alltra`, `localhost` and `localhost651940`. Needs its `<NETWORK>_RPC_URL`.",
  }),
  pairs: setting({
    env: "ARBITRAGE_PAIRS",
    schema: words,
    default: "",
    doc: "Pairs that are kept together, such as `cUSDT/cUSDC`, separated by commas; when unset every public pool that both records have.",
  }),
  thresholdRate: setting({
    env: "ARBITRAGE_THRESHOLD_BPS",
    schema: bps,
    default: "12",
    doc: "The rule: the prices of the two chains differ by less than this.",
  }),
  defendToRate: setting({
    env: "ARBITRAGE_DEFEND_TO_BPS",
    schema: bps,
    default: "10",
    doc: "A trade that defends the rule closes the gap to this.",
  }),
  defenceCostRate: setting({
    env: "ARBITRAGE_DEFENCE_COST_BPS",
    schema: bps,
    default: "12",
    doc: "Most that such a trade may lose, as a share of what it trades; `0`: never trade at a loss.",
  }),
  minProfitXauWei: setting({
    env: "ARBITRAGE_MIN_PROFIT_XAU",
    schema: ounces,
    default: "0.00004",
    doc: "Least expected gain of a trade after fees, bridge, capital and gas, ounces of gold.",
  }),
  minTradeXauWei: setting({
    env: "ARBITRAGE_MIN_TRADE_XAU",
    schema: ounces,
    default: "0.04",
    doc: "Smallest trade, ounces.",
  }),
  maxTradeXauWei: setting({
    env: "ARBITRAGE_MAX_TRADE_XAU",
    schema: ounces,
    default: "40",
    doc: "Largest trade, ounces.",
  }),
  dailyLossLimitXauWei: setting({
    env: "ARBITRAGE_DAILY_LOSS_XAU",
    schema: ounces,
    default: "0.8",
    doc: "Ounces that settled transactions of both chains may lose in a day (UTC), gas and bridge fees included, before nothing new is begun. Below `KEEPER_MAX_LOSS_XAU`, or the keeper kills itself first.",
  }),
  cooldownSeconds: setting({
    env: "ARBITRAGE_COOLDOWN_SECONDS",
    schema: integer(0, 86_400),
    default: "4",
    doc: "Pause between two trades of a pair, seconds of the chains' time.",
  }),
  maxSkewSeconds: setting({
    env: "ARBITRAGE_MAX_SKEW_SECONDS",
    schema: integer(0, 31_557_600),
    default: "10",
    doc: "Most by which the timestamps of the two blocks may differ.",
  }),
  maxGapRounds: setting({
    env: "ARBITRAGE_MAX_GAP_ROUNDS",
    schema: integer(0, 1_000),
    default: "0",
    doc: "Most price rounds that one chain may be behind the other.",
  }),
  maxGapSeconds: setting({
    env: "ARBITRAGE_MAX_GAP_SECONDS",
    schema: integer(0, 86_400),
    default: "60",
    doc: "Most seconds for which a round may be out that one chain has not got.",
  }),
  slippageRate: setting({
    env: "ARBITRAGE_SLIPPAGE_BPS",
    schema: bps,
    default: "2",
    doc: "Most by which a leg may pay less than its quote.",
  }),
  capitalRatePerYear: setting({
    env: "ARBITRAGE_CAPITAL_BPS_PER_YEAR",
    schema: bps,
    default: "500",
    doc: "Yearly price of the capital that a transfer ties up.",
  }),
  bridgeLatencySeconds: setting({
    env: "ARBITRAGE_BRIDGE_SECONDS",
    schema: integer(1, 604_800),
    default: "300",
    doc: "How long a transfer through the bridge takes.",
  }),
  gasPerLeg: setting({
    env: "ARBITRAGE_GAS_PER_LEG",
    schema: integer(21_000, 5_000_000),
    default: "250000",
    doc: "Gas that a leg is expected to use; its price is part of the decision.",
  }),
  gasPerTransfer: setting({
    env: "ARBITRAGE_GAS_PER_TRANSFER",
    schema: integer(21_000, 5_000_000),
    default: "150000",
    doc: "The same for a transfer.",
  }),
  gasLimit: setting({
    env: "ARBITRAGE_GAS_LIMIT",
    schema: integer(100_000, 10_000_000),
    default: "600000",
    doc: "Gas limit of a transaction; what is not used is not paid.",
  }),
  repairAcceptRate: setting({
    env: "ARBITRAGE_REPAIR_ACCEPT_BPS",
    schema: bps,
    default: "12",
    doc: "A broken trade is ended at once when that loses at most this share of its value.",
  }),
  repairMaxRate: setting({
    env: "ARBITRAGE_REPAIR_MAX_BPS",
    schema: bps,
    default: "50",
    doc: "After some patience at most this; beyond it a person decides.",
  }),
  repairPatienceSeconds: setting({
    env: "ARBITRAGE_REPAIR_PATIENCE_SECONDS",
    schema: integer(0, 86_400),
    default: "60",
    doc: "That patience, seconds from the beginning of the trade.",
  }),
  repairAttempts: setting({
    env: "ARBITRAGE_REPAIR_ATTEMPTS",
    schema: integer(1, 100),
    default: "5",
    doc: "Sales that are tried to end one broken trade.",
  }),
  lowShareRate: setting({
    env: "ARBITRAGE_LOW_SHARE_BPS",
    schema: bps,
    default: "4000",
    doc: "A chain that has less than this share of a token gets some through the bridge; `0`: the bridge is never used.",
  }),
  targetShareRate: setting({
    env: "ARBITRAGE_TARGET_SHARE_BPS",
    schema: bps,
    default: "5000",
    doc: "It is filled up to this share, at most half.",
  }),
  maxBridgeFeeRate: setting({
    env: "ARBITRAGE_MAX_BRIDGE_FEE_BPS",
    schema: bps,
    default: "5",
    doc: "Most that the bridge may ask for a transfer.",
  }),
  maxTransfers: setting({
    env: "ARBITRAGE_MAX_TRANSFERS",
    schema: integer(1, 1_000),
    default: "32",
    doc: "Most transfers of a token on their way at a time.",
  }),
  cancelExpired: setting({
    env: "ARBITRAGE_CANCEL_EXPIRED",
    schema: flag,
    default: "true",
    doc: "Cancels own transfers on their destination once they have expired there unpaid, so that attestors can refund them.",
  }),
  reserves: setting({
    env: "ARBITRAGE_RESERVES",
    schema: reserves,
    default: "",
    doc: "Whole tokens that are never spent, on each of the chains: `cUSDT=1000,XAU=2.5`.",
  }),
  allowanceTrades: setting({
    env: "ARBITRAGE_ALLOWANCE_TRADES",
    schema: integer(2, 10_000),
    default: "20",
    doc: "An allowance is given for so many of the largest trades, and renewed when half of it is used; that of the bridge covers the balance as well.",
  }),
  deadlineSeconds: setting({
    env: "ARBITRAGE_DEADLINE_SECONDS",
    schema: integer(5, MOST_DEADLINE_SECONDS),
    default: "60",
    doc: "Seconds of the chain's time after which a leg or transfer that was not mined fails. One that could not be sent until then is dropped.",
  }),
  validBlocks: setting({
    env: "ARBITRAGE_VALID_BLOCKS",
    schema: integer(2, 1_000),
    default: "20",
    doc: "Blocks after which a transaction that was not mined is cancelled.",
  }),
  localAccount: setting({
    env: "ARBITRAGE_LOCAL_ACCOUNT",
    schema: z.string().regex(ADDRESS, "expected an address"),
    default: "0xdF3e18d64BC6A983f673Ab319CCaE4f1a57C7097",
    doc: "Local networks only: public development account that trades when no key is given. It has no office.",
  }),
} as const satisfies Settings;

const PREFIX = "ARBITRAGE_";

export type ArbitrageConfig = KeeperConfig<typeof arbitrageSettings>;

/**
 * The configuration for both ends, `networkName` first. What belongs to the process and not to a network is told apart here: the other end
 * has the next port for its status, and the first one's heartbeat speaks for both.
 * @throws ConfigError listing every problem of one end; UsageError UNKNOWN_NETWORK.
 */
export function loadConfigs(networkName: string, env: Env): readonly [ArbitrageConfig, ArbitrageConfig] {
  const first = loadKeeperConfig(arbitrageSettings, PREFIX, networkName, env);
  const remote = first.remote ?? otherEnd(networkName);
  if (remote === undefined || remote === networkName) {
    const message = `names no other end of ${networkName}`;
    throw new ConfigError([{ env: arbitrageSettings.remote.env, message }]);
  }
  const other = loadKeeperConfig(arbitrageSettings, PREFIX, remote, env);
  const problems = [...pairProblems(first, other), ...boundProblems(first)];
  if (problems.length > 0) throw new ConfigError(problems);
  const httpPort = other.httpPort === 0 ? 0 : other.httpPort + 1;
  return [first, Object.freeze({ ...other, httpPort, heartbeatUrl: undefined })];
}

function pairProblems(first: ArbitrageConfig, other: ArbitrageConfig): readonly SettingProblem[] {
  const { env } = arbitrageSettings.remote;
  const [a, b] = [first.network, other.network];
  return [
    ...(a.chainId === b.chainId ? [{ env, message: `${b.name} and ${a.name} are the same chain` }] : []),
    // Public keys sign for chains of this machine, and for no other.
    ...(a.local === b.local ? [] : [{ env, message: "networks of this machine and others do not go together" }]),
    ...(first.httpPort === MAX_PORT
      ? [{ env: "KEEPER_HTTP_PORT", message: "leaves no port for the other network" }]
      : []),
  ];
}

/** Settings that contradict each other. */
function boundProblems(config: ArbitrageConfig): readonly SettingProblem[] {
  const half = 5_000n * 10n ** BigInt(BPS_DECIMALS);
  const above = (
    low: keyof typeof arbitrageSettings,
    lowValue: bigint,
    high: keyof typeof arbitrageSettings,
    highValue: bigint,
  ): SettingProblem[] =>
    lowValue > highValue
      ? [{ env: arbitrageSettings[low].env, message: `is above ${arbitrageSettings[high].env}` }]
      : [];
  return [
    ...above("defendToRate", config.defendToRate, "thresholdRate", config.thresholdRate),
    ...above("minTradeXauWei", config.minTradeXauWei, "maxTradeXauWei", config.maxTradeXauWei),
    ...above("repairAcceptRate", config.repairAcceptRate, "repairMaxRate", config.repairMaxRate),
    ...above("lowShareRate", config.lowShareRate, "targetShareRate", config.targetShareRate),
    ...(config.targetShareRate > half
      ? [{ env: arbitrageSettings.targetShareRate.env, message: "is more than half: both sides cannot have it" }]
      : []),
  ];
}

/** What the decision is told. */
export function decideConfigOf(config: ArbitrageConfig, pairs: readonly string[]): DecideConfig {
  const { cooldownSeconds, maxSkewSeconds, maxGapRounds, maxGapSeconds, bridgeLatencySeconds } = config;
  const { thresholdRate, defendToRate, defenceCostRate, slippageRate, capitalRatePerYear } = config;
  const { minProfitXauWei, minTradeXauWei, maxTradeXauWei, dailyLossLimitXauWei } = config;
  return {
    pairs: pairs.map((pair) => {
      const [base, quote] = pair.split("/");
      if (base === undefined || quote === undefined) throw new PermanentError("PAIR_UNKNOWN", `${pair} is no pair`);
      return { pair, base, quote };
    }),
    ...{ thresholdRate, defendToRate, defenceCostRate, slippageRate, capitalRatePerYear },
    ...{ minProfitXauWei, minTradeXauWei, maxTradeXauWei, dailyLossLimitXauWei },
    cooldownSeconds: BigInt(cooldownSeconds),
    maxSkewSeconds: BigInt(maxSkewSeconds),
    maxGapRounds: BigInt(maxGapRounds),
    maxGapSeconds: BigInt(maxGapSeconds),
    bridgeLatencySeconds: BigInt(bridgeLatencySeconds),
    gasPerLeg: BigInt(config.gasPerLeg),
    gasPerTransfer: BigInt(config.gasPerTransfer),
    repair: {
      acceptLossRate: config.repairAcceptRate,
      maxLossRate: config.repairMaxRate,
      patienceSeconds: BigInt(config.repairPatienceSeconds),
      maxAttempts: config.repairAttempts,
    },
    rebalance: {
      lowShare: config.lowShareRate,
      targetShare: config.targetShareRate,
      maxFeeRate: config.maxBridgeFeeRate,
      maxInFlight: config.maxTransfers,
    },
  };
}

/** Base units per `chain:token` that are never spent. @throws UnitError for more digits than the token has. */
export function reservedUnits(
  { reserves: held }: Pick<ArbitrageConfig, "reserves">,
  chains: readonly ChainKey[],
  decimalsOf: (token: TokenName) => number,
): ReadonlyMap<string, bigint> {
  return new Map(
    [...held].flatMap(([token, amount]) =>
      chains.map((chain) => [`${chain}:${token}`, parseDecimal(amount, decimalsOf(token))] as const),
    ),
  );
}
