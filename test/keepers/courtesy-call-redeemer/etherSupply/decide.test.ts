import { expect } from "chai";

import type { OutboxState } from "../../../../db/queries/outbox/rows.js";
import {
  amountFor,
  leastOut,
  swapDuty,
  wanted,
} from "../../../../keepers/courtesy-call-redeemer/etherSupply/decide.js";
import type { Quote, SupplyFacts, SupplyPolicy } from "../../../../keepers/courtesy-call-redeemer/etherSupply/types.js";
import type { Needs } from "../../../../keepers/courtesy-call-redeemer/needs.js";
import { WAD } from "../fixtures.js";

/** Ether with two digits. */
const ether = (hundredths: bigint): bigint => (hundredths * WAD) / 100n;
const NEEDS: Needs = { tokenUnits: WAD, laterUnits: 0n, nativeWei: ether(150n) };
const FACTS: SupplyFacts = {
  ...{ nativeWei: ether(100n), tokenUnits: 10n * WAD, needs: NEEDS, committedUnits: 0n, failedToday: 0n },
  gasWei: ether(10n),
};
const POLICY: SupplyPolicy = {
  ...{ floorWei: ether(200n), targetWei: ether(300n), otherNeedsWei: 0n, keepUnits: 0n, isRescueToken: true },
  ...{ mostUnits: WAD, mostUnitsPerDay: 2n * WAD, decimals: 18, leastRateWei: 20n * WAD },
  ...{ maxDeviationBps: 200n, maxSlippageBps: 50n, maxFailed: 3n },
};
const skipOf = (facts: Partial<SupplyFacts>, policy: Partial<SupplyPolicy> = {}): string => {
  const want = wanted({ ...FACTS, ...facts }, { ...POLICY, ...policy });
  return "skip" in want ? want.skip : "wanted";
};
const needing = (changes: Partial<Needs>): Partial<SupplyFacts> => ({ needs: { ...NEEDS, ...changes } });
const quotesOf = (...outs: readonly (bigint | string)[]): readonly Quote[] =>
  outs.map((out, index) =>
    typeof out === "bigint" ? { source: String(index), outWei: out } : { source: String(index), reason: out },
  );

describe("supply with ether: the decision", () => {
  it("ETHSUPPLY-2 swaps below the floor, which follows what rescues and other routines may need, and names why not otherwise", () => {
    expect(skipOf({})).to.equal("wanted");
    expect(skipOf({ nativeWei: ether(200n) })).to.equal("enough");
    expect(skipOf({ nativeWei: ether(200n) - 1n })).to.equal("wanted");
    // What is at stake is more than the setting.
    expect(skipOf({ nativeWei: ether(200n), ...needing({ nativeWei: ether(201n) }) })).to.equal("wanted");
    expect(skipOf({ nativeWei: ether(200n) }, { otherNeedsWei: ether(51n) })).to.equal("wanted");
    expect(skipOf({ nativeWei: ether(201n) }, { otherNeedsWei: ether(51n) })).to.equal("enough");
    expect(skipOf({ needs: undefined })).to.equal("needs-unknown");
    expect(skipOf({ nativeWei: ether(10n) - 1n })).to.equal("gas-short");
    expect(skipOf({ nativeWei: ether(10n) })).to.equal("wanted");
    expect(skipOf({ failedToday: 2n })).to.equal("wanted");
    expect(skipOf({ failedToday: 3n })).to.equal("failed-lately");
    expect(skipOf({ committedUnits: 2n * WAD })).to.equal("day-limit");
    // Named in this order: what is needed first is said first.
    expect(skipOf({ needs: undefined, nativeWei: 0n })).to.equal("needs-unknown");
    expect(skipOf({ nativeWei: 0n, failedToday: 9n })).to.equal("gas-short");
  });

  it("ETHSUPPLY-3 never sells what rescues need, what is kept, or more than a swap and a day may take", () => {
    const most = (facts: Partial<SupplyFacts>, policy: Partial<SupplyPolicy> = {}, own = 0n): bigint | string => {
      const want = wanted({ ...FACTS, ...facts }, { ...POLICY, ...policy }, own);
      return "skip" in want ? want.skip : want.mostUnits;
    };
    expect(most({})).to.equal(WAD);
    expect(most({ tokenUnits: WAD })).to.equal("tokens-needed");
    expect(most({ tokenUnits: WAD + 1n })).to.equal(1n);
    expect(most({ tokenUnits: WAD + 6n }, { keepUnits: 2n })).to.equal(4n);
    expect(most({ tokenUnits: WAD - 1n })).to.equal("tokens-needed");
    expect(most({ tokenUnits: WAD }, { isRescueToken: false })).to.equal(WAD);
    expect(most({ committedUnits: 2n * WAD - 5n })).to.equal(5n);
    // An open swap has counted already.
    expect(most({ committedUnits: 2n * WAD }, {}, WAD)).to.equal(WAD);
    // For what cannot be rescued yet it waits, unless gas is short for what can.
    const later = needing({ laterUnits: 8n * WAD });
    expect(most(later)).to.equal(WAD);
    expect(most({ ...later, nativeWei: ether(160n) })).to.equal(WAD);
    expect(most({ ...needing({ laterUnits: 9n * WAD }), nativeWei: ether(160n) })).to.equal("tokens-needed");
    expect(most(needing({ laterUnits: 9n * WAD }))).to.equal(WAD);
    for (let have = 0n; have <= 40n; have += 1n) {
      for (let need = 0n; need <= 40n; need += 4n) {
        const units = most({ tokenUnits: have, ...needing({ tokenUnits: need }) }, { keepUnits: 3n, mostUnits: 20n });
        if (typeof units === "bigint") expect(units > 0n && units <= 20n && units + need + 3n <= have).to.equal(true);
        else expect([units, have <= need + 3n]).to.deep.equal(["tokens-needed", true]);
      }
    }
  });

  it("ETHSUPPLY-3 fills up to the target and the gas of the swap, and no further than needed with tokens that may be needed later", () => {
    const missing = (facts: Partial<SupplyFacts>, policy: Partial<SupplyPolicy> = {}): bigint => {
      const want = wanted({ ...FACTS, ...facts }, { ...POLICY, ...policy });
      return "skip" in want ? -1n : want.missingWei;
    };
    expect(missing({})).to.equal(ether(200n));
    expect(missing({ ...needing({ nativeWei: ether(500n) }) })).to.equal(ether(410n));
    expect(missing(needing({ laterUnits: 1n }))).to.equal(ether(60n));
    expect(missing({ ...needing({ laterUnits: 1n }), nativeWei: ether(150n) })).to.equal(ether(150n));
  });

  it("ETHSUPPLY-4 the amount is what brings the missing by the lowest quote, rounded up, and never above the limit", () => {
    const want = { missingWei: 100n, mostUnits: 1_000n };
    expect(amountFor(want, 1_000n, quotesOf(100n, 120n))).to.equal(1_000n);
    expect(amountFor(want, 1_000n, quotesOf(90n, 120n))).to.equal(1_000n);
    expect(amountFor(want, 1_000n, quotesOf(300n, 301n))).to.equal(334n);
    expect(amountFor(want, 334n, quotesOf(102n, 101n))).to.equal(331n);
    expect(amountFor(want, 1_000n, quotesOf(0n, 1n))).to.deep.equal({ skip: "rate-too-low" });
    for (const quotes of [quotesOf(), quotesOf(100n), quotesOf(100n, "REVERTED"), quotesOf(100n, 100n, "REVERTED")]) {
      const found = amountFor(want, 1_000n, quotes);
      expect(typeof found === "bigint" ? "" : found.skip).to.equal("quote-missing");
    }
  });

  it("ETHSUPPLY-4 quotes must agree, the least that is asked for is the lower one less the slippage, rounded up, at no less than a fixed rate", () => {
    const least = (
      units: bigint,
      quotes: readonly Quote[],
      policy: Partial<SupplyPolicy> = {},
      gasWei = 0n,
    ): bigint | string => {
      const found = leastOut(units, quotes, { ...POLICY, ...policy }, gasWei);
      return "skip" in found ? found.skip : found.leastOutWei;
    };
    expect(least(1n, quotesOf(1_000n, 1_000n))).to.equal(995n);
    expect(least(1n, quotesOf(1_001n, 1_000n))).to.equal(995n);
    expect(least(1n, quotesOf(999n, 1_000n))).to.equal(995n);
    expect(least(1n, quotesOf(1_000n, 980n))).to.equal(976n);
    expect(least(1n, quotesOf(1_000n, 979n))).to.equal("quotes-disagree");
    expect(least(1n, quotesOf(979n, 1_000n))).to.equal("quotes-disagree");
    expect(least(1n, quotesOf(1_000n, 990n, 979n))).to.equal("quotes-disagree");
    expect(least(1n, quotesOf(1_000n, "UNISWAP_HISTORY_SHORT"))).to.equal("quote-missing");
    expect(least(1n, quotesOf(1_000n))).to.equal("quote-missing");
    expect(least(1n, quotesOf(0n, 0n))).to.equal("rate-too-low");
    expect(least(1n, quotesOf(1_000n, 1_000n), {}, 994n)).to.equal(995n);
    expect(least(1n, quotesOf(1_000n, 1_000n), {}, 995n)).to.equal("not-worth-it");
    // Twenty ether for a whole token, whatever its decimals.
    for (const decimals of [6, 8, 18]) {
      const unit = 10n ** BigInt(decimals);
      const at = { decimals, maxSlippageBps: 0n };
      expect(least(unit, quotesOf(20n * WAD, 20n * WAD), at)).to.equal(20n * WAD);
      expect(least(unit, quotesOf(20n * WAD - 1n, 20n * WAD), at)).to.equal("rate-too-low");
      expect(least(unit / 4n, quotesOf(5n * WAD, 5n * WAD), at)).to.equal(5n * WAD);
      expect(least(unit / 4n + 1n, quotesOf(5n * WAD, 5n * WAD), at)).to.equal("rate-too-low");
    }
  });

  it("ETHSUPPLY-5 the outbox alone says what an open swap needs: nothing that may be on its way is done again", () => {
    const duty = (approve: OutboxState | undefined, swap?: OutboxState): string => {
      const states = { ...(approve === undefined ? {} : { approve }), ...(swap === undefined ? {} : { swap }) };
      const found = swapDuty({ states });
      return found.do === "end" ? found.as : found.do === "wait" ? found.why : found.do;
    };
    const states = ["assigned", "signed", "mined", "final", "reverted", "cancelled", "foreign"] as const;
    expect(duty(undefined)).to.equal("go-on");
    const approved = ["in-flight", "in-flight", "go-on", "go-on", "failed", "cancelled", "unexpected"];
    expect(states.map((approve) => duty(approve))).to.deep.equal(approved);
    const swapped = ["in-flight", "in-flight", "in-flight", "swapped", "failed", "cancelled", "unexpected"];
    for (const approve of [undefined, "mined", "final"] as const) {
      expect(states.map((swap) => duty(approve, swap))).to.deep.equal(swapped);
    }
    // Going on means that a transaction may be sent: only where none is open.
    for (const approve of [undefined, ...states]) {
      for (const swap of states) expect(duty(approve, swap)).to.not.equal("go-on");
    }
  });
});
