/** Waiting for a cluster, aloud, and not for one that stands still. */
import { RetryableError } from "../../../protocol/errors.js";

const POLL_MS = 100;
const NOTE_EVERY_MS = 10_000;
/** Without a new slot; a slot takes 0.4 seconds. */
export const STALLED_AFTER_MS = 60_000;

export type Log = (line: string) => void;

/** One wait. */
export class Patience {
  private newest = -1n;
  private newestAt = performance.now();
  private notedAt = performance.now();

  constructor(
    private readonly what: string,
    private readonly log: Log,
    private readonly stalledAfterMs: number,
  ) {}

  /** A short pause. @param slot the cluster's newest, asked just now. @throws RetryableError CLUSTER_STALLED. */
  async pause(slot: bigint): Promise<void> {
    const now = performance.now();
    if (slot > this.newest) [this.newest, this.newestAt] = [slot, now];
    if (now - this.newestAt > this.stalledAfterMs) throw this.stalled();
    if (now - this.notedAt > NOTE_EVERY_MS) {
      this.log(`waiting for ${this.what}; the cluster is in slot ${String(this.newest)}`);
      this.notedAt = now;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }

  private stalled(): RetryableError {
    const slot = String(this.newest);
    return new RetryableError(
      "CLUSTER_STALLED",
      `waited for ${this.what}, but the cluster stays in slot ${slot}`,
      "try another node, or again when the cluster goes on: what was done is found",
      { slot },
    );
  }
}
