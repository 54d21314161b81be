import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { ReplayedMarket, START_PRICES } from "../../scripts/market/outside.js";
import {
  parsePriceFile,
  priceFileHours,
  PriceFileError,
  readPriceFile,
  type PriceFileErrorCode,
} from "../../protocol/priceFile.js";

function errorOf(text: string): PriceFileError {
  try {
    parsePriceFile("prices.csv", text);
  } catch (error) {
    if (error instanceof PriceFileError) return error;
    throw error;
  }
  throw new Error("the file was accepted");
}

describe("price file", () => {
  it("reads rows in any column order, with CRLF, a byte-order mark and blank lines at the end", () => {
    const rows = parsePriceFile(
      "p.csv",
      "\uFEFFxau_usd, timestamp ,cUSDT_usd\r\n2650.25,1700000000,1\r\n2651,1700003600,0.9998\r\n\r\n",
    );
    expect(rows).to.deep.equal([
      { timestampSeconds: 1_700_000_000, usd: { XAU: 2650.25, cUSDT: 1 }, usdText: { XAU: "2650.25", cUSDT: "1" } },
      { timestampSeconds: 1_700_003_600, usd: { XAU: 2651, cUSDT: 0.9998 }, usdText: { XAU: "2651", cUSDT: "0.9998" } },
    ]);
    expect(priceFileHours(rows)).to.equal(1);
  });

  const refused: [string, string, PriceFileErrorCode, number, number][] = [
    ["an empty file", "", "PRICE_FILE_EMPTY", 0, 0],
    ["a header alone", "timestamp,xau_usd\n", "PRICE_FILE_EMPTY", 0, 0],
    ["an unknown column", "timestamp,gold\n1,2\n", "PRICE_FILE_COLUMN_UNKNOWN", 1, 2],
    ["a column twice", "timestamp,xau_usd,xau_usd\n1,2,3\n", "PRICE_FILE_COLUMN_TWICE", 1, 3],
    ["no timestamp column", "xau_usd,cUSDT_usd\n1,2\n", "PRICE_FILE_COLUMN_MISSING", 1, 0],
    ["no price column", "timestamp\n1\n", "PRICE_FILE_COLUMN_MISSING", 1, 0],
    ["too few fields", "timestamp,xau_usd\n1,2\n3\n", "PRICE_FILE_FIELD_COUNT", 3, 2],
    ["too many fields", "timestamp,xau_usd\n1,2,3\n", "PRICE_FILE_FIELD_COUNT", 2, 3],
    ["a blank line between rows", "timestamp,xau_usd\n1,2\n\n3,4\n", "PRICE_FILE_FIELD_COUNT", 3, 2],
    ["milliseconds with a fraction", "timestamp,xau_usd\n1.5,2\n", "PRICE_FILE_TIMESTAMP", 2, 1],
    ["a date instead of seconds", "timestamp,xau_usd\n2026-01-01,2\n", "PRICE_FILE_TIMESTAMP", 2, 1],
    ["a time that stands still", "timestamp,xau_usd\n5,2\n5,2\n", "PRICE_FILE_ORDER", 3, 1],
    ["a time that goes back", "timestamp,xau_usd\n5,2\n4,2\n", "PRICE_FILE_ORDER", 3, 1],
    ["a word as price", "timestamp,cUSDT_usd,xau_usd\n5,1,gold\n", "PRICE_FILE_PRICE", 2, 3],
    ["a price of zero", "timestamp,xau_usd\n5,0.00\n", "PRICE_FILE_PRICE", 2, 2],
    ["a negative price", "timestamp,xau_usd\n5,-1\n", "PRICE_FILE_PRICE", 2, 2],
    ["an exponent", "timestamp,xau_usd\n5,1e3\n", "PRICE_FILE_PRICE", 2, 2],
    ["an empty price", "timestamp,xau_usd\n5,\n", "PRICE_FILE_PRICE", 2, 2],
  ];
  for (const [what, text, code, line, column] of refused) {
    it(`refuses ${what} and says where`, () => {
      const error = errorOf(text);
      expect([error.code, error.file, error.line, error.column]).to.deep.equal([code, "prices.csv", line, column]);
    });
  }

  describe("on disk", () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), "prices-"));
    });
    after(() => {
      rmSync(folder, { recursive: true });
    });

    it("is read from its path", () => {
      const file = join(folder, "ok.csv");
      writeFileSync(file, "timestamp,cEURT_usd\n10,1.08\n");
      expect(readPriceFile(file)).to.have.length(1);
    });

    it("refuses a path without a file", () => {
      expect(() => readPriceFile(join(folder, "none.csv")))
        .to.throw(PriceFileError)
        .with.property("code", "PRICE_FILE_UNREADABLE");
    });
  });
});

describe("ReplayedMarket", () => {
  const rows = parsePriceFile("p.csv", "timestamp,xau_usd\n100,2600\n110,2700\n111,2800\n");

  it("holds a value until the next row, and a missing column at its starting price", () => {
    const market = new ReplayedMarket(rows);
    const seen: number[] = [];
    for (let step = 0; step < 7; step++) {
      seen.push(market.prices().XAU);
      expect(market.prices().cEURT).to.equal(START_PRICES.cEURT);
      market.advance(2);
    }
    // At 100, 102 … 108 the first row; at 110 the second; at 112 the third, the one at 111 having begun in between.
    expect(seen).to.deep.equal([2600, 2600, 2600, 2600, 2600, 2700, 2800]);
    market.advance(1_000_000);
    expect(market.prices().XAU).to.equal(2800);
  });
});
