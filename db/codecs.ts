/**
 * How values cross the wire, in text. Nothing here passes through a floating-point number: `bigint` and `numeric(78,0)` columns are
 * JavaScript `bigint`. Types without an entry (json, date, interval, uuid, …) come out as the server's text.
 */
import { PermanentError } from "../protocol/errors.js";
import { formatArray, parseArray, type ArrayText } from "./arrays.js";
import type { SqlValue } from "./database.js";

/** Largest value of a `numeric(78,0)` column; it holds every uint256 and int256. */
export const MAX_NUMERIC_78 = 10n ** 78n - 1n;

/** A parameter as it is sent. @throws PermanentError DB_REFUSED for a number that cannot be exact and for a date that is none. */
export function encodeValue(value: SqlValue): string | Buffer | null {
  return Buffer.isBuffer(value)
    ? value
    : Array.isArray(value)
      ? formatArray(value.map(encodeElement))
      : encodeText(value);
}

function encodeElement(value: SqlValue): string | null | ArrayText {
  if (Buffer.isBuffer(value)) return `\\x${value.toString("hex")}`;
  return Array.isArray(value) ? value.map(encodeElement) : encodeText(value);
}

function encodeText(value: SqlValue): string | null {
  if (value === null || typeof value === "string") return value;
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (typeof value === "number") return encodeNumber(value);
  if (value instanceof Date) return encodeDate(value);
  throw refuse(
    "a value of a kind that has no place in a statement",
    "text, bigint, number, boolean, Buffer, Date, null or arrays",
  );
}

function encodeNumber(value: number): string {
  if (Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value)) return String(value);
  throw refuse("a number that is not exact", "a finite number up to 2^53, or a bigint");
}

function encodeDate(value: Date): string {
  const year = value.getUTCFullYear();
  if (year >= 1 && year <= 9999) return value.toISOString();
  throw refuse("a date that is none", "a valid date of the years 1 to 9999");
}

type Decode = (text: string) => unknown;

/** By PostgreSQL's type number, with the number of the array of that type. */
const DECODERS: readonly { readonly oid: number; readonly arrayOid: number; readonly decode: Decode }[] = [
  { oid: 16, arrayOid: 1000, decode: (text) => text === "t" },
  { oid: 17, arrayOid: 1001, decode: decodeBytea },
  { oid: 20, arrayOid: 1016, decode: BigInt },
  { oid: 21, arrayOid: 1005, decode: Number },
  { oid: 23, arrayOid: 1007, decode: Number },
  { oid: 25, arrayOid: 1009, decode: String },
  { oid: 26, arrayOid: 1028, decode: Number },
  { oid: 700, arrayOid: 1021, decode: Number },
  { oid: 701, arrayOid: 1022, decode: Number },
  { oid: 1043, arrayOid: 1015, decode: String },
  { oid: 1184, arrayOid: 1185, decode: decodeTimestamptz },
  { oid: 1700, arrayOid: 1231, decode: decodeNumeric },
];

const BY_OID = new Map<number, Decode>(
  DECODERS.flatMap(({ oid, arrayOid, decode }) => [
    [oid, decode],
    [arrayOid, (literal: string) => decodeArray(parseArray(literal), decode)],
  ]),
);

/** What reads a column of this type. */
export function decoderOf(oid: number): Decode {
  return BY_OID.get(oid) ?? String;
}

function decodeArray(array: ArrayText, decode: Decode): unknown[] {
  return array.map((element) =>
    element === null ? null : typeof element === "string" ? decode(element) : decodeArray(element, decode),
  );
}

/** Whole numbers only: a fraction means that a column is not `numeric(78,0)` or that a statement divides. */
function decodeNumeric(text: string): bigint {
  if (/^-?\d+$/.test(text)) return BigInt(text);
  throw refuse("a numeric that is no whole number", "numeric(78,0), or a cast in the statement");
}

function decodeBytea(text: string): Buffer {
  if (/^\\x(?:[0-9a-f]{2})*$/.test(text)) return Buffer.from(text.slice(2), "hex");
  throw refuse("bytes in an unknown form", "bytea_output = hex");
}

/** Microseconds are cut to the milliseconds of a Date: compare times in SQL, not here. */
function decodeTimestamptz(text: string): Date {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?([+-]\d{2})(?::(\d{2}))?$/.exec(text);
  if (match === null) throw refuse("a time that no Date can hold", "a timestamptz of the years 1 to 9999");
  const [, day, time, fraction = "", hours, minutes = "00"] = match;
  return new Date(`${String(day)}T${String(time)}.${fraction.padEnd(3, "0").slice(0, 3)}${String(hours)}:${minutes}`);
}

function refuse(what: string, expected: string): PermanentError {
  return new PermanentError("DB_REFUSED", `${what}; expected ${expected}`, "correct the statement or its values");
}
