/** A vault with everything that belongs to it, all as of one slot. */
import { getAddressEncoder, type Address } from "@solana/kit";

import { PermanentError, RetryableError } from "../errors.js";
import {
  readBalance,
  readMultiSig,
  readPendingWithdrawal,
  readProgramLock,
  readSecurityConfig,
  readVault,
  readVaultAuthority,
  type BalanceAccount,
  type MultiSigAccount,
  type PendingWithdrawalAccount,
  type ProgramLockAccount,
  type SecurityConfigAccount,
  type VaultAccount,
  type VaultAuthorityAccount,
} from "./accounts.js";
import { VaultAddresses } from "./addresses.js";
import { CLOCK_SYSVAR, readClockSeconds } from "./clock.js";
import type { AccountName } from "./program.js";
import type { CollateralVault } from "./idl/collateral_vault.js";
import {
  readAccounts,
  readProgramAccounts,
  STATE_MOVED,
  stateMoved,
  type AccountFilter,
  type AccountsAtSlot,
  type Commitment,
  type SolanaRpc,
} from "./rpc.js";
import { readTokenAccount } from "./tokens.js";
import type { VaultProgram } from "./vaultProgram.js";

/** Behind the discriminator stands the account that owns this one: the vault of a balance, the balance of a lock. */
const PARENT_OFFSET = 8;
const ATTEMPTS = 3;

export interface At<T> {
  readonly address: Address;
  readonly account: T;
}

export interface BalanceState extends At<BalanceAccount> {
  /** What the vault's token account holds: at least the total, more by donations. */
  readonly heldUnits: bigint;
  /** The mint's authority has frozen the token account. */
  readonly isFrozen: boolean;
  readonly tokenProgram: Address;
  readonly programLocks: readonly At<ProgramLockAccount>[];
}

export interface VaultState extends At<VaultAccount> {
  readonly slot: bigint;
  /** The cluster's clock at that slot, unix seconds. */
  readonly clockSeconds: bigint;
  readonly authority: VaultAuthorityAccount;
  readonly securityConfig: SecurityConfigAccount | undefined;
  readonly multiSig: At<MultiSigAccount> | undefined;
  readonly balances: readonly BalanceState[];
  readonly pendingWithdrawals: readonly At<PendingWithdrawalAccount>[];
}

/**
 * Reads a vault.
 * @throws PermanentError VAULT_NOT_FOUND; RetryableError STATE_MOVED when the vault kept changing while it was read.
 */
export async function readVaultState(
  rpc: SolanaRpc,
  program: VaultProgram,
  owner: Address,
  commitment: Commitment,
): Promise<VaultState> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const state = await readOnce(rpc, program, owner, commitment).catch(unlessMoved);
    if (state !== undefined) return state;
  }
  throw stateMoved(`the vault of ${owner} changed each time it was read`);
}

/** Accounts that were read at different slots are read again, like those that do not fit together. */
function unlessMoved(error: unknown): undefined {
  if (!(error instanceof RetryableError) || error.code !== STATE_MOVED) throw error;
}

/** The accounts of a kind that belong to `parent`. */
export function childFilters(
  program: VaultProgram,
  kind: AccountName<CollateralVault>,
  parent: Address,
): readonly AccountFilter[] {
  return [
    { offset: 0, bytes: program.accountDiscriminator(kind) },
    { offset: PARENT_OFFSET, bytes: new Uint8Array(getAddressEncoder().encode(parent)) },
  ];
}

/** Undefined when what the accounts count and what was found differ. */
async function readOnce(
  rpc: SolanaRpc,
  program: VaultProgram,
  owner: Address,
  commitment: Commitment,
): Promise<VaultState | undefined> {
  const addresses = new VaultAddresses(program.id);
  const address = await addresses.vault(owner);
  const [authorityAddress, configAddress, multiSigAddress] = await Promise.all([
    addresses.vaultAuthority(),
    addresses.securityConfig(address),
    addresses.multiSigVault(address),
  ]);
  const children = async (kind: AccountName<CollateralVault>, parent: Address): Promise<readonly Address[]> =>
    (await readProgramAccounts(rpc, program.id, childFilters(program, kind, parent), commitment)).map(
      (child) => child.address,
    );
  const [balances, pending] = await Promise.all([children("balance", address), children("pendingWithdrawal", address)]);
  const locks = (await Promise.all(balances.map((balance) => children("programLock", balance)))).flat();
  const first = await readAccounts(rpc, balances, commitment);
  const tokens = [...first.accounts.values()].map(({ data }) => readBalance(data).vaultTokens);

  const fixed = [CLOCK_SYSVAR, authorityAddress, address, configAddress, multiSigAddress];
  const read = await readAccounts(rpc, [...fixed, ...balances, ...pending, ...locks, ...tokens], commitment);
  const dataOf = (at: Address): Uint8Array | undefined => read.accounts.get(at)?.data;
  const vaultData = dataOf(address);
  if (vaultData === undefined || vaultData.length === 0) throw vaultNotFound(owner, address);
  const authority = dataOf(authorityAddress);
  const clock = dataOf(CLOCK_SYSVAR);
  if (authority === undefined || clock === undefined) return undefined;

  const account = readVault(vaultData);
  const config = dataOf(configAddress);
  const multiSig = dataOf(multiSigAddress);
  const state: VaultState = {
    ...{ slot: read.slot, address, account },
    clockSeconds: readClockSeconds(clock),
    authority: readVaultAuthority(authority),
    securityConfig: account.hasSecurityConfig && config !== undefined ? readSecurityConfig(config) : undefined,
    multiSig:
      (account.hasMultiSig || account.isMultiSigWaiting) && multiSig !== undefined
        ? { address: multiSigAddress, account: readMultiSig(multiSig) }
        : undefined,
    balances: balanceStates(read, decoded(read, balances, readBalance), decoded(read, locks, readProgramLock)),
    pendingWithdrawals: decoded(read, pending, readPendingWithdrawal),
  };
  return isWhole(state) ? state : undefined;
}

function decoded<T>(read: AccountsAtSlot, addresses: readonly Address[], decode: (data: Uint8Array) => T): At<T>[] {
  return addresses.flatMap((address) => {
    const data = read.accounts.get(address)?.data;
    return data === undefined || data.length === 0 ? [] : [{ address, account: decode(data) }];
  });
}

function balanceStates(
  read: AccountsAtSlot,
  balances: readonly At<BalanceAccount>[],
  locks: readonly At<ProgramLockAccount>[],
): BalanceState[] {
  return balances.flatMap((balance) => {
    const tokens = read.accounts.get(balance.account.vaultTokens);
    if (tokens === undefined) return [];
    const { amountUnits: heldUnits, isFrozen } = readTokenAccount(tokens.owner, tokens.data);
    const programLocks = locks.filter((lock) => lock.account.balance === balance.address);
    return [{ ...balance, heldUnits, isFrozen, tokenProgram: tokens.owner, programLocks }];
  });
}

/** The accounts count what belongs to them: what was found between two slots may be more or less. */
function isWhole({ account, balances, pendingWithdrawals, securityConfig, multiSig }: VaultState): boolean {
  return (
    balances.length === account.openBalances &&
    pendingWithdrawals.length === account.pendingWithdrawals &&
    balances.every((balance) => balance.programLocks.length === balance.account.openProgramLocks) &&
    account.hasSecurityConfig === (securityConfig !== undefined) &&
    (account.hasMultiSig || account.isMultiSigWaiting) === (multiSig !== undefined)
  );
}

function vaultNotFound(owner: Address, address: Address): PermanentError {
  return new PermanentError("VAULT_NOT_FOUND", `${owner} has no vault`, "create one first", { owner, vault: address });
}

/**
 * The time by which waits of an owner's rules are measured, unix seconds: it stands still while the program is paused or frozen, or the
 * vault is frozen.
 */
export function looseningTime({ clockSeconds: now, account, authority }: VaultState): bigint {
  const stops = [
    authority.pausedUntilSeconds !== undefined && now < authority.pausedUntilSeconds
      ? authority.pauseRowStartedAtSeconds
      : undefined,
    authority.frozenUntilSeconds !== undefined && now < authority.frozenUntilSeconds
      ? authority.frozenAtSeconds
      : undefined,
    account.frozenUntilSeconds !== undefined && now < account.frozenUntilSeconds ? account.frozenAtSeconds : undefined,
  ];
  return stops.reduce<bigint>((least, stop) => (stop !== undefined && stop < least ? stop : least), now);
}

/** The withdrawal delay that counts now, in seconds. */
export function withdrawalDelaySeconds(state: VaultState): bigint {
  const { securityConfig: config } = state;
  if (config === undefined) return 0n;
  const next = config.pendingWithdrawalDelaySeconds;
  return next !== undefined && looseningTime(state) >= next.countsFromSeconds
    ? next.value
    : config.withdrawalDelaySeconds;
}
