/**
 * The command-line contract of every program here: typed flags, `--help`, `--json`, stable exit codes.
 *
 * Exit codes: 0 success, 1 a finding or failed work, 2 wrong usage, 130 Ctrl-C. With `--json` the last line of standard
 * output is one JSON object and everything for people goes to standard error. Throw a `UsageError` for wrong usage and any
 * other `CantileverError` for failed work. The entry points of keepers/ and service/ use this file too.
 */
import { parseArgs } from "node:util";

import { CantileverError } from "../protocol/errors.js";
import { describeFlags, type FlagDefinitions, type FlagValues, nearest, parseValue, usageError } from "./flags.js";

export { usageError } from "./flags.js";
export type { FlagDefinition, FlagDefinitions, FlagValues } from "./flags.js";

/** What can stand before or between the flags, such as the name of a keeper. */
export interface PositionalDefinition {
  readonly name: string;
  readonly help: string;
  /** Only these words are accepted. */
  readonly choices?: readonly string[];
  readonly required?: boolean;
  /** The last positional may take all remaining words. */
  readonly variadic?: boolean;
}

export interface CommandDefinition<F extends FlagDefinitions> {
  /** As people type it, for example `npm run sim --`. */
  readonly command: string;
  readonly summary: string;
  readonly flags: F;
  readonly positionals?: readonly PositionalDefinition[];
}

export interface ParsedCommand<F extends FlagDefinitions> {
  readonly flags: FlagValues<F>;
  readonly positionals: readonly string[];
  readonly json: boolean;
  readonly help: boolean;
}

/** What a program gets to work with. */
export interface CommandContext<F extends FlagDefinitions> extends Omit<ParsedCommand<F>, "help"> {
  /** Aborted by Ctrl-C or SIGTERM; the program then ends its work, and its report is still printed. */
  readonly signal: AbortSignal;
  /** A line for people: standard output, or standard error with `--json`. */
  readonly say: (line: string) => void;
}

export interface CommandResult {
  /** False for a finding or failed work: exit code 1. */
  readonly ok: boolean;
  /** Printed with `--json`, after `ok`. Bigints become decimal strings. */
  readonly report?: Readonly<Record<string, unknown>>;
}

const COMMON_FLAGS = {
  json: { kind: "boolean", help: "print one JSON object as the last line of standard output" },
  help: { kind: "boolean", help: "show this help" },
} as const satisfies FlagDefinitions;

/** Parses the words after the program's name. Throws a UsageError. */
export function parseCommand<F extends FlagDefinitions>(
  definition: CommandDefinition<F>,
  words: readonly string[],
): ParsedCommand<F> {
  const known: FlagDefinitions = { ...definition.flags, ...COMMON_FLAGS };
  const options = Object.fromEntries(
    Object.entries(known).map(([name, flag]) => [
      name,
      { type: flag.kind === "boolean" ? "boolean" : "string" } as const,
    ]),
  );
  const { tokens } = parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true });
  const values: Record<string, unknown> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      positionals.push(token.value);
      continue;
    }
    const flag = known[token.name];
    if (flag === undefined) {
      const hint = nearest(token.name, Object.keys(known));
      throw usageError("UNKNOWN_FLAG", `unknown flag ${token.rawName}`, hint === undefined ? undefined : `--${hint}`);
    }
    // Without `=` the parser takes the next word whatever it is; `--for --json` is a forgotten value.
    const isForgotten = token.value === undefined || (!token.inlineValue && token.value.startsWith("--"));
    if (flag.kind !== "boolean" && isForgotten) {
      throw usageError("MISSING_VALUE", `--${token.name} needs a value: ${flag.help}`);
    }
    if (flag.kind === "boolean" && token.value !== undefined) {
      throw usageError("UNEXPECTED_VALUE", `--${token.name} takes no value`);
    }
    const value = parseValue(token.name, flag, token.value ?? "");
    const before = values[token.name];
    values[token.name] = Array.isArray(before) && Array.isArray(value) ? (before as unknown[]).concat(value) : value;
  }
  const help = values["help"] === true;
  for (const [name, flag] of Object.entries(known)) {
    if (flag.kind === "boolean") values[name] ??= false;
    else if (flag.default !== undefined) values[name] ??= flag.default;
    else if (flag.required === true && values[name] === undefined && !help) {
      throw usageError("MISSING_FLAG", `--${name} is required: ${flag.help}`);
    }
  }
  if (!help) checkPositionals(definition.positionals ?? [], positionals);
  return { flags: values as FlagValues<F>, positionals, json: values["json"] === true, help };
}

function checkPositionals(definitions: readonly PositionalDefinition[], words: readonly string[]): void {
  const last = definitions.at(-1);
  words.forEach((word, index) => {
    const definition = definitions[index] ?? (last?.variadic === true ? last : undefined);
    if (definition === undefined) throw usageError("UNEXPECTED_ARGUMENT", `unexpected argument ${word}`);
    if (definition.choices !== undefined && !definition.choices.includes(word)) {
      const hint = nearest(word, definition.choices);
      throw usageError(
        "INVALID_VALUE",
        `unknown ${definition.name} ${word}; known: ${definition.choices.join(", ")}`,
        hint,
      );
    }
  });
  const missing = definitions.find((definition, index) => definition.required === true && words[index] === undefined);
  if (missing !== undefined) throw usageError("MISSING_ARGUMENT", `<${missing.name}> is required: ${missing.help}`);
}

/** The text of `--help`. */
export function helpText(definition: CommandDefinition<FlagDefinitions>): string {
  const positionals = definition.positionals ?? [];
  const words = positionals.map((positional) => {
    const word = `${positional.name}${positional.variadic === true ? "…" : ""}`;
    return positional.required === true ? `<${word}>` : `[${word}]`;
  });
  const described = positionals.map((positional) => {
    const choices = positional.choices === undefined ? "" : ` (${positional.choices.join(", ")})`;
    return `  ${positional.name.padEnd(24)}${positional.help}${choices}`;
  });
  return [
    definition.summary,
    "",
    `Usage: ${[definition.command, ...words].join(" ")} [flags]`,
    ...(described.length > 0 ? ["", ...described] : []),
    "",
    ...describeFlags({ ...definition.flags, ...COMMON_FLAGS }),
    "",
    "Exit codes: 0 success, 1 a finding or failed work, 2 wrong usage, 130 Ctrl-C.",
  ].join("\n");
}

/** One JSON line; amounts stay exact because bigints become decimal strings. */
export function toJsonLine(report: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(report, (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
}

/** Ctrl-C reaches a program up to three times at once: from the terminal, from npm and from the bootstrap. */
const INTERRUPT_BURST_MILLISECONDS = 500;

function abortOnSignals(): { readonly signal: AbortSignal; readonly exitCode: () => number | undefined } {
  const controller = new AbortController();
  let exitCode: number | undefined;
  let firstAt = 0;
  const interrupt = (code: number): void => {
    if (exitCode === undefined) {
      exitCode = code;
      firstAt = Date.now();
      controller.abort();
    } else if (Date.now() - firstAt > INTERRUPT_BURST_MILLISECONDS) {
      process.exit(exitCode); // asked twice: leave without the report
    }
  };
  process.on("SIGINT", () => {
    interrupt(130);
  });
  process.on("SIGTERM", () => {
    interrupt(143);
  });
  return { signal: controller.signal, exitCode: () => exitCode };
}

function write(stream: NodeJS.WriteStream, line: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(`${line}\n`, () => {
      resolve();
    });
  });
}

/** Runs a program from the words of the command line to the exit of the process. */
export async function runCommand<F extends FlagDefinitions>(
  definition: CommandDefinition<F>,
  main: (context: CommandContext<F>) => Promise<CommandResult>,
): Promise<never> {
  const words = process.argv.slice(2);
  let json = words.includes("--json");
  let exitCode: number;
  let report: Record<string, unknown>;
  const interrupted = abortOnSignals();
  try {
    const { help, ...parsed } = parseCommand(definition, words);
    json = parsed.json;
    if (help) {
      await write(process.stdout, helpText(definition));
      process.exit(0);
    }
    const people = json ? process.stderr : process.stdout;
    const say = (line: string): void => {
      people.write(`${line}\n`);
    };
    const result = await main({ ...parsed, signal: interrupted.signal, say });
    report = { ok: result.ok, ...result.report };
    exitCode = interrupted.exitCode() ?? (result.ok ? 0 : 1);
  } catch (error) {
    const failure = describeFailure(error);
    const isUsage = failure.exitCode === 2;
    report = { ok: false, error: failure.json };
    exitCode = isUsage ? 2 : (interrupted.exitCode() ?? failure.exitCode);
    if (interrupted.exitCode() === undefined) {
      const lines = [...failure.lines, ...(isUsage ? [`see: ${definition.command} --help`] : [])];
      await write(process.stderr, lines.join("\n"));
    }
  }
  if (json) await write(process.stdout, toJsonLine(report));
  process.exit(exitCode);
}

interface Failure {
  readonly exitCode: 1 | 2;
  readonly lines: readonly string[];
  readonly json: object;
}

/** An error of ours speaks for itself; anything else is a defect, so people get to see where it came from. */
function describeFailure(error: unknown): Failure {
  if (error instanceof CantileverError) {
    const lines = [error.exitCode === 2 ? error.message : `${error.code}: ${error.message}`];
    return {
      exitCode: error.exitCode,
      lines: [...lines, ...(error.fix === undefined ? [] : [error.fix])],
      json: error.toJSON(),
    };
  }
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : name;
  return { exitCode: 1, lines: [stack ?? `${name}: ${message}`], json: { code, message } };
}
