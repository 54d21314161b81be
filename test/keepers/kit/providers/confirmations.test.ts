import { expect } from "chai";
import fc from "fast-check";

import { confirmationsFor, confirmationTiers, isConfirmed } from "../../../../keepers/kit/providers/confirmations.js";

describe("keepers/kit/providers confirmations", () => {
  const tiers = confirmationTiers.parse("0:1, 1000000:5,50000000:20");

  it("RPC-9 gives each value the confirmations of its tier, at the edge too", () => {
    const expected = [
      [0n, 1],
      [999_999n, 1],
      [1_000_000n, 5],
      [49_999_999n, 5],
      [50_000_000n, 20],
      [2n ** 255n, 20],
    ] as const;
    for (const [valueUnits, confirmations] of expected) {
      expect(confirmationsFor(tiers, valueUnits), String(valueUnits)).to.equal(confirmations);
    }
    expect([isConfirmed(tiers, 1n, 10, 10), isConfirmed(tiers, 1_000_000n, 10, 13)]).to.deep.equal([true, false]);
    expect(isConfirmed(tiers, 1_000_000n, 10, 14)).to.equal(true);
    expect(isConfirmed(tiers, 1n, 11, 10), "a head below the block confirms nothing").to.equal(false);
  });

  it("RPC-9 never asks less for more", () => {
    const step = fc.record({ by: fc.bigInt({ min: 1n, max: 10n ** 24n }), more: fc.integer({ min: 0, max: 50 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n }), (steps, a, b) => {
        let tier = { fromUnits: 0n, confirmations: 1 };
        const table = [tier];
        for (const { by, more } of steps) {
          tier = { fromUnits: tier.fromUnits + by, confirmations: tier.confirmations + more };
          table.push(tier);
        }
        const text = table
          .map(({ fromUnits, confirmations }) => `${String(fromUnits)}:${String(confirmations)}`)
          .join();
        const parsed = confirmationTiers.parse(text);
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(confirmationsFor(parsed, low)).to.be.at.most(confirmationsFor(parsed, high));
      }),
      { numRuns: 100 },
    );
  });

  it("refuses a table that says nothing, or less for more", () => {
    for (const wrong of ["", "5:1", "0:0", "0:2,10:1", "0:1,10:2,10:3", "0:1,5", "0:1,0x10:2", "0:1,-5:2"]) {
      expect(confirmationTiers.safeParse(wrong).success, wrong).to.equal(false);
    }
  });
});
