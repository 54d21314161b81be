import { expect } from "chai";
import fc from "fast-check";

import {
  positionOf,
  repairTrade,
  type RepairOutcome,
  type RepairScene,
} from "../../../keepers/cross-chain-arbitrage/strategies/brokenLeg.js";
import { Inventory } from "../../../keepers/cross-chain-arbitrage/strategies/inventory.js";
import { pmmVenue, PRICE_SCALE } from "../../../keepers/cross-chain-arbitrage/strategies/venue.js";
import type { LegRecord, OpenTrade } from "../../../keepers/cross-chain-arbitrage/types.js";
import { apart, AWAY, books, CONFIG, HOME, legRecord, openTrade, WAD } from "./fixtures.js";

const UNIT = 10n ** 6n;

function sceneOf(share: bigint, trade: OpenTrade, changes: Partial<RepairScene> = {}): RepairScene {
  const seen = { ...apart(share), books: books({ trades: [trade] }) };
  return {
    now: 2_000n,
    anchorPrice: PRICE_SCALE,
    venue: (name) => {
      const state = seen.chains.find((known) => known.chain === name)?.pools[0]?.state;
      return state === undefined ? undefined : pmmVenue(state);
    },
    inventory: new Inventory(seen),
    slippageRate: CONFIG.slippageRate,
    ...changes,
  };
}

function act(outcome: RepairOutcome) {
  if (outcome.kind !== "act") throw new Error(`must act, not ${outcome.kind}`);
  return outcome.intent;
}

const bought = (): OpenTrade => openTrade({ sell: legRecord(true, { status: "failed" }) });
const sold = (): OpenTrade => openTrade({ buy: legRecord(false, { status: "failed" }) });

describe("keepers/cross-chain-arbitrage/strategies/brokenLeg", () => {
  it("ARB-7 sells exactly what the done leg brought, where that pays more", () => {
    // Base is still dear abroad: complete. Prices have turned: unwind.
    const complete = act(repairTrade(bought(), sceneOf(WAD / 4n, bought()), CONFIG.repair));
    expect(complete).to.include({ way: "complete" });
    expect(complete.leg).to.include({ chain: AWAY, sellBase: true, tokenIn: "cUSDT", amountIn: 9_995n * UNIT });
    const unwind = act(
      repairTrade(bought(), sceneOf(-WAD / 4n, bought()), { ...CONFIG.repair, acceptLossRate: WAD / 100n }),
    );
    expect(unwind).to.include({ way: "unwind" });
    expect(unwind.leg).to.include({ chain: HOME, sellBase: true, tokenIn: "cUSDT", amountIn: 9_995n * UNIT });
    const buyBack = act(repairTrade(sold(), sceneOf(WAD / 4n, sold()), CONFIG.repair));
    expect(buyBack).to.include({ way: "complete" });
    expect(buyBack.leg).to.include({ chain: HOME, sellBase: false, tokenIn: "cUSDC", amountIn: 9_995n * UNIT });
    const undo = act(repairTrade(sold(), sceneOf(-WAD / 4n, sold()), { ...CONFIG.repair, acceptLossRate: WAD / 100n }));
    expect(undo).to.include({ way: "unwind" });
    expect(undo.leg).to.include({ chain: AWAY, sellBase: false, tokenIn: "cUSDC", amountIn: 9_995n * UNIT });
  });

  it("ARB-7 takes the better of the two ways, values what is left of base at the anchor, and never beyond its bound", () => {
    const met = { complete: 0, unwind: 0, waits: 0, stuck: 0 };
    fc.assert(
      fc.property(
        fc.bigInt(-WAD / 3n, WAD / 3n),
        fc.boolean(),
        fc.bigInt(1n, 400_000n),
        fc.bigInt(-200n, 200n),
        fc.boolean(),
        (share, isBought, size, surplus, overdue) => {
          const done = { amountIn: size * UNIT, receivedUnits: (size * UNIT * (10_000n + surplus)) / 10_000n };
          const trade = isBought
            ? openTrade({ buy: legRecord(false, done), sell: legRecord(true, { status: "failed" }) })
            : openTrade({ buy: legRecord(false, { status: "failed" }), sell: legRecord(true, done) });
          const scene = sceneOf(share, trade, { now: overdue ? 3_000n : 2_000n });
          const outcome = repairTrade(trade, scene, CONFIG.repair);
          const results = ([HOME, AWAY] as const).map((name) => {
            const out = scene.venue(name)?.quote(isBought, done.receivedUnits) ?? 0n;
            // Everything at the anchor of 1.
            const { base, quote } = positionOf(trade);
            return base + quote - done.receivedUnits + out;
          });
          const best = results.reduce((a, b) => (a > b ? a : b));
          const value = isBought ? done.amountIn : done.receivedUnits;
          const bound = overdue ? CONFIG.repair.maxLossRate : CONFIG.repair.acceptLossRate;
          const fits = best >= 0n || -best * WAD <= bound * value;
          if (outcome.kind === "act") {
            met[outcome.intent.way] += 1;
            expect(fits).to.equal(true);
            expect(outcome.intent.resultUnits).to.equal(best);
            expect(outcome.intent.leg.amountIn).to.equal(done.receivedUnits);
          } else if (outcome.kind === "wait") {
            met[outcome.skip.reason === "broken-leg-stuck" ? "stuck" : "waits"] += 1;
            expect(fits).to.equal(false);
            expect(outcome.skip.reason).to.equal(overdue ? "broken-leg-stuck" : "broken-leg-waits");
          } else throw new Error("a broken trade is never closed by itself");
        },
      ),
      { numRuns: 400, seed: 2 },
    );
    for (const [what, count] of Object.entries(met)) expect(count, what).to.be.greaterThan(10);
  });

  it("ARB-7 waits for legs without an outcome, and is at an end when both or none are done, or a repair is", () => {
    const repairOf = (buy: LegRecord["status"], sell: LegRecord["status"], repair?: LegRecord["status"]) => {
      const trade = openTrade({
        buy: legRecord(false, { status: buy }),
        sell: legRecord(true, { status: sell }),
        repairs: repair === undefined ? [] : [legRecord(true, { status: repair })],
      });
      const outcome = repairTrade(trade, sceneOf(WAD / 4n, trade), CONFIG.repair);
      return outcome.kind === "wait" ? outcome.skip.reason : outcome.kind;
    };
    const open = ["planned", "sent"] as const;
    for (const status of open) {
      expect(repairOf(status, "done")).to.equal("leg-unsettled");
      expect(repairOf("failed", status)).to.equal("leg-unsettled");
      expect(repairOf("done", "failed", status)).to.equal("leg-unsettled");
    }
    expect(repairOf("unreadable", "failed")).to.equal("pending-unreadable");
    expect(repairOf("done", "done")).to.equal("closed");
    expect(repairOf("failed", "failed")).to.equal("closed");
    expect(repairOf("done", "failed", "done")).to.equal("closed");
    expect(repairOf("done", "failed", "failed")).to.equal("act");
  });

  it("ARB-8 one attempt has one key, whichever way it takes, and attempts end", () => {
    const failed = legRecord(true, { status: "failed" });
    const keyAt = (share: bigint, tries: number): string | undefined => {
      const trade = openTrade({ sell: failed, repairs: Array.from({ length: tries }, () => failed) });
      const generous = { ...CONFIG.repair, acceptLossRate: WAD / 50n };
      const outcome = repairTrade(trade, sceneOf(share, trade), generous);
      return outcome.kind === "act" ? `${outcome.intent.way} ${outcome.intent.leg.key}` : undefined;
    };
    expect(keyAt(WAD / 4n, 0)).to.equal("complete arbitrage:cUSDT/cUSDC:3:repair:1");
    expect(keyAt(-WAD / 4n, 0)).to.equal("unwind arbitrage:cUSDT/cUSDC:3:repair:1");
    expect(keyAt(WAD / 4n, 2)).to.equal("complete arbitrage:cUSDT/cUSDC:3:repair:3");
    expect(keyAt(WAD / 4n, 3)).to.equal(undefined);
  });

  it("ARB-7 uses no venue that must not be used, and no money that is not there", () => {
    const trade = bought();
    const only =
      (name: string): RepairScene["venue"] =>
      (asked) =>
        asked === name ? sceneOf(WAD / 4n, trade).venue(asked) : undefined;
    const generous = { ...CONFIG.repair, acceptLossRate: WAD / 50n };
    expect(act(repairTrade(trade, sceneOf(WAD / 4n, trade, { venue: only(HOME) }), generous)).way).to.equal("unwind");
    const nothing = repairTrade(trade, sceneOf(WAD / 4n, trade, { venue: () => undefined }), generous);
    expect(nothing.kind === "wait" && nothing.skip.reason).to.equal("broken-leg-waits");
    const empty = apart(WAD / 4n, { away: { tokens: { cUSDT: { balanceUnits: 1n } } } });
    const scene = sceneOf(WAD / 4n, trade, { inventory: new Inventory(empty) });
    expect(act(repairTrade(trade, scene, generous)).way).to.equal("unwind");
  });
});
