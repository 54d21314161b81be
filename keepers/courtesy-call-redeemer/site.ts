/**
 * What the runtime needs of a protocol beside its boundary (types.ts): how what its options contain is signed. Everything here is about
 * bytes and their evidence; what a position is and when it is in danger is not.
 */
import type { Database } from "../../db/database.js";
import type { EarningKind } from "../../db/queries/rescue/rows.js";
import type { Env } from "../kit/env.js";
import type { LeaseView } from "../kit/outbox/store.js";
import type { Action as TypedAction, ActionMethod, EncodeAction } from "../kit/policy/action.js";
import type { Constraint, PolicyRefusal, PolicyRule, Relation } from "../kit/policy/types.js";
import type { Head } from "../kit/provider.js";
import type { MoneyRead } from "../kit/providers/agreement.js";
import type { RecordSink } from "../kit/record.js";
import type { Submitter } from "../kit/submitter.js";
import type { Needs } from "./needs.js";
import type { BlockRef, Call, Mode, RescueProtocol } from "./types.js";

/** Name of a kind in policies: every position that was found. */
export const POSITIONS = "positions";

/** Something to ask several nodes just before a signature, and what to make of the answers. */
export interface Look {
  readonly reads: readonly MoneyRead[];
  readonly judge: (answers: readonly unknown[]) => PolicyRefusal | undefined;
}

/** The part of a rule that is the same for all of this keeper. */
export type CommonRule = Pick<
  PolicyRule,
  "relations" | "maxValueWei" | "maxGasLimit" | "maxFeePerGasWei" | "perHour" | "innerOnly"
>;

export interface RescueSigning {
  /** Every action of the protocol by its name; the policy has a rule of the same name for each that the mode allows. */
  readonly methods: Readonly<Record<string, ActionMethod>>;
  /** Only for what the mode allows, to positions and contracts of the protocol alone. */
  rules(mode: Mode, common: CommonRule, signer: string): readonly PolicyRule[];
  /** Who may be allowed to take the token. */
  readonly spender: Constraint;
  /** What approvals of the token must keep besides. */
  readonly approvals?: readonly Relation[];
  /** What else has limits of a day, by the names that its rules count under: base units. */
  readonly perDay?: Readonly<Record<string, { readonly units: bigint; readonly decimals: number }>>;
  /** What an action of the protocol depends on, by data that neither the decision nor the key could have written. */
  looks(action: TypedAction, account: string): readonly Look[];
}

/** A server of another chain: `left-out` has lied, `failing` did not answer its last question. */
export interface ServerStanding {
  readonly server: string;
  readonly state: "ok" | "failing" | "left-out";
  readonly code: string | undefined;
}

/** The other chain on which rescues are settled. */
export interface OtherChain {
  /** Servers that must say the same; 0 while none is named. */
  readonly agreeing: number;
  /** Of every server that is named, after its last question. */
  standings(): readonly ServerStanding[];
  /** Asks each something. */
  probe(): Promise<void>;
  close(): void;
}

/** One transaction that brings what was earned. */
export interface Due {
  readonly kind: EarningKind;
  /** The position of a claim, else the contract that holds the amount; lower case. */
  readonly about: string;
  /** Wei; of a recovery base units of the token. */
  readonly amount: bigint;
  readonly call: Call & { readonly gasLimit: bigint };
}

/** How it stands with the bounty of a position that was rescued from here. */
export type Standing =
  /** The rescue is not proven yet. */
  | "waiting"
  | "due"
  /** Booked to the account, by whomever. */
  | "paid"
  /** The rescue failed: the bounty went back. */
  | "void"
  /** Somebody else rescued it, or nobody. */
  | "not-ours";

export interface Earned {
  readonly dues: readonly Due[];
  readonly standing: ReadonlyMap<string, Standing>;
}

/** Where rescues are paid for. */
export interface Earnings {
  /** Who pays, as it is shown and checked before anything starts. @throws when it is no such contract, or one of another system. */
  verify(account: string | undefined): Promise<string>;
  /** What the account has earned with these positions, as enough nodes say of the block. @throws RetryableError */
  look(positions: readonly string[], account: string, block: BlockRef): Promise<Earned>;
  /** Whether an address is one of a kind of the policy's that is no position. */
  isMember(kind: string, address: string): boolean;
}

/** What making the token, or buying ether, needs of the runtime. */
export interface SupplyParts {
  readonly db: Database;
  /** Under which the outbox writes. */
  readonly role: string;
  readonly account: string;
  readonly lease: LeaseView;
  readonly encode: EncodeAction;
  readonly submitter: Submitter;
  readonly record: RecordSink;
  readonly env: Env;
  /** Ether that other supplies may want beside rescues. */
  readonly otherNeedsWei?: bigint;
  /** Points at which tests kill. */
  readonly at?: (point: string) => void | Promise<void>;
}

/** Makes the token that rescues cost out of what they bring. */
export interface TokenSupply {
  /** Name of a kind in policies: what it has opened on the chain. */
  readonly kind: string;
  /** Ether that beginning and ending one more of what it makes may cost, at the highest fee. */
  readonly needsWei: bigint;
  has(address: string): boolean;
  /** One step of everything that is under way. `acts` false: nothing new is signed or paid. What cannot be asked now waits. */
  run(head: Head, acts: boolean): Promise<void>;
}

/** Buys ether for a token, before there is too little of it for gas. */
export interface EtherSupply {
  /** Of the token that rescues cost: sent away, and not mined yet; as the books say, asked before every decision. */
  heldUnits(): Promise<bigint>;
  /** One step. `acts` false: nothing new is signed. `needs` undefined: nobody knows now, and nothing is begun. */
  run(head: Head, acts: boolean, needs: Needs | undefined): Promise<void>;
}

export interface RescueSite {
  /** Of the books: `tbtc`. */
  readonly name: string;
  readonly protocol: RescueProtocol<unknown>;
  readonly signing: RescueSigning;
  /** What a rescue costs; address in lower case. */
  readonly token: { readonly address: string; readonly symbol: string; readonly decimals: number };
  /** Contracts that must be there, for doctor. */
  readonly contracts: Readonly<Record<string, string>>;
  /** Absent where everything happens on one chain. */
  readonly otherChain?: OtherChain;
  /** Absent: rescues are not paid for here. */
  readonly earnings?: Earnings;
  /** Absent: the token comes from elsewhere. @throws UsageError, ConfigError about what it needs */
  readonly openSupply?: (parts: SupplyParts) => Promise<TokenSupply>;
  /** Absent: ether comes from elsewhere. `verify` says where it is bought. @throws when that is not what settings say */
  readonly etherSupply?: {
    verify(): Promise<string>;
    open(parts: SupplyParts): EtherSupply;
  };
}
