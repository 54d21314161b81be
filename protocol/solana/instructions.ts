/**
 * One builder per instruction of the vault program. Addresses are derived from what the instruction is about; amounts are base units of the
 * mint. Nothing is checked here that the program checks.
 */
import { AccountRole, isWritableRole, type Address } from "@solana/kit";

import { AccountResolver, type MintRef, type Subject, type VaultRef } from "./accountRules.js";
import { associatedTokenAddress, programDataAddress, VaultAddresses } from "./addresses.js";
import { SYSTEM_PROGRAM } from "./errorNames.js";
import type { CollateralVault } from "./idl/collateral_vault.js";
import type { PlainType } from "./plain.js";
import type { FullInstruction, InstructionAccounts, InstructionArgs, InstructionName } from "./program.js";
import { receivedUnits } from "./tokens.js";
import { vaultProgram, type VaultProgram } from "./vaultProgram.js";

export type { MintRef, VaultRef } from "./accountRules.js";
export type Role = PlainType<CollateralVault, "role">;
export type Limits = PlainType<CollateralVault, "limits">;
export type SecurityChange = PlainType<CollateralVault, "securityChange">;
export type SecurityVeto = PlainType<CollateralVault, "securityVeto">;
export type ProposalAccount = PlainType<CollateralVault, "proposalAccount">;

/** A vault's ledger of one mint. */
export interface BalanceRef {
  readonly vault: VaultRef;
  readonly mint: MintRef;
}
/** What a consumer program holds of a balance. */
export interface LockRef extends BalanceRef {
  readonly consumer: Address;
  /** The owner of the consumer's account; the upgradeable loader by default. */
  readonly loader?: Address;
}
export interface MultiSigOwners {
  readonly owners: readonly Address[];
  readonly threshold: number;
}

/** Limits that hold nothing back: a balance without a security configuration closes only with these or none. */
export const OPEN_LIMITS: Limits = {
  perTransaction: 2n ** 64n - 1n,
  capacity: 2n ** 63n - 1n,
  refillPerDay: 2n ** 63n - 1n,
};

type Name = InstructionName<CollateralVault>;
type Accounts<N extends Name> = { readonly [A in keyof InstructionAccounts<CollateralVault, N>]?: Address | undefined };

/** The key of 32 zero bytes, which also is the system program's: nobody, where an address may be missing. */
export const ZERO_ADDRESS = SYSTEM_PROGRAM as Address;
/** In a proposal: whoever executes it, who signs and pays. Nobody's address. */
export const EXECUTOR = "Executor11111111111111111111111111111111111" as Address;

export class VaultInstructions {
  readonly addresses: VaultAddresses;

  constructor(readonly program: VaultProgram = vaultProgram) {
    this.addresses = new VaultAddresses(program.id);
  }

  /** While there is a multi-sig, instructions run inside proposals, where the executor pays. */
  private paidBy<S extends { readonly vault: VaultRef }>(subject: S, payer: Address | undefined): S & Subject {
    const { owner, hasMultiSig = false } = subject.vault;
    return { ...subject, payer: payer ?? (hasMultiSig ? EXECUTOR : owner) };
  }

  /** Any instruction by its name. `given` goes before what would be derived. */
  async build<N extends Name>(
    name: N,
    args: InstructionArgs<CollateralVault, N>,
    subject: Subject,
    given: Accounts<N> = {},
  ): Promise<FullInstruction> {
    const resolver = new AccountResolver(this.addresses, subject, given);
    const entries = await Promise.all(
      this.program
        .accountsToPass(name)
        .filter(({ name: account, isOptional }) => !isOptional || resolver.isPresent(account))
        .map(async ({ name: account }) => [account, await resolver.get(account)] as const),
    );
    return this.program.instruction(name, args, Object.fromEntries(entries) as InstructionAccounts<CollateralVault, N>);
  }

  // Vaults and money

  initialize(owner: Address, payer: Address = owner) {
    return this.build("initialize", {}, { vault: { owner }, payer });
  }

  /** Opens a vault for a mint, with the token account. */
  openBalance(at: BalanceRef, payer?: Address) {
    return this.build("openBalance", {}, this.paidBy(at, payer));
  }

  /** @param ownerTokens a token account of the owner; his associated one by default. */
  deposit(at: BalanceRef, amountUnits: bigint, ownerTokens?: Address) {
    const args = { amount: amountUnits, decimals: at.mint.decimals };
    return this.build("deposit", { args }, at, { ownerTokens });
  }

  /**
   * @param destination the wallet that receives, on its associated token account; the owner by default.
   * @param minimumReceived what must arrive; by default what the mint's fee leaves now.
   */
  async withdraw(
    at: BalanceRef,
    amountUnits: bigint,
    destination: Address = at.vault.owner,
    minimumReceived = receivedUnits(at.mint, amountUnits),
  ) {
    const args = { amount: amountUnits, minimumReceived, decimals: at.mint.decimals };
    return this.build("withdraw", { args }, at, { destinationTokens: await tokensOf(destination, at.mint) });
  }

  /** @param timestamp near the cluster's clock and above the vault's last one. */
  requestWithdrawal(
    at: BalanceRef,
    request: {
      readonly amountUnits: bigint;
      readonly timestamp: bigint;
      readonly destination?: Address;
      /** What must arrive when others than the vault's authority execute it; by default what the mint's fee leaves now. */
      readonly minimumReceivedUnits?: bigint;
    },
    payer?: Address,
  ) {
    const { amountUnits, timestamp, destination = at.vault.owner } = request;
    const { minimumReceivedUnits: minimumReceived = receivedUnits(at.mint, amountUnits) } = request;
    const args = { amount: amountUnits, minimumReceived, decimals: at.mint.decimals, timestamp, destination };
    return this.build("requestWithdrawal", { args }, { ...this.paidBy(at, payer), timestamp });
  }

  /**
   * Anybody may.
   * @param request what the pending withdrawal's account says.
   * @param authority the vault's, who takes less than was asked for when the mint's fee has risen.
   */
  async executeWithdrawal(
    at: BalanceRef,
    request: { readonly timestamp: bigint; readonly destination: Address; readonly payer: Address },
    authority?: Address,
  ) {
    const { timestamp, destination, payer } = request;
    const given = { authority, destinationTokens: await tokensOf(destination, at.mint) };
    return this.build("executeWithdrawal", {}, { ...at, timestamp, payer }, given);
  }

  cancelWithdrawal(at: BalanceRef, request: { readonly timestamp: bigint; readonly payer: Address }, signer?: Address) {
    // no more of it: what an account says of its vault is an address
    const { timestamp, payer } = request;
    return this.build("cancelWithdrawal", {}, { ...at, timestamp, payer }, { signer });
  }

  closeBalance(at: BalanceRef) {
    return this.build("closeBalance", {}, at);
  }

  /** A security configuration must allow it first: `{ kind: "closing", on: true }`. */
  closeVault(vault: VaultRef) {
    return this.build("closeVault", {}, { vault });
  }

  // What programs hold

  createProgramLock(at: LockRef, capUnits: bigint, payer?: Address) {
    return this.build("createProgramLock", { cap: capUnits }, this.paidBy(at, payer));
  }

  setProgramLockCap(at: LockRef, capUnits: bigint) {
    return this.build("setProgramLockCap", { cap: capUnits }, at);
  }

  vetoProgramLockCap(at: LockRef, signer: Address) {
    return this.build("vetoProgramLockCap", {}, at, { signer });
  }

  revokeProgramLock(at: LockRef) {
    return this.build("revokeProgramLock", {}, at);
  }

  releaseProgramLock(at: LockRef) {
    return this.build("releaseProgramLock", {}, at);
  }

  closeProgramLock(at: LockRef) {
    return this.build("closeProgramLock", {}, at);
  }

  /** For a program to call: only it can sign as its collateral authority. */
  lock(at: LockRef, amountUnits: bigint) {
    return this.build("lock", { amount: amountUnits }, at);
  }

  /** For a program to call. */
  unlock(at: LockRef, amountUnits: bigint) {
    return this.build("unlock", { amount: amountUnits }, at);
  }

  /** For a program to call: from its lock in one vault to what is available in another's balance of the same mint. */
  async transferCollateral(from: LockRef, to: VaultRef, amountUnits: bigint) {
    const { mint } = from;
    const [sourceVault, destinationVault] = await Promise.all([
      this.addresses.vault(from.vault.owner),
      this.addresses.vault(to.owner),
    ]);
    const [sourceBalance, destinationBalance, sourceTokens, destinationTokens] = await Promise.all([
      this.addresses.balance(sourceVault, mint.address),
      this.addresses.balance(destinationVault, mint.address),
      tokensOf(sourceVault, mint),
      tokensOf(destinationVault, mint),
    ]);
    const given = { sourceVault, sourceBalance, destinationBalance, sourceTokens, destinationTokens };
    const args = { amount: amountUnits, decimals: mint.decimals };
    return this.build("transferCollateral", { args }, from, given);
  }

  // An owner's rules

  createSecurityConfig(
    vault: VaultRef,
    rules: {
      readonly withdrawalDelaySeconds: bigint;
      /** Only these receive; null: only the owner does. */
      readonly whitelist: readonly Address[] | null;
      readonly vetoer?: Address;
    },
    payer?: Address,
  ) {
    const { withdrawalDelaySeconds: withdrawalDelay, whitelist, vetoer = ZERO_ADDRESS } = rules;
    const args = { withdrawalDelay, isWhitelistOn: whitelist !== null, whitelist: whitelist ?? [], vetoer };
    return this.build("createSecurityConfig", { args }, this.paidBy({ vault }, payer));
  }

  changeSecurity(vault: VaultRef, change: SecurityChange) {
    return this.build("changeSecurity", { change }, { vault });
  }

  vetoSecurity(vault: VaultRef, what: SecurityVeto, signer: Address) {
    return this.build("vetoSecurity", { what }, { vault }, { signer });
  }

  setLimits(at: BalanceRef, limits: Limits) {
    return this.build("setLimits", { limits }, at);
  }

  vetoLimits(at: BalanceRef, signer: Address) {
    return this.build("vetoLimits", {}, at, { signer });
  }

  /** Stops everything that leaves this vault, for at most a day. Only its multi-sig may. */
  freezeVault(vault: VaultRef, seconds: bigint) {
    return this.build("freezeVault", { seconds }, { vault });
  }

  // Multi-sig

  /** With a security configuration it waits, and somebody applies it. */
  createMultiSig(vault: VaultRef, args: MultiSigOwners, payer?: Address) {
    return this.build("createMultiSig", { args }, this.paidBy({ vault }, payer));
  }

  /** No owners: removes it. */
  changeMultiSig(vault: VaultRef, args: MultiSigOwners) {
    return this.build("changeMultiSig", { args }, { vault });
  }

  /** Anybody may, once the wait is over. */
  applyMultiSig(vault: VaultRef) {
    return this.build("applyMultiSig", {}, { vault });
  }

  vetoMultiSig(vault: VaultRef, signer: Address) {
    return this.build("vetoMultiSig", {}, { vault }, { signer });
  }

  /**
   * @param instruction of this program, built for a vault with `hasMultiSig`; what its payer signs for is left to the executor.
   * @param index the proposer's next (`MultiSigAccount.nextIndices`).
   */
  propose(
    vault: VaultRef,
    proposer: Address,
    proposal: { readonly instruction: FullInstruction; readonly index: bigint; readonly expiresAtSeconds: bigint },
  ) {
    const { instruction, index, expiresAtSeconds: expiresAt } = proposal;
    const args = { index, expiresAt, ...storedInstruction(instruction) };
    return this.build("propose", { args }, { vault, index }, { proposer });
  }

  /** @param hash of what the approver was shown (`proposalHash`): with any other content the program refuses his approval. */
  approve(vault: VaultRef, index: bigint, approver: Address, hash: Uint8Array) {
    return this.build("approve", { contentHash: [...hash] }, { vault, index }, { approver });
  }

  /** Takes an approval back. */
  unapprove(vault: VaultRef, index: bigint, approver: Address) {
    return this.build("unapprove", {}, { vault, index }, { approver });
  }

  /** @param stored accounts of the proposal, as its account has them. */
  async executeProposal(
    vault: VaultRef,
    index: bigint,
    executor: Address,
    stored: readonly ProposalAccount[],
  ): Promise<FullInstruction> {
    const instruction = await this.build("executeProposal", {}, { vault, index }, { executor });
    const remaining = stored.map(({ key, isWritable }) => ({
      address: key === EXECUTOR ? executor : key,
      role: isWritable ? AccountRole.WRITABLE : AccountRole.READONLY,
    }));
    return { ...instruction, accounts: [...instruction.accounts, ...remaining] };
  }

  cancelProposal(vault: VaultRef, index: bigint, proposer: Address) {
    return this.build("cancelProposal", {}, { vault, index }, { proposer });
  }

  /** Anybody may close a finished one; its rent returns to the proposer. */
  closeProposal(vault: VaultRef, index: bigint, proposer: Address) {
    return this.build("closeProposal", {}, { vault, index }, { proposer });
  }

  // Roles

  async initializeAuthority(
    roles: { readonly admin: Address; readonly guardian: Address },
    upgradeAuthority: Address,
    payer: Address = upgradeAuthority,
  ) {
    const programData = await programDataAddress(this.program.id);
    return this.build("initializeAuthority", { args: roles }, { payer }, { programData, upgradeAuthority });
  }

  proposeAuthority(role: Role, holder: Address, admin: Address) {
    return this.build("proposeAuthority", { args: { role, holder } }, {}, { admin });
  }

  acceptAuthority(role: Role, holder: Address) {
    return this.build("acceptAuthority", { role }, {}, { holder });
  }

  cancelAuthority(role: Role, signer: Address) {
    return this.build("cancelAuthority", { role }, {}, { signer });
  }

  pause(guardian: Address) {
    return this.build("pause", {}, {}, { guardian });
  }

  requestUnpause(admin: Address) {
    return this.build("requestUnpause", {}, {}, { admin });
  }

  unpause(signer: Address) {
    return this.build("unpause", {}, {}, { signer });
  }

  freezeAll(multiSigVault: Address, seconds: bigint) {
    return this.build("freezeAll", { seconds }, {}, { multiSigVault });
  }

  /**
   * Lists a program, which counts a day later. Hashes its code: ask for `codeUnits`.
   * @param codeHash of the code that was looked at (`codeHashOf`): other code is refused.
   */
  registerProgram(consumer: Address, admin: Address, codeHash: Uint8Array, payer: Address = admin, loader?: Address) {
    return this.build("registerProgram", { codeHash: [...codeHash] }, { consumer, loader, payer }, { admin });
  }

  /** The same after an upgrade or a revocation. */
  renewProgram(consumer: Address, admin: Address, codeHash: Uint8Array, loader?: Address) {
    return this.build("renewProgram", { codeHash: [...codeHash] }, { consumer, loader }, { admin });
  }

  /**
   * Admin or guardian, when a program was extended, which anybody may. They look first whether nothing but `ExtendProgram` happened to it:
   * code that was replaced and put back is the same code, too. Ask for `codeUnits`.
   */
  confirmProgram(consumer: Address, signer: Address) {
    return this.build("confirmProgram", {}, { consumer }, { signer });
  }

  revokeProgram(consumer: Address, signer: Address) {
    return this.build("revokeProgram", {}, { consumer }, { signer });
  }
}

const MAX_UNITS = 1_400_000;
/** Of the instruction apart from the code. */
const BASE_UNITS = 60_000;

/** Compute units that are enough to hash a program's code: half a unit a byte. @param bytes of its ProgramData. */
export function codeUnits(bytes: number): number {
  return Math.min(MAX_UNITS, BASE_UNITS + Math.ceil((bytes * 13) / 25));
}

/** How a proposal keeps an instruction: the multi-sig signs, and `EXECUTOR` stands for whoever executes. */
export function storedInstruction({ accounts, data }: FullInstruction): {
  readonly accounts: readonly ProposalAccount[];
  readonly data: Uint8Array;
} {
  return {
    accounts: accounts.map(({ address, role }) => ({ key: address, isWritable: isWritableRole(role) })),
    data,
  };
}

function tokensOf(owner: Address, mint: MintRef): Promise<Address> {
  return associatedTokenAddress(owner, mint.address, mint.tokenProgram);
}
