/** A cluster as program tests use it: transactions by instructions and signers, answers with names, a clock that stands still. */
import { createHash } from "node:crypto";

import {
  appendTransactionMessageInstructions,
  compileTransaction,
  createKeyPairSignerFromPrivateKeyBytes,
  createTransactionMessage,
  lamports,
  pipe,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  type Address,
  type Blockhash,
  type Instruction,
  type KeyPairSigner,
  type Transaction,
} from "@solana/kit";

import { eventsOf } from "../../../protocol/solana/events.js";
import { failureOf, type ProgramFailure } from "../../../protocol/solana/errors.js";
import { vaultProgram, type VaultEvent } from "../../../protocol/solana/vaultProgram.js";
import { SYSTEM_PROGRAM } from "../../../protocol/solana/errorNames.js";
import type { Executed, SvmEngine } from "../solanaEngine/engine.js";

/** 2026-01-01T00:00:00Z. Tests count from here. */
export const START_SECONDS = 1_767_225_600n;
export const START_SLOT = 1_000n;

const FIRST_LAMPORTS = 1_000_000_000_000n;

export interface SendOptions {
  /** Besides the payer. */
  readonly signers?: readonly KeyPairSigner[];
  /** The rig's own unless given. */
  readonly payer?: KeyPairSigner;
  /**
   * Addresses that no key belongs to sign as well: the instruction runs as if their program had called it. Nothing but the call is left
   * out: it is how `lock` looks to the vault program, and how its compute units are counted without the caller's.
   */
  readonly as?: readonly Address[];
  /** The latest unless given: what a nonce account stores, for a transaction with a durable nonce. */
  readonly blockhash?: Blockhash;
}

export interface Sent {
  readonly ok: boolean;
  /** Why it failed. */
  readonly failure: ProgramFailure | undefined;
  /** Name of the error; undefined when it succeeded. */
  readonly error: string | undefined;
  readonly logs: readonly string[];
  /** Of the vault program; none when it failed. */
  readonly events: readonly VaultEvent[];
  /** Of the whole transaction. */
  readonly computeUnits: bigint;
}

/** The key of a name: the same in every run. */
export function keyOf(name: string): Promise<KeyPairSigner> {
  return createKeyPairSignerFromPrivateKeyBytes(
    new Uint8Array(createHash("sha256").update(`test key ${name}`).digest()),
  );
}

export class TestSvm {
  private readonly wallets = new Map<string, KeyPairSigner>();

  constructor(
    readonly svm: SvmEngine,
    /** Pays fees and rents, where nothing else is said. */
    readonly payer: KeyPairSigner,
    /** Signatures are neither made nor verified; who must sign is, as ever. Saves half a millisecond a transaction. */
    private readonly isUnsigned = false,
  ) {}

  /** A wallet with 1,000 SOL. */
  async wallet(name: string): Promise<KeyPairSigner> {
    const key = this.wallets.get(name) ?? (await keyOf(name));
    this.wallets.set(name, key);
    if ((this.svm.getBalance(key.address) ?? 0n) === 0n) this.fund(key.address);
    return key;
  }

  fund(address: Address, amountLamports = FIRST_LAMPORTS): void {
    const account = this.svm.getAccount(address);
    if (account.exists) {
      this.svm.setAccount({ ...account, lamports: lamports(account.lamports + amountLamports) });
      return;
    }
    const empty = { address, data: new Uint8Array(), executable: false, space: 0n };
    this.svm.setAccount({ ...empty, lamports: lamports(amountLamports), programAddress: SYSTEM_PROGRAM as Address });
  }

  /** Unix seconds of the cluster's clock. */
  get now(): bigint {
    return this.svm.getClock().unixTimestamp;
  }

  get slot(): bigint {
    return this.svm.getClock().slot;
  }

  /** Moves the clock; slots follow at 400 ms each unless given. */
  warp(seconds: bigint, slots = (seconds * 5n + 1n) / 2n): void {
    this.setClock(this.now + seconds, this.slot + slots);
  }

  setClock(unixSeconds: bigint, slot: bigint): void {
    this.svm.setClock(unixSeconds, slot);
  }

  /** Data of an account; undefined when it does not exist. */
  data(address: Address): Uint8Array | undefined {
    const account = this.svm.getAccount(address);
    return account.exists ? account.data : undefined;
  }

  /** Executes a transaction. */
  async send(instructions: readonly Instruction[], options: SendOptions = {}): Promise<Sent> {
    const { signers = [], payer = this.payer, as = [], blockhash = this.svm.latestBlockhash() } = options;
    const compiled = compileTransaction(
      pipe(
        createTransactionMessage({ version: 0 }),
        (message) => setTransactionMessageFeePayer(payer.address, message),
        (message) => setTransactionMessageLifetimeUsingBlockhash({ blockhash, lastValidBlockHeight: 0n }, message),
        (message) => appendTransactionMessageInstructions(instructions, message),
      ),
    );
    const isVerified = as.length === 0 && !this.isUnsigned;
    const keys = [payer, ...signers];
    const signatures = await (isVerified ? signaturesOf(compiled, keys) : blanksFor([...keys.map(addressOf), ...as]));
    const missing = Object.keys(compiled.signatures).filter((name) => !(name in signatures));
    if (missing.length > 0) throw new Error(`nobody signs for ${missing.join(", ")}`);
    const transaction = { ...compiled, signatures: inOrder(compiled, signatures) };
    return this.answer(instructions, this.svm.execute(transaction, isVerified));
  }

  /** Executes what must succeed. @throws Error with the log. */
  async must(instructions: readonly Instruction[], options: SendOptions = {}): Promise<Sent> {
    const sent = await this.send(instructions, options);
    if (!sent.ok) throw new Error(`${sent.error ?? "failed"}\n${sent.logs.join("\n")}`);
    return sent;
  }

  private answer(instructions: readonly Instruction[], { err, logs, computeUnits }: Executed): Sent {
    const ok = err === undefined;
    const programIds = instructions.map(({ programAddress }) => programAddress);
    const failure = ok ? undefined : failureOf({ err, logs, programIds });
    // What a failed transaction emitted never happened.
    const events = ok ? eventsOf(vaultProgram, logs).events : [];
    return { ok, failure, error: failure?.name, logs, computeUnits, events };
  }

  /** Everything, to go back to with `restore`. */
  snapshot(): Uint8Array {
    return this.svm.snapshot();
  }

  restore(snapshot: Uint8Array): void {
    this.svm.restore(snapshot);
  }
}

type Signatures = Readonly<Record<string, Uint8Array>>;

const addressOf = ({ address }: KeyPairSigner): Address => address;

async function signaturesOf(transaction: Transaction, keys: readonly KeyPairSigner[]): Promise<Signatures> {
  const made = await Promise.all(keys.map((key) => key.signTransactions([transaction as never])));
  return Object.assign({}, ...made.flat()) as Signatures;
}

function blanksFor(addresses: readonly Address[]): Signatures {
  return Object.fromEntries(addresses.map((address) => [address, new Uint8Array(64)]));
}

/** Only those that the transaction asks for. */
function inOrder(transaction: Transaction, signatures: Signatures): Transaction["signatures"] {
  const names = Object.keys(transaction.signatures);
  return Object.fromEntries(names.map((name) => [name, signatures[name]])) as unknown as Transaction["signatures"];
}
