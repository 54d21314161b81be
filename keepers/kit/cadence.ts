/**
 * When to look for the next block. Where blocks come at a steady pace, the next one is not looked for before it is due, so that a block
 * costs one look; where they do not, or while they are late, every `pollMs`.
 */
const STEADY_BLOCKS = 3;
/** How far the distance between two arrivals may be from the usual one. */
const TOLERANCE = 0.25;
/** Arrivals whose earliest phase is kept. */
const WINDOW = 64;

export class Cadence {
  private lastMs: number | undefined;
  private steady = 0;
  /** How long after its timestamp each block was seen, newest last. */
  private lags: number[] = [];

  /** @param blockMs usual time between two blocks. */
  constructor(
    private readonly blockMs: number,
    private readonly pollMs: number,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** A new block was seen; `timestamp` in unix seconds. */
  seen(timestamp: number, missedBlocks: number): void {
    const now = this.nowMs();
    const distance = this.lastMs === undefined ? Number.NaN : now - this.lastMs;
    const regular = missedBlocks === 0 && Math.abs(distance - this.blockMs) <= TOLERANCE * this.blockMs;
    this.steady = regular ? this.steady + 1 : 0;
    if (!regular) this.lags = [];
    this.lags = [...this.lags.slice(1 - WINDOW), now - timestamp * 1000];
    this.lastMs = now;
  }

  /** How long to wait before the next look, milliseconds. */
  waitMs(): number {
    if (this.lastMs === undefined || this.steady < STEADY_BLOCKS) return this.pollMs;
    // One late block must not make all later ones be seen late: back to the earliest phase, once it is a poll away.
    const late = (this.lags.at(-1) ?? 0) - Math.min(...this.lags);
    const dueMs = this.lastMs + this.blockMs - (late > this.pollMs ? late : 0);
    return Math.max(this.pollMs, dueMs - this.nowMs());
  }
}
