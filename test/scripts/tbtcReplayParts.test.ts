import { expect } from "chai";

import { PriceFileError, type PriceFileErrorCode } from "../../protocol/priceFile.js";
import { Rng } from "../../scripts/market/rng.js";
import { bestRescue, type Loss } from "../../scripts/tbtc/replay/omniscient.js";
import { parseEthBtc, readEthBtc } from "../../scripts/tbtc/replay/prices.js";
import { TRACES } from "../../scripts/tbtc/replay/traceNames.js";
import { traceOf } from "../../scripts/tbtc/replay/traces.js";

function errorOf(text: string): PriceFileError {
  try {
    parseEthBtc("prices.csv", text);
  } catch (error) {
    if (error instanceof PriceFileError) return error;
    throw error;
  }
  throw new Error("the file was accepted");
}

describe("replay of tBTC v1: prices", () => {
  it("REPLAY-1 reads prices exactly, columns in any order, CRLF and a byte-order mark", () => {
    const rows = parseEthBtc(
      "p.csv",
      "\uFEFFeth_btc, timestamp\r\n0.032,1600000000\r\n0.000000000000000001,1600000600\r\n",
    );
    expect(rows).to.deep.equal([
      { timestampSeconds: 1_600_000_000, btcPerEthWad: 32n * 10n ** 15n },
      { timestampSeconds: 1_600_000_600, btcPerEthWad: 1n },
    ]);
  });

  const refused: readonly [string, string, PriceFileErrorCode, number, number][] = [
    ["an empty file", "", "PRICE_FILE_EMPTY", 0, 0],
    ["a header alone", "timestamp,eth_btc\n\n", "PRICE_FILE_EMPTY", 0, 0],
    ["a column of another file", "timestamp,xau_usd\n1,2\n", "PRICE_FILE_COLUMN_UNKNOWN", 1, 2],
    ["a column twice", "timestamp,eth_btc,eth_btc\n1,2,3\n", "PRICE_FILE_COLUMN_TWICE", 1, 3],
    ["no price", "timestamp\n1\n", "PRICE_FILE_COLUMN_MISSING", 1, 0],
    ["too few fields", "timestamp,eth_btc\n1,0.03\n2\n", "PRICE_FILE_FIELD_COUNT", 3, 2],
    ["too many fields", "timestamp,eth_btc\n1,0,03\n", "PRICE_FILE_FIELD_COUNT", 2, 3],
    ["a blank line between rows", "timestamp,eth_btc\n1,0.03\n\n2,0.03\n", "PRICE_FILE_FIELD_COUNT", 3, 2],
    ["a date", "timestamp,eth_btc\n2020-09-01,0.03\n", "PRICE_FILE_TIMESTAMP", 2, 1],
    ["a fraction of a second", "eth_btc,timestamp\n0.03,1.5\n", "PRICE_FILE_TIMESTAMP", 2, 2],
    ["a time that stands still", "timestamp,eth_btc\n5,0.03\n5,0.03\n", "PRICE_FILE_ORDER", 3, 1],
    ["a time that goes back", "timestamp,eth_btc\n5,0.03\n4,0.03\n", "PRICE_FILE_ORDER", 3, 1],
    ["a price of zero", "timestamp,eth_btc\n5,0.000\n", "PRICE_FILE_PRICE", 2, 2],
    ["a negative price", "timestamp,eth_btc\n5,-0.03\n", "PRICE_FILE_PRICE", 2, 2],
    ["an exponent", "timestamp,eth_btc\n5,3e-2\n", "PRICE_FILE_PRICE", 2, 2],
    ["more digits than there are", "timestamp,eth_btc\n5,0.0000000000000000001\n", "PRICE_FILE_PRICE", 2, 2],
    ["a word", "timestamp,eth_btc\n5,0.03\n6,cheap\n", "PRICE_FILE_PRICE", 3, 2],
  ];
  for (const [what, text, code, line, column] of refused) {
    it(`REPLAY-1 refuses ${what} and says where`, () => {
      const error = errorOf(text);
      expect([error.code, error.file, error.line, error.column]).to.deep.equal([code, "prices.csv", line, column]);
      expect(error.details).to.deep.equal({ file: "prices.csv", line: String(line), column: String(column) });
    });
  }

  it("REPLAY-1 names a file that is not there", () => {
    expect(() => readEthBtc("/nowhere/prices.csv"))
      .to.throw(PriceFileError)
      .with.property("code", "PRICE_FILE_UNREADABLE");
  });
});

describe("replay of tBTC v1: traces", () => {
  /** A deposit that was opened at the first price is liquidated below 110 of its 150 percent. */
  const DANGER_PPM = 733_000n;
  const PPM = 1_000_000n;

  for (const name of TRACES) {
    it(`REPLAY-2 ${name}: one seed is one history, and it hurts`, () => {
      const rows = traceOf(name, 7);
      expect(traceOf(name, 7)).to.deep.equal(rows);
      expect(traceOf(name, 8)).to.not.deep.equal(rows);
      const [first] = rows;
      if (first === undefined) throw new Error("a trace has rows");
      let before = first.timestampSeconds - 1;
      for (const { timestampSeconds, btcPerEthWad } of rows) {
        expect(timestampSeconds).to.be.greaterThan(before);
        expect(btcPerEthWad > 0n).to.equal(true);
        before = timestampSeconds;
      }
      const inDanger = rows.filter(({ btcPerEthWad }) => (btcPerEthWad * PPM) / first.btcPerEthWad < DANGER_PPM);
      expect(inDanger.length).to.be.greaterThan(3);
    });
  }

  it("REPLAY-2 the spike recovers before it comes again", () => {
    const rows = traceOf("spike", 3);
    const [first] = rows;
    if (first === undefined) throw new Error("a trace has rows");
    const share = ({ btcPerEthWad }: { readonly btcPerEthWad: bigint }): bigint =>
      (btcPerEthWad * PPM) / first.btcPerEthWad;
    const down = rows.findIndex((row) => share(row) < 830_000n);
    const up = rows.findIndex((row, index) => index > down && share(row) > 950_000n);
    const again = rows.findIndex((row, index) => index > up && share(row) < 830_000n);
    expect([down > 0, up > down, again > up]).to.deep.equal([true, true, true]);
  });
});

describe("replay of tBTC v1: the omniscient planner", () => {
  it("REPLAY-3 saves what the best of all sets saves, within the money", () => {
    const rng = new Rng(11, "omniscient");
    let scarce = 0;
    for (let round = 0; round < 300; round += 1) {
      const losses: Loss[] = Array.from({ length: 1 + rng.below(10) }, (_, index) => ({
        about: String(index),
        costUnits: BigInt(1 + rng.below(10)),
        valueWei: BigInt(rng.below(50)),
      }));
      const budget = BigInt(rng.below(40));
      let most = 0n;
      for (let set = 0; set < 2 ** losses.length; set += 1) {
        const inside = losses.filter((_, index) => Math.floor(set / 2 ** index) % 2 === 1);
        const cost = inside.reduce((sum, { costUnits }) => sum + costUnits, 0n);
        const value = inside.reduce((sum, { valueWei }) => sum + valueWei, 0n);
        if (cost <= budget && value > most) most = value;
      }
      const best = bestRescue(losses, budget);
      const chosen = losses.filter(({ about }) => best.chosen.includes(about));
      expect(best.valueWei).to.equal(most);
      expect(chosen.reduce((sum, { valueWei }) => sum + valueWei, 0n)).to.equal(most);
      expect(chosen.reduce((sum, { costUnits }) => sum + costUnits, 0n) <= budget).to.equal(true);
      if (chosen.length < losses.filter(({ valueWei }) => valueWei > 0n).length) scarce += 1;
    }
    expect(scarce).to.be.greaterThan(50);
  });
});
