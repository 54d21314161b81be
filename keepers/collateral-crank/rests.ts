/** Which effects rest, and for how long: twice as long after each failure. */
import type { Rest } from "./decide.js";

/** 2^6 rests: an hour of slots with the default. */
const MOST_DOUBLINGS = 6;

export class Rests {
  private readonly entries = new Map<string, Rest>();

  constructor(private readonly restSlots: bigint) {}

  get view(): ReadonlyMap<string, Rest> {
    return this.entries;
  }

  /** Its simulation failed, or its transaction did. */
  failed(key: string, slot: bigint): void {
    const failures = this.entries.get(key)?.failures ?? 0;
    const doublings = failures < MOST_DOUBLINGS ? failures : MOST_DOUBLINGS;
    this.entries.set(key, { untilSlot: slot + (this.restSlots << BigInt(doublings)), failures: failures + 1 });
  }

  /** Not its fault. */
  later(key: string, slot: bigint): void {
    const { failures = 0 } = this.entries.get(key) ?? {};
    this.entries.set(key, { untilSlot: slot + this.restSlots, failures });
  }

  /** Failures are remembered for as long as the longest rest; what has not come back by then is gone. */
  forget(slot: bigint): void {
    const memory = this.restSlots << BigInt(MOST_DOUBLINGS);
    for (const [key, { untilSlot }] of this.entries) if (untilSlot + memory <= slot) this.entries.delete(key);
  }
}
