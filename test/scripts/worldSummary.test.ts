import { expect } from "chai";

import { isSound, type Outcome } from "../../scripts/world/summary.js";

describe("answer of the local world", () => {
  const chain = { attacks: [{ profitUsd: -0.01 }], rounds: { lost: 0, duplicates: 0 } };
  const sound: Outcome = {
    errors: [],
    chains: [chain, chain],
    bridge: { conservation: { violations: 0 } },
    collateral: { violations: 0, keepers: { "collateral-monitor": { discrepancies: [] } } },
  };

  it("is well when nothing went wrong, with or without a second chain, an exchange and its keepers", () => {
    expect(isSound(sound)).to.equal(true);
    expect(isSound({ ...sound, chains: [chain], bridge: undefined })).to.equal(true);
    expect(isSound({ ...sound, collateral: undefined })).to.equal(true);
    expect(isSound({ ...sound, collateral: { violations: 0 } })).to.equal(true);
  });

  const faults: Readonly<Record<string, Partial<Outcome>>> = {
    "a process failed": { errors: ["exchange: gone"] },
    "an attack gained": { chains: [{ ...chain, attacks: [{ profitUsd: -1 }, { profitUsd: 0 }] }] },
    "an attack gained on the second chain": { chains: [chain, { ...chain, attacks: [{ profitUsd: 0 }] }] },
    "a round is lost": { chains: [{ ...chain, rounds: { lost: 1, duplicates: 0 } }] },
    "a round is lost on the second chain": { chains: [chain, { ...chain, rounds: { lost: 1, duplicates: 0 } }] },
    "a round came twice": { chains: [{ ...chain, rounds: { lost: 0, duplicates: 1 } }] },
    "more was minted than is locked": { bridge: { conservation: { violations: 1 } } },
    "a ledger and its tokens differ": { collateral: { violations: 1 } },
    "the monitor found something": {
      collateral: { violations: 0, keepers: { "collateral-monitor": { discrepancies: ["locks-differ somebody"] } } },
    },
  };
  for (const [name, fault] of Object.entries(faults)) {
    it(`is not when ${name}`, () => {
      expect(isSound({ ...sound, ...fault })).to.equal(false);
    });
  }
});
