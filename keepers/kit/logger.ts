/** Structured logs: named events with facts, as JSON lines or as one line for people. Always on standard error. */
import { pino, type DestinationStream, type Logger } from "pino";

import { Secret } from "./keys/secret.js";

/** What a log event may carry. Bigints are written as decimal text, so that no amount loses digits. */
export type Fact =
  string | number | bigint | boolean | null | undefined | readonly Fact[] | { readonly [key: string]: Fact };
export type Facts = Readonly<Record<string, Fact>>;

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export type LogFormat = "human" | "json";

/** Event names are an operator's vocabulary: stable, listed in the keeper's README. */
export interface KeeperLog {
  debug(event: string, facts?: Facts): void;
  info(event: string, facts?: Facts): void;
  warn(event: string, facts?: Facts): void;
  error(event: string, facts?: Facts): void;
}

/** Keys that are never printed, wherever they appear: by their exact name for pino, by how they end for `plain`. */
const REDACTED = ["passphrase", "privateKey", "mnemonic", "password", "secret", "rawTransaction"];
const REDACTED_ENDING = new RegExp(`(?:${REDACTED.join("|")})$`, "i");
const CENSOR = "[redacted]";

export interface LogOptions {
  readonly format: LogFormat;
  readonly level: LogLevel;
  readonly keeper: string;
  readonly network: string;
  /** Where lines go; standard error by default. */
  readonly write?: (line: string) => void;
}

/** Creates the log of one program. */
export function createLog(options: LogOptions): KeeperLog {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const destination: DestinationStream = {
    write: (line: string) => {
      write(options.format === "json" ? line : humanLine(line));
    },
  };
  const logger = pino(
    {
      level: options.level,
      base: { keeper: options.keeper, network: options.network },
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: "event",
      redact: { paths: REDACTED.flatMap((key) => [key, `*.${key}`]), censor: CENSOR },
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return {
    debug: emit(logger, "debug"),
    info: emit(logger, "info"),
    warn: emit(logger, "warn"),
    error: emit(logger, "error"),
  };
}

/** What may be said about an unknown failure: its code and its first line; never calldata or a stack. */
export function describeError(error: unknown): { readonly code: string; readonly error: string } {
  if (!(error instanceof Error)) return { code: "unknown", error: String(error).slice(0, 200) };
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  // ethers appends the whole request, signed bytes included, to `message`; `shortMessage` leaves it out.
  const own = "shortMessage" in error && typeof error.shortMessage === "string" ? error.shortMessage : error.message;
  const text = [own, nodeMessage(error)].filter((part) => part !== "").join(": ");
  return { code, error: (text.split("\n")[0] ?? "").slice(0, 300) };
}

/** What the node itself said, as ethers keeps it under `error`; empty when there was no answer. */
export function nodeMessage(error: Error): string {
  const inner: unknown = "error" in error ? error.error : undefined;
  return typeof inner === "object" && inner !== null && "message" in inner ? String(inner.message) : "";
}

function emit(logger: Logger, level: Exclude<LogLevel, "silent">): (event: string, facts?: Facts) => void {
  return (event, facts = {}) => {
    logger[level](plain(facts) as object, event);
  };
}

/** Facts with bigints as decimal text, and without secrets: by their type, and by what they are called. */
export function plain(fact: Fact): unknown {
  // The types do not let one in; a cast does.
  if ((fact as unknown) instanceof Secret) return CENSOR;
  if (typeof fact === "bigint") return fact.toString();
  if (Array.isArray(fact)) return (fact as readonly Fact[]).map(plain);
  if (typeof fact === "object" && fact !== null) {
    return Object.fromEntries(
      Object.entries(fact).map(([key, value]) => [key, REDACTED_ENDING.test(key) ? CENSOR : plain(value)]),
    );
  }
  return fact;
}

function humanLine(line: string): string {
  const {
    level,
    time,
    event,
    keeper: _keeper,
    network: _network,
    ...facts
  } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time).slice(11, 19);
  const mark = level === "info" || level === "debug" ? "" : ` ${String(level).toUpperCase()}`;
  const details = Object.entries(facts)
    .map(([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("");
  return `${clock}${mark} ${String(event)}${details}\n`;
}
