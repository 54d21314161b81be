/** The vocabulary of this keeper: what it sees, what it may decide, and the name of every reason not to act. */
import { stabilizerReasons, type StabilizerReason } from "../../protocol/stabilizerReason.js";

type Kebab<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}-${Kebab<Tail>}`
  : Lowercase<S>;

/** Reasons of the chain as operators read them, in the order of IStabilizerLimits.Reason; index 0 means "act". */
export const CHAIN_REASONS = stabilizerReasons.map(
  (name) => name.toLowerCase().replaceAll("_", "-") as Kebab<StabilizerReason>,
);
export type ChainReason = Exclude<(typeof CHAIN_REASONS)[number], "none">;

/** Reasons of the keeper itself. */
export const KEEPER_REASONS = [
  /** The pool could not be read. */
  "pool-unreadable",
  /** The chain gave a reason this keeper does not know: it is older than the contract. */
  "unknown-reason",
  /** A transaction of this keeper is not settled yet. */
  "in-flight",
  /** The network asks more for gas than this keeper may offer. */
  "fee-ceiling",
  /** A simulation failed a moment ago. */
  "backoff",
  /** The simulation of the very bytes failed now. */
  "simulate-revert",
  /** Reward or gain would not pay for the gas, and the operator asked for that. */
  "unprofitable",
  /** Pools with a larger deviation use up what all pools together may trade in one block. */
  "global-cap",
  /** Pools with a larger deviation fill the transaction. */
  "batch-full",
  /** The submitter did not take the transaction; its log says why. */
  "not-submitted",
] as const;
export type KeeperReason = (typeof KEEPER_REASONS)[number];

export type SkipReason = ChainReason | KeeperReason;

/** IStabilizerLimits.Allowance; amounts in base units of the token, deviations 1e18 = 1. */
export interface Allowance {
  /** Index into CHAIN_REASONS. */
  readonly reason: number;
  readonly sellBase: boolean;
  readonly tokenIn: string;
  readonly tokenOut: string;
  readonly maxAmountIn: bigint;
  readonly minAmountIn: bigint;
  readonly fullCloseIn: bigint;
  readonly blockEndDeviationWad: bigint;
  readonly averageDeviationWad: bigint;
  readonly spotDeviationWad: bigint;
  readonly readyAtBlock: bigint;
}

/** One pool as IPegLens.PoolView tells it. Nothing but `pool` and `failure` means anything when it is not readable. */
export interface PoolObservation {
  readonly pool: string;
  readonly readable: boolean;
  /** Selector of the error that made it unreadable; "0x00000000" without data. */
  readonly failure: string;
  /** Selector of the oracle's doubt; "0x00000000" when the anchor is known. */
  readonly anchorFailure: string;
  readonly baseToken: string;
  readonly quoteToken: string;
  readonly baseReserve: bigint;
  readonly quoteReserve: bigint;
  readonly anchorNew: bigint;
  readonly anchorPrevious: bigint;
  readonly spotRatioWad: bigint;
  /** Newest first. */
  readonly blockEndRatiosWad: readonly bigint[];
  readonly thresholdWad: bigint;
  readonly fastThresholdWad: bigint;
  readonly confirmations: bigint;
  readonly minBlocks: bigint;
  readonly rewardShareWad: bigint;
  readonly maxAmountInXauWei: bigint;
  readonly allowance: Allowance;
}

/** What the chain says about all pools, for one block: the block to act in. */
export interface ChainSnapshot {
  readonly blockNumber: bigint;
  readonly timestamp: bigint;
  readonly parentHash: string;
  readonly maxGasPriceWei: bigint;
  readonly globalCapXauWei: bigint;
  /** Value of one whole coin of the chain, XAU wei. */
  readonly nativePriceXauWei: bigint;
  readonly pools: readonly PoolObservation[];
}

/** The chain's snapshot and what the keeper knows itself. `decide` sees nothing else. */
export interface Observation extends ChainSnapshot {
  /** What a transaction in that block is expected to pay per gas; undefined when the ceiling does not cover the base fee. */
  readonly gasPriceWei: bigint | undefined;
  /** Transactions of this keeper that are not settled. */
  readonly inFlight: number;
  /** Pools to leave alone, with the first block in which they may be tried again. */
  readonly backoffUntilBlock: ReadonlyMap<string, bigint>;
}

/** Units of the numbers with which a skip explains itself. */
export type SkipUnit = "wad" | "block" | "wei-per-gas" | "token-units" | "xau-wei" | "count";

/** Why a pool is left alone, and what would have to change: `now` would have to reach `needed`. */
export interface PoolSkip {
  readonly pool: string;
  readonly reason: SkipReason;
  readonly now?: bigint;
  readonly needed?: bigint;
  readonly unit?: SkipUnit;
  /** Selector or name that explains further. */
  readonly detail?: string;
}

/** One pool to act on. Amounts in base units of `tokenIn`. */
export interface Order {
  readonly pool: string;
  readonly tokenIn: string;
  readonly tokenOut: string;
  readonly sellBase: boolean;
  /** Upper bound that is sent along: what is allowed now plus headroom. */
  readonly maxAmountIn: bigint;
  /** What is allowed now. */
  readonly allowedAmountIn: bigint;
  readonly deviationWad: bigint;
  /** First-order estimate of what the inventory gains, XAU wei, before the caller's reward. */
  readonly expectedGainXauWei: bigint;
  /** Names the episode: it changes with each execution. */
  readonly readyAtBlock: bigint;
}

export type Decision =
  | {
      readonly kind: "plan";
      readonly blockNumber: bigint;
      readonly orders: readonly [Order, ...Order[]];
      readonly skips: readonly PoolSkip[];
    }
  | { readonly kind: "skip"; readonly blockNumber: bigint; readonly skips: readonly PoolSkip[] };

/** What `decide` must be told beside the observation. */
export interface DecideConfig {
  readonly sizeHeadroomBps: number;
  readonly maxOrders: number;
  readonly gasPerOrder: number;
  readonly gasBase: number;
  readonly economics: "off" | "reward" | "gain";
}
