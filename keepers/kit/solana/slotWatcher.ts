/** Waits for the cluster's next slot. */
import { backoffMs, pause } from "../retry.js";
import { describeError, type KeeperLog } from "../logger.js";
import type { SolanaClient } from "./client.js";
import { clusterHead, type SolanaHead } from "./cluster.js";

/** A head as the runner counts it: by its slot. */
export interface SlotHead extends SolanaHead {
  readonly number: number;
}

export interface SlotWatcherOptions {
  readonly pollMs: number;
  readonly log: KeeperLog;
  /** The node did not answer. */
  readonly onFailure?: (error: unknown) => void;
}

const OUTAGE_MAX_MS = 10_000;

export class SlotWatcher {
  private lastSlot = -1n;
  private failures = 0;

  constructor(
    private readonly client: SolanaClient,
    private readonly options: SlotWatcherOptions,
  ) {}

  /** Newest slot seen. */
  get head(): number | undefined {
    return this.lastSlot < 0n ? undefined : Number(this.lastSlot);
  }

  /** Whether the node left the last question without an answer. */
  get away(): boolean {
    return this.failures > 0;
  }

  /** A slot that is newer than the last one, or the same `again`; undefined when it is time to stop. */
  async next(signal: AbortSignal, again = false): Promise<{ head: SlotHead; missedBlocks: number } | undefined> {
    const { pollMs } = this.options;
    if (this.lastSlot >= 0n) await pause(again ? pollMs * 2 : pollMs, signal);
    while (!signal.aborted) {
      const head = await this.ask();
      if (head !== undefined && (again || head.slot > this.lastSlot)) {
        this.lastSlot = head.slot;
        return { head: { ...head, number: Number(head.slot) }, missedBlocks: 0 };
      }
      await pause(this.failures === 0 ? pollMs : backoffMs(this.failures, pollMs, OUTAGE_MAX_MS), signal);
    }
    return undefined;
  }

  private async ask(): Promise<SolanaHead | undefined> {
    try {
      const head = await clusterHead(this.client);
      if (this.failures > 0) this.options.log.info("rpc.back", { failures: this.failures });
      this.failures = 0;
      return head;
    } catch (error) {
      if (this.failures === 0) this.options.log.warn("rpc.away", describeError(error));
      this.failures += 1;
      this.options.onFailure?.(error);
      return undefined;
    }
  }
}
