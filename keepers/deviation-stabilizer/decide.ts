/**
 * The decision, pure: one observation in, a plan or named reasons out. No clock, no chain, no randomness.
 *
 * StabilizerLimits has already said, for the block to act in, what each pool allows. What is left to decide:
 *
 * 1. Leave a pool alone for a reason of the chain, or for one of the keeper's own (in flight, gas, backoff, economics).
 * 2. Order what is allowed by urgency |block-end deviation| ÷ threshold, largest first; ties by address.
 * 3. Fill one transaction: at most `maxOrders` pools, and together no more than the global cap of a block; a pool that would get less
 *    than its minimum there is left for the next block.
 * 4. Size: the allowed input plus headroom, rounded up. It is an upper bound; the contract computes the real size at execution.
 *
 * Expected gain (XAU wei), for economics and the log. Near the anchor the mid moves linearly with the input, from deviation d at 0 to 0
 * at the full close F. Selling s ≤ F therefore gains on average d · (1 − s / 2F) of its value V(s):
 *     gain = V(s) · |d| · (2F − s) / 2F        rounded down.
 */
import { absBigint, minBigint, mulDivDown, mulDivUp } from "../../protocol/math.js";
import { WAD } from "../../protocol/units.js";
import {
  CHAIN_REASONS,
  type DecideConfig,
  type Decision,
  type Observation,
  type Order,
  type PoolObservation,
  type PoolSkip,
} from "./types.js";

const BPS = 10_000n;

/** Decides what to do in `observation.blockNumber`. Every pool is in exactly one of orders and skips. */
export function decide(observation: Observation, config: DecideConfig): Decision {
  const { blockNumber } = observation;
  const skips: PoolSkip[] = [];
  const willing: PoolObservation[] = [];
  for (const pool of observation.pools) {
    const skip = chainSkip(pool, observation) ?? keeperSkip(pool, observation, config);
    if (skip === undefined) willing.push(pool);
    else skips.push(skip);
  }
  const [first, ...others] = fill(willing.sort(byUrgency), observation, config, skips);
  if (first === undefined) return { kind: "skip", blockNumber, skips };
  return { kind: "plan", blockNumber, orders: [first, ...others], skips };
}

/** What the chain says against acting on the pool. */
function chainSkip(pool: PoolObservation, seen: Observation): PoolSkip | undefined {
  if (!pool.readable) return { pool: pool.pool, reason: "pool-unreadable", detail: pool.failure };
  const { allowance } = pool;
  const reason = CHAIN_REASONS[allowance.reason];
  if (reason === undefined) return { pool: pool.pool, reason: "unknown-reason", detail: String(allowance.reason) };
  if (reason === "none") return undefined;
  const of = { pool: pool.pool, reason };
  switch (reason) {
    case "inside-band":
      return { ...of, ...need(absBigint(allowance.blockEndDeviationWad), pool.thresholdWad, "wad") };
    case "not-sustained":
      return { ...of, ...need(blocksOutside(pool), pool.confirmations, "count") };
    case "spot-disagrees":
      return { ...of, ...need(allowance.spotDeviationWad, allowance.blockEndDeviationWad, "wad") };
    case "cooldown":
      return { ...of, ...need(seen.blockNumber, allowance.readyAtBlock, "block") };
    case "gas-price":
      return { ...of, ...need(seen.gasPriceWei ?? 0n, seen.maxGasPriceWei, "wei-per-gas") };
    case "oracle-unavailable":
      return { ...of, detail: pool.anchorFailure };
    case "below-minimum":
      return { ...of, ...need(allowance.maxAmountIn, allowance.minAmountIn, "token-units") };
    case "not-registered":
    case "paused":
    case "anchor-disagrees":
    case "cap-exhausted":
    case "bucket-exhausted":
    case "no-inventory":
    case "wrong-direction":
    case "slippage":
    case "would-lose":
    case "history-unavailable":
    case "execution-failed":
    case "peg-halted":
    case "price-outside-guard":
      return of;
  }
}

/** What speaks against acting from the keeper's side. */
function keeperSkip(pool: PoolObservation, seen: Observation, config: DecideConfig): PoolSkip | undefined {
  const { allowance } = pool;
  if (seen.inFlight > 0) return { pool: pool.pool, reason: "in-flight", ...need(BigInt(seen.inFlight), 0n, "count") };
  const until = seen.backoffUntilBlock.get(pool.pool);
  if (until !== undefined && seen.blockNumber < until) {
    return { pool: pool.pool, reason: "backoff", ...need(seen.blockNumber, until, "block") };
  }
  if (seen.gasPriceWei === undefined) return { pool: pool.pool, reason: "fee-ceiling" };
  if (seen.gasPriceWei > seen.maxGasPriceWei) {
    return { pool: pool.pool, reason: "gas-price", ...need(seen.gasPriceWei, seen.maxGasPriceWei, "wei-per-gas") };
  }
  if (allowance.maxAmountIn === 0n || allowance.maxAmountIn < allowance.minAmountIn) {
    const shown = need(allowance.maxAmountIn, allowance.minAmountIn, "token-units");
    return { pool: pool.pool, reason: "below-minimum", ...shown };
  }
  if (config.economics === "off") return undefined;
  const gasUnits = BigInt(config.gasPerOrder) + BigInt(config.gasBase);
  const costXauWei = mulDivUp(seen.gasPriceWei * gasUnits, seen.nativePriceXauWei, WAD);
  const gainXauWei = expectedGainXauWei(pool);
  const earned = config.economics === "gain" ? gainXauWei : mulDivDown(gainXauWei, pool.rewardShareWad, WAD);
  // Without a price for gas nothing is paid either: earning nothing never covers anything.
  if (earned >= costXauWei && earned > 0n) return undefined;
  return { pool: pool.pool, reason: "unprofitable", ...need(earned, costXauWei, "xau-wei") };
}

/** Takes pools in order of urgency while the transaction and the global cap of the block have room. */
function fill(pools: readonly PoolObservation[], seen: Observation, config: DecideConfig, skips: PoolSkip[]): Order[] {
  const orders: Order[] = [];
  let roomXauWei = seen.globalCapXauWei;
  for (const pool of pools) {
    if (orders.length >= config.maxOrders) {
      const shown = need(BigInt(pools.length), BigInt(config.maxOrders), "count");
      skips.push({ pool: pool.pool, reason: "batch-full", ...shown });
      continue;
    }
    // Valued by the allowed input's own price; rounded up, so that a value of 0 (oracle in doubt) never blocks a pool.
    const { maxAmountIn, minAmountIn } = pool.allowance;
    const leastXauWei = mulDivUp(pool.maxAmountInXauWei, minAmountIn, maxAmountIn);
    if (leastXauWei > roomXauWei) {
      skips.push({ pool: pool.pool, reason: "global-cap", ...need(roomXauWei, leastXauWei, "xau-wei") });
      continue;
    }
    roomXauWei -= minBigint(roomXauWei, pool.maxAmountInXauWei);
    orders.push(toOrder(pool, config));
  }
  return orders;
}

function toOrder(pool: PoolObservation, config: DecideConfig): Order {
  const { allowance } = pool;
  return {
    pool: pool.pool,
    tokenIn: allowance.tokenIn,
    tokenOut: allowance.tokenOut,
    sellBase: allowance.sellBase,
    maxAmountIn: mulDivUp(allowance.maxAmountIn, BPS + BigInt(config.sizeHeadroomBps), BPS),
    allowedAmountIn: allowance.maxAmountIn,
    deviationWad: allowance.blockEndDeviationWad,
    expectedGainXauWei: expectedGainXauWei(pool),
    readyAtBlock: allowance.readyAtBlock,
  };
}

/** The estimate of the file comment, XAU wei, rounded down; 0 when the value or the full close is unknown. */
export function expectedGainXauWei(pool: PoolObservation): bigint {
  const { maxAmountIn, fullCloseIn, spotDeviationWad } = pool.allowance;
  if (fullCloseIn === 0n) return 0n;
  const used = minBigint(maxAmountIn, fullCloseIn);
  return (pool.maxAmountInXauWei * absBigint(spotDeviationWad) * (2n * fullCloseIn - used)) / (2n * fullCloseIn * WAD);
}

/** Consecutive newest block ends outside the threshold, on the side of the newest; as far as they were read. */
function blocksOutside(pool: PoolObservation): bigint {
  const newest = pool.blockEndRatiosWad[0];
  if (newest === undefined) return 0n;
  const outside = (ratioWad: bigint): boolean =>
    absBigint(ratioWad - WAD) > pool.thresholdWad && ratioWad > WAD === newest > WAD;
  const inside = pool.blockEndRatiosWad.findIndex((ratioWad) => !outside(ratioWad));
  return BigInt(inside === -1 ? pool.blockEndRatiosWad.length : inside);
}

/** Largest |deviation| ÷ threshold first, compared by cross-multiplication; ties by address, so that the order is always the same. */
function byUrgency(a: PoolObservation, b: PoolObservation): number {
  const left = absBigint(a.allowance.blockEndDeviationWad) * b.thresholdWad;
  const right = absBigint(b.allowance.blockEndDeviationWad) * a.thresholdWad;
  if (left !== right) return left > right ? -1 : 1;
  return a.pool < b.pool ? -1 : 1;
}

function need(
  now: bigint,
  needed: bigint,
  unit: NonNullable<PoolSkip["unit"]>,
): Pick<PoolSkip, "now" | "needed" | "unit"> {
  return { now, needed, unit };
}
