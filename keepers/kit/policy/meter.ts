/**
 * A limit that holds in *every* window, not only in those of a calendar. A meter holds what may still be used; it refills evenly.
 *
 * Whatever is used between t and t + window is at most what was there at t, no more than `capacity`, plus what flowed in, no more than
 * `refill`. So limit = capacity + refill, half each: a bucket of the whole limit that refills it once a window would let twice as much pass.
 *
 * Levels are kept in units × microseconds of the window: a refill is then exact however often it is booked, and nothing is rounded.
 */
import { minBigint } from "../../../protocol/math.js";

export const HOUR_US = 3_600_000_000n;
export const DAY_US = 24n * HOUR_US;

/** What may be used of one thing. */
export interface MeterLimit {
  /** The most that can be there at once. */
  readonly capacity: bigint;
  /** What flows in during one window. */
  readonly refill: bigint;
  readonly windowUs: bigint;
}

/** What is there. */
export interface MeterLevel {
  /** Units × microseconds of the window. */
  readonly scaled: bigint;
  /** When that was so, microseconds of the database's clock since 1970. */
  readonly atUs: bigint;
}

/** The meter for a limit: the larger half as capacity, so that a limit of 1 unit could be used, though never again. */
export function meterOf(limit: bigint, windowUs: bigint): MeterLimit {
  const refill = limit / 2n;
  return { capacity: limit - refill, refill, windowUs };
}

/** A meter that was never used. */
export function fullMeter(limit: MeterLimit, atUs: bigint): MeterLevel {
  return { scaled: limit.capacity * limit.windowUs, atUs };
}

/** The level at `nowUs`. A clock that went back refills nothing until it has caught up. */
export function refilled(limit: MeterLimit, level: MeterLevel, nowUs: bigint): MeterLevel {
  const elapsedUs = nowUs > level.atUs ? nowUs - level.atUs : 0n;
  const scaled = minBigint(level.scaled + limit.refill * elapsedUs, limit.capacity * limit.windowUs);
  return { scaled, atUs: nowUs > level.atUs ? nowUs : level.atUs };
}

/** Takes `amount` out. @returns the level after it; undefined when so much is not there. */
export function drawn(limit: MeterLimit, level: MeterLevel, nowUs: bigint, amount: bigint): MeterLevel | undefined {
  const now = refilled(limit, level, nowUs);
  const left = now.scaled - amount * limit.windowUs;
  return amount < 0n || left < 0n ? undefined : { scaled: left, atUs: now.atUs };
}

/** Units that are there at `nowUs`, rounded down. */
export function availableUnits(limit: MeterLimit, level: MeterLevel, nowUs: bigint): bigint {
  return refilled(limit, level, nowUs).scaled / limit.windowUs;
}
