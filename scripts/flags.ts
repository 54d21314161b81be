/** Flags as typed values: definitions, parsing of one value, and the nearest known name for a misspelt one. */
import { UsageError } from "../protocol/errors.js";

interface Common {
  readonly help: string;
}

interface Valued<T> extends Common {
  /** Shown in the help in place of the value. */
  readonly placeholder?: string;
  readonly default?: T;
  readonly required?: boolean;
}

/**
 * - `boolean`: present or not
 * - `string`: any text, `choice`: one of `choices`
 * - `integer`, `number`: within `min` and `max`
 * - `duration`: `500ms`, `30s`, `5m`, `24h`, as milliseconds
 * - `list`: words separated by commas, repeatable
 * - `range`: `7`, `1..5` or `1,3,8`, as integers
 */
export type FlagDefinition =
  | ({ readonly kind: "boolean" } & Common)
  | ({ readonly kind: "string" } & Valued<string>)
  | ({ readonly kind: "choice"; readonly choices: readonly string[] } & Valued<string>)
  | ({ readonly kind: "integer" | "number"; readonly min?: number; readonly max?: number } & Valued<number>)
  | ({ readonly kind: "duration" } & Valued<number>)
  | ({ readonly kind: "list"; readonly choices?: readonly string[] } & Valued<readonly string[]>)
  | ({ readonly kind: "range" } & Valued<readonly number[]>);

export type FlagDefinitions = Readonly<Record<string, FlagDefinition>>;

interface ValueOf {
  boolean: boolean;
  string: string;
  choice: string;
  integer: number;
  number: number;
  duration: number;
  list: readonly string[];
  range: readonly number[];
}

type FlagValue<D extends FlagDefinition> = D extends { readonly kind: "choice"; readonly choices: readonly (infer C)[] }
  ? C
  : ValueOf[D["kind"]];

type IsAlwaysPresent<D> = D extends { readonly kind: "boolean" }
  ? true
  : D extends { readonly default: string | number | readonly string[] | readonly number[] }
    ? true
    : D extends { readonly required: true }
      ? true
      : false;

/** A flag with a default, a required flag and a boolean always have a value; others may be undefined. */
export type FlagValues<F extends FlagDefinitions> = {
  readonly [K in keyof F]: IsAlwaysPresent<F[K]> extends true ? FlagValue<F[K]> : FlagValue<F[K]> | undefined;
};

export type UsageErrorCode =
  | "UNKNOWN_FLAG"
  | "MISSING_VALUE"
  | "UNEXPECTED_VALUE"
  | "INVALID_VALUE"
  | "MISSING_FLAG"
  | "MISSING_ARGUMENT"
  | "UNEXPECTED_ARGUMENT"
  | "CONFLICTING_FLAGS"
  | "PART_NOT_BUILT";

/** Wrong usage, exit code 2. `suggestion` is the nearest known flag or word, as people would type it. */
export function usageError(code: UsageErrorCode, message: string, suggestion?: string): UsageError {
  if (suggestion === undefined) return new UsageError(code, message);
  return new UsageError(code, message, `did you mean ${suggestion}?`, { suggestion });
}

const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
/** A typing error such as `1..50000000` should not become an array that fills the memory. */
const MAX_RANGE_LENGTH = 100_000;

/** Turns the text of one flag into its value. Throws a UsageError with code INVALID_VALUE. */
export function parseValue(name: string, flag: FlagDefinition, text: string): unknown {
  switch (flag.kind) {
    case "boolean":
      return true;
    case "string":
      return text;
    case "choice":
      return parseChoice(name, flag.choices, text);
    case "integer":
    case "number":
      return parseNumber(name, flag, text);
    case "duration":
      return parseDuration(name, text);
    case "list":
      return parseList(name, flag.choices, text);
    case "range":
      return parseRange(name, text);
  }
}

function invalid(name: string, text: string, expected: string, suggestion?: string): UsageError {
  return usageError("INVALID_VALUE", `--${name} ${text}: expected ${expected}`, suggestion);
}

function parseChoice(name: string, choices: readonly string[], text: string): string {
  if (choices.includes(text)) return text;
  throw invalid(name, text, `one of ${choices.join(", ")}`, nearest(text, choices));
}

function parseNumber(name: string, flag: FlagDefinition & { kind: "integer" | "number" }, text: string): number {
  // Number() would also take "", hex and exponents.
  const pattern = flag.kind === "integer" ? /^-?\d+$/ : /^-?\d+(\.\d+)?$/;
  const value = Number(text);
  const isInside = value >= (flag.min ?? -Infinity) && value <= (flag.max ?? Infinity);
  if (pattern.test(text) && isInside && (flag.kind === "number" || Number.isSafeInteger(value))) return value;
  const limits = [
    ...(flag.min === undefined ? [] : [`at least ${String(flag.min)}`]),
    ...(flag.max === undefined ? [] : [`at most ${String(flag.max)}`]),
  ];
  throw invalid(name, text, [flag.kind === "integer" ? "a whole number" : "a decimal number", ...limits].join(", "));
}

function parseDuration(name: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  if (match === null) throw invalid(name, text, "a duration such as 500ms, 30s, 5m or 24h");
  return Number(match[1]) * MILLISECONDS[match[2] as keyof typeof MILLISECONDS];
}

function parseList(name: string, choices: readonly string[] | undefined, text: string): string[] {
  const words = text.split(",");
  if (words.includes("")) throw invalid(name, text, "words separated by commas");
  return choices === undefined ? words : words.map((word) => parseChoice(name, choices, word));
}

function parseRange(name: string, text: string): number[] {
  const match = /^(\d+)\.\.(\d+)$/.exec(text);
  const values = match === null ? text.split(",") : [];
  if (match !== null) {
    const [first, last] = [Number(match[1]), Number(match[2])];
    if (first <= last && last - first < MAX_RANGE_LENGTH) {
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    }
  } else if (values.every((value) => /^\d+$/.test(value))) {
    return values.map(Number);
  }
  throw invalid(name, text, "whole numbers such as 7, 1..5 or 1,3,8");
}

/** The known word with the fewest edits to `word`, when that is close enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, edits: editDistance(word, candidate) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= Math.max(2, Math.floor(word.length / 2)) ? best.candidate : undefined;
}

/** Levenshtein distance: insertions, deletions and replacements of one character. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** One help line per flag. */
export function describeFlags(flags: FlagDefinitions): string[] {
  return Object.entries(flags).map(([name, flag]) => {
    if (flag.kind === "boolean") return `  ${`--${name}`.padEnd(24)}${flag.help}`;
    const choices = flag.kind === "choice" || flag.kind === "list" ? flag.choices?.join("|") : undefined;
    const usage = `--${name} ${flag.placeholder ?? choices ?? flag.kind.toUpperCase()}`;
    const preset = flag.default === undefined ? "" : ` (default ${describeDefault(flag.kind, flag.default)})`;
    const required = flag.required === true ? " (required)" : "";
    const gap = usage.length < 22 ? usage.padEnd(24) : `${usage}\n${" ".repeat(26)}`;
    return `  ${gap}${flag.help}${preset}${required}`;
  });
}

function describeDefault(kind: FlagDefinition["kind"], value: unknown): string {
  if (Array.isArray(value)) return value.join(",");
  return kind === "duration" ? `${String(Number(value) / 1000)}s` : String(value);
}
