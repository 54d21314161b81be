import { expect } from "chai";

import type { Decision } from "../../../keepers/courtesy-call-redeemer/decide.js";
import { Notices } from "../../../keepers/courtesy-call-redeemer/notices.js";
import type { Reading } from "../../../keepers/courtesy-call-redeemer/types.js";
import type { AlertMessage } from "../../../keepers/kit/alerts/alert.js";
import { AlertDesk } from "../../../keepers/kit/alerts/desk.js";
import { alertingLog } from "../../../keepers/kit/alerts/rules.js";
import { Counters } from "../../../keepers/kit/counters.js";
import { MemoryRecord } from "../../../keepers/kit/record.js";
import { capturedLog } from "../../helpers/capturedLog.js";
import { idOf, NOW, readingOf, URGENCY, WAD } from "./fixtures.js";

const NOBODY: ReadonlySet<string> = new Set();

function noticesOf(urgency = URGENCY) {
  const captured = capturedLog();
  const desk = { raised: [] as string[], resolved: [] as string[] };
  const log = alertingLog(captured.log, {
    raise: ({ kind, subject, severity }) => void desk.raised.push(`${kind} ${subject} ${severity}`),
    resolve: (kind, subject) => void desk.resolved.push(`${kind} ${subject}`),
  });
  const notices = new Notices({ urgency, counters: new Counters(), record: new MemoryRecord(), log });
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
    expect(see([open(14_000n)])).to.deep.equal(["rescue.falling"]);
    const falls = [12_999n, 12_998n, 12_499n, 11_199n, 10_999n].map((healthBps) => see([open(healthBps)]));
    expect(falls).to.deep.equal([
      ["rescue.threshold"],
      [],
      ["rescue.threshold"],
      ["rescue.threshold"],
      ["rescue.threshold"],
    ]);
    expect(see([open(13_500n)])).to.deep.equal(Array.from({ length: 4 }, () => "rescue.threshold-over"));
    expect(see([open(12_400n)])).to.deep.equal(["rescue.threshold"]);
    expect(see([open(12_600n)])).to.deep.equal(["rescue.threshold-over"]);
  });

  it("REDEEM-34 what may be acted upon is told, however high the own threshold, and each threshold is a trouble of its own", () => {
    const { see, desk } = noticesOf({ ...URGENCY, preemptBelowBps: 16_000n });
    expect(see([open(16_500n)])).to.deep.equal([]);
    expect(see([open(15_500n)])).to.deep.equal(["rescue.threshold"]);
    expect(see([open(12_400n)])).to.deep.equal(["rescue.threshold"]);
    expect(desk.raised).to.deep.equal([
      `position-danger ${idOf(1)} below 16000 warning`,
      `position-danger ${idOf(1)} below 12500 warning`,
    ]);
    expect(see([open(15_500n)])).to.deep.equal(["rescue.threshold-over"]);
    expect(desk.resolved).to.deep.equal([`position-danger ${idOf(1)} below 12500`]);
    // Whoever stops looking takes back what nobody else would.
    expect(see([])).to.deep.equal(["rescue.threshold-over"]);
  });

  it("REDEEM-62 a call is told at once behind a threshold, and not as over while its window runs", async () => {
    let nowMs = 0;
    const sent: AlertMessage[] = [];
    const channel = { name: "test", send: (message: AlertMessage) => Promise.resolve(void sent.push(message)) };
    const { log } = capturedLog();
    const options = { keeper: "k", network: "n", repeatMs: 3_600_000, settleMs: 60_000, perHour: 30 };
    const desk = new AlertDesk([channel], { ...options, timeoutMs: 1_000, attempts: 1, retryMs: 1 }, log, () => nowMs);
    const parts = { urgency: URGENCY, counters: new Counters(), record: new MemoryRecord() };
    const notices = new Notices({ ...parts, log: alertingLog(log, desk) });
    const states = async (): Promise<string[]> => {
      await new Promise((resolve) => setImmediate(resolve));
      return sent.splice(0).map(({ state, severity }) => `${state} ${severity}`);
    };
    const pass = (ms: number): void => {
      nowMs += ms;
      desk.review();
    };
    notices.look([open(12_400n)], NOBODY, 1);
    pass(12_000);
    notices.look([{ ...at("called"), healthBps: 12_400n }], NOBODY, 2);
    expect(await states()).to.deep.equal(["raised warning", "raised critical"]);
    pass(600_000);
    notices.look([{ ...at("called"), healthBps: 12_400n }], NOBODY, 3);
    pass(600_000);
    expect(await states()).to.deep.equal([]);
    notices.look([at("rescuing")], new Set([idOf(1)]), 4);
    pass(60_000);
    expect(await states()).to.have.members(["resolved warning", "resolved critical"]);
    await desk.close();
  });

  it("REDEEM-34 a danger that was there before the process is told at its first look", () => {
    const { see, desk } = noticesOf();
    expect(see([{ ...readingOf(1, 1n, { stage: "called" }), healthBps: 12_400n }])).to.deep.equal([
      "rescue.called",
      "rescue.threshold",
    ]);
    expect(desk.raised).to.deep.equal([
      `position-danger ${idOf(1)} called critical`,
      `position-danger ${idOf(1)} below 12500 warning`,
    ]);
    expect(see([{ ...readingOf(1, 1n, { stage: "called" }), healthBps: 12_400n }])).to.deep.equal([]);
  });

  it("REDEEM-34 tells a rescue by another from one of our own, and a loss from both", () => {
    const own = new Set([idOf(1)]);
    const { see, desk } = noticesOf();
    see([at("called")]);
    const over = ["rescue.call-over", "rescue.threshold-over"];
    expect(see([at("rescuing")], own)).to.deep.equal(over);
    expect(see([at("closed")])).to.deep.equal(["rescue.settled"]);
    see([at("called")]);
    expect(see([at("rescuing")])).to.deep.equal([...over, "rescue.by-another"]);
    expect(see([at("liquidating")])).to.deep.equal(["rescue.lost"]);
    expect(desk.raised.slice(-2)).to.deep.equal([
      `rescued-by-another ${idOf(1)} warning`,
      `position-lost ${idOf(1)} critical`,
    ]);
    // The end of an auction is none of a rescue, and a rescue can end in a liquidation that nobody saw begin.
    expect(see([{ ...at("closed"), wasLost: true }])).to.deep.equal([]);
    see([at("rescuing")]);
    expect(see([{ ...at("closed"), wasLost: true }])).to.deep.equal(["rescue.lost"]);
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
