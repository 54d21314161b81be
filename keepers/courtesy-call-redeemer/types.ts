/**
 * The vocabulary of this keeper. It rescues positions of operators before a protocol liquidates them; which protocol, stands behind
 * `RescueProtocol`. Amounts are base units, gas money is wei of the native coin, health is in basis points (12,500 = 125 %), rounded
 * down, and every time is the chain's, unix seconds.
 */

/** Where a position is in its life, in words that every protocol shares. */
export type Stage =
  /** Being set up: nothing is at stake yet. */
  | "setup"
  /** Alive; a rescue is possible, perhaps at a price. */
  | "open"
  /** Under-collateralised and called: a grace window runs, at the end of which it may be liquidated. */
  | "called"
  /** A rescue has been asked for and is being settled. */
  | "rescuing"
  | "liquidating"
  | "closed";

/** Facts that never change, and the size, which grows where debts bear interest: every reading tells it anew. */
export interface Position {
  /** Address of the position, lower case: names it everywhere. */
  readonly id: string;
  /** Who loses when it is liquidated, each the same share; a member that counts twice stands here twice. */
  readonly operators: readonly string[];
  /** Size of its debt as it was last seen, base units of the token that a rescue costs; 0 before the first reading. */
  readonly sizeUnits: bigint;
}

/** Frozen per position in some protocols: read from it, never from the system. */
export interface Thresholds {
  /** Below this (strictly) it can be called. */
  readonly callBelowBps: bigint;
  /** Below this (strictly) it can be liquidated at once, grace or not. */
  readonly liquidateBelowBps: bigint;
}

/** What a liquidation costs all operators of a position together. */
export type LossModel =
  /** The collateral is sold for the debt at a rising share of it; a part of what is left goes to others. */
  | {
      readonly kind: "auction";
      readonly collateralWei: bigint;
      /** What the debt is worth, and what taking the auction costs besides. */
      readonly debtWei: bigint;
      readonly takerCostWei: bigint;
      readonly startBps: bigint;
      /** Share of the unsold rest that the operators do not get back. */
      readonly restLostBps: bigint;
    }
  /** A fixed share on top of the debt that is paid back by force. */
  | { readonly kind: "penalty"; readonly repaidDebtWei: bigint; readonly penaltyBps: bigint };

export interface PriceTime {
  /** When it was written, the oldest of several; undefined where none of the feeds tells. */
  readonly at: bigint | undefined;
  /** Older than allowed: the health is not told then, as if there were no price. */
  readonly isStale: boolean;
}

/** A position as one block shows it. */
export interface Reading {
  readonly position: Position;
  readonly stage: Stage;
  /** Undefined while the protocol has no price; a called position can still be rescued then. */
  readonly healthBps: bigint | undefined;
  readonly thresholds: Thresholds;
  /** End of the grace window; from then on anybody may liquidate. */
  readonly graceEndsAt: bigint | undefined;
  /** How old the price is that the health goes by; absent where the protocol does not tell. */
  readonly priced?: PriceTime;
  readonly loss: LossModel;
  /** Closed, by a liquidation: whatever became of rescues of it, its operators have lost. */
  readonly wasLost?: boolean;
  /** Promised to whoever rescues it, and not to be taken back before he can; 0 when nobody has. */
  readonly bountyWei: bigint;
  /** Paid for a rescue that is mined now, with what may be taken back soon. Absent: rescues are not paid for. */
  readonly openBountyWei?: bigint;
  /** Who rescued it for a bounty; lower case. */
  readonly rescuer?: string;
}

export type Effect =
  /** Ends the danger. */
  | "rescue"
  /** Calls the position and rescues it in the same block, which the protocol makes cheaper or possible at all. */
  | "call-and-rescue"
  /** Harms the operators; no mode allows it. */
  | "liquidate";

export interface Call {
  readonly to: string;
  readonly data: string;
  readonly valueWei: bigint;
  /** Of this call alone; absent where the action has no other. */
  readonly gasLimit?: bigint;
}

/** What a contract must be allowed to take from the wallet before an action's first call. */
export interface Allowance {
  readonly token: string;
  /** Lower case, like the token. */
  readonly spender: string;
  readonly units: bigint;
  /**
   * Other actions have the same spender: one approval of the sum serves a whole batch, and its gas is the batch's. Otherwise the gas of
   * the approval is in the action's own.
   */
  readonly shared: boolean;
}

/** One way to do something about a position, at the prices of the block it was made for. */
export interface Action {
  readonly position: string;
  readonly effect: Effect;
  /** In order; one transaction each. */
  readonly calls: readonly Call[];
  /** Address of the token that leaves the wallet, lower case; any where nothing leaves it. */
  readonly costToken: string;
  /** All of it that leaves, fees included. */
  readonly costUnits: bigint;
  /** The part of that, and of other fees, for which nothing comes back; rounded up. Gas is not in it. */
  readonly expenseWei: bigint;
  /** Of all calls together, and of an approval that serves no other action. */
  readonly gasLimit: bigint;
  readonly gasEstimate: bigint;
  /** Gas that must be left over to settle the rescue later. */
  readonly followUpGas: bigint;
  /** To be given by whoever sends the batch; absent: the action takes nothing. */
  readonly allowance?: Allowance;
}

/** What a protocol hands over on another chain. */
export interface Payment {
  /** By which it is known there. */
  readonly id: string;
  readonly kind: "payment" | "child";
  /** Id of what it spends: of a child its parent. */
  readonly spends: string;
  /** Hex, as it is handed over. */
  readonly raw: string;
}

/** Where such bytes are written down before anybody hears of them. */
export interface PaymentBook {
  /** The newest first. */
  children(parent: string): Promise<readonly Payment[]>;
  /** @returns false when another process leads: then nothing is handed over. What is there already stays as it is. */
  write(payment: Payment): Promise<boolean>;
}

/** What became of a step on another chain. */
export type Performed =
  | {
      readonly kind: "handed-over";
      readonly id: string;
      /** Servers that have it, and those that refuse it, each with its reason. */
      readonly accepted: readonly string[];
      readonly refused: readonly string[];
    }
  | { readonly kind: "not-leading" }
  /** Only a person can do it. */
  | { readonly kind: "by-hand"; readonly instruction: string };

/** Something that can be done now about a rescue that was asked for. */
export interface FollowUp {
  readonly position: string;
  readonly kind: string;
  /** Names the effect beside the position: two effects never have the same one. */
  readonly step: string;
  /** Undefined: whenever it suits. */
  readonly dueAt: bigint | undefined;
  /** On this chain, one transaction each; empty where it happens on another one. */
  readonly calls: readonly Call[];
  /** On another chain. May be done twice. */
  readonly perform?: (book: PaymentBook) => Promise<Performed>;
}

/** What stands in the way of a settlement, for somebody who was asleep. */
export interface Trouble {
  readonly name: string;
  readonly severity: "warning" | "critical";
  readonly summary: string;
  /** Too long for a message. */
  readonly detail?: string;
}

/** A rescue that was asked for and is being settled, as everybody shows it who must be asked. */
export interface Settlement {
  readonly position: string;
  /** In the protocol's words, for people. */
  readonly stage: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly followUps: readonly FollowUp[];
  readonly troubles: readonly Trouble[];
  /** Whether a step from before, that is not mined yet, may still do any good. */
  readonly mayStill: (step: string) => boolean;
}

export type ErrorClass =
  | "retryable"
  | "terminal"
  /** Somebody else was faster: the operators are safe all the same. */
  | "rescued-by-another"
  | "misconfigured";

export type Simulation =
  { readonly ok: true } | { readonly ok: false; readonly error: ErrorClass; readonly name: string };

/** A block by number and hash, so that what was read of it is read of that one. */
export interface BlockRef {
  readonly number: number;
  readonly hash: string;
  readonly timestamp: bigint;
}

/** What one look for new positions brought. A position that is there already replaces what was known of it. */
export interface Discovered<Cursor> {
  readonly positions: readonly Position[];
  /** Plain JSON; to be stored with the positions, or one of them is lost. */
  readonly cursor: Cursor;
  /** There is more to look through: ask again at once. */
  readonly more?: boolean;
}

/** Everything that depends on a protocol. Nothing on this side of it knows which one it is. */
export interface RescueProtocol<Cursor> {
  /** Positions made since the cursor; coverage, never authority. */
  discover(cursor: Cursor | undefined): Promise<Discovered<Cursor>>;
  read(positions: readonly Position[], block: BlockRef): Promise<readonly Reading[]>;
  /** Of these the ones for which somebody pays, or owes this wallet. Absent: nobody does here. */
  listed?(positions: readonly Position[], wallet: string, block: BlockRef): Promise<readonly Position[]>;
  /** What the wallet could do; empty when the position cannot be rescued from where it is. */
  options(reading: Reading, wallet: string, block: BlockRef): Promise<readonly Action[]>;
  simulate(action: Action, wallet: string, block: BlockRef): Promise<Simulation>;
  /**
   * What is left to do for a rescue that was asked for.
   * @param since no transaction of the rescue is in an older block. @throws RetryableError when nobody can say.
   */
  settle(position: Position, since: number, block: BlockRef): Promise<Settlement>;
  classifyError(error: unknown): ErrorClass;
}

/** Strict order: a more urgent class takes what it needs before the next one gets anything. */
export const URGENCIES = ["A", "B", "C", "D"] as const;
export type Urgency = (typeof URGENCIES)[number];

export const MODES = ["watch", "courtesy", "self-courtesy", "preemptive", "service-provider"] as const;
export type Mode = (typeof MODES)[number];

/** Why nothing is done about a position. */
export const SKIP_REASONS = [
  /** None of the operators is looked after. */
  "foreign-operator",
  /** Setting up, being settled, being liquidated, or over: nothing can be rescued. */
  "not-redeemable",
  /** A rescue of it is on its way from here. */
  "in-flight",
  /** Policy or guard refused a rescue of it alone; it is tried again some blocks later. */
  "put-aside",
  /** What stands there says of itself what cannot be true of a position. */
  "unreadable",
  /** The protocol has no price, so nobody knows whether it is in danger. */
  "health-unknown",
  /** The protocol goes by a price that is too old to act on. */
  "price-stale",
  /** Well collateralised. */
  "healthy",
  /** The mode only watches. */
  "watch-only",
  /** In danger, but what could be done is more than the mode allows. */
  "mode",
  /** The protocol has no way that this wallet could take now. */
  "no-option",
  /** The promised bounty does not cover the cost and the least margin. */
  "bounty-too-small",
  /** What is at stake, times how likely it is to be lost, is not more than the cost. */
  "not-worth-it",
  /** Costs another token than the one that is planned with. */
  "other-token",
  /** There is not enough of the token, even alone. */
  "over-token-budget",
  /** There is not enough for gas, even alone. */
  "over-native-budget",
  /** It would fit alone, but what is more urgent or worth more has taken the means. */
  "over-budget",
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** Why nothing is done about a position, with what was compared. */
export interface Skip {
  /** Id of the position. */
  readonly about: string;
  readonly reason: SkipReason;
  readonly now?: bigint;
  readonly needed?: bigint;
  readonly unit?: "bps" | "wei" | "token-units";
}
