/** A history of what one ether is worth in bitcoin: a CSV file with the columns `timestamp` (unix seconds, rising) and `eth_btc`. */
import {
  type Field,
  parseTable,
  parseTimestamp,
  PRICE_DECIMAL,
  PriceFileError,
  readTable,
  shown,
} from "../../../protocol/priceFile.js";
import { parseWad } from "../../../protocol/units.js";

/** Holds from its time on. */
export interface EthBtcRow {
  readonly timestampSeconds: number;
  /** BTC per ETH, 1e18 = one. */
  readonly btcPerEthWad: bigint;
}

const COLUMNS = ["timestamp", "eth_btc"] as const;
type Column = (typeof COLUMNS)[number];

/** @throws PriceFileError naming file, line and column. */
export function readEthBtc(file: string): EthBtcRow[] {
  return parseEthBtc(file, readTable(file));
}

/** `file` is used in errors only. @throws PriceFileError naming file, line and column. */
export function parseEthBtc(file: string, text: string): EthBtcRow[] {
  const rows: EthBtcRow[] = [];
  for (const fields of parseTable(file, text, columnsOf)) {
    let timestampSeconds = 0;
    let btcPerEthWad = 0n;
    for (const field of fields) {
      if (field.column === "timestamp") timestampSeconds = parseTimestamp(field.at, field.text, rows.at(-1));
      else btcPerEthWad = priceOf(field);
    }
    rows.push({ timestampSeconds, btcPerEthWad });
  }
  return rows;
}

function columnsOf(file: string, header: string): readonly Column[] {
  const names = header.split(",").map((name) => name.trim());
  const expected = `expected ${COLUMNS.join(",")}`;
  const columns = names.map((name, index) => {
    const known = COLUMNS.find((column) => column === name);
    if (known === undefined) {
      const what = `${shown(name)} is no known column; ${expected}`;
      throw new PriceFileError("PRICE_FILE_COLUMN_UNKNOWN", file, 1, index + 1, what);
    }
    if (names.indexOf(name) < index) {
      throw new PriceFileError("PRICE_FILE_COLUMN_TWICE", file, 1, index + 1, `${shown(name)} stands there twice`);
    }
    return known;
  });
  if (columns.length < COLUMNS.length) {
    throw new PriceFileError("PRICE_FILE_COLUMN_MISSING", file, 1, 0, `a column is missing; ${expected}`);
  }
  return columns;
}

/** Exact: what a file says is never rounded. */
function priceOf({ text, at: { file, line, column } }: Field<Column>): bigint {
  const price = PRICE_DECIMAL.test(text) ? parseWad(text) : 0n;
  if (price > 0n) return price;
  const what = `${shown(text)} is no price; expected a positive decimal such as 0.0325`;
  throw new PriceFileError("PRICE_FILE_PRICE", file, line, column, what);
}
