/** Why a transaction failed, by name: from a simulation, from a transaction's meta, or from what a client library threw. */
import * as kit from "@solana/kit";
import type { Idl } from "@anchor-lang/core";

import { RetryableError, RevertError } from "../errors.js";
import { anchorErrorName, knownProgram, runtimeErrorName } from "./errorNames.js";
import { readLog } from "./logs.js";
import { positionProgram } from "./positionProgram.js";
import type { AnchorProgram } from "./program.js";
import { vaultProgram } from "./vaultProgram.js";

/** A failed transaction as the cluster describes it. */
export interface FailedTransaction {
  /** Solana's JSON, as in `{ "InstructionError": [0, { "Custom": 6000 }] }`; undefined where a library has swallowed it. */
  readonly err?: unknown;
  readonly logs?: readonly string[] | null | undefined;
  /** Program of each instruction of the transaction: names it where the log is missing. */
  readonly programIds?: readonly string[];
}

export interface ProgramFailure {
  /** Name of the error: ours, Anchor's, the token program's, the runtime's. `Unknown` for a number of a program that is not known here. */
  readonly name: string;
  /** The innermost program that said no: its name, or its address where it is not known here; undefined when no program ran. */
  readonly program: string | undefined;
  /** Name of the account that broke one of Anchor's constraints. */
  readonly account: string | undefined;
  /** Position of the instruction in the transaction. */
  readonly instruction: number | undefined;
}

/** A program whose own errors can be named. */
export type NamedProgram = Pick<AnchorProgram<Idl>, "id" | "name" | "errorName" | "instructionName">;

/** Anchor's numbers begin here; a program's own begin at 6000. Below are those of programs without Anchor. */
const FIRST_ANCHOR_ERROR = 100;

/** Refusals that say nothing about the transaction itself. */
const PASSING = new Set([
  "AccountInUse",
  "BlockhashNotFound",
  "ClusterMaintenance",
  "ProgramCacheHitMaxLimit",
  "WouldExceedAccountDataBlockLimit",
  "WouldExceedMaxAccountCostLimit",
  "WouldExceedMaxBlockCostLimit",
]);

/** Programs of ours at the addresses of local clusters. */
export const OUR_PROGRAMS: readonly NamedProgram[] = [vaultProgram, positionProgram];

/** Names a failure; undefined when the transaction did not fail. */
export function failureOf(
  { err, logs, programIds = [] }: FailedTransaction,
  programs: readonly NamedProgram[] = OUR_PROGRAMS,
): ProgramFailure | undefined {
  const log = readLog(logs ?? []);
  if (err == null && log.failure === undefined) return undefined;
  const parsed = parseTransactionError(err) ?? parseReason(log.failure?.reason ?? "");
  const { instruction } = parsed;
  const programId = log.failure?.programId ?? (instruction === undefined ? undefined : programIds[instruction]);
  const ours = programs.find(({ id }) => id === programId);
  const anchor = anchorLine(log.lines, programId);
  const name =
    typeof parsed.error === "string"
      ? parsed.error
      : customName(parsed.error, ours ?? (programId === undefined ? undefined : knownProgram(programId)), anchor);
  return {
    name,
    program: ours?.name ?? (programId === undefined ? undefined : (knownProgram(programId)?.name ?? programId)),
    account: anchor?.account,
    instruction,
  };
}

/**
 * The typed error of a failed transaction: RevertError with the name of the error, or RetryableError TRANSACTION_REFUSED where the cluster
 * refused it for reasons that pass.
 * @param doing what was attempted, for the message.
 */
export function errorOfFailure(failure: ProgramFailure, doing: string, cause?: unknown): RevertError | RetryableError {
  const { name, program, account } = failure;
  const options = cause === undefined ? undefined : { cause };
  if (program === undefined && PASSING.has(name)) {
    const details = { reason: name };
    const fix = "build the transaction again with a fresh blockhash";
    return new RetryableError("TRANSACTION_REFUSED", `${doing}: the cluster said ${name}`, fix, details, options);
  }
  const args = [...(program === undefined ? [] : [program]), ...(account === undefined ? [] : [account])];
  return new RevertError(name, args, doing, options);
}

/**
 * Turns what web3.js, kit or Anchor threw for a failed transaction into a typed error; other errors are returned unchanged.
 * @param doing what was attempted, for the message.
 */
export function asProgramError(
  thrown: unknown,
  doing: string,
  programs: readonly NamedProgram[] = OUR_PROGRAMS,
): unknown {
  if (thrown instanceof RevertError) return thrown;
  const facts: Facts = {};
  collect(thrown, facts, 0);
  const failure = failureOf(facts, programs);
  return failure === undefined ? thrown : errorOfFailure(failure, doing, thrown);
}

interface ParsedError {
  /** Name, or number of the failing program's own. */
  readonly error: string | number;
  readonly instruction: number | undefined;
}

function parseTransactionError(err: unknown): ParsedError | undefined {
  if (typeof err === "string") return { error: err, instruction: undefined };
  if (typeof err !== "object" || err === null) return undefined;
  const [[name, value] = ["Unknown", undefined]] = Object.entries(err) as [string, unknown][];
  if (name !== "InstructionError") return { error: name, instruction: undefined };
  const [position, inner] = value as readonly [number | bigint, unknown];
  const instruction = Number(position);
  if (typeof inner === "string") return { error: inner, instruction };
  const [[kind, code] = ["Unknown", undefined]] = Object.entries(inner as object) as [string, unknown][];
  return { error: kind === "Custom" ? Number(code) : kind, instruction };
}

/** What the log says where nothing else does. */
function parseReason(reason: string): ParsedError {
  const code = /custom program error: 0x([0-9a-f]+)/i.exec(reason)?.[1];
  if (code !== undefined) return { error: parseInt(code, 16), instruction: undefined };
  return { error: runtimeErrorName(reason) ?? "Unknown", instruction: undefined };
}

function customName(
  code: number,
  program: { errorName(code: number): string | undefined } | undefined,
  anchor: AnchorLine | undefined,
): string {
  const own = program?.errorName(code);
  if (own !== undefined) return own;
  if (anchor?.code === code) return anchor.name;
  return (code >= FIRST_ANCHOR_ERROR ? anchorErrorName(code) : undefined) ?? "Unknown";
}

interface AnchorLine {
  readonly name: string;
  readonly code: number;
  readonly account: string | undefined;
}

/** Anchor's own account of an error, if the failing program wrote one. */
function anchorLine(
  lines: readonly { readonly kind: string; readonly programId: string; readonly text: string }[],
  programId: string | undefined,
): AnchorLine | undefined {
  const line = lines.findLast(
    (item) => item.kind === "log" && item.programId === programId && item.text.startsWith("AnchorError "),
  );
  const [, name, code] = /Error Code: (\w+)\. Error Number: (\d+)\./.exec(line?.text ?? "") ?? [];
  if (name === undefined) return undefined;
  const account = /^AnchorError caused by account: (\w+)\./.exec(line?.text ?? "")?.[1];
  return { name, code: Number(code), account };
}

type Facts = { -readonly [K in keyof FailedTransaction]: FailedTransaction[K] };

const MAX_DEPTH = 6;

/** Looks for a transaction error and a log in an error, its causes and contexts. */
function collect(value: unknown, facts: Facts, depth: number): void {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return;
  const holder = value as Readonly<Record<string, unknown>>;
  facts.err ??= holder["err"] ?? (holder["InstructionError"] === undefined ? undefined : holder);
  facts.err ??= kitError(value);
  for (const key of ["logs", "transactionLogs", "logMessages"]) {
    const logs = holder[key];
    if (Array.isArray(logs) && logs.every((line) => typeof line === "string")) facts.logs ??= logs;
  }
  if (typeof holder["message"] === "string") facts.err ??= errorInMessage(holder["message"]);
  for (const key of ["cause", "context", "data", "error", "value", "meta"]) collect(holder[key], facts, depth + 1);
}

/** web3.js keeps nothing of the error but its sentence. */
function errorInMessage(message: string): unknown {
  const [, index, reason] = /Error processing Instruction (\d+): ([^\n.]+)/.exec(message) ?? [];
  if (index === undefined) return undefined;
  const { error } = parseReason((reason ?? "").trim());
  return { InstructionError: [Number(index), typeof error === "number" ? { Custom: error } : error] };
}

const INSTRUCTION_PREFIX = "SOLANA_ERROR__INSTRUCTION_ERROR__";
const TRANSACTION_PREFIX = "SOLANA_ERROR__TRANSACTION_ERROR__";

/** Solana's names under the numbers of kit's errors. */
const KIT_NAMES: ReadonlyMap<number, { readonly prefix: string; readonly name: string }> = new Map(
  Object.entries(kit).flatMap(([constant, code]) => {
    const prefix = [INSTRUCTION_PREFIX, TRANSACTION_PREFIX].find((start) => constant.startsWith(start));
    if (prefix === undefined || typeof code !== "number") return [];
    const words = constant.slice(prefix.length).split("_");
    const name = words.map((word) => word.slice(0, 1) + word.slice(1).toLowerCase()).join("");
    return [[code, { prefix, name }] as const];
  }),
);

/** A SolanaError of kit as the JSON it came from. */
function kitError(error: object): unknown {
  if (!kit.isSolanaError(error)) return undefined;
  const context: Readonly<Record<string, unknown>> = error.context;
  const known = KIT_NAMES.get(error.context.__code);
  if (known === undefined) return undefined;
  if (known.prefix === TRANSACTION_PREFIX) return known.name;
  return { InstructionError: [context["index"], known.name === "Custom" ? { Custom: context["code"] } : known.name] };
}
