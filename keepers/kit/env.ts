/**
 * Settings from the environment: declared once as data, parsed with every problem listed at once, and printed as the table of a
 * keeper's README. Only plain decimal numbers are accepted, because "0x10" and "1e3" are typing errors more often than wishes.
 */
import { z } from "zod";

import { CantileverError } from "../../protocol/errors.js";
import { parseDecimal } from "../../protocol/units.js";

/** The environment as a program receives it. */
export type Env = Readonly<Record<string, string | undefined>>;

/** One setting: the variable it is read from, what it accepts, and what it means. */
export interface Setting<T> {
  readonly env: string;
  readonly schema: z.ZodType<T, string>;
  /** Text used when the variable is unset or empty; without it the setting is required. */
  readonly default?: string;
  readonly doc: string;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;
/** The parsed values of a declaration. */
export type SettingsOf<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

/** What is wrong with one variable. The value is not repeated: a secret may have been pasted into the wrong one. */
export interface SettingProblem {
  readonly env: string;
  readonly message: string;
}

/** The configuration cannot be used; `problems` lists everything that is wrong. */
export class ConfigError extends CantileverError {
  constructor(readonly problems: readonly SettingProblem[]) {
    super(
      "CONFIG_INVALID",
      problems.map((problem) => `${problem.env}: ${problem.message}`).join("; "),
      "correct the environment variables named above; the keeper's README lists all of them",
      { problems: String(problems.length) },
    );
  }
}

/** Keeps the type of one setting. */
export function setting<T>(declaration: Setting<T>): Setting<T> {
  return declaration;
}

/** Whole number inside a closed range, plain decimal digits only. */
export function integer(minimum: number, maximum: number): z.ZodType<number, string> {
  const expected = `expected a whole number from ${String(minimum)} to ${String(maximum)}`;
  return z
    .string()
    .regex(/^\d+$/, expected)
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, expected);
}

/** Plain decimal text scaled by 10^decimals ("1.5" gwei with 9 decimals = 1500000000), never rounded. */
export function scaled(decimals: number, unitName: string): z.ZodType<bigint, string> {
  return z.string().transform((text, ctx) => {
    try {
      return parseDecimal(text, decimals);
    } catch {
      ctx.addIssue({ code: "custom", message: `expected ${unitName} as a plain decimal such as 1.5` });
      return z.NEVER;
    }
  });
}

/** One of some words. */
export function oneOf<const W extends readonly [string, ...string[]]>(words: W): z.ZodType<W[number], string> {
  return z.string().refine((text): text is W[number] => words.includes(text), `expected one of ${words.join(", ")}`);
}

/** `true` or `false`. */
export const flag: z.ZodType<boolean, string> = z
  .string()
  .regex(/^(true|false)$/, "expected true or false")
  .transform((text) => text === "true");

/** An http or https address. */
export const httpUrl: z.ZodType<string, string> = z
  .string()
  .refine((text) => /^https?:\/\/\S+$/.test(text) && URL.canParse(text), "expected an http:// or https:// address");

/** Any text; the empty text means "not set". */
export const optionalText: z.ZodType<string | undefined, string> = z
  .string()
  .transform((text) => (text === "" ? undefined : text));

/**
 * Reads all settings. Variables that start with one of `ownPrefixes` but belong to no setting are problems too, because a misspelt
 * limit is a limit that does not hold. `own.problems`: what is wrong with several variables together.
 * @throws ConfigError with every problem.
 */
export function loadSettings<S extends Settings>(
  settings: S,
  env: Env,
  own: { prefixes: readonly string[]; alsoKnown: readonly string[]; problems?: readonly SettingProblem[] },
): SettingsOf<S> {
  const problems: SettingProblem[] = [...(own.problems ?? [])];
  const values: Record<string, unknown> = {};
  const known = new Set([...own.alsoKnown, ...Object.values(settings).map((entry) => entry.env)]);
  for (const name of Object.keys(env)) {
    if (own.prefixes.some((prefix) => name.startsWith(prefix)) && !known.has(name)) {
      problems.push({ env: name, message: "unknown setting" });
    }
  }
  for (const [key, entry] of Object.entries(settings)) {
    const given = env[entry.env];
    const text = given === undefined || given === "" ? entry.default : given;
    if (text === undefined) {
      problems.push({ env: entry.env, message: `required: ${entry.doc}` });
      continue;
    }
    const parsed = entry.schema.safeParse(text);
    if (parsed.success) values[key] = parsed.data;
    else problems.push({ env: entry.env, message: parsed.error.issues.map((issue) => issue.message).join(", ") });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(values) as SettingsOf<S>;
}

/** The settings as a Markdown table, for READMEs. */
export function settingsTable(settings: Settings): string {
  const rows = Object.values(settings).map((entry) => {
    const preset = entry.default === undefined ? "required" : entry.default === "" ? "–" : `\`${entry.default}\``;
    return `| \`${entry.env}\` | ${preset} | ${entry.doc.replaceAll("|", "\\|")} |`;
  });
  return ["| Variable | Default | Meaning |", "|---|---|---|", ...rows].join("\n");
}
