/**
 * The decision, pure: one observation of both chains in, intents and named reasons out. No clock, no chain, no randomness.
 *
 * 1. Nothing is done on half a picture: both chains readable, at blocks of about the same time, and everything on its way known.
 * 2. Broken trades end first (brokenLeg.ts).
 * 3. A pair is traded when both chains carry the same signed rounds, nothing of it is open, and either
 *      gain: the best size (size.ts) earns at least the least gain after both fees, bridge, capital and gas; or
 *      defence: |P(first) / P(second) - 1| has reached the threshold, and closing the gap costs no more than defending it may.
 *    Pairs with the widest spread come first; each takes its legs out of what the ones before have left.
 * 4. Inventory moves through the bridge before it runs dry (rebalance.ts).
 *
 * Money on a trade of q quote units for x base, both legs by exact quotes:
 *     expected = quoteOut - q - q · c - gas,   c = 2 · (bridge fee + capital per year · latency / year)
 * c is charged on every trade, also on one that brings inventory home and so saves a transfer.
 */
import { absBigint, maxBigint, minBigint, mulDivDown, mulDivUp } from "../../protocol/math.js";
import { WAD } from "../../protocol/units.js";
import { repairTrade, tradeKey } from "./strategies/brokenLeg.js";
import { hasUnreadable, Inventory } from "./strategies/inventory.js";
import { compareRounds, NO_GAP, widest } from "./strategies/oracleSync.js";
import { rebalanceToken } from "./strategies/rebalance.js";
import { bestTrade, closingTrade, type SizedTrade, type SizeLimits } from "./strategies/size.js";
import type {
  ChainSnapshot,
  DecideConfig,
  Decision,
  Intent,
  LegIntent,
  Observation,
  OracleGap,
  PoolSnapshot,
  Skip,
  TokenSnapshot,
  TradeIntent,
} from "./types.js";
import { pmmVenue, type Venue } from "./strategies/venue.js";

export const SECONDS_PER_YEAR = 31_557_600n;
const ALL = "all";

type Pair = DecideConfig["pairs"][number];

/** One side of a pair: what is there, and the market. */
interface Side {
  readonly chain: ChainSnapshot;
  readonly pool: PoolSnapshot;
  readonly venue: Venue;
  readonly base: TokenSnapshot;
  readonly quote: TokenSnapshot;
}

/** A pair as both chains show it. */
interface Market {
  readonly pair: Pair;
  readonly first: Side;
  readonly second: Side;
  readonly spreadRate: bigint;
}

/** Decides for one observation. Every pair and every token is named by an intent or by a skip. */
export function decide(observation: Observation, config: DecideConfig): Decision {
  const skips: Skip[] = [];
  const intents: Intent[] = [];
  const markets = new Map<string, Market | Skip>(
    config.pairs.map((pair) => [pair.pair, marketOf(pair, observation.chains)]),
  );
  const gaps = new Map(
    config.pairs.map((pair) => [
      pair.pair,
      compareRounds(observation.chains, [pair.base, pair.quote], pair.pair, config),
    ]),
  );
  const spreads = [...markets].flatMap(([pair, market]) =>
    "reason" in market ? [] : [[pair, market.spreadRate] as const],
  );
  const measured = {
    spreadRates: new Map(spreads),
    gap: [...gaps.values()].reduce<OracleGap>((gap, found) => widest(gap, found.gap), NO_GAP),
  };
  const half = halfPicture(observation, config);
  if (half !== undefined) return { kind: "skip", skips: [half], ...measured };

  const inventory = new Inventory(observation);
  const busy = repairs(observation, config, markets, inventory, intents, skips);
  const stopped = stopReason(observation, config);
  if (stopped !== undefined) skips.push(stopped);
  else {
    const found = config.pairs.flatMap((pair): Market[] => {
      const market = markets.get(pair.pair);
      const skip =
        market === undefined || "reason" in market
          ? market
          : (gaps.get(pair.pair)?.skip ?? pairSkip(market, observation, config, busy));
      if (skip !== undefined) skips.push(skip);
      return skip === undefined && market !== undefined && !("reason" in market) ? [market] : [];
    });
    for (const market of found.sort(bySpread)) {
      const outcome = trade(market, observation, config, inventory, intents);
      if ("reason" in outcome) skips.push(outcome);
      else intents.push(outcome);
    }
    for (const token of new Set(config.pairs.flatMap(({ base, quote }) => [base, quote]))) {
      const outcome = rebalanceToken(token, observation, inventory, config.rebalance);
      if ("skip" in outcome) skips.push(outcome.skip);
      else intents.push(outcome.intent);
    }
  }
  const [head, ...tail] = intents;
  if (head === undefined) return { kind: "skip", skips, ...measured };
  return { kind: "plan", intents: [head, ...tail], skips, ...measured };
}

/** Why nothing at all may be done on what was seen. */
function halfPicture(observation: Observation, config: DecideConfig): Skip | undefined {
  const [first, second] = observation.chains;
  const dark = observation.chains.find(({ readable }) => !readable);
  if (dark !== undefined) return { about: ALL, reason: "chain-unreadable", detail: dark.chain };
  if (hasUnreadable(observation)) return { about: ALL, reason: "pending-unreadable" };
  const skew = absBigint(first.timestamp - second.timestamp);
  if (skew > config.maxSkewSeconds)
    return { about: ALL, reason: "snapshot-skew", now: skew, needed: config.maxSkewSeconds, unit: "seconds" };
  return undefined;
}

/** Why nothing new is begun; broken trades still end. */
function stopReason(observation: Observation, config: DecideConfig): Skip | undefined {
  const held = observation.chains.find(({ bridgeHeld }) => bridgeHeld);
  // While deliveries are held, what was minted on one side may not be backed on the other.
  if (held !== undefined) return { about: ALL, reason: "bridge-held", detail: held.chain };
  const { bookedTodayXauWei } = observation.books;
  const room = config.dailyLossLimitXauWei + bookedTodayXauWei;
  if (room <= 0n)
    return { about: ALL, reason: "loss-limit", now: room, needed: config.dailyLossLimitXauWei, unit: "xau-wei" };
  return undefined;
}

/** Ends broken trades; returns the pairs that stay busy. */
function repairs(
  observation: Observation,
  config: DecideConfig,
  markets: ReadonlyMap<string, Market | Skip>,
  inventory: Inventory,
  intents: Intent[],
  skips: Skip[],
): ReadonlySet<string> {
  const busy = new Set<string>();
  for (const open of observation.books.trades) {
    const market = markets.get(open.pair);
    const known = market !== undefined && !("reason" in market) ? market : undefined;
    const anchor = known?.first.pool.state?.anchorNew ?? 0n;
    const outcome = repairTrade(
      open,
      {
        now: nowOf(observation),
        anchorPrice: anchor * WAD,
        venue: (chain) => {
          const side = [known?.first, known?.second].find((each) => each?.chain.chain === chain);
          // What cannot be paid for now would wait with a price of now.
          return side?.chain.gasPriceWei === undefined ? undefined : side.venue;
        },
        inventory,
        slippageRate: config.slippageRate,
      },
      config.repair,
    );
    if (outcome.kind === "closed") continue;
    busy.add(open.pair);
    if (outcome.kind === "wait") {
      skips.push(outcome.skip);
      continue;
    }
    const { leg } = outcome.intent;
    inventory.trade(leg.chain, leg.tokenIn, leg.amountIn, leg.tokenOut, leg.minOut);
    intents.push(outcome.intent);
  }
  return busy;
}

/** The pair on both chains, or why it is no market now. */
function marketOf(pair: Pair, chains: Observation["chains"]): Market | Skip {
  const about = pair.pair;
  const sides: Side[] = [];
  for (const chain of chains) {
    const pool = chain.pools.find((known) => known.pair === about);
    const [base, quote] = [pair.base, pair.quote].map((token) => chain.tokens.find((known) => known.token === token));
    const detail = chain.chain;
    if (pool?.state === undefined || base === undefined || quote === undefined)
      return { about, reason: "pool-unreadable", detail };
    if (pool.state.anchorNew === 0n || base.priceXauWad === 0n || quote.priceXauWad === 0n)
      return { about, reason: "anchor-unknown", detail };
    if (base.paused || quote.paused) return { about, reason: "token-paused", detail };
    if (base.pegHalted || quote.pegHalted) return { about, reason: "peg-halted", detail };
    const venue = pmmVenue(pool.state);
    if (venue.mid === 0n) return { about, reason: "pool-unreadable", detail };
    sides.push({ chain, pool, venue, base, quote });
  }
  const [first, second] = sides;
  if (first === undefined || second === undefined) return { about, reason: "pool-unreadable" };
  return { pair, first, second, spreadRate: (first.venue.mid * WAD) / second.venue.mid - WAD };
}

/** What speaks against trading a pair whatever its prices are. */
function pairSkip(
  { pair: { pair }, first, second }: Market,
  observation: Observation,
  config: DecideConfig,
  busy: ReadonlySet<string>,
): Skip | undefined {
  if (busy.has(pair)) return { about: pair, reason: "trade-open" };
  const last = observation.books.lastTradeAt.get(pair);
  const since = last === undefined ? undefined : nowOf(observation) - last;
  if (since !== undefined && since < config.cooldownSeconds)
    return { about: pair, reason: "cooldown", now: since, needed: config.cooldownSeconds, unit: "seconds" };
  const dear = [first, second].find(({ chain }) => chain.gasPriceWei === undefined);
  if (dear !== undefined) return { about: pair, reason: "fee-ceiling", detail: dear.chain.chain };
  return undefined;
}

/** The trade of a pair, or why there is none. */
function trade(
  market: Market,
  observation: Observation,
  config: DecideConfig,
  inventory: Inventory,
  decided: readonly Intent[],
): TradeIntent | Skip {
  const { pair, spreadRate } = market;
  const about = pair.pair;
  const [cheap, dear] = spreadRate <= 0n ? [market.first, market.second] : [market.second, market.first];
  const broken = absBigint(spreadRate) >= config.thresholdRate;
  const costRate = costRateOf(cheap, dear, config);
  const unlimited = { maxQuoteIn: cheap.pool.state?.quote ?? 0n, maxBaseIn: dear.pool.state?.base ?? 0n, costRate };
  const wanted = bestTrade(cheap.venue, dear.venue, unlimited);
  if (wanted === undefined && !broken)
    return {
      about,
      reason: "inside-threshold",
      now: absBigint(spreadRate),
      needed: config.thresholdRate,
      unit: "rate",
    };

  const room = roomXauWei(observation, decided, config);
  const mostXauWei = minBigint(config.maxTradeXauWei, mulDivDown(maxBigint(room, 0n), WAD, riskRate(config)));
  if (mostXauWei < config.minTradeXauWei)
    return { about, reason: "loss-limit", now: room, needed: config.dailyLossLimitXauWei, unit: "xau-wei" };
  const limits: SizeLimits = {
    maxQuoteIn: minBigint(inventory.spendable(cheap.chain.chain, pair.quote), unitsOfXau(mostXauWei, cheap.quote)),
    maxBaseIn: inventory.spendable(dear.chain.chain, pair.base),
    costRate,
  };
  if (limits.maxQuoteIn === 0n || limits.maxBaseIn === 0n) {
    const short = limits.maxQuoteIn === 0n ? `${cheap.chain.chain}:${pair.quote}` : `${dear.chain.chain}:${pair.base}`;
    return { about, reason: "no-inventory", detail: short };
  }
  const purpose = choose(cheap, dear, limits, broken, config);
  if ("reason" in purpose) return { about, ...purpose };
  const { sized, expectedXauWei, kind } = purpose;
  const ordinal = (observation.books.tradesBegun.get(about) ?? 0n) + 1n;
  const key = tradeKey(about, ordinal);
  const buy = legOf(`${key}:buy`, cheap, false, sized.quoteIn, sized.baseOut, config);
  const sell = legOf(`${key}:sell`, dear, true, sized.baseOut, sized.quoteOut, config);
  for (const leg of [buy, sell]) inventory.trade(leg.chain, leg.tokenIn, leg.amountIn, leg.tokenOut, leg.minOut);
  return { kind: "trade", key, pair: about, ordinal, purpose: kind, buy, sell, expectedXauWei, spreadRate };
}

interface Chosen {
  readonly kind: TradeIntent["purpose"];
  readonly sized: SizedTrade;
  readonly expectedXauWei: bigint;
}

/** Closes the gap if the rule is broken and that is affordable; otherwise takes the gain if it is worth it. */
function choose(
  cheap: Side,
  dear: Side,
  limits: SizeLimits,
  broken: boolean,
  config: DecideConfig,
): Chosen | Omit<Skip, "about"> {
  const gas = gasXauWei(cheap, dear, config);
  const resultOf = (sized: SizedTrade): bigint =>
    (sized.profitUnits >= 0n
      ? xauOfUnits(sized.profitUnits, cheap.quote, dear.quote)
      : -lossXauWei(-sized.profitUnits, cheap, dear)) - gas;
  const isTooSmall = (sized: SizedTrade): boolean =>
    xauOfUnits(sized.quoteIn, cheap.quote, dear.quote) < config.minTradeXauWei;
  let refused: Omit<Skip, "about"> | undefined;
  if (broken && config.defenceCostRate > 0n) {
    const sized = closingTrade(cheap.venue, dear.venue, config.defendToRate, limits);
    if (sized !== undefined && !isTooSmall(sized)) {
      const expectedXauWei = resultOf(sized);
      const bound = mulDivDown(xauOfUnits(sized.quoteIn, cheap.quote, dear.quote), config.defenceCostRate, WAD);
      if (expectedXauWei >= config.minProfitXauWei) return { kind: "gain", sized, expectedXauWei };
      if (expectedXauWei >= -bound) return { kind: "defence", sized, expectedXauWei };
      refused = { reason: "defence-too-dear", now: -expectedXauWei, needed: bound, unit: "xau-wei" };
    } else if (sized !== undefined) {
      refused = tooSmall(sized, cheap, dear, config);
    }
  }
  const sized = bestTrade(cheap.venue, dear.venue, limits);
  if (sized === undefined)
    return refused ?? { reason: "unprofitable", needed: config.minProfitXauWei, unit: "xau-wei" };
  if (isTooSmall(sized)) return tooSmall(sized, cheap, dear, config);
  const expectedXauWei = resultOf(sized);
  if (expectedXauWei >= config.minProfitXauWei) return { kind: "gain", sized, expectedXauWei };
  return refused ?? { reason: "unprofitable", now: expectedXauWei, needed: config.minProfitXauWei, unit: "xau-wei" };
}

function tooSmall(sized: SizedTrade, cheap: Side, dear: Side, config: DecideConfig): Omit<Skip, "about"> {
  const now = xauOfUnits(sized.quoteIn, cheap.quote, dear.quote);
  return { reason: "below-minimum", now, needed: config.minTradeXauWei, unit: "xau-wei" };
}

function legOf(
  key: string,
  { chain, pool, base, quote }: Side,
  sellBase: boolean,
  amountIn: bigint,
  out: bigint,
  config: DecideConfig,
): LegIntent {
  const [tokenIn, tokenOut] = sellBase ? [base.token, quote.token] : [quote.token, base.token];
  // Rounded up: a leg never pays less than was said.
  const minOut = maxBigint(mulDivUp(out, WAD - config.slippageRate, WAD), 1n);
  return { key, chain: chain.chain, pool: pool.address, sellBase, tokenIn, tokenOut, amountIn, minOut };
}

/** What a traded unit costs beyond the venues' fees: both tokens go back through the bridge, and capital waits meanwhile. */
function costRateOf(cheap: Side, dear: Side, config: DecideConfig): bigint {
  const bridge = (cheap.base.lane?.feeRate ?? 0n) + (dear.quote.lane?.feeRate ?? 0n);
  return bridge + 2n * mulDivUp(config.capitalRatePerYear, config.bridgeLatencySeconds, SECONDS_PER_YEAR);
}

/** Gas of both legs and of the two transfers that bring the tokens back, rounded up. */
function gasXauWei(cheap: Side, dear: Side, config: DecideConfig): bigint {
  const gas = config.gasPerLeg + config.gasPerTransfer;
  return [cheap, dear]
    .map(({ chain }) => mulDivUp((chain.gasPriceWei ?? 0n) * gas, chain.nativePriceXauWei, WAD))
    .reduce((sum, cost) => sum + cost, 0n);
}

/** Value of quote units at the lower of both oracles, rounded down: what a gain is worth. */
function xauOfUnits(units: bigint, a: TokenSnapshot, b: TokenSnapshot): bigint {
  return mulDivDown(units, minBigint(a.priceXauWad, b.priceXauWad), 10n ** BigInt(a.decimals));
}

/** Value of quote units at the higher of both oracles, rounded up: what a loss costs. */
function lossXauWei(units: bigint, { quote: a }: Side, { quote: b }: Side): bigint {
  return mulDivUp(units, maxBigint(a.priceXauWad, b.priceXauWad), 10n ** BigInt(a.decimals));
}

function unitsOfXau(xauWei: bigint, token: TokenSnapshot): bigint {
  return mulDivDown(xauWei, 10n ** BigInt(token.decimals), token.priceXauWad);
}

/** What a trade may lose by rule: broken and ended at the last bound, or done for defence at the least outputs. */
function riskRate(config: DecideConfig): bigint {
  return maxBigint(config.repair.maxLossRate, config.defenceCostRate + 2n * config.slippageRate);
}

/** What may still be lost today when every open trade, and every one decided before this, ends as badly as the rules let it. */
function roomXauWei({ chains, books }: Observation, decided: readonly Intent[], config: DecideConfig): bigint {
  const begun = [...books.trades, ...decided.flatMap((intent) => (intent.kind === "trade" ? [intent] : []))];
  const atRisk = begun.map(({ buy }) => {
    const tokens = chains.find(({ chain }) => chain === buy.chain)?.tokens;
    const token = tokens?.find((known) => known.token === buy.tokenIn);
    const known = token !== undefined && token.priceXauWad > 0n;
    const value = known
      ? mulDivUp(buy.amountIn, token.priceXauWad, 10n ** BigInt(token.decimals))
      : config.maxTradeXauWei;
    return mulDivUp(value, riskRate(config), WAD);
  });
  return config.dailyLossLimitXauWei + books.bookedTodayXauWei - atRisk.reduce((sum, risk) => sum + risk, 0n);
}

function nowOf({ chains: [first, second] }: Observation): bigint {
  return maxBigint(first.timestamp, second.timestamp);
}

/** Widest first; ties by name, so that the order is always the same. */
function bySpread(a: Market, b: Market): number {
  const [left, right] = [absBigint(a.spreadRate), absBigint(b.spreadRate)];
  if (left !== right) return left > right ? -1 : 1;
  return a.pair.pair < b.pair.pair ? -1 : 1;
}
