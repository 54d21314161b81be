import { mulDivDown, mulDivUp, minBigint } from "../math.js";
import { WAD, formatWad, parseBpsAsWad, parseDecimal, parseWad } from "../units.js";
import { pairOf } from "./rules.js";
import type { NetworkParams, PoolParams, StabilizerProfile } from "./schema.js";

/** One of the three questions that a deployment answers for each stabilized pool. */
export interface DeploymentCheck {
  readonly name: "throughput" | "drift" | "capital-hours";
  readonly pair: string;
  readonly ok: boolean;
  /** Failed, but the parameters accept it by name. */
  readonly accepted: boolean;
  /** The inequality with its numbers, for people. */
  readonly arithmetic: string;
}

const USD_DECIMALS = 18;
const SECONDS_PER_MINUTE = 60n;
const MINUTES_PER_HOUR = 60n;
const MILLI = 1_000n;
/** Digits after the point that the printed arithmetic shows. */
const SHOWN_DIGITS = 3;

/** The stabilizer settings of a pool: the chosen profile with the pool's own values on top. */
export function profileOf(
  params: NetworkParams,
  pool: PoolParams,
  profile: "target" | "literal" = params.stabilizer.profile,
): StabilizerProfile {
  return { ...params.stabilizer.profiles[profile], ...definedOnly(pool.stabilizer ?? {}) };
}

function definedOnly<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/**
 * The three deployment checks for every public pool (docs/spec.md). Δ = net flow per minute, M = minBlocks, N = confirmations,
 * W = windowBlocks, b = seconds per block, D0 = depth per side.
 *
 *   throughput     s · f ≥ Δ               s = min(cap, refill · M) in USD, f = 60 / (M · b) executions per minute
 *   drift          Δ · (M + W + N) · b / 60 ≤ band · D0 / (2k)
 *   capital-hours  capital / (60 · Δ) ≥ minCapitalHours
 *
 * Every quotient is rounded against passing. `xauUsdWad`: USD per ounce, 1e18.
 */
export function deploymentChecks(
  params: NetworkParams,
  xauUsdWad: bigint,
  profile: "target" | "literal" = params.stabilizer.profile,
): DeploymentCheck[] {
  return params.pools
    .filter((pool) => pool.kind === "public")
    .flatMap((pool) => {
      const settings = profileOf(params, pool, profile);
      return [throughput(params, pool, settings, xauUsdWad), drift(params, pool, settings), capitalHours(params, pool)];
    });
}

/** Net flow per minute in USD, 1e18, rounded up. */
function flowPerMinuteWad(params: NetworkParams): bigint {
  return mulDivUp(parseDecimal(params.flow.netFlowUsdPerHour, USD_DECIMALS), 1n, MINUTES_PER_HOUR);
}

function throughput(
  params: NetworkParams,
  pool: PoolParams,
  settings: StabilizerProfile,
  xauUsdWad: bigint,
): DeploymentCheck {
  const blocks = BigInt(settings.minBlocks);
  const blockMs = parseDecimal(params.blockSeconds, 3);
  const sizeXau = minBigint(parseWad(settings.capXau), parseWad(settings.bucketRefillXauPerBlock) * blocks);
  const sizeUsdWad = mulDivDown(sizeXau, xauUsdWad, WAD);
  // s · f = s · 60 / (M · b)
  const perMinuteWad = mulDivDown(sizeUsdWad, SECONDS_PER_MINUTE * MILLI, blocks * blockMs);
  const neededWad = flowPerMinuteWad(params);
  const frequencyWad = mulDivDown(WAD, SECONDS_PER_MINUTE * MILLI, blocks * blockMs);
  return judged(params, "throughput", pool, perMinuteWad >= neededWad, (sign) =>
    [
      `s × f = ${usd(sizeUsdWad)} USD (smaller of cap ${settings.capXau} oz and refill ${settings.bucketRefillXauPerBlock} oz × M ${String(blocks)})`,
      `× ${usd(frequencyWad)}/min (60 / (${String(blocks)} × ${params.blockSeconds} s)) = ${usd(perMinuteWad)} USD/min`,
      `${sign(">=")} Δ = ${params.flow.netFlowUsdPerHour} / 60 = ${usd(neededWad)} USD/min`,
    ].join(" "),
  );
}

function drift(params: NetworkParams, pool: PoolParams, settings: StabilizerProfile): DeploymentCheck {
  const blocks = BigInt(settings.minBlocks + settings.windowBlocks + settings.confirmations);
  const blockMs = parseDecimal(params.blockSeconds, 3);
  const flowWad = flowPerMinuteWad(params);
  const driftWad = mulDivUp(flowWad, blocks * blockMs, SECONDS_PER_MINUTE * MILLI);
  const depthWad = parseDecimal(pool.depthUsdPerSide, USD_DECIMALS);
  const roomWad = mulDivDown(parseBpsAsWad(params.flow.bandBps), depthWad, 2n * parseWad(pool.kRatio));
  return judged(params, "drift", pool, driftWad <= roomWad, (sign) =>
    [
      `Δ × (M + W + N) × b / 60 = ${usd(flowWad)} × (${String(settings.minBlocks)} + ${String(settings.windowBlocks)} + ${String(settings.confirmations)})`,
      `× ${params.blockSeconds} / 60 = ${usd(driftWad)} USD ${sign("<=")} band × D0 / (2k) =`,
      `${params.flow.bandBps} bps × ${pool.depthUsdPerSide} / (2 × ${pool.kRatio}) = ${usd(roomWad)} USD`,
    ].join(" "),
  );
}

function capitalHours(params: NetworkParams, pool: PoolParams): DeploymentCheck {
  const capitalWad = parseDecimal(params.stabilizer.capitalUsdPerToken, USD_DECIMALS);
  const hoursWad = mulDivDown(capitalWad, WAD, parseDecimal(params.flow.netFlowUsdPerHour, USD_DECIMALS));
  const neededWad = parseDecimal(params.flow.minCapitalHours, USD_DECIMALS);
  return judged(params, "capital-hours", pool, hoursWad >= neededWad, (sign) =>
    [
      `one-sided flow uses up ${params.stabilizer.capitalUsdPerToken} USD / ${params.flow.netFlowUsdPerHour} USD/h =`,
      `${usd(hoursWad)} h ${sign(">=")} ${params.flow.minCapitalHours} h`,
    ].join(" "),
  );
}

function judged(
  params: NetworkParams,
  name: DeploymentCheck["name"],
  pool: PoolParams,
  ok: boolean,
  arithmetic: (sign: (wanted: ">=" | "<=") => string) => string,
): DeploymentCheck {
  const pair = pairOf(pool);
  const opposite = { ">=": "<", "<=": ">" } as const;
  return {
    name,
    pair,
    ok,
    accepted: !ok && params.acceptFailedChecks.includes(`${name}:${pair}`),
    arithmetic: arithmetic((wanted) => (ok ? wanted : opposite[wanted])),
  };
}

/** USD (or a plain number) in 1e18 with a few digits, cut. */
function usd(valueWad: bigint): string {
  const [whole, fraction = ""] = formatWad(valueWad).split(".");
  const shown = fraction.slice(0, SHOWN_DIGITS).replace(/0+$/, "");
  return shown === "" ? (whole ?? "0") : `${whole ?? "0"}.${shown}`;
}
