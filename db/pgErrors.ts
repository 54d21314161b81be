/**
 * Every way in which PostgreSQL or the way to it can fail, as the codes that `database.ts` promises. The server's own words are not
 * repeated where they can contain values of a row: signed bytes and secrets do not belong in a log.
 */
import { CantileverError, PermanentError, RetryableError } from "../protocol/errors.js";

/** SQLSTATE classes and codes that mean "not now": the server is gone, starting, full, read-only after a failover, or too slow. */
const UNAVAILABLE = /^(?:08...|57P0[1235]|57014|53000|53200|53300|25006|25P03|25P04|40003|XX000)$/;
const CONFLICT = /^(?:40001|40P01|55P03)$/;
const UNIQUE = /^(?:23505|23P01)$/;
/** Disk full, and a disk that cannot be read or written. */
const STORAGE = /^(?:53100|58030)$/;
/** Messages of these name tables, columns, constraints, roles and functions of ours, never a value. */
const SPEAKS_OF_NAMES = /^(?:42...|23503|23514|28...|3D000|3F000|55006|55000|0A000|P0001)$/;

interface ServerError extends Error {
  readonly code: string;
  readonly constraint?: string;
  readonly table?: string;
}

function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && "code" in error && typeof error.code === "string" && "severity" in error;
}

/** The error to throw for whatever `pg` threw. Ours pass unchanged. */
export function toDatabaseError(error: unknown): CantileverError {
  if (error instanceof CantileverError) return error;
  if (!isServerError(error)) return unavailable(describeTransport(error));
  const { code: sqlState, constraint, table } = error;
  const details = {
    sqlState,
    ...(constraint === undefined ? {} : { constraint }),
    ...(table === undefined ? {} : { table }),
  };
  if (UNAVAILABLE.test(sqlState)) return unavailable(`SQLSTATE ${sqlState}`, details);
  if (CONFLICT.test(sqlState)) {
    return new RetryableError(
      "DB_CONFLICT",
      `another transaction was in the way (SQLSTATE ${sqlState})`,
      undefined,
      details,
    );
  }
  if (UNIQUE.test(sqlState)) {
    return new PermanentError(
      "DB_UNIQUE",
      `${constraint ?? "a unique constraint"}: such a row exists already`,
      undefined,
      details,
    );
  }
  if (sqlState === "23514") {
    return new PermanentError("DB_CHECK", `${constraint ?? "a check"} does not hold for the row`, undefined, details);
  }
  if (STORAGE.test(sqlState)) {
    const fix = "make room on the database's disk; nothing was written";
    return new PermanentError("DB_STORAGE", `the database cannot store anything (SQLSTATE ${sqlState})`, fix, details);
  }
  const said = SPEAKS_OF_NAMES.test(sqlState) ? `: ${error.message}` : "";
  return new PermanentError(
    "DB_REFUSED",
    `the database refused a statement, SQLSTATE ${sqlState}${said}`,
    undefined,
    details,
  );
}

/** The database cannot be asked now. */
export function unavailable(reason: string, details: Readonly<Record<string, string>> = {}): RetryableError {
  const fix = "check that PostgreSQL runs and that DATABASE_URL is right";
  return new RetryableError("DB_UNAVAILABLE", `the database did not answer (${reason})`, fix, { reason, ...details });
}

/** Whether the same may work later without anybody's changing it: the database is gone or busy, or its disk is full. */
export function isNotNow(error: unknown): boolean {
  if (!(error instanceof CantileverError) || !error.code.startsWith("DB_")) return false;
  return error instanceof RetryableError || error.code === "DB_STORAGE";
}

/** Whether the connection can carry another statement after this error. */
export function isConnectionUsable(error: unknown): boolean {
  if (error instanceof CantileverError) return true; // a value that our codecs refused
  return isServerError(error) && !/^(?:08...|57P..|25P03|25P04|XX...)$/.test(error.code);
}

/** A short word for a failure of the connection; pg's own texts contain neither addresses nor credentials, the system's do. */
function describeTransport(error: unknown): string {
  if (typeof error !== "object" || error === null) return "unknown";
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) return describeTransport(error.errors[0]);
  return error instanceof Error ? error.message.slice(0, 80) : "unknown";
}
