/**
 * LiteSVM as a cluster with slots. LiteSVM executes and keeps accounts; everything that makes a transaction happen at most once is ours,
 * because with its blockhash check off LiteSVM executes identical bytes as often as they come: the queue of blockhashes, the signatures
 * ever seen, forks. No clock: somebody calls `advance`.
 */
import type { Address, EncodedAccount } from "@solana/kit";
import { FailedTransactionMetadata, LiteSVM, type SlotHash } from "litesvm";

import { absentAccount } from "./absentAccount.js";
import { BlockhashQueue, blockhashOf } from "./blockhashes.js";
import { Blocks, type Block, type ConfirmationDepths, type Executed } from "./blocks.js";
import { History } from "./history.js";
import { accountsOf } from "./messageAccounts.js";
import { isNonceValid } from "./nonce.js";
import { isIncluded, transactionError, type TransactionErrorJson } from "./transactionError.js";
import type { WireTransaction } from "./wire.js";

export interface BankOptions extends Partial<ConfirmationDepths> {
  /** Makes the genesis hash; two clusters with one seed and the same transactions are equal. */
  readonly seed?: string;
  /** Unix seconds of slot 0. */
  readonly genesisTime?: bigint;
  /** Milliseconds between slots as the cluster's clock counts them. */
  readonly clockMsPerSlot?: bigint;
}

/** As on public clusters: a vote takes two blocks, a root thirty-two. */
const DEFAULT_DEPTHS: ConfirmationDepths = { confirmedBlocks: 2, finalizedBlocks: 32 };
const DEFAULT_CLOCK_MS_PER_SLOT = 400n;
const SLOT_HASHES_SYSVAR = "SysvarS1otHashes111111111111111111111111111";
/** Entries of the SlotHashes sysvar; lookup tables name one of them. */
const SLOT_HASHES = 512;

export type Delivery =
  { readonly executed: Executed } | { readonly refused: TransactionErrorJson; readonly logs: readonly string[] };

export interface Simulation {
  readonly error: TransactionErrorJson | null;
  readonly logs: readonly string[];
  readonly computeUnits: bigint;
  readonly returnData: { readonly programId: Uint8Array; readonly data: Uint8Array } | undefined;
  readonly accounts: readonly EncodedAccount[];
}

export class Bank {
  readonly genesisHash: string;
  readonly blocks: Blocks;
  readonly history = new History();
  private readonly blockhashes = new BlockhashQueue();
  private readonly svm: LiteSVM;
  private slotHashesAreOld = true;

  constructor(options: BankOptions = {}) {
    const { seed = "local", genesisTime = 0n, clockMsPerSlot = DEFAULT_CLOCK_MS_PER_SLOT } = options;
    const { confirmedBlocks, finalizedBlocks } = { ...DEFAULT_DEPTHS, ...options };
    this.svm = new LiteSVM().withBlockhashCheck(false).withTransactionHistory(0n);
    this.genesisHash = blockhashOf(`genesis/${seed}`, 0n);
    const timeOf = (slot: bigint): bigint => genesisTime + (slot * clockMsPerSlot) / 1000n;
    this.blocks = new Blocks(this.genesisHash, { confirmedBlocks, finalizedBlocks }, timeOf);
    this.advance(1);
  }

  /** The account as of a block that is not older than the finalized one; undefined when it does not exist there. */
  account(address: Address, at: Block = this.blocks.open): EncodedAccount | undefined {
    for (const block of this.blocks.after(at.slot)) {
      const before = block.preImages.find((image) => image.address === address);
      if (before !== undefined) return before.account;
    }
    if (address === SLOT_HASHES_SYSVAR) this.refreshSlotHashes();
    const account = this.svm.getAccount(address);
    return account.exists ? account : undefined;
  }

  /** Puts an account in place as genesis would. */
  setAccount(account: EncodedAccount): void {
    this.svm.setAccount(account);
  }

  addProgram(address: Address, file: string): void {
    this.svm.addProgramFromFile(address, file);
  }

  minimumBalance(bytes: bigint): bigint {
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
    for (let i = 0; i < count; i += 1) {
      const closed = this.blocks.close();
      this.blockhashes.register(closed.blockhash, closed.height);
      this.svm.expireBlockhash();
      this.setSysvars();
    }
  }

  /**
   * The cluster moves to another fork: the newest `count` blocks never were. @returns their transactions, oldest first.
   * @throws RangeError for blocks that are confirmed.
   */
  fork(count: number): readonly Executed[] {
    const dropped = this.blocks.drop(count);
    for (const block of dropped) {
      for (const { address, account } of block.preImages.toReversed())
        this.svm.setAccount(account ?? absentAccount(address));
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
    const accounts = accountsOf(wire.message, (address) => this.account(address));
    if (accounts === undefined) return { refused: "AddressLookupTableNotFound", logs: [] };
    this.refreshSlotHashes();
    const before = accounts.all.map((address) => ({ address, account: this.account(address) }));
    const result = this.svm.sendTransaction(wire.transaction);
    const failed = result instanceof FailedTransactionMetadata;
    const error = failed ? transactionError(result) : null;
    const meta = failed ? result.meta() : result;
    if (error !== null && !isIncluded(error)) return { refused: error, logs: meta.logs() };

    const block = this.blocks.open;
    const preBalances = before.map(({ account }) => account?.lamports ?? 0n);
    const postBalances = accounts.all.map((address) => this.svm.getBalance(address) ?? 0n);
    const executed: Executed = {
      wire,
      slot: block.slot,
      error,
      logs: meta.logs(),
      computeUnits: meta.computeUnitsConsumed(),
      // A transaction moves lamports between its own accounts; what is missing afterwards went to the validator.
      feeLamports: sum(preBalances) - sum(postBalances),
      accounts: accounts.all,
      preBalances,
      postBalances,
    };
    block.transactions.push(executed);
    block.preImages.push(...before.filter(({ address }) => accounts.writable.has(address)));
    this.history.remember(executed);
    return { executed };
  }

  /** Runs a transaction on the newest state without keeping anything of it. */
  simulate(wire: WireTransaction, options: { readonly verify: boolean; readonly anyBlockhash: boolean }): Simulation {
    const nothing = { logs: [], computeUnits: 0n, returnData: undefined, accounts: [] };
    const refused = this.admission(wire);
    if (refused !== undefined && !(refused === "BlockhashNotFound" && options.anyBlockhash)) {
      return { ...nothing, error: refused };
    }
    // LiteSVM wants every signature to be there, also where nobody looks at it.
    const signatures = Object.fromEntries(
      Object.entries(wire.transaction.signatures).map(([signer, bytes]) => [signer, bytes ?? new Uint8Array(64)]),
    ) as typeof wire.transaction.signatures;
    this.refreshSlotHashes();
    this.svm.withSigverify(options.verify);
    const result = this.svm.simulateTransaction({ ...wire.transaction, signatures });
    this.svm.withSigverify(true);
    const meta = result.meta();
    const returned = meta.returnData();
    return {
      error: result instanceof FailedTransactionMetadata ? transactionError(result) : null,
      logs: meta.logs(),
      computeUnits: meta.computeUnitsConsumed(),
      returnData: returned.data().length === 0 ? undefined : { programId: returned.programId(), data: returned.data() },
      accounts: result instanceof FailedTransactionMetadata ? [] : result.postAccounts(),
    };
  }

  private setSysvars(): void {
    const { slot, time } = this.blocks.open;
    const clock = this.svm.getClock();
    clock.slot = slot;
    clock.unixTimestamp = time;
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
