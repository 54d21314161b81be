/** The accounts of the vault program as plain values with their units. Times are unix seconds of the cluster; amounts base units. */
import type { Address } from "@solana/kit";

import type { CollateralVault } from "./idl/collateral_vault.js";
import { ZERO_ADDRESS, type Limits, type ProposalAccount } from "./instructions.js";
import type { PlainType } from "./plain.js";
import { vaultProgram } from "./vaultProgram.js";

type Raw<N> = PlainType<CollateralVault, N>;

/** A value that takes another's place when its wait is over. */
export interface Pending<T> {
  readonly value: T;
  /** Of the cluster's clock, which stands still for this while the program is paused or frozen, or the vault is frozen. */
  readonly countsFromSeconds: bigint;
}

function pending<T>(value: T, countsFromSeconds: bigint): Pending<T> | undefined {
  return countsFromSeconds === 0n ? undefined : { value, countsFromSeconds };
}

/** Programs write zero for "none". */
function orNone<T extends bigint | Address>(value: T): T | undefined {
  return value === 0n || value === ZERO_ADDRESS ? undefined : value;
}

export interface VaultAccount {
  readonly owner: Address;
  /** Number of the last settings event. */
  readonly seqNum: bigint;
  readonly configVersion: bigint;
  /** Seed of the last delayed withdrawal: the next must be above it. */
  readonly lastWithdrawalTimestamp: bigint;
  readonly frozenAtSeconds: bigint | undefined;
  readonly frozenUntilSeconds: bigint | undefined;
  readonly openBalances: number;
  readonly pendingWithdrawals: number;
  readonly hasSecurityConfig: boolean;
  readonly hasMultiSig: boolean;
  /** A first multi-sig waits; until it counts the owner decides. */
  readonly isMultiSigWaiting: boolean;
}

export function readVault(data: Uint8Array): VaultAccount {
  const raw = vaultProgram.decodeAccount("vault", data);
  const { owner, seqNum, configVersion, lastWithdrawalTimestamp, pendingWithdrawals } = raw;
  return {
    ...{ owner, seqNum, configVersion, lastWithdrawalTimestamp, pendingWithdrawals },
    frozenAtSeconds: orNone(raw.frozenAt),
    frozenUntilSeconds: orNone(raw.frozenUntil),
    openBalances: raw.balances,
    hasSecurityConfig: raw.hasSecurityConfig !== 0,
    hasMultiSig: raw.hasMultiSig !== 0,
    isMultiSigWaiting: raw.isMultiSigWaiting !== 0,
  };
}

/** In base units of the mint; capacity and refill together are the daily limit. */
export interface LimitsUnits {
  readonly perTransactionUnits: bigint;
  readonly capacityUnits: bigint;
  readonly refillUnitsPerDay: bigint;
}

function limitsUnits({ perTransaction, capacity, refillPerDay }: Limits): LimitsUnits {
  return { perTransactionUnits: perTransaction, capacityUnits: capacity, refillUnitsPerDay: refillPerDay };
}

export interface BalanceAccount {
  readonly vault: Address;
  readonly mint: Address;
  /** The vault's own token account. */
  readonly vaultTokens: Address;
  readonly ownerTokens: Address;
  readonly totalUnits: bigint;
  readonly lockedUnits: bigint;
  /** What is free to withdraw or to lock. */
  readonly availableUnits: bigint;
  /** Number of the last money event. */
  readonly seqNum: bigint;
  /** Undefined: a mint without limits, which is closed when the vault has a security configuration and open when it has none. */
  readonly limits: LimitsUnits | undefined;
  readonly pendingLimits: Pending<LimitsUnits> | undefined;
  /** What the daily limit left when it was last looked at. It refills since. */
  readonly bucket: { readonly levelUnits: bigint; readonly updatedAtSeconds: bigint };
  readonly openProgramLocks: number;
  readonly pendingWithdrawals: number;
  readonly decimals: number;
}

export function readBalance(data: Uint8Array): BalanceAccount {
  const raw = vaultProgram.decodeAccount("balance", data);
  const { vault, mint, vaultTokens, ownerTokens, total, locked, seqNum, pendingWithdrawals, decimals } = raw;
  return {
    ...{ vault, mint, vaultTokens, ownerTokens, seqNum, pendingWithdrawals, decimals },
    totalUnits: total,
    lockedUnits: locked,
    availableUnits: total - locked,
    limits: raw.isLimited === 0 ? undefined : limitsUnits(raw.limits),
    pendingLimits: pending(limitsUnits(raw.pendingLimits), raw.pendingLimitsAt),
    bucket: { levelUnits: raw.bucket.level, updatedAtSeconds: raw.bucket.updatedAt },
    openProgramLocks: raw.programLocks,
  };
}

export interface ProgramLockAccount {
  readonly balance: Address;
  readonly programId: Address;
  readonly lockedUnits: bigint;
  readonly capUnits: bigint;
  readonly pendingCapUnits: Pending<bigint> | undefined;
  readonly revokedAtSeconds: bigint | undefined;
}

export function readProgramLock(data: Uint8Array): ProgramLockAccount {
  const raw = vaultProgram.decodeAccount("programLock", data);
  const { balance, programId, locked, cap, revokedAt } = raw;
  return {
    ...{ balance, programId },
    lockedUnits: locked,
    capUnits: cap,
    pendingCapUnits: pending(raw.pendingCap, raw.pendingCapAt),
    revokedAtSeconds: orNone(revokedAt),
  };
}

export interface PendingWithdrawalAccount {
  readonly vault: Address;
  readonly balance: Address;
  /** The wallet that receives, and its token account. */
  readonly destination: Address;
  readonly destinationTokens: Address;
  /** Paid the rent and gets it back. */
  readonly payer: Address;
  readonly amountUnits: bigint;
  /** What must arrive when others than the vault's authority execute it. */
  readonly minimumReceivedUnits: bigint;
  /** The seed; says nothing about when. */
  readonly timestamp: bigint;
  readonly requestedAtSeconds: bigint;
  readonly maturesAtSeconds: bigint;
  /** Of the vault when it was requested: a vault of another version makes it stale. */
  readonly configVersion: bigint;
}

export function readPendingWithdrawal(data: Uint8Array): PendingWithdrawalAccount {
  const raw = vaultProgram.decodeAccount("pendingWithdrawal", data);
  const { vault, balance, destination, destinationTokens, payer, amount, timestamp, configVersion } = raw;
  return {
    ...{ vault, balance, destination, destinationTokens, payer, timestamp, configVersion },
    amountUnits: amount,
    minimumReceivedUnits: raw.minimumReceived,
    requestedAtSeconds: raw.requestedAt,
    maturesAtSeconds: raw.maturesAt,
  };
}

export interface SecurityConfigAccount {
  readonly vault: Address;
  /** Above 0, direct withdrawals fail. */
  readonly withdrawalDelaySeconds: bigint;
  readonly pendingWithdrawalDelaySeconds: Pending<bigint> | undefined;
  readonly vetoer: Address | undefined;
  readonly pendingVetoer: Pending<Address | undefined> | undefined;
  /** While it is on only its wallets receive, else only the owner does. */
  readonly isWhitelistOn: boolean;
  readonly whitelistOffFromSeconds: bigint | undefined;
  /** From then on the vault may be closed. */
  readonly closingFromSeconds: bigint | undefined;
  readonly whitelist: readonly { readonly wallet: Address; readonly activeFromSeconds: bigint }[];
}

export function readSecurityConfig(data: Uint8Array): SecurityConfigAccount {
  const raw = vaultProgram.decodeAccount("securityConfig", data);
  return {
    vault: raw.vault,
    withdrawalDelaySeconds: raw.withdrawalDelay,
    pendingWithdrawalDelaySeconds: pending(raw.pendingWithdrawalDelay, raw.pendingWithdrawalDelayAt),
    vetoer: orNone(raw.vetoer),
    pendingVetoer: pending(orNone(raw.pendingVetoer), raw.pendingVetoerAt),
    isWhitelistOn: raw.isWhitelistOn !== 0,
    whitelistOffFromSeconds: orNone(raw.whitelistOffAt),
    closingFromSeconds: orNone(raw.closingAt),
    whitelist: raw.whitelist
      .filter(({ wallet }) => wallet !== ZERO_ADDRESS)
      .map(({ wallet, activeAt }) => ({ wallet, activeFromSeconds: activeAt })),
  };
}

export interface MultiSigAccount {
  readonly vault: Address;
  readonly owners: readonly Address[];
  readonly threshold: number;
  /** No owners: the multi-sig will be removed. */
  readonly pendingOwners: Pending<{ readonly owners: readonly Address[]; readonly threshold: number }> | undefined;
  /** Proposals of another one are stale. */
  readonly epoch: bigint;
  /** Index that each owner's next proposal takes, in the order of the owners. */
  readonly nextIndices: readonly bigint[];
}

/** An index modulo this is its proposer's place among the owners: nobody takes another one's. */
const INDEX_PLACES = 16n;

export function readMultiSig(data: Uint8Array): MultiSigAccount {
  const raw = vaultProgram.decodeAccount("multiSigVault", data);
  const { vault, owners, threshold, epoch, proposalCounts, ownerCount, pendingOwnerCount, pendingThreshold } = raw;
  const next = { owners: raw.pendingOwners.slice(0, pendingOwnerCount), threshold: pendingThreshold };
  return {
    ...{ vault, threshold, epoch },
    nextIndices: proposalCounts.slice(0, ownerCount).map((count, place) => count * INDEX_PLACES + BigInt(place)),
    owners: owners.slice(0, ownerCount),
    pendingOwners: pending(next, raw.pendingAt),
  };
}

export interface ProposalOfMultiSig {
  readonly multiSig: Address;
  readonly proposer: Address;
  readonly index: bigint;
  readonly epoch: bigint;
  readonly createdAtSeconds: bigint;
  /** From then on it can be neither approved nor executed. */
  readonly expiresAtSeconds: bigint;
  /** Positions of the owners who approved. */
  readonly approvedBy: readonly number[];
  readonly state: Raw<"proposalState">;
  readonly accounts: readonly ProposalAccount[];
  readonly data: Uint8Array;
}

export function readProposal(data: Uint8Array): ProposalOfMultiSig {
  const raw = vaultProgram.decodeAccount("proposal", data);
  const { multiSig, proposer, index, epoch, createdAt, expiresAt, approvals, state, accounts } = raw;
  return {
    ...{ multiSig, proposer, index, epoch, state, accounts, data: raw.data },
    createdAtSeconds: createdAt,
    expiresAtSeconds: expiresAt,
    approvedBy: Array.from({ length: 16 }, (_, owner) => owner).filter((owner) => ((approvals >> owner) & 1) === 1),
  };
}

export interface AuthorizedProgramAccount {
  readonly programId: Address;
  /** Whoever signs with it is the program. */
  readonly collateralAuthority: Address;
  readonly programData: Address;
  /** SHA-256 of its code, without the zeros behind it; hex. */
  readonly codeHash: string;
  readonly codeBytes: bigint;
  /** Another deployment stops lock and transfer, until admin or guardian confirms that it was only extended. */
  readonly deploySlot: bigint;
  readonly activeFromSeconds: bigint;
  readonly revokedAtSeconds: bigint | undefined;
  readonly seqNum: bigint;
}

export function readAuthorizedProgram(data: Uint8Array): AuthorizedProgramAccount {
  const raw = vaultProgram.decodeAccount("authorizedProgram", data);
  const { programId, collateralAuthority, programData, deploySlot, activeAt, revokedAt, seqNum } = raw;
  return {
    ...{ programId, collateralAuthority, programData, deploySlot, seqNum },
    codeHash: Buffer.from(raw.codeHash).toString("hex"),
    codeBytes: raw.codeLength,
    activeFromSeconds: activeAt,
    revokedAtSeconds: orNone(revokedAt),
  };
}

export interface VaultAuthorityAccount {
  readonly admin: Address;
  readonly pendingAdmin: Pending<Address> | undefined;
  readonly guardian: Address;
  readonly pendingGuardian: Pending<Address> | undefined;
  readonly freezeMultiSig: Address | undefined;
  readonly pendingFreezeMultiSig: Pending<Address | undefined> | undefined;
  readonly pausedUntilSeconds: bigint | undefined;
  /** While paused, waits stand still at this time. */
  readonly pauseRowStartedAtSeconds: bigint | undefined;
  readonly pausesInRow: number;
  /** From then on the admin may end the pause. */
  readonly unpauseFromSeconds: bigint | undefined;
  readonly frozenAtSeconds: bigint | undefined;
  readonly frozenUntilSeconds: bigint | undefined;
  readonly seqNum: bigint;
}

export function readVaultAuthority(data: Uint8Array): VaultAuthorityAccount {
  const raw = vaultProgram.decodeAccount("vaultAuthority", data);
  const { admin, guardian, freezeMultiSig, pausedUntil, pausesInRow, unpauseAt, frozenAt, frozenUntil, seqNum } = raw;
  return {
    ...{ admin, guardian, pausesInRow, seqNum },
    pendingAdmin: pending(raw.pendingAdmin, raw.pendingAdminAt),
    pendingGuardian: pending(raw.pendingGuardian, raw.pendingGuardianAt),
    freezeMultiSig: orNone(freezeMultiSig),
    pendingFreezeMultiSig: pending(orNone(raw.pendingFreezeMultiSig), raw.pendingFreezeMultiSigAt),
    pausedUntilSeconds: orNone(pausedUntil),
    pauseRowStartedAtSeconds: orNone(raw.pauseRowStartedAt),
    unpauseFromSeconds: orNone(unpauseAt),
    frozenAtSeconds: orNone(frozenAt),
    frozenUntilSeconds: orNone(frozenUntil),
  };
}
