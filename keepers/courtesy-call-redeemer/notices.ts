/**
 * What people are told about positions that are looked after, drawn from how their readings differ from the look before. Log events; those
 * that are troubles become alerts (kit/alerts/rules.ts). What was so at the first look is told once if it is a danger.
 */
import type { Counters } from "../kit/counters.js";
import type { KeeperLog } from "../kit/logger.js";
import type { RecordSink } from "../kit/record.js";
import type { Decision } from "./decide.js";
import type { UrgencyPolicy } from "./strategies/urgency.js";
import type { Reading, Stage } from "./types.js";

export interface NoticesParts {
  readonly urgency: UrgencyPolicy;
  readonly counters: Counters;
  readonly record: RecordSink;
  readonly log: KeeperLog;
}

interface Seen {
  readonly stage: Stage;
  readonly band: number;
}

/** Health at which a position starts in most protocols: the first threshold that is worth a line. */
const FIRST_LINE_BPS = 15_000n;
/** Bands from here on are a danger: below the own threshold. */
const DANGER_BAND = 2;

export class Notices {
  private readonly before = new Map<string, Seen>();
  private isOffline = false;
  private isStale = false;
  /** What was told of the token that is short; empty while it is not. */
  private exhausted = "";
  private isGasShort = false;

  constructor(private readonly parts: NoticesParts) {}

  /** @param ours positions of which a rescue from here is on its way, or has ended just now */
  look(readings: readonly Reading[], ours: ReadonlySet<string>, block: number): void {
    for (const reading of readings) this.one(reading, ours.has(reading.position.id), block);
    this.price(readings, block);
  }

  /** What there were no means for. */
  means({ plan: { uncovered, shortfall } }: Decision, block: number, lots: (units: bigint) => string): void {
    const short = uncovered.length > 0 && shortfall.tokenUnits > 0n;
    if (short) {
      const facts = {
        block,
        shortfall: lots(shortfall.tokenUnits),
        uncovered: uncovered.length,
        lots: uncovered.map(({ costUnits }) => lots(costUnits)),
        positions: uncovered.map(({ position }) => position),
        deadlines: uncovered.map(({ deadline }) => (deadline === undefined ? "none" : String(deadline))),
      };
      const shown = `${facts.shortfall} ${facts.positions.join(",")}`;
      if (shown !== this.exhausted) this.tell("error", "rescue.exhausted", block, facts);
      this.exhausted = shown;
    } else {
      if (this.exhausted !== "") this.parts.log.info("rescue.covered", { block });
      this.exhausted = "";
    }
    const gasShort = uncovered.length > 0 && shortfall.nativeWei > 0n;
    if (gasShort && !this.isGasShort) {
      this.tell("error", "rescue.gas-short", block, { shortfallWei: shortfall.nativeWei, uncovered: uncovered.length });
    } else if (!gasShort && this.isGasShort) this.parts.log.info("rescue.gas-enough", { block });
    this.isGasShort = gasShort;
  }

  private one(reading: Reading, isOurs: boolean, block: number): void {
    const { position, stage, healthBps, thresholds, graceEndsAt } = reading;
    const { id } = position;
    const before = this.before.get(id);
    // Without a price the band stays what it was.
    const band = healthBps === undefined ? (before?.band ?? 0) : this.bandOf(reading);
    this.before.set(id, { stage, band });
    const facts = { position: id, healthBps, stage, block };
    const wasAlive = before === undefined || before.stage === "open" || before.stage === "called";
    if (stage === "called" && before?.stage !== "called") {
      this.tell("warn", "rescue.called", block, { ...facts, graceEndsAt });
    } else if (stage === "open" && before?.stage === "called") this.parts.log.info("rescue.recovered", facts);
    if ((stage === "open" || stage === "called") && band >= DANGER_BAND && band > (before?.band ?? 0)) {
      const { callBelowBps, liquidateBelowBps } = thresholds;
      this.tell("warn", "rescue.threshold", block, { ...facts, band, callBelowBps, liquidateBelowBps });
    }
    if (before === undefined) return;
    if (stage === "rescuing" && wasAlive && !isOurs) this.tell("info", "rescue.by-another", block, facts);
    if (stage === "liquidating" && before.stage !== "liquidating") this.tell("error", "rescue.lost", block, facts);
    if (stage === "closed" && before.stage === "rescuing") this.tell("info", "rescue.settled", block, facts);
  }

  /** How many of the thresholds it is below: 150 %, own, call, danger, liquidation. */
  private bandOf({ healthBps = 0n, thresholds }: Reading): number {
    const { preemptBelowBps, dangerBufferBps } = this.parts.urgency;
    const { callBelowBps, liquidateBelowBps } = thresholds;
    const lines = [
      FIRST_LINE_BPS,
      preemptBelowBps,
      callBelowBps,
      liquidateBelowBps + dangerBufferBps,
      liquidateBelowBps,
    ].sort((a, b) => (a > b ? -1 : 1));
    return lines.filter((line) => healthBps < line).length;
  }

  private price(readings: readonly Reading[], block: number): void {
    const alive = readings.filter(({ stage }) => stage === "open" || stage === "called");
    const stale = alive.filter(({ priced }) => priced?.isStale === true);
    this.staleness(stale, block);
    const blind = alive.filter(({ healthBps }) => healthBps === undefined);
    const isOffline = blind.length > stale.length && blind.length === alive.length;
    if (isOffline && !this.isOffline) this.tell("error", "rescue.price-offline", block, { positions: alive.length });
    else if (!isOffline && this.isOffline) this.parts.log.info("rescue.price-back", { block });
    this.isOffline = isOffline;
  }

  private staleness(stale: readonly Reading[], block: number): void {
    const isStale = stale.length > 0;
    const { log } = this.parts;
    if (isStale && !this.isStale) {
      const positions = stale.map(({ position, priced }) => ({ position: position.id, pricedAt: priced?.at }));
      this.tell("error", "rescue.price-stale", block, { positions });
    } else if (!isStale && this.isStale) log.info("rescue.price-fresh", { block });
    this.isStale = isStale;
  }

  private tell(
    level: "info" | "warn" | "error",
    event: string,
    block: number,
    facts: Parameters<KeeperLog["info"]>[1],
  ): void {
    const { counters, log, record } = this.parts;
    counters.add(event);
    log[level](event, facts);
    record.write({ kind: event, block, facts: facts ?? {} });
  }
}
