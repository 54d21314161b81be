import { PermanentError, RetryableError } from "../../protocol/errors.js";
import { Cadence } from "./cadence.js";
import { describeError, type KeeperLog } from "./logger.js";
import type { ChainClient, Head } from "./provider.js";
import { backoffMs, pause } from "./retry.js";

/** A new head, and how many heights passed unseen since the one before. */
export interface HeadNews {
  readonly head: Head;
  readonly missedBlocks: number;
}

export interface WatcherOptions {
  readonly pollMs: number;
  /** Usual time between two blocks; without it every `pollMs` is looked. */
  readonly blockMs?: number;
  readonly log: KeeperLog;
  /** Called after an outage, before work goes on: the node may be another one now. Its errors are treated like the outage. */
  readonly onReconnect?: (head: Head) => Promise<void>;
  /** Called when asking for the head failed. */
  readonly onFailure?: (error: unknown) => void;
}

const OUTAGE_BASE_MS = 250;
const OUTAGE_MAX_MS = 5_000;

/**
 * Waits for new heads by asking. While the caller works nothing is asked, so heights that pass meanwhile coalesce into the newest one.
 * A node that goes away is asked less and less often, and the work goes on when it is back.
 */
export class HeadWatcher {
  private last: Head | undefined;
  private failures = 0;
  private repeats = 0;
  private readonly cadence: Cadence | undefined;

  constructor(
    private readonly client: Pick<ChainClient, "head">,
    private readonly options: WatcherOptions,
  ) {
    const { blockMs, pollMs } = options;
    this.cadence = blockMs === undefined ? undefined : new Cadence(blockMs, pollMs);
  }

  /** Height of the head that was delivered last. */
  get newest(): number | undefined {
    return this.last?.number;
  }

  /**
   * The next head that differs from the last one (by hash, so that a reorganised height counts), or undefined when the signal aborts.
   * @param again the work for the last head failed: deliver it again after a pause that doubles, unless a newer one is there.
   * @throws PermanentError when the node turns out to be the wrong one.
   */
  async next(signal: AbortSignal, again = false): Promise<HeadNews | undefined> {
    this.repeats = again ? this.repeats + 1 : 0;
    if (again) await pause(backoffMs(this.repeats, this.options.pollMs, OUTAGE_MAX_MS), signal);
    // A tick takes its time: the next block may be due already.
    if (!again && this.last !== undefined) await pause(this.untilDueMs(), signal);
    while (!signal.aborted) {
      const head = await this.ask();
      if (head !== undefined && (again || head.hash !== this.last?.hash)) return this.accept(head);
      await pause(
        this.failures > 0 ? backoffMs(this.failures, OUTAGE_BASE_MS, OUTAGE_MAX_MS) : this.options.pollMs,
        signal,
      );
    }
    return undefined;
  }

  /** Zero unless blocks come at a steady pace. */
  private untilDueMs(): number {
    const waitMs = this.cadence?.waitMs() ?? 0;
    return waitMs > this.options.pollMs ? waitMs : 0;
  }

  private async ask(): Promise<Head | undefined> {
    try {
      const head = await this.client.head();
      if (this.failures > 0) {
        await this.options.onReconnect?.(head);
        this.options.log.warn("rpc.up", { block: head.number, failures: this.failures });
        this.failures = 0;
      }
      return head;
    } catch (error) {
      // The first answer must be a good one. Later only a foreign chain ends the work; anything else may heal.
      if (!(error instanceof RetryableError) && (this.last === undefined || isForeign(error))) throw error;
      if (this.failures === 0) this.options.log.error("rpc.down", describeError(error));
      this.failures += 1;
      this.options.onFailure?.(error);
      return undefined;
    }
  }

  private accept(head: Head): HeadNews {
    const last = this.last;
    this.last = head;
    const missedBlocks = last === undefined ? 0 : Math.max(0, head.number - last.number - 1);
    if (head.hash !== last?.hash) this.cadence?.seen(head.timestamp, missedBlocks);
    if (last === undefined) return { head, missedBlocks };
    if (head.number <= last.number && head.hash !== last.hash) {
      this.options.log.warn("head.reorganised", { from: last.number, to: head.number, hash: head.hash });
    }
    return { head, missedBlocks };
  }
}

function isForeign(error: unknown): boolean {
  return error instanceof PermanentError && error.code === "WRONG_CHAIN";
}
