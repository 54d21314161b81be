import { expect } from "chai";

import { Series } from "../../scripts/stats/distribution.js";
import { spreadBps, spreadFigures } from "../../scripts/stats/spread.js";
import type { TokenFacts } from "../../scripts/world/bridge/conservation.js";
import { Crossing } from "../../scripts/world/bridge/crossings.js";
import { bridgeFigures } from "../../scripts/world/bridge/figures.js";
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
    expect(isSound({ ...sound, tbtc: { liquidated: 0, keeper: {} } })).to.equal(true);
    // Where nobody rescues there is nobody to blame.
    expect(isSound({ ...sound, tbtc: { liquidated: 1 } })).to.equal(true);
  });

  const faults: Readonly<Record<string, Partial<Outcome>>> = {
    "a process failed": { errors: ["exchange: gone"] },
    "an attack gained": { chains: [{ ...chain, attacks: [{ profitUsd: -1 }, { profitUsd: 0 }] }] },
    "an attack gained on the second chain": { chains: [chain, { ...chain, attacks: [{ profitUsd: 0 }] }] },
    "a round is lost": { chains: [{ ...chain, rounds: { lost: 1, duplicates: 0 } }] },
    "a round is lost on the second chain": { chains: [chain, { ...chain, rounds: { lost: 1, duplicates: 0 } }] },
    "a round came twice": { chains: [{ ...chain, rounds: { lost: 0, duplicates: 1 } }] },
    "more was minted than is locked": { bridge: { conservation: { violations: 1 } } },
    "a deposit was liquidated beside its keeper": { tbtc: { liquidated: 1, keeper: {} } },
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

describe("figures of the bridge", () => {
  /** Sent at second 100; `deliveredAt`: it arrived. */
  function crossing(id: string, change: Partial<Crossing>): Crossing {
    const sent = { sent: 1, sentAt: 100, amountUnits: 10n };
    return Object.assign(new Crossing(id, "138", "651940", "cUSDT"), sent, change);
  }
  const crossings = [
    crossing("a", { delivered: 1, deliveredAt: 134 }),
    crossing("b", { delivered: 1, deliveredAt: 140 }),
    crossing("c", { delivered: 1, deliveredAt: 136 }),
    crossing("d", { refunded: 1 }),
    crossing("e", {}),
    crossing("f", { token: "XAU", amountUnits: 7n }),
  ];
  const tokens: TokenFacts[] = [
    { token: "cUSDT", lockedUnits: 40n, balanceUnits: 40n, mintedUnits: 30n, issuedUnits: 30n },
  ];
  const end = { latencySeconds: 30, crossings, tokens, checks: 4, faults: undefined };

  it("count every message by what became of it, and time those that arrived", () => {
    const figures = bridgeFigures({ ...end, violations: new Set() });
    expect(figures).to.include({ latencySeconds: 30, sent: 6, delivered: 3, refunded: 1, inFlight: 2 });
    expect(figures.deliverySeconds).to.deep.equal({ p50: 36, max: 40 });
    expect(figures.tokens["cUSDT"]).to.deep.equal({ lockedUnits: "40", mintedUnits: "30", inFlightUnits: "10" });
    expect(figures.tokens["XAU"]).to.deep.equal({ lockedUnits: "0", mintedUnits: "0", inFlightUnits: "7" });
    expect(figures.conservation).to.deep.equal({ checks: 4, violations: 0, list: [] });
    expect(figures).to.not.have.property("faults");
  });

  it("name every violation and show the faults that were made", () => {
    const faults = {
      ...{ delayed: 1, duplicated: 2, reordered: 3, dropped: 4, attestorKills: 5, reorgs: 6, failedLooks: 7 },
    };
    const figures = bridgeFigures({ ...end, violations: new Set(["unbacked cUSDT", "never-sent a"]), faults });
    expect(figures.conservation).to.deep.equal({
      ...{ checks: 4, violations: 2, list: ["unbacked cUSDT", "never-sent a"] },
    });
    expect(figures.faults).to.deep.equal(faults);
  });
});

describe("spread between two chains", () => {
  const WAD = 10n ** 18n;
  const at = (anchorNew: bigint, ratioWad: bigint) => ({ anchorNew, ratioWad });

  it("is what one price is away from the other, and unknown while one is", () => {
    expect(spreadBps(at(WAD, WAD), at(WAD, WAD))).to.equal(0);
    expect(spreadBps(at(WAD, (WAD * 10_015n) / 10_000n), at(WAD, WAD))).to.equal(15);
    expect(spreadBps(at(WAD, WAD), at((WAD * 10_000n) / 8_000n, WAD))).to.equal(-2_000);
    expect(spreadBps(at(0n, WAD), at(WAD, WAD))).to.equal(undefined);
    expect(spreadBps(at(WAD, WAD), at(WAD, 0n))).to.equal(undefined);
  });

  it("breaks the rule at 15 bps, on either side", () => {
    const series = new Series();
    for (const bps of [0, 14.99, -14.99, 15, -15]) series.push(bps);
    expect(spreadFigures(series)).to.include({ within15Share: 0.6, max: 15 });
  });
});
