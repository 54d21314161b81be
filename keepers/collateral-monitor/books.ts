/** What was recorded before a pass, and how findings are named in it. */
import type { BalanceRow, EventRow, VaultRow } from "../../db/queries/collateral/rows.js";
import { plain } from "../kit/logger.js";
import { canonicalJson } from "../kit/policy/canonical.js";
import type { Finding } from "./types.js";

export interface Books {
  readonly balances: ReadonlyMap<string, BalanceRow>;
  readonly vaults: ReadonlyMap<string, VaultRow & { readonly slot: bigint }>;
  /** Counted events since, by the account that counts them. */
  readonly events: ReadonlyMap<string, readonly EventRow[]>;
  /** Findings that are open, by `keyOf`. */
  readonly open: ReadonlyMap<string, Finding>;
  /** What a person has accepted, by `keyOf`: the facts that he saw, as `factsText`. */
  readonly accepted: ReadonlyMap<string, string>;
  /** When accounts' own histories were read. */
  readonly looks: ReadonlyMap<string, Look>;
}

/** Nothing was recorded. */
export const NO_BOOKS: Books = {
  balances: new Map(),
  vaults: new Map(),
  events: new Map(),
  open: new Map(),
  accepted: new Map(),
  looks: new Map(),
};

/** When the history of an account was read because of a gap, in finalized slots. */
export interface Look {
  readonly first: bigint;
  /** After it was read the last time. */
  readonly last: bigint;
  /** From when on it is read again. */
  readonly due: bigint;
  /** Signature before which that goes on; empty: at the newest. */
  readonly rest: string;
}

/** Names a finding: the same rule about the same account is the same trouble. */
export function keyOf({ code, subject }: { readonly code: string; readonly subject: string }): string {
  return `${code} ${subject}`;
}

/** One text for one set of facts, whether they were found now or read back. */
export function factsText({ facts }: Pick<Finding, "facts">): string {
  return canonicalJson(plain(facts));
}
