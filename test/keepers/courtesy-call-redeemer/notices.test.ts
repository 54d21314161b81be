import { expect } from "chai";

import type { Decision } from "../../../keepers/courtesy-call-redeemer/decide.js";
import { Notices } from "../../../keepers/courtesy-call-redeemer/notices.js";
import type { Reading } from "../../../keepers/courtesy-call-redeemer/types.js";
import { alertingLog } from "../../../keepers/kit/alerts/rules.js";
import { Counters } from "../../../keepers/kit/counters.js";
import { MemoryRecord } from "../../../keepers/kit/record.js";
import { capturedLog } from "../../helpers/capturedLog.js";
import { idOf, NOW, readingOf, URGENCY, WAD } from "./fixtures.js";

const NOBODY: ReadonlySet<string> = new Set();

function noticesOf() {
  const captured = capturedLog();
  const desk = { raised: [] as string[], resolved: [] as string[] };
  const log = alertingLog(captured.log, {
    raise: ({ kind, subject, severity }) => void desk.raised.push(`${kind} ${subject} ${severity}`),
    resolve: (kind, subject) => void desk.resolved.push(`${kind} ${subject}`),
  });
  const notices = new Notices({ urgency: URGENCY, counters: new Counters(), record: new MemoryRecord(), log });
  return {
    desk,
    notices,
    names: captured.names,
    see: (readings: readonly Reading[], ours = NOBODY) => {
      captured.clear();
      notices.look(readings, ours, 1);
      return captured.names();
    },
  };
}

const open = (healthBps: bigint | undefined): Reading => ({ ...readingOf(1, 1n, { stage: "open" }), healthBps });
const at = (stage: Reading["stage"]): Reading => readingOf(1, 1n, { stage });

describe("courtesy-call-redeemer: what people are told", () => {
  it("REDEEM-34 every threshold once on the way down, and again after a recovery", () => {
    const { see } = noticesOf();
    expect(see([open(16_000n)])).to.deep.equal([]);
    expect(see([open(14_000n)])).to.deep.equal([]);
    const falls = [12_999n, 12_998n, 12_499n, 11_199n, 10_999n].map((healthBps) => see([open(healthBps)]));
    expect(falls).to.deep.equal([
      ["rescue.threshold"],
      [],
      ["rescue.threshold"],
      ["rescue.threshold"],
      ["rescue.threshold"],
    ]);
    expect(see([open(13_500n)])).to.deep.equal([]);
    expect(see([open(12_400n)])).to.deep.equal(["rescue.threshold"]);
  });

  it("REDEEM-34 a danger that was there before the process is told at its first look", () => {
    const { see, desk } = noticesOf();
    expect(see([{ ...readingOf(1, 1n, { stage: "called" }), healthBps: 12_400n }])).to.deep.equal([
      "rescue.called",
      "rescue.threshold",
    ]);
    expect(desk.raised).to.deep.equal([`position-danger ${idOf(1)} critical`, `position-danger ${idOf(1)} warning`]);
    expect(see([{ ...readingOf(1, 1n, { stage: "called" }), healthBps: 12_400n }])).to.deep.equal([]);
  });

  it("REDEEM-34 tells a rescue by another from one of our own, and a loss from both", () => {
    const own = new Set([idOf(1)]);
    const { see, desk } = noticesOf();
    see([at("called")]);
    expect(see([at("rescuing")], own)).to.deep.equal([]);
    expect(see([at("closed")])).to.deep.equal(["rescue.settled"]);
    see([at("called")]);
    expect(see([at("rescuing")])).to.deep.equal(["rescue.by-another"]);
    expect(see([at("liquidating")])).to.deep.equal(["rescue.lost"]);
    expect(desk.raised.slice(-2)).to.deep.equal([
      `rescued-by-another ${idOf(1)} warning`,
      `position-lost ${idOf(1)} critical`,
    ]);
    // What was over before the process began is no news.
    expect(noticesOf().see([at("liquidating"), readingOf(2, 1n, { stage: "rescuing" })])).to.deep.equal([]);
  });

  it("REDEEM-34 says that there is no price, and when there is one again", () => {
    const { see, desk } = noticesOf();
    see([open(13_500n)]);
    expect(see([open(undefined)])).to.deep.equal(["rescue.price-offline"]);
    expect(see([open(undefined)])).to.deep.equal([]);
    expect(see([open(13_500n)])).to.deep.equal(["rescue.price-back"]);
    expect([desk.raised, desk.resolved]).to.deep.equal([["price-offline  critical"], ["price-offline "]]);
  });

  it("AAVE-21 tells a price that is too old from one that is missing, once, and when it is written anew", () => {
    const { see, desk } = noticesOf();
    const stale: Reading = { ...open(undefined), priced: { at: NOW, isStale: true } };
    see([open(13_500n)]);
    expect(see([stale])).to.deep.equal(["rescue.price-stale"]);
    expect(see([stale])).to.deep.equal([]);
    // What is over has no price that anybody waits for.
    expect(see([{ ...stale, stage: "closed" }])).to.deep.equal(["rescue.price-fresh"]);
    expect(see([stale, { ...open(undefined), position: readingOf(2, 1n).position }])).to.deep.equal([
      "rescue.price-stale",
      "rescue.price-offline",
    ]);
    expect(see([open(13_500n)])).to.deep.equal(["rescue.price-fresh", "rescue.price-back"]);
    expect(desk.raised[0]).to.equal("price-stale  critical");
    expect(desk.resolved).to.include("price-stale ");
  });

  it("REDEEM-34 says what is short with lots and deadlines, again when that changes, and when it is over", () => {
    const { notices, names, desk } = noticesOf();
    const short = (tokenUnits: bigint, nativeWei: bigint, positions: number): Decision => ({
      plan: {
        ...{ chosen: [], rejected: [], classes: [], shortfall: { tokenUnits, nativeWei } },
        uncovered: Array.from({ length: positions }, (_, n) => {
          return { position: idOf(n), urgency: "B" as const, sizeUnits: WAD, costUnits: WAD, deadline: NOW };
        }),
      },
      skips: [],
      endangered: [],
    });
    const lots = (units: bigint): string => String(units / WAD);
    notices.means(short(2n * WAD, 0n, 2), 1, lots);
    notices.means(short(2n * WAD, 0n, 2), 2, lots);
    notices.means(short(3n * WAD, WAD, 3), 3, lots);
    notices.means(short(0n, 0n, 0), 4, lots);
    expect(names()).to.deep.equal([
      "rescue.exhausted",
      "rescue.exhausted",
      "rescue.gas-short",
      "rescue.covered",
      "rescue.gas-enough",
    ]);
    expect(desk.resolved).to.deep.equal(["means-exhausted token", "means-exhausted gas"]);
  });
});
