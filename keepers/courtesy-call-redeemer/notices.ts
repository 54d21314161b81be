/**
 * What people are told about positions that are looked after, drawn from how their readings differ from the look before. Log events; those
 * that are troubles become alerts (kit/alerts/rules.ts). What was so at the first look is told once if it is a danger.
 */
import { maxBigint, minBigint } from "../../protocol/math.js";
import type { Counters } from "../kit/counters.js";
import type { Facts, KeeperLog } from "../kit/logger.js";
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
  /** As it was last known; undefined before, and where it cannot be lost. */
  readonly healthBps: bigint | undefined;
  /** Thresholds that were told and not taken back. */
  readonly told: readonly bigint[];
}

/** Health at which a position starts in most protocols: worth a line in the log, and no danger yet. */
const FIRST_LINE_BPS = 15_000n;

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
    const looked = new Set(readings.map(({ position }) => position.id));
    for (const [position, before] of this.before) {
      if (looked.has(position)) continue;
      // Nobody looks after it any more, so nobody would see it recover.
      this.before.delete(position);
      this.passed(before, undefined, undefined, { position, block });
    }
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
    const { position, stage, healthBps, thresholds, graceEndsAt, wasLost } = reading;
    const { id } = position;
    const before = this.before.get(id);
    const isAlive = stage === "open" || stage === "called";
    // Without a price it is where it was.
    const known = isAlive ? (healthBps ?? before?.healthBps) : undefined;
    const facts = { position: id, healthBps, stage, block };
    const told = before === undefined ? [] : this.passed(before, stage, known, facts);
    if (stage === "called" && before?.stage !== "called") {
      this.tell("warn", "rescue.called", block, { ...facts, graceEndsAt });
    }
    const { callBelowBps, liquidateBelowBps } = thresholds;
    const belowBps = known === undefined ? undefined : this.lowestOf(reading, known);
    const isDanger = belowBps !== undefined && belowBps <= this.dangerOf(reading);
    if (belowBps !== undefined && (before?.healthBps === undefined || before.healthBps >= belowBps)) {
      const fallen = { ...facts, belowBps, callBelowBps, liquidateBelowBps };
      if (isDanger) this.tell("warn", "rescue.threshold", block, fallen);
      else if (before?.healthBps !== undefined) this.tell("info", "rescue.falling", block, fallen);
    }
    this.before.set(id, { stage, healthBps: known, told: isDanger ? [...new Set([...told, belowBps])] : told });
    if (before === undefined) return;
    const wasAlive = before.stage === "open" || before.stage === "called";
    const isLost = stage === "liquidating" || (stage === "closed" && wasLost === true);
    if (stage === "rescuing" && wasAlive && !isOurs) this.tell("info", "rescue.by-another", block, facts);
    if (isLost && before.stage !== "liquidating" && before.stage !== "closed")
      this.tell("error", "rescue.lost", block, facts);
    if (stage === "closed" && !isLost && before.stage === "rescuing") this.tell("info", "rescue.settled", block, facts);
  }

  /** Says what is over of what was told. @returns thresholds that it is still below */
  private passed(
    before: Seen,
    stage: Stage | undefined,
    healthBps: bigint | undefined,
    facts: Facts,
  ): readonly bigint[] {
    const { log } = this.parts;
    if (before.stage === "called" && stage !== "called") log.info("rescue.call-over", facts);
    const isBelow = (told: bigint): boolean => healthBps !== undefined && healthBps < told;
    for (const told of before.told) if (!isBelow(told)) log.info("rescue.threshold-over", { ...facts, belowBps: told });
    return before.told.filter(isBelow);
  }

  /** The lowest threshold that it is below: 150 %, own, call, danger, liquidation. */
  private lowestOf({ thresholds }: Reading, healthBps: bigint): bigint | undefined {
    const { preemptBelowBps, dangerBufferBps } = this.parts.urgency;
    const { callBelowBps, liquidateBelowBps } = thresholds;
    const nearest = [FIRST_LINE_BPS, preemptBelowBps, callBelowBps];
    const lines = [...nearest, liquidateBelowBps + dangerBufferBps, liquidateBelowBps];
    return lines.filter((line) => healthBps < line).reduce<bigint | undefined>(lower, undefined);
  }

  /** From here on down something may be done about it. */
  private dangerOf({ thresholds }: Reading): bigint {
    return maxBigint(this.parts.urgency.preemptBelowBps, thresholds.callBelowBps);
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

function lower(a: bigint | undefined, b: bigint): bigint {
  return a === undefined ? b : minBigint(a, b);
}
