import { expect } from "chai";
import fc from "fast-check";

import { CantileverError } from "../../protocol/errors.js";
import { mulDivDown, mulDivUp, sqrtDown, anchorFromPrices } from "../../protocol/math.js";
import {
  formatTokenUnits,
  formatWadAsBps,
  parseBpsAsWad,
  parseDecimal,
  parseTokenUnits,
  parseWad,
} from "../../protocol/units.js";

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CantileverError) return error.code;
    throw error;
  }
  return "no error";
}

describe("protocol/units", () => {
  for (const decimals of [6, 8, 18]) {
    it(`round-trips amounts of a token with ${String(decimals)} decimals`, () => {
      fc.assert(
        fc.property(fc.bigInt(0n, 10n ** 40n), (amount) => {
          expect(parseTokenUnits(formatTokenUnits(amount, decimals), decimals)).to.equal(amount);
        }),
      );
    });
  }

  it("reads exact texts and refuses to lose digits", () => {
    expect(parseTokenUnits("1500.25", 6)).to.equal(1_500_250_000n);
    expect(parseTokenUnits("1.500000000", 6)).to.equal(1_500_000n);
    expect(parseDecimal("7", 0)).to.equal(7n);
    expect(parseDecimal("7.000", 0)).to.equal(7n);
    expect(codeOf(() => parseTokenUnits("0.0000001", 6))).to.equal("TOO_MANY_DIGITS");
  });

  for (const text of ["", "-1", "+1", "1e6", "0x10", "1,000", "1.", ".5", " 1", "one", "1.2.3", "Infinity"]) {
    it(`refuses "${text}" as an amount`, () => {
      expect(codeOf(() => parseTokenUnits(text, 6))).to.equal("NOT_A_DECIMAL");
    });
  }

  it("reads ratios and basis points as 1e18 fixed point", () => {
    expect(parseWad("0.005")).to.equal(5_000_000_000_000_000n);
    expect(parseBpsAsWad("3")).to.equal(300_000_000_000_000n);
    expect(parseBpsAsWad("2.5")).to.equal(250_000_000_000_000n);
    expect(formatWadAsBps(-250_000_000_000_000n)).to.equal("-2.5");
    expect(formatWadAsBps(1n)).to.equal("0.00000000000001");
    expect(formatWadAsBps(0n)).to.equal("0");
  });
});

describe("protocol/math", () => {
  it("rounds down and up around the exact quotient", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 256n), fc.bigInt(0n, 2n ** 256n), fc.bigInt(1n, 2n ** 256n), (x, y, d) => {
        const down = mulDivDown(x, y, d);
        const up = mulDivUp(x, y, d);
        expect(down * d <= x * y && (down + 1n) * d > x * y).to.equal(true);
        expect(up - down).to.equal(down * d === x * y ? 0n : 1n);
      }),
    );
  });

  it("takes the floor of square roots", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 512n), (x) => {
        const root = sqrtDown(x);
        expect(root * root <= x && (root + 1n) * (root + 1n) > x).to.equal(true);
      }),
    );
    expect(() => sqrtDown(-1n)).to.throw(RangeError);
  });

  it("computes anchors for 6/6 and 18/6 decimals by hand", () => {
    expect(anchorFromPrices(parseWad("1"), parseWad("1"), 6, 6)).to.equal(10n ** 18n);
    // 2650.25 USD per ounce (18 decimals) in a 6-decimal dollar: 2650.25 · 10^(18 + 6 − 18).
    expect(anchorFromPrices(parseWad("2650.25"), parseWad("1"), 18, 6)).to.equal(2_650_250_000n);
  });
});
