/** Executes instructions in LiteSVM and counts their compute units, without the signatures of anybody: they cost none. */
import {
  appendTransactionMessageInstructions,
  compileTransaction,
  createTransactionMessage,
  pipe,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  type Address,
  type Instruction,
  type SignatureBytes,
  type Transaction,
} from "@solana/kit";
import { ComputeBudget, FailedTransactionMetadata, type LiteSVM, type TransactionMetadata } from "litesvm";

import { PermanentError } from "../../../protocol/errors.js";

/** What the units of an instruction are spent on; they add up to `total`. */
export interface ComputeUnits {
  readonly total: number;
  /** Inside the programs that it calls, the token program above all. */
  readonly callees: number;
  /** The runtime's price of calling them. */
  readonly calls: number;
  /** Deriving addresses; signing with one costs nothing. */
  readonly addresses: number;
  /** Anchor's line with the instruction's name. */
  readonly logs: number;
  readonly events: number;
  /** The program's own work: checks, ledger, encoding; the clock; 150 for each call of the system program. */
  readonly rest: number;
}

const EMPTY_SIGNATURE = new Uint8Array(64) as SignatureBytes;

/** Counts by prices: what an instruction costs less when the runtime gives something away is what it spends on that. */
export class Meter {
  constructor(
    private readonly svm: LiteSVM,
    private readonly payer: Address,
  ) {
    // Without history, equal transactions may follow each other.
    svm.withSigverify(false).withTransactionHistory(0n);
  }

  /** Executes what only prepares. @throws PermanentError COMPUTE_BENCH_FAILED with the log. */
  run(...instructions: readonly Instruction[]): void {
    this.checked(this.svm.sendTransaction(this.transaction(instructions)));
  }

  /** Executes one instruction and says what it cost. @throws as `run`. */
  measure(instruction: Instruction): ComputeUnits {
    const { programAddress } = instruction;
    const transaction = this.transaction([instruction]);
    const unitsAt = (change: (budget: ComputeBudget) => void): number => {
      const budget = new ComputeBudget();
      change(budget);
      this.svm.withComputeBudget(budget);
      const simulated = this.svm.simulateTransaction(transaction);
      return consumed(this.checked("postAccounts" in simulated ? simulated.meta() : simulated).logs(), programAddress);
    };
    const free = {
      calls: unitsAt((budget) => {
        budget.invokeUnits = 0n;
        budget.cpiBytesPerUnit = 1n << 40n;
      }),
      addresses: unitsAt((budget) => {
        budget.createProgramAddressUnits = 0n;
      }),
    };
    const prices = new ComputeBudget();
    this.svm.withComputeBudget(prices);
    const logs = this.checked(this.svm.sendTransaction(transaction)).logs();
    const total = consumed(logs, programAddress);
    const parts = {
      callees: callees(logs),
      calls: total - free.calls,
      addresses: total - free.addresses,
      ...spentOnLogs(logs, Number(prices.syscallBaseCost)),
    };
    const rest = total - Object.values(parts).reduce((sum, part) => sum + part, 0);
    return { total, ...parts, rest };
  }

  private transaction(instructions: readonly Instruction[]): Transaction {
    const compiled = compileTransaction(
      pipe(
        createTransactionMessage({ version: 0 }),
        (message) => setTransactionMessageFeePayer(this.payer, message),
        (message) =>
          setTransactionMessageLifetimeUsingBlockhash(
            { blockhash: this.svm.latestBlockhash(), lastValidBlockHeight: 0n },
            message,
          ),
        (message) => appendTransactionMessageInstructions(instructions, message),
      ),
    );
    const signatures = Object.fromEntries(Object.keys(compiled.signatures).map((name) => [name, EMPTY_SIGNATURE]));
    return { ...compiled, signatures };
  }

  private checked(result: TransactionMetadata | FailedTransactionMetadata): TransactionMetadata {
    if (!(result instanceof FailedTransactionMetadata)) return result;
    throw new PermanentError(
      "COMPUTE_BENCH_FAILED",
      `an instruction failed:\n${result.meta().logs().join("\n")}`,
      "the program and scripts/bench/cu no longer agree",
    );
  }
}

const CONSUMED = /^Program (\w+) consumed (\d+) of \d+ compute units$/;
const INVOKED = /^Program \w+ invoke \[(\d+)\]$/;

/** Units of the outermost call of a program: the last line about it. */
function consumed(logs: readonly string[], programId: string): number {
  const found = logs.map((line) => CONSUMED.exec(line)).findLast((match) => match?.[1] === programId);
  if (found?.[2] === undefined) throw new Error(`no line says what ${programId} consumed`);
  return Number(found[2]);
}

/** Units inside what the instruction called itself. Built-in programs write no line of theirs. */
function callees(logs: readonly string[]): number {
  let depth = 0;
  let units = 0;
  for (const line of logs) {
    depth = Number(INVOKED.exec(line)?.[1] ?? depth);
    const found = CONSUMED.exec(line);
    if (found !== null && depth === 2) units += Number(found[2]);
    if (/^Program \w+ (?:success|failed)/.test(line)) depth -= 1;
  }
  return units;
}

/**
 * What the instruction itself logged: a line costs its length, at least the base price; data costs the base price twice and its length.
 * Source: Agave, syscalls/src/logging.rs, SyscallLog and SyscallLogData.
 */
function spentOnLogs(logs: readonly string[], base: number): { readonly logs: number; readonly events: number } {
  const spent = { logs: 0, events: 0 };
  let depth = 0;
  for (const line of logs) {
    depth = Number(INVOKED.exec(line)?.[1] ?? depth);
    if (depth === 1) {
      const text = /^Program log: (.*)$/.exec(line)?.[1];
      if (text !== undefined) spent.logs += Math.max(base, text.length);
      const data = /^Program data: (\S*)$/.exec(line)?.[1];
      if (data !== undefined) spent.events += 2 * base + Buffer.from(data, "base64").length;
    }
    if (/^Program \w+ (?:success|failed)/.test(line)) depth -= 1;
  }
  return spent;
}
