import { expect } from "chai";
import fc from "fast-check";

import {
  AUCTION_STATES,
  DepositState,
  depositState,
  depositStateName,
  REDEEMABLE_STATES,
  SETTLING_STATES,
  TERMINAL_STATES,
} from "../../../protocol/tbtc/states.js";
import {
  collateralDown,
  outputScriptKind,
  prefixedOutputScript,
  satFromBytes8,
  satToBytes8,
  satToTbtcWei,
  tbtcWeiToSatDown,
  weiPerSat,
} from "../../../protocol/tbtc/units.js";
import { codeThrown } from "../../helpers/thrown.js";

const PKH = "11".repeat(20);
const LONG = "22".repeat(32);

describe("protocol/tbtc/units", () => {
  it("writes output values with the lowest byte first", () => {
    expect(satToBytes8(0n)).to.equal("0x0000000000000000");
    expect(satToBytes8(1n)).to.equal("0x0100000000000000");
    expect(satToBytes8(99_998_000n)).to.equal("0x30d9f50500000000");
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => {
        expect(satFromBytes8(satToBytes8(value))).to.equal(value);
      }),
    );
  });

  it("refuses values that eight bytes cannot hold", () => {
    expect(codeThrown(() => satToBytes8(-1n))).to.equal("SAT_OUT_OF_RANGE");
    expect(codeThrown(() => satToBytes8(2n ** 64n))).to.equal("SAT_OUT_OF_RANGE");
    for (const text of ["", "0x", "0x00", "0000000000000000", "0x00000000000000zz", `0x${"00".repeat(9)}`]) {
      expect(
        codeThrown(() => satFromBytes8(text)),
        text,
      ).to.equal("SAT_BYTES_INVALID");
    }
  });

  it("turns satoshis into TBTC and never rounds up on the way back", () => {
    expect(satToTbtcWei(100_000_000n)).to.equal(10n ** 18n);
    expect(tbtcWeiToSatDown(10n ** 18n - 1n)).to.equal(99_999_999n);
  });

  it("computes the price and the collateral as the contracts do", () => {
    const price = weiPerSat(32n * 10n ** 15n);
    expect(price).to.equal(312_500_000_000n);
    const bondWei = 46_875n * 10n ** 15n;
    expect(collateralDown(bondWei, 100_000_000n, price, 100n)).to.equal(150n);
    expect(collateralDown(bondWei, 100_000_000n, weiPerSat(2667n * 10n ** 13n), 100n)).to.equal(125n);
    expect(collateralDown(bondWei, 100_000_000n, weiPerSat(2666n * 10n ** 13n), 10_000n)).to.equal(12_496n);
    expect(codeThrown(() => weiPerSat(0n))).to.equal("TBTC_PRICE_NOT_POSITIVE");
  });

  for (const [kind, hex, prefix] of [
    ["p2wpkh", `0014${PKH}`, "16"],
    ["p2wsh", `0020${LONG}`, "22"],
    ["p2pkh", `76a914${PKH}88ac`, "19"],
    ["p2sh", `a914${PKH}87`, "17"],
  ] as const) {
    it(`puts the length in front of a ${kind} script`, () => {
      const script = Buffer.from(hex, "hex");
      expect(outputScriptKind(script)).to.equal(kind);
      expect(prefixedOutputScript(script)).to.equal(`0x${prefix}${hex}`);
    });
  }

  for (const [what, hex] of [
    ["P2TR", `5120${LONG}`],
    ["nothing", ""],
    ["a script with its length already", `160014${PKH}`],
    ["a hash that is too short", `0014${"11".repeat(19)}`],
    ["OP_RETURN", "6a0101"],
  ] as const) {
    it(`refuses ${what} as a destination`, () => {
      const script = Buffer.from(hex, "hex");
      expect(outputScriptKind(script)).to.equal(undefined);
      expect(codeThrown(() => prefixedOutputScript(script))).to.equal("OUTPUT_SCRIPT_UNSUPPORTED");
    });
  }
});

describe("protocol/tbtc/states", () => {
  it("names twelve states and refuses a thirteenth", () => {
    for (const [name, value] of Object.entries(DepositState)) {
      expect(depositState(BigInt(value))).to.equal(value);
      expect(depositStateName(value)).to.equal(name);
    }
    expect(codeThrown(() => depositState(12n))).to.equal("TBTC_STATE_UNKNOWN");
    expect(codeThrown(() => depositState(2n ** 64n))).to.equal("TBTC_STATE_UNKNOWN");
  });

  it("puts no state into two sets", () => {
    const all = [TERMINAL_STATES, REDEEMABLE_STATES, SETTLING_STATES, AUCTION_STATES].flatMap((set) => [...set]);
    expect(new Set(all).size).to.equal(all.length).and.equal(9);
  });
});
