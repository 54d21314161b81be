/** Pools, venues and observations of two chains that tests begin with. */
import type {
  ChainSnapshot,
  DecideConfig,
  FeedRound,
  LegRecord,
  Observation,
  OpenTrade,
  TokenSnapshot,
  Transfer,
} from "../../../keepers/cross-chain-arbitrage/types.js";
import { PRICE_SCALE, type PmmPoolState, type Venue } from "../../../keepers/cross-chain-arbitrage/strategies/venue.js";
import { sqrtDown } from "../../../protocol/math.js";
import { stepTrade, type PmmState } from "../../../protocol/pmm.js";

export const WAD = 10n ** 18n;
export const BPS = 10n ** 14n;
export const PAIR = "cUSDT/cUSDC";
export const GOLD_PAIR = "XAU/cUSDT";
export const HOME = "138";
export const AWAY = "651940";
const MILLION = 1_000_000n * 10n ** 6n;
/** XAU wei of one dollar at 2,500 dollars an ounce. */
const DOLLAR_XAU = WAD / 2_500n;

export interface PoolShape {
  readonly baseDecimals?: number;
  readonly quoteDecimals?: number;
  /** Quote per base, whole tokens, 1e18 = 1. */
  readonly priceWad?: bigint;
  /** Whole base tokens of depth. */
  readonly depth?: bigint;
  readonly k?: bigint;
  readonly lpFeeRate?: bigint;
  readonly mtFeeRate?: bigint;
  /** Sales that have brought it where it stands: positive sells base, negative quote, as a share of the depth, 1e18 = 1. */
  readonly moves?: readonly bigint[];
}

/** A pool that was balanced once and has been traded since. */
export function pool(shape: PoolShape = {}): PmmPoolState {
  const { baseDecimals = 6, quoteDecimals = 6, priceWad = WAD, depth = 1_000_000n, k = 3n * 10n ** 15n } = shape;
  const { lpFeeRate = 5n * BPS, mtFeeRate = 0n, moves = [] } = shape;
  const anchor = (priceWad * 10n ** BigInt(quoteDecimals)) / 10n ** BigInt(baseDecimals);
  const base = depth * 10n ** BigInt(baseDecimals);
  const quote = (base * anchor) / WAD;
  let state: PmmState = { anchor, k, base, quote, baseTarget: base, quoteTarget: quote, r: 0 };
  for (const move of moves) {
    const sellBase = move > 0n;
    const amountIn = ((sellBase ? base : quote) * (sellBase ? move : -move)) / WAD;
    if (amountIn > 0n) state = stepTrade(state, sellBase, amountIn, { lpFeeRate, mtFeeRate }).state;
  }
  return { ...state, anchorNew: anchor, anchorPrevious: anchor, lpFeeRate, mtFeeRate };
}

/** A constant-product market with a fee on the output: another kind of venue than ours, for the boundary. */
export function constantProduct(base: bigint, quote: bigint, feeRate: bigint): Venue {
  const product = base * quote;
  const price = (quote * PRICE_SCALE) / base;
  return {
    mid: price,
    feeRate,
    quote(sellBase, amountIn) {
      if (amountIn <= 0n) return undefined;
      const [from, to] = sellBase ? [base, quote] : [quote, base];
      const gross = (to * amountIn) / (from + amountIn);
      return gross - (gross * feeRate + WAD - 1n) / WAD;
    },
    marginal: () => price,
    reach(sellBase, limit) {
      // base · quote = product and quote / base = limit.
      const baseAt = sqrtDown((product * PRICE_SCALE) / limit);
      if (baseAt === 0n) return { amountIn: 0n, grossOut: 0n };
      const quoteAt = product / baseAt;
      const [sold, paid] = sellBase ? [baseAt - base, quote - quoteAt] : [quoteAt - quote, base - baseAt];
      return sold > 0n && paid > 0n ? { amountIn: sold, grossOut: paid } : { amountIn: 0n, grossOut: 0n };
    },
  };
}

export const CONFIG: DecideConfig = {
  pairs: [{ pair: PAIR, base: "cUSDT", quote: "cUSDC" }],
  thresholdRate: 9n * BPS,
  defendToRate: 5n * BPS,
  defenceCostRate: 10n * BPS,
  minProfitXauWei: DOLLAR_XAU / 10n,
  minTradeXauWei: 10n * DOLLAR_XAU,
  maxTradeXauWei: 200_000n * DOLLAR_XAU,
  dailyLossLimitXauWei: 10_000n * DOLLAR_XAU,
  cooldownSeconds: 4n,
  maxSkewSeconds: 10n,
  maxGapRounds: 1n,
  maxGapSeconds: 30n,
  slippageRate: 2n * BPS,
  capitalRatePerYear: 5n * 10n ** 16n,
  bridgeLatencySeconds: 300n,
  gasPerLeg: 200_000n,
  gasPerTransfer: 150_000n,
  repair: { acceptLossRate: 5n * BPS, maxLossRate: 50n * BPS, patienceSeconds: 60n, maxAttempts: 3 },
  rebalance: {
    lowShare: (35n * WAD) / 100n,
    targetShare: WAD / 2n,
    maxFeeRate: 5n * BPS,
    maxInFlight: 4,
  },
};

export function token(name: string, changes: Partial<TokenSnapshot> = {}): TokenSnapshot {
  const isGold = name === "XAU";
  return {
    token: name,
    decimals: isGold ? 18 : 6,
    balanceUnits: isGold ? 400n * WAD : MILLION,
    paused: false,
    pegHalted: false,
    priceXauWad: isGold ? WAD : DOLLAR_XAU,
    lane: {
      mode: "LOCK",
      outAvailableUnits: isGold ? 400n * WAD : MILLION,
      inAvailableUnits: isGold ? 400n * WAD : MILLION,
      bookUnits: isGold ? 4_000n * WAD : 10n * MILLION,
      minUnits: isGold ? WAD / 100n : 10n ** 6n,
      feeRate: BPS,
    },
    ...changes,
  };
}

function feed(name: string, roundId = 7n): FeedRound {
  return { feedId: `${name} / USD A`, token: name, roundId, answer: 10n ** 8n, observedAt: 1_000n };
}

export interface ChainShape extends Partial<Omit<ChainSnapshot, "tokens" | "pools">> {
  readonly pool?: PmmPoolState | undefined;
  readonly goldPool?: PmmPoolState;
  readonly tokens?: Readonly<Record<string, Partial<TokenSnapshot>>>;
}

export function chain(name: string, shape: ChainShape = {}): ChainSnapshot {
  const { pool: first, goldPool, tokens = {}, ...rest } = shape;
  const state = "pool" in shape ? first : pool();
  return {
    chain: name,
    blockNumber: 100n,
    blockHash: `0x${name.padStart(64, "0")}`,
    timestamp: 2_000n,
    readable: true,
    bridgeHeld: false,
    gasPriceWei: 10n ** 9n,
    nativePriceXauWei: WAD / 1_000n,
    pools: [
      { pair: PAIR, address: "0x00000000000000000000000000000000000000aa", state },
      { pair: GOLD_PAIR, address: "0x00000000000000000000000000000000000000bb", state: goldPool },
    ],
    tokens: ["cUSDT", "cUSDC", "XAU"].map((known) =>
      token(known, {
        ...(name === AWAY ? { lane: { ...lane(known), mode: "MINT" } } : {}),
        ...tokens[known],
      }),
    ),
    feeds: ["cUSDT", "cUSDC", "XAU"].map((known) => feed(known)),
    ...rest,
  };
}

export function lane(name: string) {
  const { lane: found } = token(name);
  if (found === undefined) throw new Error("the fixture has a lane");
  return found;
}

/** Chain 138 has been sold base, 651940 has been bought it, each by this share of its depth. */
export function apart(share: bigint, shapes: { home?: ChainShape; away?: ChainShape } = {}): Observation {
  return observation({
    chains: [
      chain(HOME, { pool: pool({ moves: [share] }), ...shapes.home }),
      chain(AWAY, { pool: pool({ moves: [-share] }), ...shapes.away }),
    ],
  });
}

export function observation(changes: Partial<Observation> = {}): Observation {
  return {
    chains: [chain(HOME), chain(AWAY)],
    books: books(),
    reservedUnits: new Map(),
    ...changes,
  };
}

export function books(changes: Partial<Observation["books"]> = {}): Observation["books"] {
  return {
    readable: true,
    trades: [],
    transfers: [],
    tradesBegun: new Map(),
    transfersBegun: new Map(),
    lastTradeAt: new Map(),
    bookedTodayXauWei: 0n,
    ...changes,
  };
}

export function legRecord(sellBase: boolean, changes: Partial<LegRecord> = {}): LegRecord {
  return {
    chain: sellBase ? AWAY : HOME,
    pool: "0x00000000000000000000000000000000000000aa",
    sellBase,
    tokenIn: sellBase ? "cUSDT" : "cUSDC",
    tokenOut: sellBase ? "cUSDC" : "cUSDT",
    amountIn: 10_000n * 10n ** 6n,
    minOut: 9_990n * 10n ** 6n,
    status: "done",
    receivedUnits: 9_995n * 10n ** 6n,
    ...changes,
  };
}

export function openTrade(changes: Partial<OpenTrade> = {}): OpenTrade {
  return {
    ordinal: 3n,
    pair: PAIR,
    buy: legRecord(false),
    sell: legRecord(true),
    repairs: [],
    beganAt: 1_990n,
    ...changes,
  };
}

export function transfer(changes: Partial<Transfer> = {}): Transfer {
  return {
    id: "one",
    token: "cUSDC",
    from: AWAY,
    to: HOME,
    amountUnits: 100_000n * 10n ** 6n,
    feeUnits: 10n * 10n ** 6n,
    status: "moving",
    ...changes,
  };
}
