/**
 * The vocabulary of the supply with ether: before the wallet runs out of what gas is paid with, a bounded amount of a token is swapped for
 * it. Through which market, stands behind `EtherRouter`. Amounts are base units of the token, and wei.
 */
import type { NewSwap } from "../../../db/queries/swap/rows.js";
import type { OutboxState } from "../../../db/queries/outbox/rows.js";
import type { Action, ActionMethod } from "../../kit/policy/action.js";
import type { PolicyRule } from "../../kit/policy/types.js";
import type { Head } from "../../kit/provider.js";
import type { Needs } from "../needs.js";
import type { CommonRule, Look } from "../site.js";

/** What one source says that an amount brings, fee of the market included; `reason`: it cannot say. */
export type Quote =
  { readonly source: string; readonly outWei: bigint } | { readonly source: string; readonly reason: string };

export interface SwapOrder {
  readonly amountUnits: bigint;
  readonly leastOutWei: bigint;
  /** Unix seconds, the chain's. */
  readonly deadline: bigint;
}

/** A market in which the one token is sold for ether, to the wallet itself. Its contracts are fixed at the start. */
export interface EtherRouter {
  readonly name: string;
  /** Who takes the token; lower case. */
  readonly spender: string;
  /** Contracts that must be there, for doctor. */
  readonly contracts: Readonly<Record<string, string>>;
  readonly gasLimit: bigint;
  /** Actions by name, and a rule for each of them. */
  readonly methods: Readonly<Record<string, ActionMethod>>;
  rules(common: CommonRule, signer: string): readonly PolicyRule[];
  /** Just before the signature, by data that the decision cannot have written. */
  looks(action: Action, account: string): readonly Look[];
  /** What at least two sources say of an amount at one block; no trade of that block moves all of them. @throws RetryableError NO_QUORUM */
  quotes(amountUnits: bigint, head: Head): Promise<readonly Quote[]>;
  /** The whole of it in one transaction: coins, to the account, or nothing. */
  swap(order: SwapOrder, account: string): Action;
  /** Name of a refusal by the chain. */
  refusal(error: unknown): string;
  /** What it is, as doctor shows it. @throws PermanentError when the contracts do not belong together */
  verify(): Promise<string>;
}

/** Transactions of a swap; a key of the outbox each. */
export const SWAP_STEPS = [
  /** Takes back an earlier approval, where the token gives none in its place. */
  "clear",
  "approve",
  "swap",
] as const;
export type SwapStep = (typeof SWAP_STEPS)[number];

/** By step, as the outbox's newest row says; missing: it has never heard of it. */
export type SwapStates = Readonly<Partial<Record<SwapStep, OutboxState>>>;

export interface Swap extends NewSwap {
  readonly states: SwapStates;
}

/** The wallet at one block, as enough nodes say it, and what is spoken for. */
export interface SupplyFacts {
  readonly nativeWei: bigint;
  readonly tokenUnits: bigint;
  /** Undefined while nobody knows what rescues need. */
  readonly needs: Needs | undefined;
  /** Open, or swapped within 24 hours. */
  readonly committedUnits: bigint;
  readonly failedToday: bigint;
  /** Most that the swap can cost as it is offered now, with its approval while that is to be made. */
  readonly gasWei: bigint;
}

export interface SupplyPolicy {
  /** Below the higher of the floor and what is at stake the wallet is filled up to the target. */
  readonly floorWei: bigint;
  readonly targetWei: bigint;
  /** That other routines may want beside rescues. */
  readonly otherNeedsWei: bigint;
  readonly mostUnits: bigint;
  readonly mostUnitsPerDay: bigint;
  /** Never swapped. */
  readonly keepUnits: bigint;
  /** Rescues cost this token. */
  readonly isRescueToken: boolean;
  readonly decimals: number;
  /** Wei of a whole token below which nothing is ever sold. */
  readonly leastRateWei: bigint;
  readonly maxDeviationBps: bigint;
  readonly maxSlippageBps: bigint;
  readonly maxFailed: bigint;
}

/** Why nothing is swapped now. */
export const SWAP_SKIPS = [
  "enough",
  /** What rescues need is not known at this block. */
  "needs-unknown",
  /** So little is there that not even the swap could be paid. */
  "gas-short",
  /** What is there of the token is kept, or spoken for. */
  "tokens-needed",
  "day-limit",
  /** The chain refused several in a day. */
  "failed-lately",
  /** A source has no answer. */
  "quote-missing",
  /** They differ by more than is allowed: somebody moves the price, or the pool is too shallow. */
  "quotes-disagree",
  /** Below the rate under which nothing is sold. */
  "rate-too-low",
  /** It would bring less than its gas may cost. */
  "not-worth-it",
] as const;
export type SwapSkip = (typeof SWAP_SKIPS)[number];

/** Skips that people are told of. */
export const ALARMING: ReadonlySet<string> = new Set<SwapSkip>([
  "gas-short",
  "tokens-needed",
  "day-limit",
  "failed-lately",
  "quote-missing",
  "quotes-disagree",
  "rate-too-low",
]);
