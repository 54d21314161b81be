/**
 * Rebalance latency: blocks from the first block-end outside the threshold with a free cooldown to the execution. An episode is void
 * when a later block-end is inside the threshold before an execution. Blocks outside the threshold that wait for the cooldown are
 * counted apart.
 */

export interface PoolThresholds {
  /** Deviation beyond which the stabilizer is to act, bps. */
  readonly thresholdBps: number;
  /** Blocks between two executions. */
  readonly minBlocks: number;
}

export class LatencyTracker {
  readonly #thresholds: PoolThresholds;
  #startedAtBlock: number | undefined;
  #lastExecution: number | undefined;
  readonly latencies: number[] = [];
  /** Block-ends outside the threshold at which the cooldown was still running. */
  suppressedBlocks = 0;
  /** Episodes that ended inside the threshold without an execution. */
  voidEpisodes = 0;

  constructor(thresholds: PoolThresholds) {
    this.#thresholds = thresholds;
  }

  /** The episode that is open now started here; undefined when none is open. */
  get openSince(): number | undefined {
    return this.#startedAtBlock;
  }

  /** An execution in `block`; call it before `blockEnd` of the same block. */
  executed(block: number): void {
    if (this.#startedAtBlock !== undefined) this.latencies.push(block - this.#startedAtBlock);
    this.#startedAtBlock = undefined;
    this.#lastExecution = block;
  }

  /** The block-end of `block`, and of the `repeats - 1` blocks after it when nothing changed in them. */
  blockEnd(block: number, deviationBps: number, repeats = 1): void {
    if (Math.abs(deviationBps) <= this.#thresholds.thresholdBps) {
      if (this.#startedAtBlock !== undefined) this.voidEpisodes += 1;
      this.#startedAtBlock = undefined;
      return;
    }
    const freeFrom = this.#lastExecution === undefined ? block : this.#lastExecution + this.#thresholds.minBlocks;
    const waiting = Math.min(Math.max(freeFrom - block, 0), repeats);
    this.suppressedBlocks += waiting;
    if (waiting < repeats) this.#startedAtBlock ??= block + waiting;
  }
}
