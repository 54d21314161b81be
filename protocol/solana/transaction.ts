/**
 * From instructions to an unsigned transaction that fits, is paid for and has been tried: simulated first, so that the compute budget is what
 * it needs and a failure has a name before anybody signs.
 */
import {
  appendTransactionMessageInstructions,
  compileTransaction,
  compressTransactionMessageUsingAddressLookupTables,
  createTransactionMessage,
  getBase64EncodedWireTransaction,
  isWritableRole,
  pipe,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  type Address,
  type Instruction,
} from "@solana/kit";

import { PermanentError } from "../errors.js";
import { COMPUTE_BUDGET, unitLimit, unitPrice } from "./computeBudget.js";
import { errorOfFailure, failureOf, OUR_PROGRAMS, type NamedProgram } from "./errors.js";
import { knownProgram } from "./errorNames.js";
import { readLookupTables, type LookupTables } from "./lookupTables.js";
import {
  readBlockhash,
  readPriorityPrices,
  simulate,
  type Commitment,
  type LatestBlockhash,
  type Simulated,
  type SolanaRpc,
} from "./rpc.js";

/** What the network carries in one packet. */
export const MAX_TRANSACTION_BYTES = 1_232;
/** Most that one transaction may use. */
const MAX_COMPUTE_UNITS = 1_400_000;
/** Accounts that a transaction may lock. */
const MAX_ACCOUNTS = 64;
const BASE_FEE_LAMPORTS = 5_000n;
const MICRO_LAMPORTS = 1_000_000n;
const BPS = 10_000n;
const SIGNATURE_BYTES = 64;
const ADDRESS_BYTES = 32;

export interface PriorityFee {
  /** Of the prices that recent blocks asked on the same accounts: a whole number, 0 to 100. */
  readonly percentile: number;
  /** Most that the whole transaction pays above the base fee. */
  readonly ceilingLamports: bigint;
}

export interface TransactionRequest {
  readonly payer: Address;
  readonly instructions: readonly Instruction[];
  /** Used where they make the transaction smaller. */
  readonly lookupTables?: readonly Address[];
  /** Above what the simulation used. */
  readonly computeMarginBps?: bigint;
  readonly priorityFee?: PriorityFee;
  readonly commitment?: Commitment;
  /** Whose errors and instructions can be named; ours at their local addresses by default. */
  readonly programs?: readonly NamedProgram[];
  /** What is attempted, for messages of errors. */
  readonly doing?: string;
}

export interface UnsignedTransaction {
  /** Base64, with room for the signatures. */
  readonly transaction: string;
  /** Who must sign, the payer first. */
  readonly signers: readonly Address[];
  readonly blockhash: string;
  /** It can enter up to this block height. */
  readonly lastValidBlockHeight: bigint;
  readonly bytes: number;
  readonly computeUnitLimit: number;
  readonly microLamportsPerUnit: bigint;
  /** Base fee and priority fee. */
  readonly feeLamports: bigint;
  readonly simulation: { readonly slot: bigint; readonly computeUnits: bigint; readonly logs: readonly string[] };
}

const DEFAULT_COMMITMENT: Commitment = "confirmed";
const DEFAULT_MARGIN_BPS = 2_000n;
const DEFAULT_PRIORITY: PriorityFee = { percentile: 50, ceilingLamports: 100_000n };

/**
 * Builds a v0 transaction.
 * @throws PermanentError TRANSACTION_TOO_LARGE, TOO_MANY_ACCOUNTS, LOOKUP_TABLE; RevertError with the program's own error when the
 * simulation failed; RetryableError when the cluster was not ready for it.
 */
export async function buildTransaction(rpc: SolanaRpc, request: TransactionRequest): Promise<UnsignedTransaction> {
  const { payer, instructions, computeMarginBps = DEFAULT_MARGIN_BPS, priorityFee = DEFAULT_PRIORITY } = request;
  const [prepared, prices] = await Promise.all([
    prepare(rpc, request),
    readPriorityPrices(rpc, writableAccounts(payer, instructions)),
  ]);
  const { slot, computeUnits, logs } = await tryOut(rpc, request, prepared);
  const computeUnitLimit = withMargin(computeUnits, computeMarginBps);
  const microLamportsPerUnit = priceFor(prices, priorityFee, computeUnitLimit);
  const { transaction, signers, bytes } = compileChecked(prepared, computeUnitLimit, microLamportsPerUnit);
  const { blockhash, lastValidBlockHeight } = prepared.lifetime;
  return {
    ...{ transaction, signers, bytes, blockhash, lastValidBlockHeight, computeUnitLimit, microLamportsPerUnit },
    feeLamports: BASE_FEE_LAMPORTS * BigInt(signers.length) + priorityLamports(microLamportsPerUnit, computeUnitLimit),
    simulation: { slot, computeUnits, logs },
  };
}

/** Only runs the instructions, whoever would have to sign. @throws as buildTransaction. */
export async function simulateInstructions(rpc: SolanaRpc, request: TransactionRequest): Promise<Simulated> {
  return tryOut(rpc, request, await prepare(rpc, request));
}

async function prepare(rpc: SolanaRpc, request: TransactionRequest): Promise<CompileParts> {
  const { payer, instructions, commitment = DEFAULT_COMMITMENT, programs = OUR_PROGRAMS, lookupTables = [] } = request;
  const [tables, lifetime] = await Promise.all([
    readLookupTables(rpc, lookupTables, commitment),
    readBlockhash(rpc, commitment),
  ]);
  return { payer, instructions, tables, lifetime, programs };
}

async function tryOut(rpc: SolanaRpc, request: TransactionRequest, prepared: CompileParts): Promise<Simulated> {
  const { commitment = DEFAULT_COMMITMENT, doing = "transaction" } = request;
  const { transaction } = compileChecked(prepared, MAX_COMPUTE_UNITS, 0n);
  const simulated = await simulate(rpc, transaction, commitment);
  const called = prepared.instructions.map(({ programAddress }) => programAddress);
  const failure = failureOf(
    { ...simulated, programIds: [COMPUTE_BUDGET, COMPUTE_BUDGET, ...called] },
    prepared.programs,
  );
  if (failure !== undefined) throw errorOfFailure(failure, doing);
  return simulated;
}

/** Rounded up, and never more than any transaction may use. */
export function withMargin(computeUnits: bigint, marginBps: bigint): number {
  const wanted = ceilDiv(computeUnits * (BPS + marginBps), BPS);
  return wanted < BigInt(MAX_COMPUTE_UNITS) ? Number(wanted) : MAX_COMPUTE_UNITS;
}

/** In micro-lamports per compute unit: the percentile of recent prices, as far as the ceiling allows. */
export function priceFor(prices: readonly bigint[], fee: PriorityFee, computeUnitLimit: number): bigint {
  const sorted = prices.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const position = Math.max(0, Math.ceil((fee.percentile * sorted.length) / 100) - 1);
  const wanted = sorted[position] ?? 0n;
  const highest = computeUnitLimit === 0 ? 0n : (fee.ceilingLamports * MICRO_LAMPORTS) / BigInt(computeUnitLimit);
  return wanted < highest ? wanted : highest;
}

function priorityLamports(microLamportsPerUnit: bigint, computeUnitLimit: number): bigint {
  return ceilDiv(microLamportsPerUnit * BigInt(computeUnitLimit), MICRO_LAMPORTS);
}

interface CompileParts {
  readonly payer: Address;
  readonly instructions: readonly Instruction[];
  readonly tables: LookupTables;
  readonly lifetime: LatestBlockhash;
  readonly programs: readonly NamedProgram[];
}

interface Compiled {
  readonly transaction: string;
  readonly signers: readonly Address[];
  readonly bytes: number;
}

function compileChecked(parts: CompileParts, limit: number, price: bigint): Compiled {
  const { payer, instructions, tables, lifetime, programs } = parts;
  const accounts = new Set([payer, ...instructions.flatMap(keysOf), COMPUTE_BUDGET]);
  if (accounts.size > MAX_ACCOUNTS) {
    throw new PermanentError(
      "TOO_MANY_ACCOUNTS",
      `the transaction names ${accounts.size} accounts, at most ${MAX_ACCOUNTS} are allowed`,
      "split it into several transactions",
      { accounts: String(accounts.size), most: String(MAX_ACCOUNTS) },
    );
  }
  const message = pipe(
    createTransactionMessage({ version: 0 }),
    (empty) => setTransactionMessageFeePayer(payer, empty),
    (paid) => setTransactionMessageLifetimeUsingBlockhash(lifetime, paid),
    (dated) => appendTransactionMessageInstructions([unitLimit(limit), unitPrice(price), ...instructions], dated),
    (full) => compressTransactionMessageUsingAddressLookupTables(full, tables),
  );
  const compiled = compileTransaction(message);
  const signers = Object.keys(compiled.signatures) as Address[];
  const bytes = compiled.messageBytes.length + 1 + SIGNATURE_BYTES * signers.length;
  if (bytes > MAX_TRANSACTION_BYTES) throw tooLarge(bytes, payer, instructions, tables, programs);
  return { transaction: getBase64EncodedWireTransaction(compiled), signers, bytes };
}

/** Says which instructions make it large: their data, and the addresses that no table holds and no earlier instruction has named. */
function tooLarge(
  bytes: number,
  payer: Address,
  instructions: readonly Instruction[],
  tables: LookupTables,
  programs: readonly NamedProgram[],
): PermanentError {
  const free = new Set<Address>([payer, COMPUTE_BUDGET, ...Object.values<Address[]>(tables).flat()]);
  const parts = instructions
    .map((instruction) => {
      const fresh = new Set(keysOf(instruction).filter((key) => !free.has(key)));
      for (const key of fresh) free.add(key);
      const named = instruction.accounts?.length ?? 0;
      const size = (instruction.data?.length ?? 0) + named + fresh.size * ADDRESS_BYTES;
      return { label: labelOf(instruction, programs), size, fresh: fresh.size };
    })
    .sort((a, b) => b.size - a.size);
  const list = parts.map(({ label, size, fresh }) => `${label} ${size} bytes (${fresh} addresses)`).join(", ");
  const hasTables = Object.keys(tables).length > 0;
  return new PermanentError(
    "TRANSACTION_TOO_LARGE",
    `the transaction has ${bytes} bytes, at most ${MAX_TRANSACTION_BYTES} are carried: ${list}`,
    instructions.length > 1
      ? `send ${parts[0]?.label ?? "the largest"} in a transaction of its own${hasTables ? "" : ", or name a lookup table that holds its accounts"}`
      : "name a lookup table that holds its accounts, or shorten its data",
    { bytes: String(bytes), most: String(MAX_TRANSACTION_BYTES), instructions: list },
  );
}

/** `collateralVault.deposit` for a program that can be named, else the program. */
function labelOf({ programAddress, data = new Uint8Array() }: Instruction, programs: readonly NamedProgram[]): string {
  const program = programs.find(({ id }) => id === programAddress);
  if (program === undefined) return knownProgram(programAddress)?.name ?? programAddress;
  return `${program.name}.${program.instructionName(new Uint8Array(data)) ?? "unknown"}`;
}

function keysOf({ programAddress, accounts = [] }: Instruction): Address[] {
  return [programAddress, ...accounts.map(({ address }) => address)];
}

/** Accounts that the transaction competes for. */
function writableAccounts(payer: Address, instructions: readonly Instruction[]): readonly Address[] {
  const written = instructions.flatMap(({ accounts = [] }) =>
    accounts.filter(({ role }) => isWritableRole(role)).map(({ address }) => address),
  );
  return [...new Set([payer, ...written])];
}

function ceilDiv(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}
