import { expect } from "chai";
import fc from "fast-check";

import { Inventory } from "../../../keepers/cross-chain-arbitrage/strategies/inventory.js";
import { rebalanceToken } from "../../../keepers/cross-chain-arbitrage/strategies/rebalance.js";
import type { LaneSnapshot, Observation, Transfer } from "../../../keepers/cross-chain-arbitrage/types.js";
import { AWAY, books, chain, CONFIG, HOME, lane, observation, transfer, WAD } from "./fixtures.js";

const UNIT = 10n ** 6n;

interface Shape {
  readonly home: bigint;
  readonly away: bigint;
  readonly homeLane?: Partial<LaneSnapshot>;
  readonly awayLane?: Partial<LaneSnapshot>;
  readonly transfers?: readonly Transfer[];
}

function seen({ home, away, homeLane, awayLane, transfers = [] }: Shape): Observation {
  return observation({
    chains: [
      chain(HOME, { tokens: { cUSDC: { balanceUnits: home, lane: { ...lane("cUSDC"), ...homeLane } } } }),
      chain(AWAY, { tokens: { cUSDC: { balanceUnits: away, lane: { ...lane("cUSDC"), mode: "MINT", ...awayLane } } } }),
    ],
    books: books({ transfers }),
  });
}

function rebalance(shape: Shape) {
  const observed = seen(shape);
  return rebalanceToken("cUSDC", observed, new Inventory(observed), CONFIG.rebalance);
}

describe("keepers/cross-chain-arbitrage/strategies/rebalance", () => {
  it("ARB-10 sends before a side runs dry, up to its target, and nothing while both have enough", () => {
    const balanced = rebalance({ home: 700_000n * UNIT, away: 1_300_000n * UNIT });
    expect("skip" in balanced && balanced.skip.reason).to.equal("balanced");
    const low = rebalance({ home: 600_000n * UNIT, away: 1_400_000n * UNIT });
    expect("intent" in low && low.intent).to.deep.include({
      from: AWAY,
      to: HOME,
      amountUnits: 400_000n * UNIT,
      maxFeeUnits: 40n * UNIT,
    });
    const other = rebalance({ home: 1_400_000n * UNIT, away: 600_000n * UNIT });
    expect("intent" in other && other.intent).to.deep.include({ from: HOME, to: AWAY, amountUnits: 400_000n * UNIT });
  });

  it("ARB-10 sends nothing twice while a transfer is under way, however often it looks", () => {
    let sent = 0;
    let transfers: Transfer[] = [];
    // Half an hour of looks every two seconds, and nothing arrives.
    let home = 600_000n * UNIT;
    let away = 1_400_000n * UNIT;
    for (let look = 0; look < 900; look++) {
      const found = rebalance({ home, away, transfers });
      if ("skip" in found) continue;
      sent += 1;
      const { intent } = found;
      const moving = transfer({ amountUnits: intent.amountUnits, feeUnits: intent.maxFeeUnits, status: "moving" });
      transfers = [...transfers, moving];
      away -= intent.amountUnits + intent.maxFeeUnits;
    }
    expect(sent).to.equal(1);
    // It arrives: still nothing to do.
    home += 400_000n * UNIT;
    expect("skip" in rebalance({ home, away })).to.equal(true);
  });

  it("ARB-10 respects outbound and inbound limits, the books of both sides, the fee and what is ahead", () => {
    const poor = { home: 600_000n * UNIT, away: 1_400_000n * UNIT };
    const amountOf = (shape: Partial<Shape>): bigint | string => {
      const found = rebalance({ ...poor, ...shape });
      return "intent" in found ? found.intent.amountUnits : found.skip.reason;
    };
    expect(amountOf({ awayLane: { outAvailableUnits: 5_000n * UNIT } })).to.equal(5_000n * UNIT);
    expect(amountOf({ homeLane: { inAvailableUnits: 6_000n * UNIT } })).to.equal(6_000n * UNIT);
    // Never more burned than was minted there, never more released than is locked here.
    expect(amountOf({ awayLane: { bookUnits: 7_000n * UNIT } })).to.equal(7_000n * UNIT);
    expect(amountOf({ homeLane: { bookUnits: 8_000n * UNIT } })).to.equal(8_000n * UNIT);
    expect(amountOf({ awayLane: { outAvailableUnits: UNIT - 1n } })).to.equal("lane-limit");
    expect(amountOf({ awayLane: { feeRate: WAD / 100n } })).to.equal("bridge-fee");
    const ahead = [transfer({ amountUnits: 50_000n * UNIT })];
    expect(amountOf({ transfers: ahead, homeLane: { inAvailableUnits: 60_000n * UNIT } })).to.equal(10_000n * UNIT);
    expect(amountOf({ transfers: ahead, homeLane: { bookUnits: 50_000n * UNIT } })).to.equal("lane-limit");
    const planned = [transfer({ amountUnits: 50_000n * UNIT, status: "planned" })];
    expect(amountOf({ transfers: planned, awayLane: { bookUnits: 70_000n * UNIT } })).to.equal(20_000n * UNIT);
    // The other way round nothing is burned or released.
    const back = { home: 1_400_000n * UNIT, away: 600_000n * UNIT };
    expect(amountOf({ ...back, awayLane: { bookUnits: 0n }, homeLane: { bookUnits: 0n } })).to.equal(400_000n * UNIT);
  });

  it("ARB-10 never takes the source below its own share, whatever is on its way", () => {
    const units = fc.bigInt(0n, 3_000_000n * UNIT);
    let sent = 0;
    fc.assert(
      fc.property(
        units,
        units,
        fc.array(
          fc.record({
            amountUnits: units,
            out: fc.boolean(),
            status: fc.constantFrom("planned" as const, "moving" as const, "refunding" as const),
          }),
          { maxLength: 3 },
        ),
        (home, away, moving) => {
          const transfers = moving.map(({ out, ...rest }) =>
            transfer({ ...rest, feeUnits: 0n, ...(out ? { from: HOME, to: AWAY } : { from: AWAY, to: HOME }) }),
          );
          const wide = { outAvailableUnits: 2n ** 100n, inAvailableUnits: 2n ** 100n, bookUnits: 2n ** 100n };
          const observed = seen({ home, away, transfers, homeLane: wide, awayLane: wide });
          const inventory = new Inventory(observed);
          const before = [HOME, AWAY].map((name) => inventory.virtual(name, "cUSDC"));
          const total = before.reduce((sum, part) => sum + part, 0n);
          const found = rebalanceToken("cUSDC", observed, inventory, CONFIG.rebalance);
          if ("skip" in found) return;
          sent += 1;
          const { from, to, amountUnits, maxFeeUnits } = found.intent;
          const fromBefore = before[from === HOME ? 0 : 1] ?? 0n;
          const toBefore = before[to === HOME ? 0 : 1] ?? 0n;
          expect((fromBefore - amountUnits) * 2n >= total).to.equal(true);
          expect((toBefore + amountUnits) * 2n <= total).to.equal(true);
          expect(inventory.virtual(from, "cUSDC") + maxFeeUnits + amountUnits >= fromBefore).to.equal(true);
          // Asked again at once, it asks for nothing.
          const again = rebalanceToken("cUSDC", observed, inventory, CONFIG.rebalance);
          if ("intent" in again) expect(again.intent.amountUnits < amountUnits).to.equal(true);
        },
      ),
      { numRuns: 400, seed: 10 },
    );
    expect(sent).to.be.greaterThan(100);
  });
});
