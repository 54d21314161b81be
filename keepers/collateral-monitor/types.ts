/** What the monitor reads and what it concludes. Amounts in base units of the mint, times in Unix seconds. */
import type { CollateralVault } from "../../protocol/solana/idl/collateral_vault.js";
import type { PlainType } from "../../protocol/solana/plain.js";
import type { Facts } from "../kit/logger.js";

export type Vault = PlainType<CollateralVault, "vault">;
export type Balance = PlainType<CollateralVault, "balance">;
export type ProgramLock = PlainType<CollateralVault, "programLock">;
export type PendingWithdrawal = PlainType<CollateralVault, "pendingWithdrawal">;

/** A vault's token account. */
export interface HeldTokens {
  readonly mint: string;
  readonly owner: string;
  readonly amountUnits: bigint;
  readonly isFrozen: boolean;
}

/** The program's accounts that hold or owe something, at one slot, by address. */
export interface ProgramAccounts {
  readonly slot: bigint;
  readonly vaults: ReadonlyMap<string, Vault>;
  readonly balances: ReadonlyMap<string, Balance>;
  readonly locks: ReadonlyMap<string, ProgramLock>;
  readonly pendingWithdrawals: ReadonlyMap<string, PendingWithdrawal>;
}

/** The accounts, and what the token accounts of their balances hold; undefined for one that is not there. */
export interface Snapshot extends ProgramAccounts {
  readonly held: ReadonlyMap<string, HeldTokens | undefined>;
}

/** A discrepancy: what one rule found wrong about one account. */
export interface Finding {
  /** Stable, for alerts and tests. */
  readonly code: FindingCode;
  readonly subject: string;
  /** info: of a mint that nobody watches. */
  readonly severity: "info" | "warning" | "critical";
  readonly facts: Facts;
}

export type FindingCode =
  /** Σ program locks is not what the balance says is locked. */
  | "locks-differ"
  | "locked-above-total"
  /** The ledger owes more than the vault's token account holds. */
  | "total-above-held"
  /** The vault's token account belongs to somebody else, or is of another mint. */
  | "tokens-foreign"
  | "tokens-frozen"
  | "vault-missing"
  | "balance-missing"
  | "balance-count"
  | "lock-count"
  | "pending-count"
  /** The account is not what its own events lead to. */
  | "ledger-differs"
  | "changed-without-event"
  | "sequence-went-back"
  /** Events that the account has counted were found nowhere, not even by looking again. */
  | "events-missing";
