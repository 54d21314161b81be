/**
 * Reads a price file: a header line, then rows of `timestamp` (unix seconds, increasing) and one or more USD prices.
 */
import { readFileSync } from "node:fs";

import { CantileverError } from "./errors.js";
import type { TokenName } from "./params/schema.js";

/** Column name of each token. */
export const PRICE_COLUMNS: Readonly<Record<string, TokenName>> = {
  cUSDT_usd: "cUSDT",
  cUSDC_usd: "cUSDC",
  cEURT_usd: "cEURT",
  xau_usd: "XAU",
};

/** One row: prices that hold from `timestampSeconds` on. */
export interface PriceRow {
  readonly timestampSeconds: number;
  /** For simulations, which compute in floating point. */
  readonly usd: Readonly<Partial<Record<TokenName, number>>>;
  /** The same prices as they stand in the file: plain decimals. */
  readonly usdText: Readonly<Partial<Record<TokenName, string>>>;
}

export type PriceFileErrorCode =
  | "PRICE_FILE_UNREADABLE"
  | "PRICE_FILE_EMPTY"
  | "PRICE_FILE_COLUMN_UNKNOWN"
  | "PRICE_FILE_COLUMN_TWICE"
  | "PRICE_FILE_COLUMN_MISSING"
  | "PRICE_FILE_FIELD_COUNT"
  | "PRICE_FILE_TIMESTAMP"
  | "PRICE_FILE_ORDER"
  | "PRICE_FILE_PRICE";

/** A price file that cannot be used, and where. Lines and columns count from 1; 0 when the whole file is meant. */
export class PriceFileError extends CantileverError {
  declare readonly code: PriceFileErrorCode;

  constructor(
    code: PriceFileErrorCode,
    readonly file: string,
    readonly line: number,
    readonly column: number,
    what: string,
  ) {
    const place = line === 0 ? file : `${file}, line ${line}${column === 0 ? "" : `, column ${column}`}`;
    super(code, `${place}: ${what}`, undefined, { file, line: String(line), column: String(column) });
  }
}

/** A plain decimal, at most 12 digits before the point and 18 after it: no sign, no exponent, no separators. */
export const PRICE_DECIMAL = /^\d{1,12}(\.\d{1,18})?$/;
/** Unix seconds up to the year 2286. */
const UNIX_SECONDS = /^\d{1,10}$/;

/** What a field holds, in quotes and not too long. */
export function shown(text: string): string {
  return text === "" ? "an empty field" : JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

function parseHeader(file: string, line: string): ("timestamp" | TokenName)[] {
  const names = line.split(",").map((name) => name.trim());
  const expected = `expected "timestamp" and one or more of ${Object.keys(PRICE_COLUMNS).join(", ")}`;
  const seen = new Set<string>();
  const columns = names.map((name, index) => {
    const column = name === "timestamp" ? "timestamp" : PRICE_COLUMNS[name];
    if (column === undefined) {
      throw new PriceFileError(
        "PRICE_FILE_COLUMN_UNKNOWN",
        file,
        1,
        index + 1,
        `${shown(name)} is no known column; ${expected}`,
      );
    }
    if (seen.has(name)) {
      throw new PriceFileError("PRICE_FILE_COLUMN_TWICE", file, 1, index + 1, `${shown(name)} stands there twice`);
    }
    seen.add(name);
    return column;
  });
  if (!columns.includes("timestamp") || columns.length < 2) {
    throw new PriceFileError("PRICE_FILE_COLUMN_MISSING", file, 1, 0, `a column is missing; ${expected}`);
  }
  return columns;
}

/** Where a field stands, for errors. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A field of a row, with its column's name as `columnsOf` gave it. */
export interface Field<Column> {
  readonly column: Column;
  readonly text: string;
  readonly at: Place;
}

/**
 * The rows of a file with a header line: as many fields as the header has. `columnsOf` judges the header.
 * @throws PriceFileError naming file, line and column.
 */
export function parseTable<Column>(
  file: string,
  text: string,
  columnsOf: (file: string, header: string) => readonly Column[],
): (readonly Field<Column>[])[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  while (lines.at(-1)?.trim() === "") lines.pop();
  const [header, ...body] = lines;
  if (header === undefined) {
    throw new PriceFileError("PRICE_FILE_EMPTY", file, 0, 0, "the file is empty; expected a header line and rows");
  }
  const columns = columnsOf(file, header);
  if (body.length === 0) {
    throw new PriceFileError("PRICE_FILE_EMPTY", file, 0, 0, "there is no row below the header");
  }
  return body.map((row, index) => {
    const line = index + 2;
    const fields = row.split(",").map((field) => field.trim());
    if (fields.length !== columns.length) {
      throw new PriceFileError(
        "PRICE_FILE_FIELD_COUNT",
        file,
        line,
        Math.min(fields.length, columns.length) + 1,
        `the row has ${fields.length} fields, the header ${columns.length}`,
      );
    }
    return columns.map((column, at) => ({ column, text: fields[at] ?? "", at: { file, line, column: at + 1 } }));
  });
}

/** Parses the text of a price file; `file` is used in errors only. Throws PriceFileError naming file, line and column. */
export function parsePriceFile(file: string, text: string): PriceRow[] {
  const rows: PriceRow[] = [];
  for (const fields of parseTable(file, text, parseHeader)) {
    let timestampSeconds = 0;
    const usd: Partial<Record<TokenName, number>> = {};
    const usdText: Partial<Record<TokenName, string>> = {};
    for (const { column, text: field, at } of fields) {
      if (column === "timestamp") {
        timestampSeconds = parseTimestamp(at, field, rows.at(-1));
      } else {
        usd[column] = parsePrice(at, field);
        usdText[column] = field;
      }
    }
    rows.push({ timestampSeconds, usd, usdText });
  }
  return rows;
}

/** Whole unix seconds after those of the row before. @throws PriceFileError */
export function parseTimestamp(
  { file, line, column }: Place,
  field: string,
  before?: Pick<PriceRow, "timestampSeconds">,
): number {
  if (!UNIX_SECONDS.test(field)) {
    throw new PriceFileError(
      "PRICE_FILE_TIMESTAMP",
      file,
      line,
      column,
      `${shown(field)} is no time; expected whole unix seconds`,
    );
  }
  const seconds = Number(field);
  if (before !== undefined && seconds <= before.timestampSeconds) {
    throw new PriceFileError(
      "PRICE_FILE_ORDER",
      file,
      line,
      column,
      `${field} does not come after ${before.timestampSeconds} of the row before; rows must be in time order`,
    );
  }
  return seconds;
}

function parsePrice({ file, line, column }: Place, field: string): number {
  const price = PRICE_DECIMAL.test(field) ? Number(field) : 0;
  if (price <= 0) {
    throw new PriceFileError(
      "PRICE_FILE_PRICE",
      file,
      line,
      column,
      `${shown(field)} is no price; expected a positive decimal such as 2650.25`,
    );
  }
  return price;
}

/** Reads and parses a price file. Throws PriceFileError. */
export function readPriceFile(file: string): PriceRow[] {
  return parsePriceFile(file, readTable(file));
}

/** @throws PriceFileError PRICE_FILE_UNREADABLE */
export function readTable(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
    throw new PriceFileError("PRICE_FILE_UNREADABLE", file, 0, 0, `cannot be read (${reason})`);
  }
}

/** Hours from the first row to the last one. */
export function priceFileHours(rows: readonly PriceRow[]): number {
  const first = rows[0]?.timestampSeconds ?? 0;
  return ((rows.at(-1)?.timestampSeconds ?? first) - first) / 3600;
}
