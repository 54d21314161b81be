/** What the crank reads and what it concludes. Amounts in base units of the mint, times in unix seconds of the cluster. */
import type { Address } from "@solana/kit";

import type {
  AuthorizedProgramAccount,
  BalanceAccount,
  MultiSigAccount,
  PendingWithdrawalAccount,
  ProposalOfMultiSig,
  SecurityConfigAccount,
  VaultAccount,
} from "../../protocol/solana/accounts.js";
import type { CollateralVault } from "../../protocol/solana/idl/collateral_vault.js";
import type { PlainType } from "../../protocol/solana/plain.js";
import type { IndexPrice, Market, Position } from "../../protocol/solana/positionHealth.js";
import type { ProgramDataHead } from "../../protocol/solana/programData.js";
import type { OpenTokens } from "../kit/solana/accounts.js";

export type VaultAuthority = PlainType<CollateralVault, "vaultAuthority">;
export type ProgramLock = PlainType<CollateralVault, "programLock">;

/** Everything that is decided by, at one slot. Accounts by address. */
export interface Observation {
  readonly slot: bigint;
  readonly nowSeconds: bigint;
  readonly authority: VaultAuthority | undefined;
  readonly vaults: ReadonlyMap<Address, VaultAccount>;
  readonly balances: ReadonlyMap<Address, BalanceAccount>;
  readonly locks: ReadonlyMap<Address, ProgramLock>;
  readonly securityConfigs: ReadonlyMap<Address, SecurityConfigAccount>;
  readonly withdrawals: ReadonlyMap<Address, PendingWithdrawalAccount>;
  readonly multiSigs: ReadonlyMap<Address, MultiSigAccount>;
  readonly proposals: ReadonlyMap<Address, ProposalOfMultiSig>;
  /** Of matured withdrawals: theirs and their vaults'. Missing: not an open token account. */
  readonly tokens: ReadonlyMap<Address, OpenTokens>;
  /** Programs that owners may let lock their collateral. */
  readonly listed: ReadonlyMap<Address, AuthorizedProgramAccount>;
  /** Of our own programs and of those that are listed, by the address of their ProgramData. */
  readonly programData: ReadonlyMap<Address, ProgramDataHead>;
  readonly markets: ReadonlyMap<Address, Market>;
  readonly prices: ReadonlyMap<Address, IndexPrice>;
  readonly positions: ReadonlyMap<Address, Position>;
  /** What the crank's key holds. */
  readonly lamports: bigint;
}

export const ACTION_KINDS = ["withdrawal", "unpause", "multi-sig", "proposal", "liquidation"] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];

/** One instruction that anybody may send. */
export interface Action {
  readonly kind: ActionKind;
  /** Names the effect: it happens once. */
  readonly key: string;
  /** The account that it is about. */
  readonly subject: Address;
}

/** Why nothing is done about an account; stable, for counters and tests. */
export type SkipReason =
  | "paused"
  | "frozen"
  | "vault-frozen"
  | "vault-missing"
  | "not-matured"
  | "still-waiting"
  /** The vault's rules changed after the request: it can only be cancelled. */
  | "stale-config"
  /** The crank opens no token accounts. */
  | "destination-closed"
  | "destination-frozen"
  /** The destination's token account belongs to another wallet, or to another mint. */
  | "destination-changed"
  | "tokens-frozen"
  | "balance-too-low"
  | "proposal-open"
  | "price-stale"
  | "not-listed"
  | "healthy"
  /** Nobody can liquidate his own position. */
  | "own-position"
  /** The crank's key has no vault, or no balance of the mint, for the reward. */
  | "no-own-vault"
  | "no-own-balance"
  | "reward-too-small"
  | "in-flight"
  /** A simulation failed a while ago. */
  | "backoff"
  /** Of its kind, on the chain, within the last hour. */
  | "too-many-failures"
  | "too-many";

export interface Skip {
  readonly kind: ActionKind;
  readonly subject: Address;
  readonly reason: SkipReason;
}

export interface Decision {
  /** In the order in which they are sent. */
  readonly actions: readonly Action[];
  readonly skips: readonly Skip[];
}
