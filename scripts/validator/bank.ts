/**
 * LiteSVM as a cluster with slots. LiteSVM executes and keeps accounts; everything that makes a transaction happen at most once is ours,
 * because with its blockhash check off LiteSVM executes identical bytes as often as they come: the queue of blockhashes, the signatures
 * ever seen, forks. No clock: somebody calls `advance`.
 */
import { type Address, type EncodedAccount, type MaybeEncodedAccount } from "@solana/kit";
import { EpochSchedule, FailedTransactionMetadata, LiteSVM, type SlotHash } from "litesvm";

import { AccountStore, isSameAccount } from "./accountStore.js";
import { BlockhashQueue } from "./blockhashes.js";
import { Blocks, type Block, type ConfirmationDepths, type Executed, type PreImage } from "./blocks.js";
import { unitPrice } from "./computeBudget.js";
import { SLOTS_PER_EPOCH } from "./epochInfo.js";
import { genesisHashOf, LOCAL_GENESIS_SEED } from "./genesis.js";
import { History } from "./history.js";
import { accountsOf } from "./messageAccounts.js";
import { isNonceValid } from "./nonce.js";
import type { BankObserver } from "./observer.js";
import { outcomeOf } from "./outcome.js";
import type { OwnedAccounts } from "./ownerIndex.js";
import type { SavedBank } from "./savedBank.js";
import { SlotClock } from "./slotClock.js";
import { tokenBalances } from "./tokenBalances.js";
import { isIncluded, transactionError, type TransactionErrorJson } from "./transactionError.js";
import { NO_EFFECT, type Simulation } from "./simulation.js";
import type { WireTransaction } from "./wire.js";

export interface BankOptions extends Partial<ConfirmationDepths> {
  /** Makes the genesis hash; two clusters with one seed and the same transactions are equal. */
  readonly seed?: string;
  /** Unix seconds of slot 0. */
  readonly genesisTime?: bigint;
  /** Milliseconds between slots as the cluster's clock counts them. */
  readonly clockMsPerSlot?: bigint;
  /** Goes on from there; depths and pace are those of the other options. */
  readonly saved?: SavedBank;
}

/** As on public clusters: a vote takes two blocks, a root thirty-two. */
const DEFAULT_DEPTHS: ConfirmationDepths = { confirmedBlocks: 2, finalizedBlocks: 32 };
const DEFAULT_CLOCK_MS_PER_SLOT = 400n;
const SLOT_HASHES_SYSVAR = "SysvarS1otHashes111111111111111111111111111";
/** Entries of the SlotHashes sysvar; lookup tables name one of them. */
const SLOT_HASHES = 512;

export type Delivery =
  { readonly executed: Executed } | { readonly refused: TransactionErrorJson; readonly logs: readonly string[] };

export class Bank {
  readonly genesisHash: string;
  readonly blocks: Blocks;
  readonly history = new History();
  /** Told of every block and transaction, in order. */
  readonly observers = new Set<BankObserver>();
  private readonly blockhashes = new BlockhashQueue();
  private readonly svm: LiteSVM;
  private readonly accounts: AccountStore;
  private readonly clock: SlotClock;
  private slotHashesAreOld = true;

  constructor(options: BankOptions = {}) {
    const { seed = LOCAL_GENESIS_SEED, genesisTime = 0n, clockMsPerSlot = DEFAULT_CLOCK_MS_PER_SLOT, saved } = options;
    const { confirmedBlocks, finalizedBlocks } = { ...DEFAULT_DEPTHS, ...options };
    const svm = saved === undefined ? new LiteSVM().withNativeMints() : LiteSVM.fromBytes(saved.accounts);
    this.svm = svm.withBlockhashCheck(false).withTransactionHistory(0n);
    this.svm.setEpochSchedule(new EpochSchedule(SLOTS_PER_EPOCH, SLOTS_PER_EPOCH, false, 0n, 0n));
    this.accounts = new AccountStore(this.svm);
    this.genesisHash = saved?.genesisHash ?? genesisHashOf(seed);
    this.clock = new SlotClock(genesisTime * 1000n, clockMsPerSlot);
    if (saved !== undefined) {
      this.clock.set(saved.slot, saved.timeMs);
      for (const { blockhash, height } of saved.blockhashes) this.blockhashes.register(blockhash, height);
      for (const executed of saved.transactions) this.history.remember(executed);
    }
    const start = saved ?? { parentHash: this.genesisHash, slot: 0n, height: 0n };
    const timeOf = (slot: bigint): bigint => this.clock.timeMsOf(slot) / 1000n;
    this.blocks = new Blocks(start, { confirmedBlocks, finalizedBlocks }, timeOf);
    this.advance(1);
  }

  /** The account as of a block that is not older than the finalized one; undefined when it does not exist there. */
  account(address: Address, at: Block = this.blocks.open): EncodedAccount | undefined {
    for (const block of this.blocks.after(at.slot)) {
      const before = block.preImages.find((image) => image.address === address);
      if (before !== undefined) return before.account;
    }
    if (address === SLOT_HASHES_SYSVAR) this.refreshSlotHashes();
    return this.accounts.get(address);
  }

  /** All accounts of a program as of a block, like `account`. */
  accountsOwnedBy(owner: Address, at: Block = this.blocks.open): OwnedAccounts {
    const newest = this.accounts.ownedBy(owner);
    const changedSince = new Map<Address, EncodedAccount | undefined>();
    for (const { address, account } of this.blocks.after(at.slot).flatMap((block) => block.preImages)) {
      if (!changedSince.has(address)) changedSince.set(address, account);
    }
    if (changedSince.size === 0) return newest;
    const then = new Map(newest);
    for (const [address, account] of changedSince) {
      if (account?.programAddress === owner) then.set(address, account);
      else then.delete(address);
    }
    return then;
  }

  /** For those who know LiteSVM by this name (ProgramTarget). */
  getAccount(address: Address): MaybeEncodedAccount {
    return this.svm.getAccount(address);
  }

  /** Puts an account in place as genesis would. */
  setAccount(account: EncodedAccount): void {
    this.accounts.set(account.address, account.lamports > 0n ? account : undefined);
  }

  minimumBalanceForRentExemption(bytes: bigint): bigint {
    return this.svm.minimumBalanceForRentExemption(bytes);
  }

  /** Whether the next block on top of `block` would take the hash. */
  isBlockhashValid(blockhash: string, block: Block): boolean {
    // The hash of the open block is not known yet: its newest is its parent's.
    const parentHeight = block === this.blocks.open ? block.height - 1n : block.height;
    return this.blockhashes.isValid(blockhash, parentHeight);
  }

  /** Closes the open block, `count` times. */
  advance(count = 1): void {
    for (let i = 0; i < count; i += 1) this.closeBlock(0n);
  }

  /** Slots without a block, each as long as any other. */
  skip(slots: bigint): void {
    this.closeBlock(slots);
  }

  /** The next block is that late, in Unix milliseconds. @throws RangeError for a time that the cluster has left behind. */
  jumpTo(timeMs: bigint): void {
    const next = this.blocks.open.slot + 1n;
    if (timeMs < this.clock.timeMsOf(next - 1n)) throw new RangeError("time runs forwards only");
    this.clock.set(next, timeMs);
    this.closeBlock(0n);
  }

  /**
   * The cluster moves to another fork: the newest `count` blocks never were. @returns their transactions, oldest first.
   * @throws RangeError for blocks that are confirmed.
   */
  fork(count: number): readonly Executed[] {
    const dropped = this.blocks.drop(count);
    for (const block of dropped) {
      for (const { address, account } of block.preImages.toReversed()) this.accounts.set(address, account);
      this.blockhashes.forget(block.blockhash);
      for (const executed of block.transactions) this.history.forget(executed);
    }
    this.setSysvars();
    return dropped.toReversed().flatMap((block) => block.transactions);
  }

  /** Why a transaction cannot enter the open block whatever it does; undefined when it can. */
  admission(wire: WireTransaction): TransactionErrorJson | undefined {
    if (this.history.has(wire)) return "AlreadyProcessed";
    const { lifetimeToken } = wire.message;
    if (this.blockhashes.isValid(lifetimeToken, this.blocks.open.height - 1n)) return undefined;
    return isNonceValid(wire.message, (address) => this.account(address)) ? undefined : "BlockhashNotFound";
  }

  /** Executes a transaction in the open block, or says why no block takes it. */
  deliver(wire: WireTransaction): Delivery {
    const refused = this.admission(wire);
    if (refused !== undefined) return { refused, logs: [] };
    const read = (address: Address): EncodedAccount | undefined => this.account(address);
    const named = accountsOf(wire.message, read);
    if (named === undefined) return { refused: "AddressLookupTableNotFound", logs: [] };
    this.refreshSlotHashes();
    const before = named.all.map(read);
    const result = this.svm.sendTransaction(wire.transaction);
    const failed = result instanceof FailedTransactionMetadata;
    const error = failed ? transactionError(result) : null;
    const meta = failed ? result.meta() : result;
    if (error !== null && !isIncluded(error)) return { refused: error, logs: meta.logs() };

    const after = named.all.map((address, index) =>
      named.writable.has(address) ? this.accounts.read(address) : before[index],
    );
    const preImages = this.keepChanges(named.all, before, after);
    const preBalances = before.map((account) => account?.lamports ?? 0n);
    const postBalances = after.map((account) => account?.lamports ?? 0n);
    const block = this.blocks.open;
    const executed: Executed = {
      wire,
      slot: block.slot,
      time: block.time,
      error,
      ...outcomeOf(meta),
      // A transaction moves lamports between its own accounts; what is missing afterwards went to the validator.
      feeLamports: sum(preBalances) - sum(postBalances),
      accounts: named.all,
      writable: named.writable,
      preBalances,
      postBalances,
      preTokenBalances: tokenBalances(before, read),
      postTokenBalances: tokenBalances(after, read),
      microLamportsPerUnit: unitPrice(wire.message),
    };
    block.transactions.push(executed);
    block.preImages.push(...preImages);
    this.history.remember(executed);
    for (const observer of this.observers) observer.executed?.(executed, preImages);
    return { executed };
  }

  /** Runs a transaction on the newest state without keeping anything of it. */
  simulate(wire: WireTransaction, options: { readonly verify: boolean; readonly anyBlockhash: boolean }): Simulation {
    const refused = this.admission(wire);
    if (refused !== undefined && !(refused === "BlockhashNotFound" && options.anyBlockhash)) {
      return { ...NO_EFFECT, error: refused };
    }
    const read = (address: Address): EncodedAccount | undefined => this.account(address);
    const named = accountsOf(wire.message, read);
    if (named === undefined) return { ...NO_EFFECT, error: "AddressLookupTableNotFound" };
    // LiteSVM wants every signature to be there, also where nobody looks at it.
    const signatures = Object.fromEntries(
      Object.entries(wire.transaction.signatures).map(([signer, bytes]) => [signer, bytes ?? new Uint8Array(64)]),
    ) as typeof wire.transaction.signatures;
    this.refreshSlotHashes();
    this.svm.withSigverify(options.verify);
    const result = this.svm.simulateTransaction({ ...wire.transaction, signatures });
    this.svm.withSigverify(true);
    const failed = result instanceof FailedTransactionMetadata;
    return {
      error: failed ? transactionError(result) : null,
      ...outcomeOf(result.meta()),
      named: named.all,
      accounts: failed ? [] : result.postAccounts(),
    };
  }

  /** Everything that goes on; to be asked for between two blocks, while the open one is empty. */
  export(): SavedBank {
    const { slot, height, parentHash } = this.blocks.open;
    return {
      genesisHash: this.genesisHash,
      slot,
      height,
      parentHash,
      timeMs: this.clock.timeMsOf(slot),
      blockhashes: this.blockhashes.list(),
      transactions: [],
      accounts: this.svm.toBytes(),
    };
  }

  private closeBlock(skippedSlots: bigint): void {
    const [confirmed, finalized] = [this.blocks.newest("confirmed").slot, this.blocks.newest("finalized").slot];
    const closed = this.blocks.close(skippedSlots);
    this.blockhashes.register(closed.blockhash, closed.height);
    this.svm.expireBlockhash();
    this.setSysvars();
    if (this.observers.size === 0) return;
    for (const observer of this.observers) observer.closed?.(closed);
    for (const [commitment, from] of [["confirmed", confirmed] as const, ["finalized", finalized] as const]) {
      const { slot: to } = this.blocks.newest(commitment);
      const reached = to === from ? [] : this.blocks.after(from).filter(({ slot }) => slot <= to);
      for (const block of reached) for (const observer of this.observers) observer.reached?.(commitment, block);
    }
  }

  private keepChanges(
    addresses: readonly Address[],
    before: readonly (EncodedAccount | undefined)[],
    after: readonly (EncodedAccount | undefined)[],
  ): readonly PreImage[] {
    return addresses.flatMap((address, index) => {
      const [account, now] = [before[index], after[index]];
      if (account === now || isSameAccount(account, now)) return [];
      this.accounts.written(address, account, now);
      return [{ address, account }];
    });
  }

  private setSysvars(): void {
    const { slot, time } = this.blocks.open;
    const clock = this.svm.getClock();
    clock.slot = slot;
    clock.unixTimestamp = time;
    clock.epoch = slot / SLOTS_PER_EPOCH;
    clock.leaderScheduleEpoch = clock.epoch + 1n;
    this.svm.setClock(clock);
    this.slotHashesAreOld = true;
  }

  /** Half a millisecond of work, so only when a program may look. */
  private refreshSlotHashes(): void {
    if (!this.slotHashesAreOld) return;
    this.slotHashesAreOld = false;
    const { slot } = this.blocks.open;
    const closed = this.blocks.after(slot - BigInt(SLOT_HASHES) - 1n).slice(0, -1);
    const hashes: unknown = closed.toReversed().map((block) => ({ slot: block.slot, hash: block.blockhash }));
    // LiteSVM reads two properties of each; its types ask for a class that cannot be constructed.
    this.svm.setSlotHashes(hashes as SlotHash[]);
  }
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
