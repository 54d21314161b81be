import { setTimeout as wait } from "node:timers/promises";

/**
 * How often all requests of one client together may be repeated. Without a common budget an outage of the node turns into a second
 * outage made of retries (Infura, 2020-11-11).
 */
export class RetryBudget {
  private tokens: number;
  private refilledAtMs: number;

  /** @param capacity repeats that may be spent at once; `perSecond` come back. */
  constructor(
    private readonly capacity: number,
    private readonly perSecond: number,
    private readonly nowMs: () => number = Date.now,
  ) {
    this.tokens = capacity;
    this.refilledAtMs = nowMs();
  }

  /** Takes one repeat; false when none is left. */
  spend(): boolean {
    const now = this.nowMs();
    this.tokens = Math.min(this.capacity, this.tokens + ((now - this.refilledAtMs) / 1000) * this.perSecond);
    this.refilledAtMs = now;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}

/** Pause before repeat number `attempt` (from 1): doubles each time up to `maxMs`, then takes a random share between half and all. */
export function backoffMs(attempt: number, baseMs: number, maxMs: number, random: () => number = Math.random): number {
  const full = Math.min(maxMs, baseMs * 2 ** (attempt - 1));
  return full / 2 + (full / 2) * random();
}

/** Waits; returns early, without an error, when the signal aborts. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await wait(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (!(error instanceof Error && error.name === "AbortError")) throw error;
  }
}
