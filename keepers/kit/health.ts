/**
 * Health is freshness: the age of the last successful unit of work, against a stated limit. A process that answers but has read
 * nothing for a minute is not healthy.
 */
export interface HealthReport {
  readonly healthy: boolean;
  /** Seconds since the last successful unit of work, or since the start when there was none. */
  readonly ageSeconds: number;
  readonly limitSeconds: number;
  readonly lastBlock: number | undefined;
  /** Why the last attempt failed; absent after a success. */
  readonly lastError: string | undefined;
}

export class Freshness {
  private lastSuccessMs: number;
  private lastBlock: number | undefined;
  private lastError: string | undefined;

  constructor(
    private readonly limitSeconds: number,
    private readonly nowMs: () => number = Date.now,
  ) {
    this.lastSuccessMs = nowMs();
  }

  /** A unit of work was done for `block`. */
  succeeded(block: number): void {
    this.lastSuccessMs = this.nowMs();
    this.lastBlock = block;
    this.lastError = undefined;
  }

  /** An attempt failed; the age goes on growing. */
  failed(code: string): void {
    this.lastError = code;
  }

  report(): HealthReport {
    const ageSeconds = (this.nowMs() - this.lastSuccessMs) / 1000;
    return {
      healthy: ageSeconds <= this.limitSeconds,
      ageSeconds,
      limitSeconds: this.limitSeconds,
      lastBlock: this.lastBlock,
      lastError: this.lastError,
    };
  }
}
