/** The vocabulary of this keeper: what it sees of two chains, what it may decide, and the name of every reason not to act. */
import type { PmmPoolState } from "./strategies/venue.js";

/** Why nothing is done about a pair, a lane, or at all. */
export const SKIP_REASONS = [
  /** A chain could not be read at a pinned block. */
  "chain-unreadable",
  /** The two pinned blocks lie too far apart in time to be compared. */
  "snapshot-skew",
  /** A leg or transfer of this keeper cannot be read: what is on its way is unknown. */
  "pending-unreadable",
  /** The guardian holds deliveries of the bridge on one side. */
  "bridge-held",
  /** Today's booked results, with all that open trades may lose, leave no room for the smallest trade. */
  "loss-limit",
  /** The pool of the pair cannot be read, or has no liquidity. */
  "pool-unreadable",
  /** The oracle of a chain has doubts: there is no anchor. */
  "anchor-unknown",
  /** A token of the pair is paused on one side. */
  "token-paused",
  /** A token of the pair has lost its peg on one side. */
  "peg-halted",
  /** A feed of the pair is missing on one side. */
  "feed-missing",
  /** One round, two answers: the chains do not carry the same signed rounds. */
  "rounds-disagree",
  /** One chain is too many rounds, or too many seconds, behind the other. */
  "oracle-gap",
  /** A trade of the pair is open: its legs have changed, or will change, what was seen. */
  "trade-open",
  /** The last trade of the pair began a moment ago. */
  "cooldown",
  /** The network asks more for gas than this keeper may offer. */
  "fee-ceiling",
  /** The prices are so close that no size pays its fees, and the rule holds. */
  "inside-threshold",
  /** A trade would gain, but less than the least gain. */
  "unprofitable",
  /** The rule is broken, but closing the gap costs more than defending it may. */
  "defence-too-dear",
  /** There is nothing to pay a leg with. */
  "no-inventory",
  /** What inventory and limits allow is below the smallest trade. */
  "below-minimum",
  /** An open trade waits for the outcome of a leg. */
  "leg-unsettled",
  /** Neither completing nor unwinding a broken trade is cheap enough yet. */
  "broken-leg-waits",
  /** Neither can be done at any price that may be accepted: a person must decide. */
  "broken-leg-stuck",
  /** Both sides have what they need. */
  "balanced",
  /** The bridge does not carry the token, or its lane could not be read. */
  "lane-unreadable",
  /** The lane's outbound limit, inbound limit or book leaves less than the smallest transfer. */
  "lane-limit",
  /** The bridge asks more than a transfer may cost. */
  "bridge-fee",
  /** As many transfers of the token are on their way as may be at a time. */
  "transfers-in-flight",
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** Why what was decided was not done. */
export const ACT_REASONS = [
  /** A spender may not take enough of a token yet; it is approved first. */
  "allowance-missing",
  /** The exact bytes would fail in the next block. */
  "simulate-revert",
  /** The books are not what the decision thought, or another process leads. */
  "not-stored",
  /** An outbox did not take it: see the log. */
  "not-submitted",
] as const;
export type ActReason = (typeof ACT_REASONS)[number];

/** What was decided and not done. */
export interface ActSkip {
  /** Key of the intent. */
  readonly about: string;
  readonly reason: ActReason;
  readonly detail?: string;
}

/** The two chains of a run, in the order in which a spread is taken: P(first) against P(second). */
export type ChainKey = string;

/** A signed round as a feed keeps it. */
export interface FeedRound {
  /** What the feed is a feed of; the same on both chains. */
  readonly feedId: string;
  readonly token: string;
  readonly roundId: bigint;
  readonly answer: bigint;
  /** When its reporters looked, unix seconds; signed. */
  readonly observedAt: bigint;
}

/** One pool of a chain. */
export interface PoolSnapshot {
  readonly pair: string;
  readonly address: string;
  /** Undefined when the pool could not be read; its anchors are 0 while the oracle has doubts. */
  readonly state: PmmPoolState | undefined;
}

/** What a chain says of one token, and what this keeper has there. Base units. */
export interface TokenSnapshot {
  readonly token: string;
  readonly decimals: number;
  readonly balanceUnits: bigint;
  readonly paused: boolean;
  readonly pegHalted: boolean;
  /** XAU wei per whole token at this chain's oracle; 0 while it has doubts. */
  readonly priceXauWad: bigint;
  readonly lane: LaneSnapshot | undefined;
}

/** The bridge's lane of one token, on this chain. Base units. */
export interface LaneSnapshot {
  readonly mode: "LOCK" | "MINT";
  /** What may leave, and arrive, now. */
  readonly outAvailableUnits: bigint;
  readonly inAvailableUnits: bigint;
  /** LOCK: what is locked for the other side. MINT: what was minted and not burned again. */
  readonly bookUnits: bigint;
  readonly minUnits: bigint;
  /** Fee of the adapter, beside the amount, in the same token: rate 1e18 = 1, rounded up. */
  readonly feeRate: bigint;
}

/** One chain at one pinned block. */
export interface ChainSnapshot {
  readonly chain: ChainKey;
  readonly blockNumber: bigint;
  readonly blockHash: string;
  readonly timestamp: bigint;
  /** False when any part of it could not be read at that block. */
  readonly readable: boolean;
  /** The guardian holds deliveries here. */
  readonly bridgeHeld: boolean;
  /** What a transaction is expected to pay per gas; undefined when the ceiling does not cover the base fee. */
  readonly gasPriceWei: bigint | undefined;
  /** Value of one whole coin of the chain, XAU wei. */
  readonly nativePriceXauWei: bigint;
  readonly pools: readonly PoolSnapshot[];
  readonly tokens: readonly TokenSnapshot[];
  readonly feeds: readonly FeedRound[];
}

/** What is known of a leg. `unreadable`: the books or the chain did not answer. */
export type LegStatus = "planned" | "sent" | "done" | "failed" | "unreadable";

/** One sale of this keeper on one chain. Base units of what is sold and paid. */
export interface Leg {
  readonly chain: ChainKey;
  readonly pool: string;
  readonly sellBase: boolean;
  readonly tokenIn: string;
  readonly tokenOut: string;
  readonly amountIn: bigint;
  readonly minOut: bigint;
}

/** A leg that was begun; `receivedUnits` counts once it is done. */
export interface LegRecord extends Leg {
  readonly status: LegStatus;
  readonly receivedUnits: bigint;
}

/** A trade that was begun and is not closed. */
export interface OpenTrade {
  /** Position among all trades of the pair, from 1: names the trade. */
  readonly ordinal: bigint;
  readonly pair: string;
  /** Buys base where it is cheap. */
  readonly buy: LegRecord;
  /** Sells base where it is dear. */
  readonly sell: LegRecord;
  /** Sales that were to complete or unwind it, oldest first. */
  readonly repairs: readonly LegRecord[];
  /** Chain time at which it began, unix seconds. */
  readonly beganAt: bigint;
}

/** A transfer through the bridge that this keeper began. `unreadable`: its state is unknown. */
export interface Transfer {
  readonly id: string;
  readonly token: string;
  readonly from: ChainKey;
  readonly to: ChainKey;
  /** What arrives. */
  readonly amountUnits: bigint;
  /** Paid beside it. */
  readonly feeUnits: bigint;
  /** planned: not on the source chain yet. moving: taken there, not paid on the other side. refunding: will come back. */
  readonly status: "planned" | "moving" | "refunding" | "unreadable";
}

/** What this keeper's books say. */
export interface Books {
  readonly readable: boolean;
  readonly trades: readonly OpenTrade[];
  readonly transfers: readonly Transfer[];
  /** Trades ever begun per pair, transfers ever begun per `token:from:to`: the next one is one more. */
  readonly tradesBegun: ReadonlyMap<string, bigint>;
  readonly transfersBegun: ReadonlyMap<string, bigint>;
  /** Chain time at which the newest trade of a pair began. */
  readonly lastTradeAt: ReadonlyMap<string, bigint>;
  /** Results booked since midnight UTC, XAU wei, gas and bridge fees included; negative = loss. */
  readonly bookedTodayXauWei: bigint;
}

/** All that `decide` sees. */
export interface Observation {
  readonly chains: readonly [ChainSnapshot, ChainSnapshot];
  readonly books: Books;
  /** Held back for other purposes, per `chain:token`, base units. */
  readonly reservedUnits: ReadonlyMap<string, bigint>;
}

/** What `decide` must be told beside the observation. Rates 1e18 = 1. */
export interface DecideConfig {
  readonly pairs: readonly { readonly pair: string; readonly base: string; readonly quote: string }[];
  /** The rule: |P(first) / P(second) - 1| below this. */
  readonly thresholdRate: bigint;
  /** A defence closes the gap to this. */
  readonly defendToRate: bigint;
  /** A defence may lose at most this share of what it trades. 0: never trade at a loss. */
  readonly defenceCostRate: bigint;
  readonly minProfitXauWei: bigint;
  readonly minTradeXauWei: bigint;
  readonly maxTradeXauWei: bigint;
  /** Booked results of a day may fall to minus this; sizes shrink so that what the rules let a trade lose fits into the rest. */
  readonly dailyLossLimitXauWei: bigint;
  readonly cooldownSeconds: bigint;
  readonly maxSkewSeconds: bigint;
  readonly maxGapRounds: bigint;
  readonly maxGapSeconds: bigint;
  /** What a leg may pay less than its quote. */
  readonly slippageRate: bigint;
  /** Yearly price of capital, and for how long a transfer ties it up. */
  readonly capitalRatePerYear: bigint;
  readonly bridgeLatencySeconds: bigint;
  /** Gas of one leg, and of one transfer. */
  readonly gasPerLeg: bigint;
  readonly gasPerTransfer: bigint;
  readonly repair: RepairConfig;
  readonly rebalance: RebalanceConfig;
}

/** Bounds of the rule for broken trades. Rates are shares of the trade's value at the anchor. */
export interface RepairConfig {
  /** A loss up to this is taken at once. */
  readonly acceptLossRate: bigint;
  /** After `patienceSeconds` a loss up to this is taken; beyond it a person decides. */
  readonly maxLossRate: bigint;
  readonly patienceSeconds: bigint;
  /** Sales that are tried for one trade. */
  readonly maxAttempts: number;
}

/** When inventory moves through the bridge. Shares of what both chains have together, 1e18 = 1. */
export interface RebalanceConfig {
  /** A chain whose virtual inventory is below this share gets some. */
  readonly lowShare: bigint;
  /** It is filled up to this. At most half. */
  readonly targetShare: bigint;
  readonly maxFeeRate: bigint;
  readonly maxInFlight: number;
}

/** Units of the numbers with which a skip explains itself. */
export type SkipUnit = "rate" | "seconds" | "rounds" | "xau-wei" | "token-units" | "count";

/** Why nothing is done about `about` (a pair, `token:from:to`, or `all`): `now` would have to reach `needed`. */
export interface Skip {
  readonly about: string;
  readonly reason: SkipReason;
  readonly now?: bigint;
  readonly needed?: bigint;
  readonly unit?: SkipUnit;
  /** Chain, token, feed or pool that explains further. */
  readonly detail?: string;
}

/** A sale to send. The key names the effect: whoever asks for the same effect again asks by the same key. */
export interface LegIntent extends Leg {
  readonly key: string;
}

/** Both legs of a trade: persisted together before the first is sent, sent at once, on both chains from inventory. */
export interface TradeIntent {
  readonly kind: "trade";
  readonly key: string;
  readonly pair: string;
  readonly ordinal: bigint;
  /** gain: pays for itself. defence: the rule is broken, and the loss is the price of keeping it. */
  readonly purpose: "gain" | "defence";
  readonly buy: LegIntent;
  readonly sell: LegIntent;
  /** By exact quotes, after fees, bridge, capital and gas; XAU wei. */
  readonly expectedXauWei: bigint;
  readonly spreadRate: bigint;
}

/** A sale that ends a broken trade. */
export interface RepairIntent {
  readonly kind: "repair";
  readonly pair: string;
  readonly ordinal: bigint;
  readonly way: "complete" | "unwind";
  readonly leg: LegIntent;
  /** Result of the whole trade after it, quote units at the anchor. */
  readonly resultUnits: bigint;
}

/** Inventory to send through the bridge. */
export interface TransferIntent {
  readonly kind: "transfer";
  readonly key: string;
  readonly token: string;
  readonly from: ChainKey;
  readonly to: ChainKey;
  readonly amountUnits: bigint;
  readonly maxFeeUnits: bigint;
}

export type Intent = TradeIntent | RepairIntent | TransferIntent;

/** Distance of the two chains' rounds. */
export interface OracleGap {
  readonly rounds: bigint;
  /** For how long the newest round has been out that one chain has not got. */
  readonly seconds: bigint;
}

/** What was measured on the way, whether or not anything is done. */
export interface Measured {
  /** P(first) / P(second) - 1 per pair, 1e18 = 1, signed. */
  readonly spreadRates: ReadonlyMap<string, bigint>;
  readonly gap: OracleGap;
}

export type Decision =
  | (Measured & {
      readonly kind: "plan";
      readonly intents: readonly [Intent, ...Intent[]];
      readonly skips: readonly Skip[];
    })
  | (Measured & { readonly kind: "skip"; readonly skips: readonly Skip[] });
