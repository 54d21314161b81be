/**
 * What a key may sign, as data. Everything that no rule names is refused. A policy is compiled from the deployment record and the
 * parameters, so that addresses and amounts have one home; it is printed, hashed and compared from start to start.
 */

/** A decoded argument: integers as bigint, addresses and bytes as 0x-hex, lists as arrays, structs as objects by field name. */
export type Value = bigint | string | boolean | readonly Value[] | { readonly [name: string]: Value };

/** What a keeper asks for: a function of a contract with typed arguments. The signer makes the bytes itself. */
export interface TypedCall {
  readonly target: string;
  /** Canonical signature: `poke(address[])`. */
  readonly function: string;
  /** Arguments by their names in the rule's fragment. */
  readonly args: Readonly<Record<string, Value>>;
}

/** The bytes that were simulated. */
export interface SimulatedBytes {
  readonly to: string;
  readonly data: string;
}

/**
 * Target of a rule about every contract of one kind, of which there are too many, or always new ones, to list: `each:deposits`. The gate
 * is told which addresses are of that kind; without that none is.
 */
export const EACH = "each:";

/** Whether an address is one of a kind. */
export type IsMember = (kind: string, address: string) => boolean;

/** What one argument may be. There is no "anything": who writes a rule says what is expected. */
export type Constraint =
  /** One of these; addresses in any case, integers as decimal text, booleans as `true` and `false`. */
  | { readonly kind: "oneOf"; readonly values: readonly string[] }
  /** Address of one of a kind, see EACH, or one of these. */
  | { readonly kind: "each"; readonly of: string; readonly also?: readonly string[] }
  /** An integer inside a closed range. */
  | { readonly kind: "range"; readonly min: bigint; readonly max: bigint }
  /** Bytes of exactly this length. */
  | { readonly kind: "bytes"; readonly length: number }
  /** Bytes in units of one length, so many at least and at most: the headers of a proof. */
  | { readonly kind: "chunks"; readonly chunkBytes: number; readonly minChunks: number; readonly maxChunks: number }
  | {
      readonly kind: "list";
      readonly minLength: number;
      readonly maxLength: number;
      /** Field whose values must differ from entry to entry; empty: the entries themselves; absent: they may repeat. */
      readonly uniqueBy?: string;
      readonly each: Constraint;
    }
  /** A list of exactly these, in this order. */
  | { readonly kind: "sequence"; readonly entries: readonly Constraint[] }
  | { readonly kind: "struct"; readonly fields: Readonly<Record<string, Constraint>> }
  /** Unix seconds not further than this from the database's clock. */
  | { readonly kind: "time"; readonly behindSeconds: number; readonly aheadSeconds: number }
  /** Calldata of a call that `rules` must allow in turn; to this rule's own target unless another one is named, which the function then calls. */
  | { readonly kind: "call"; readonly rules: readonly string[]; readonly target?: string }
  /** A struct that is such a call: the names of its fields with target, value (absent: none) and calldata. */
  | {
      readonly kind: "callStruct";
      readonly rules: readonly string[];
      readonly target: string;
      readonly value?: string;
      readonly data: string;
    };

/** What several arguments must be together. Paths name arguments and fields with dots. */
export type Relation =
  /** Both arguments together are one of these pairs. */
  | {
      readonly kind: "pair";
      readonly paths: readonly [string, string];
      readonly allowed: readonly (readonly [string, string])[];
    }
  | { readonly kind: "distinct"; readonly paths: readonly [string, string] }
  /** An amount that is not spent, such as what is asked for, bounded by what it is an amount of. */
  | {
      readonly kind: "atMost";
      readonly amount: string;
      readonly of: string;
      readonly max: Readonly<Record<string, bigint>>;
      /** For everything that is not named in `max`; absent: nothing else is allowed. */
      readonly others?: bigint;
    }
  /**
   * What is paid, at the lowest price it may have, is worth no more than what is received, at the highest, plus `maxBps`: a bound on
   * slippage that no report of a price can move.
   */
  | {
      readonly kind: "slippage";
      readonly paid: string;
      readonly paidToken: string;
      readonly received: string;
      readonly receivedToken: string;
      readonly prices: Readonly<Record<string, PriceRange>>;
      readonly maxBps: number;
    }
  /** The same where the function itself says what is paid and received, as the swaps of one pool do. */
  | {
      readonly kind: "exchange";
      readonly paid: string;
      readonly paidPrice: PriceRange;
      readonly received: string;
      readonly receivedPrice: PriceRange;
      readonly maxBps: number;
    }
  /** EIP-712 signatures over a round of the feed: each by another reporter, in the order of their addresses, at least `threshold`. */
  | {
      readonly kind: "roundSignatures";
      readonly round: string;
      readonly signatures: string;
      readonly feedId: string;
      readonly reporters: readonly string[];
      readonly threshold: number;
    };

export interface PriceRange {
  readonly decimals: number;
  /** USD per whole token, 1e18 = one dollar. */
  readonly minUsdWad: bigint;
  readonly maxUsdWad: bigint;
}

/** An amount that counts against the limits of a day. */
export interface AmountRule {
  /** Path of the amount, base units; `*` stands for every entry of a list. */
  readonly amount: string;
  /** Path of what it is an amount of, with the same `*`; empty where the rule itself says so, and `spends` then has the empty key. */
  readonly of: string;
  /**
   * What then counts, by the value at `of` (lower case). An amount above every `max` is refused; each entry counts the amount, but no
   * more than its `max`: where calldata does not say which of two tokens is spent, both count.
   */
  readonly spends: Readonly<Record<string, readonly Spend[]>>;
}

export interface Spend {
  readonly asset: string;
  /** Base units in one transaction. */
  readonly max: bigint;
}

/** One function of one contract. */
export interface PolicyRule {
  /** `Stabilizer.executeBatch`: in refusals, logs and the ledger. */
  readonly name: string;
  /** An address, or EACH and a kind. */
  readonly target: string;
  /** `function poke(address[] tokens)`. */
  readonly fragment: string;
  readonly args: Readonly<Record<string, Constraint>>;
  readonly relations: readonly Relation[];
  readonly amounts: readonly AmountRule[];
  readonly maxValueWei: bigint;
  readonly maxGasLimit: bigint;
  readonly maxFeePerGasWei: bigint;
  readonly maxCalldataBytes: number;
  /** Calls in any hour; at least 2, see meter.ts. */
  readonly perHour: number;
  /** Only inside another call, never as a transaction of its own. */
  readonly innerOnly: boolean;
}

export interface Policy {
  readonly role: string;
  readonly chainId: string;
  /** The one address that signs under it. */
  readonly signer: string;
  readonly rules: readonly PolicyRule[];
  /** Transactions that do nothing but use a nonce, to the signer itself. */
  readonly noOp: { readonly maxFeePerGasWei: bigint; readonly perHour: number };
  /** Base units of each asset in any 24 hours; `native` is the chain's coin, fees included. */
  readonly perDay: Readonly<Record<string, bigint>>;
}

/** The chain's coin among the assets. */
export const NATIVE = "native";
/** Name under which no-ops are counted. */
export const NO_OP = "no-op";

/** What refused; stable, for logs, metrics and tests. */
export type PolicyCheck =
  | "chain"
  | "signer"
  | "target"
  | "selector"
  | "encoding"
  | "bytes-differ"
  | "calldata-size"
  | "value"
  | "gas-limit"
  | "fee-ceiling"
  | "argument"
  | "relation"
  | "amount"
  | "inner-call"
  | "unknown-action"
  | "rate"
  | "daily-amount"
  | "replacement"
  | "price"
  | "balance";

export interface PolicyRefusal {
  readonly ok: false;
  readonly check: PolicyCheck;
  readonly message: string;
}

/** What a call that is allowed counts: calls by rule, base units by asset. */
export interface PolicyUse {
  readonly calls: Readonly<Record<string, number>>;
  readonly amounts: Readonly<Record<string, bigint>>;
}

export type PolicyVerdict = { readonly ok: true; readonly use: PolicyUse } | PolicyRefusal;

export function refuse(check: PolicyCheck, message: string): PolicyRefusal {
  return { ok: false, check, message };
}
