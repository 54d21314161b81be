/** What the owner of a vault does, as unsigned transactions: opening, paying in and out, and looking at it. Holds no key and no state. */
import type { Address, Instruction } from "@solana/kit";

import { PermanentError } from "../errors.js";
import { readProposal } from "./accounts.js";
import { associatedTokenAddress } from "./addresses.js";
import { CLOCK_SYSVAR, readClockEpoch } from "./clock.js";
import { OUR_PROGRAMS, type NamedProgram } from "./errors.js";
import type { CollateralVault } from "./idl/collateral_vault.js";
import { VaultInstructions, type BalanceRef, type MintRef, type VaultRef } from "./instructions.js";
import type { InstructionArgs } from "./program.js";
import { showProposal, type ShownProposal } from "./proposals.js";
import { readAccounts, readProgramAccounts, type Commitment, type SolanaRpc } from "./rpc.js";
import { createTokensInstruction, readMintDecimals, readTransferFee } from "./tokens.js";
import { buildTransaction, type TransactionRequest, type UnsignedTransaction } from "./transaction.js";
import { readVaultHistory, type HistoryPage, type VaultHistory } from "./vaultHistory.js";
import { vaultProgram, type VaultProgram } from "./vaultProgram.js";
import { childFilters, readVaultState, withdrawalDelaySeconds, type VaultState } from "./vaultState.js";

/** How transactions are paid for, and for whom. */
export type ManagerOptions = Pick<TransactionRequest, "priorityFee" | "computeMarginBps" | "lookupTables"> & {
  readonly program?: VaultProgram;
  readonly commitment?: Commitment;
};

export interface WithdrawalRequest {
  readonly owner: Address;
  readonly mint: Address;
  readonly amountUnits: bigint;
  /** Wallet that receives, on its associated token account; the owner by default. */
  readonly destination?: Address;
  /** Of a vault with a multi-sig: the owner who proposes it, and until when it can be approved and executed. */
  readonly proposal?: { readonly proposer: Address; readonly expiresAtSeconds: bigint };
}

/** A delayed withdrawal that waits. */
export interface PendingRef {
  readonly owner: Address;
  /** Address of its account: `Withdrawal.pendingWithdrawal`, or of a `VaultState`. */
  readonly pendingWithdrawal: Address;
}

/** What the transaction does, by the vault's rules of the moment. */
export type Withdrawal =
  | { readonly kind: "paid"; readonly transaction: UnsignedTransaction }
  /** It matures after the vault's delay; anybody executes it then. */
  | { readonly kind: "requested"; readonly transaction: UnsignedTransaction; readonly pendingWithdrawal: Address }
  /** The owners approve it. `of`: what the proposal does. */
  | {
      readonly kind: "proposed";
      readonly of: "paid" | "requested";
      readonly transaction: UnsignedTransaction;
      readonly index: bigint;
      readonly proposal: Address;
    };

type RequestArgs = InstructionArgs<CollateralVault, "requestWithdrawal">;

/** As in constants.rs. */
const TIMESTAMP_SLACK_SECONDS = 60n;

export class VaultManager {
  readonly program: VaultProgram;
  readonly instructions: VaultInstructions;
  private readonly commitment: Commitment;
  private readonly programs: readonly NamedProgram[];

  constructor(
    private readonly rpc: SolanaRpc,
    private readonly options: ManagerOptions = {},
  ) {
    this.program = options.program ?? vaultProgram;
    this.commitment = options.commitment ?? "confirmed";
    this.instructions = new VaultInstructions(this.program);
    this.programs = [this.program, ...OUR_PROGRAMS.filter(({ name }) => name !== this.program.name)];
  }

  /** Everything about a vault as of one slot. @throws as readVaultState. */
  state(owner: Address): Promise<VaultState> {
    return readVaultState(this.rpc, this.program, owner, this.commitment);
  }

  /** What happened to a vault, newest first. */
  history(owner: Address, page: HistoryPage): Promise<VaultHistory> {
    return readVaultHistory(this.rpc, this.program, owner, page);
  }

  /** A mint as instructions need it. @throws PermanentError NOT_A_MINT. */
  async mint(address: Address): Promise<MintRef> {
    const { accounts } = await readAccounts(this.rpc, [address, CLOCK_SYSVAR], this.commitment);
    const [account, clock] = [accounts.get(address), accounts.get(CLOCK_SYSVAR)];
    if (account === undefined || clock === undefined) {
      throw new PermanentError("NOT_A_MINT", `${address} does not exist`, undefined, { address });
    }
    const decimals = readMintDecimals(account.owner, account.data);
    const epoch = readClockEpoch(clock.data);
    return { address, tokenProgram: account.owner, decimals, transferFee: readTransferFee(account.data, epoch) };
  }

  /**
   * Opens what is missing of a vault and its balance of a mint, and the owner's token account.
   * @returns undefined when everything is open already.
   */
  async create(owner: Address, mint: Address, payer: Address = owner): Promise<UnsignedTransaction | undefined> {
    const at: BalanceRef = { vault: { owner }, mint: await this.mint(mint) };
    const { addresses } = this.instructions;
    const vault = await addresses.vault(owner);
    const balance = await addresses.balance(vault, mint);
    const ownerTokens = await associatedTokenAddress(owner, mint, at.mint.tokenProgram);
    const { accounts } = await readAccounts(this.rpc, [vault, balance, ownerTokens], this.commitment);
    const missing = (address: Address): boolean => (accounts.get(address)?.data.length ?? 0) === 0;
    const instructions: Instruction[] = [];
    if (missing(vault)) instructions.push(await this.instructions.initialize(owner, payer));
    if (missing(balance)) instructions.push(await this.instructions.openBalance(at, payer));
    if (missing(ownerTokens)) {
      instructions.push(await createTokensInstruction(payer, owner, mint, at.mint.tokenProgram));
    }
    return instructions.length === 0 ? undefined : this.build("create a vault", payer, instructions);
  }

  /** Pays in from the owner's associated token account. @throws PermanentError BALANCE_NOT_FOUND. */
  async deposit(owner: Address, mint: Address, amountUnits: bigint): Promise<UnsignedTransaction> {
    const at: BalanceRef = { vault: { owner }, mint: await this.mint(mint) };
    await this.requireBalance(owner, mint);
    return this.build("deposit", owner, [await this.instructions.deposit(at, amountUnits)]);
  }

  /**
   * Pays out, or requests it where the vault has a delay; proposes that where it has a multi-sig. Opens the destination's token account.
   * @throws PermanentError BALANCE_NOT_FOUND, PROPOSER_REQUIRED, NOT_AN_OWNER; what the program refuses (limits, whitelist, freeze) as RevertError.
   */
  async withdraw(request: WithdrawalRequest): Promise<Withdrawal> {
    const { owner, amountUnits, destination = owner, proposal } = request;
    const state = await this.state(owner);
    if (!state.balances.some(({ account }) => account.mint === request.mint)) {
      throw balanceNotFound(owner, request.mint);
    }
    const { hasSecurityConfig, hasMultiSig } = state.account;
    const vault: VaultRef = { owner, hasSecurityConfig, hasMultiSig };
    const at: BalanceRef = { vault, mint: await this.mint(request.mint) };
    const isDelayed = withdrawalDelaySeconds(state) > 0n;
    const timestamp = nextTimestamp(state, isDelayed ? await this.proposedTimestamps(state) : []);
    const payout = await (isDelayed
      ? this.instructions.requestWithdrawal(at, { amountUnits, timestamp, destination })
      : this.instructions.withdraw(at, amountUnits, destination));
    const payer = hasMultiSig ? proposal?.proposer : owner;
    if (payer === undefined) throw proposerRequired(owner);
    const opening = await createTokensInstruction(payer, destination, request.mint, at.mint.tokenProgram);

    if (proposal !== undefined && state.multiSig !== undefined) {
      const { proposer, expiresAtSeconds } = proposal;
      const { owners, nextIndices } = state.multiSig.account;
      const index = nextIndices[owners.indexOf(proposer)];
      if (index === undefined) throw notAnOwner(owner, proposer);
      const proposing = await this.instructions.propose(vault, proposer, {
        ...{ instruction: payout, index, expiresAtSeconds },
      });
      return {
        kind: "proposed",
        of: isDelayed ? "requested" : "paid",
        transaction: await this.build("propose a withdrawal", proposer, [opening, proposing]),
        index,
        proposal: await this.instructions.addresses.proposal(state.multiSig.address, index),
      };
    }
    const doing = isDelayed ? "request a withdrawal" : "withdraw";
    const transaction = await this.build(doing, owner, [opening, payout]);
    if (!isDelayed) return { kind: "paid", transaction };
    const pendingWithdrawal = await this.instructions.addresses.pendingWithdrawal(state.address, timestamp);
    return { kind: "requested", transaction, pendingWithdrawal };
  }

  /** A proposal as people read it, with the hash of its content. @throws PermanentError PROPOSAL_NOT_FOUND; as showProposal. */
  async proposal(address: Address): Promise<ShownProposal> {
    const account = (await readAccounts(this.rpc, [address], this.commitment)).accounts.get(address);
    if (account === undefined || account.data.length === 0) throw proposalNotFound(address);
    return showProposal(readProposal(account.data), this.program);
  }

  /** Approves what was shown and nothing else. @throws RevertError ProposalContentMismatch when the proposal is another one. */
  async approve(shown: ShownProposal, approver: Address): Promise<UnsignedTransaction> {
    const { multiSig, index } = shown.content;
    const proposal = await this.instructions.addresses.proposal(multiSig, index);
    const args = { contentHash: [...Buffer.from(shown.hash, "hex")] };
    const given = { approver, multiSigVault: multiSig, proposal };
    return this.build("approve a proposal", approver, [await this.instructions.build("approve", args, {}, given)]);
  }

  /** Seeds of requests that owners of the multi-sig have proposed and that may still be executed. */
  private async proposedTimestamps({ multiSig, clockSeconds }: VaultState): Promise<readonly bigint[]> {
    if (multiSig === undefined) return [];
    const { program, commitment } = this;
    const filters = childFilters(program, "proposal", multiSig.address);
    return (await readProgramAccounts(this.rpc, program.id, filters, commitment)).flatMap(({ data }) => {
      const { state, epoch, expiresAtSeconds, data: carried } = readProposal(data);
      const isLive = state === "open" && epoch === multiSig.account.epoch && clockSeconds < expiresAtSeconds;
      const decoded = isLive ? program.decodeInstruction(carried) : undefined;
      return decoded?.name === "requestWithdrawal" ? [(decoded.args as RequestArgs).args.timestamp] : [];
    });
  }

  /**
   * Pays a matured withdrawal to the destination it was requested for, and opens its token account. Anybody may, for `payer` the fee.
   * With `isAuthority` the owner of a vault without a multi-sig signs, too, and takes less where the mint's fee has risen.
   * @throws PermanentError WITHDRAWAL_NOT_FOUND; what the program refuses (too early, stale, limits, LessReceived) as RevertError.
   */
  async executeWithdrawal(request: PendingRef, payer: Address, isAuthority = false): Promise<UnsignedTransaction> {
    const { at, account } = await this.pendingWithdrawal(request);
    const opening = await createTokensInstruction(payer, account.destination, at.mint.address, at.mint.tokenProgram);
    const authority = isAuthority ? request.owner : undefined;
    const paying = await this.instructions.executeWithdrawal(at, account, authority);
    return this.build("execute a withdrawal", payer, [opening, paying]);
  }

  /**
   * Cancels a withdrawal that waits, matured or not.
   * @param signer the owner, his vetoer, or any owner of the vault's multi-sig.
   * @throws PermanentError WITHDRAWAL_NOT_FOUND; RevertError MayNotVeto.
   */
  async cancelWithdrawal(request: PendingRef, signer: Address = request.owner): Promise<UnsignedTransaction> {
    const { at, account } = await this.pendingWithdrawal(request);
    return this.build("cancel a withdrawal", signer, [await this.instructions.cancelWithdrawal(at, account, signer)]);
  }

  private async pendingWithdrawal({ owner, pendingWithdrawal }: PendingRef) {
    const state = await this.state(owner);
    const found = state.pendingWithdrawals.find(({ address }) => address === pendingWithdrawal);
    const balance = state.balances.find(({ address }) => address === found?.account.balance);
    if (found === undefined || balance === undefined) throw withdrawalNotFound(owner, pendingWithdrawal);
    const { hasSecurityConfig, hasMultiSig } = state.account;
    const at = { vault: { owner, hasSecurityConfig, hasMultiSig }, mint: await this.mint(balance.account.mint) };
    return { at, account: found.account };
  }

  private async requireBalance(owner: Address, mint: Address): Promise<void> {
    const { addresses } = this.instructions;
    const balance = await addresses.balance(await addresses.vault(owner), mint);
    const { accounts } = await readAccounts(this.rpc, [balance], this.commitment);
    if ((accounts.get(balance)?.data.length ?? 0) === 0) throw balanceNotFound(owner, mint);
  }

  private build(doing: string, payer: Address, instructions: readonly Instruction[]): Promise<UnsignedTransaction> {
    const { program: _, ...paying } = this.options;
    const { commitment, programs } = this;
    return buildTransaction(this.rpc, { ...paying, commitment, programs, doing, payer, instructions });
  }
}

/**
 * The seed of the next request: the clock, or the one after the vault's last and after those of open proposals. Those too far ahead to be
 * executed now count for nothing: one owner could push everybody's away.
 */
export function nextTimestamp({ clockSeconds, account }: VaultState, proposed: readonly bigint[] = []): bigint {
  const near = proposed.filter((timestamp) => timestamp <= clockSeconds + TIMESTAMP_SLACK_SECONDS);
  return [account.lastWithdrawalTimestamp, ...near].reduce(
    (most, taken) => (taken >= most ? taken + 1n : most),
    clockSeconds,
  );
}

function balanceNotFound(owner: Address, mint: Address): PermanentError {
  return new PermanentError("BALANCE_NOT_FOUND", `${owner} has no vault for ${mint}`, "create it first", {
    owner,
    mint,
  });
}

function withdrawalNotFound(owner: Address, pendingWithdrawal: Address): PermanentError {
  const message = `no withdrawal of ${owner} waits at ${pendingWithdrawal}`;
  return new PermanentError("WITHDRAWAL_NOT_FOUND", message, "it may be paid or cancelled", {
    owner,
    pendingWithdrawal,
  });
}

function notAnOwner(owner: Address, proposer: Address): PermanentError {
  const message = `${proposer} is no owner of the multi-sig of the vault of ${owner}`;
  return new PermanentError("NOT_AN_OWNER", message, "name one of its owners", { owner, proposer });
}

function proposalNotFound(address: Address): PermanentError {
  return new PermanentError("PROPOSAL_NOT_FOUND", `${address} is no proposal`, "it may be closed already", { address });
}

function proposerRequired(owner: Address): PermanentError {
  return new PermanentError(
    "PROPOSER_REQUIRED",
    `the vault of ${owner} has a multi-sig: only an executed proposal withdraws`,
    "name the owner of the multi-sig who proposes it, and when the proposal expires",
    { owner },
  );
}
