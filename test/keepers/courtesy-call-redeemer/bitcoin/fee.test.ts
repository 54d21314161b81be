import { expect } from "chai";
import fc from "fast-check";

import {
  feeAt,
  type FeePolicy,
  initialFee,
  nextBump,
  rateFromBtc,
  rateOf,
  redemptionVsize,
} from "../../../../keepers/courtesy-call-redeemer/bitcoin/fee.js";
import { satFromBytes8 } from "../../../../protocol/tbtc/units.js";
import { paymentOf, requestOf } from "../../../helpers/redemptionSample.js";
import { codeThrown } from "../../../helpers/thrown.js";

const POLICY: FeePolicy = {
  rateMultipleBps: 20_000n,
  maxShareBps: 500n,
  maxFeeSat: 200_000n,
  fallbackSatPerKvb: 20_000n,
};
const P2WPKH_BYTES = 22;

describe("courtesy-call-redeemer/bitcoin/fee", () => {
  it("BTC-2 is twice the next block's rate, at least 2000, at most a share and below half", () => {
    // 50 sat/vB · 110 vB · 2
    expect(initialFee(100_000_000n, P2WPKH_BYTES, 50_000n, POLICY)).to.equal(11_000n);
    expect(initialFee(100_000_000n, P2WPKH_BYTES, 1_000n, POLICY)).to.equal(2_000n);
    expect(initialFee(100_000_000n, P2WPKH_BYTES, undefined, POLICY)).to.equal(4_400n);
    // A lot of 0.001: five percent are the limit.
    expect(initialFee(100_000n, P2WPKH_BYTES, 100_000n, POLICY)).to.equal(5_000n);
    expect(initialFee(1_000_000_000n, P2WPKH_BYTES, 10_000_000n, POLICY)).to.equal(200_000n);
    // Five percent of it are less than the least fee.
    expect(initialFee(10_000n, P2WPKH_BYTES, 1_000n, POLICY)).to.equal(2_000n);
    expect(codeThrown(() => initialFee(4_001n, P2WPKH_BYTES, 1_000n, POLICY))).to.equal("BTC_UTXO_TOO_SMALL");
  });

  it("BTC-2 stays inside every limit whatever servers estimate", () => {
    fc.assert(
      fc.property(
        fc.bigInt(4_002n, 10_000_000_000n),
        fc.option(fc.bigInt(0n, 10n ** 11n), { nil: undefined }),
        fc.bigInt(1n, 10_000n),
        (utxoSat, rate, maxShareBps) => {
          const feeSat = initialFee(utxoSat, P2WPKH_BYTES, rate, { ...POLICY, maxShareBps });
          expect(feeSat >= 2_000n && feeSat < utxoSat / 2n).to.equal(true);
          expect(feeSat <= 200_000n).to.equal(true);
          expect(feeSat === 2_000n || feeSat * 10_000n <= utxoSat * maxShareBps).to.equal(true);
        },
      ),
    );
  });

  it("BTC-2 counts no payment smaller than it is signed in the end", () => {
    let smaller = 0;
    for (let feeSat = 2_000n; feeSat < 2_020n; feeSat += 1n) {
      const { vsize } = paymentOf(requestOf(feeSat));
      expect(vsize <= redemptionVsize(P2WPKH_BYTES) && vsize >= redemptionVsize(P2WPKH_BYTES) - 1n).to.equal(true);
      if (vsize < redemptionVsize(P2WPKH_BYTES)) smaller += 1;
    }
    expect(smaller).to.be.lessThan(20);
    expect([P2WPKH_BYTES, 34, 25, 23].map(redemptionVsize)).to.deep.equal([110n, 122n, 113n, 111n]);
  });

  it("BTC-3 bumps from the latest value by the initial fee, however often", () => {
    fc.assert(
      fc.property(fc.bigInt(10_000n, 10n ** 10n), fc.bigInt(2_000n, 100_000n), (utxoSat, initialSat) => {
        fc.pre(initialSat < utxoSat / 2n);
        let latest = initialSat;
        for (let bumps = 0; bumps < 200; bumps += 1) {
          const bump = nextBump(utxoSat, initialSat, latest);
          if (bump === undefined) {
            expect(utxoSat - latest - initialSat < 2_000n).to.equal(true);
            return;
          }
          const previous = satFromBytes8(bump.previousOutputValue);
          const next = satFromBytes8(bump.newOutputValue);
          expect(previous).to.equal(utxoSat - latest);
          expect(previous - next).to.equal(initialSat);
          expect(next >= 2_000n && bump.feeSat === utxoSat - next).to.equal(true);
          latest = bump.feeSat;
        }
      }),
    );
  });

  it("rounds rates down, fees up, and takes nothing for an estimate that is none", () => {
    expect(feeAt(1_001n, 110n)).to.equal(111n);
    expect(rateOf(111n, 110n)).to.equal(1_009n);
    expect(rateFromBtc(0.00012345)).to.equal(12_345n);
    expect(rateFromBtc(1e-8)).to.equal(1n);
    for (const nothing of [-1, 0, Number.NaN, Number.POSITIVE_INFINITY, 2]) {
      expect(rateFromBtc(nothing)).to.equal(undefined);
    }
  });
});
