/** The newest heads of both chains: news whenever one of them has a new one, with what the other one had last. */
import type { Head } from "../kit/provider.js";
import { pause } from "../kit/retry.js";
import type { HeadWatcher } from "../kit/watcher.js";

export interface HeadPair {
  readonly heads: readonly [Head, Head];
  /** Of the first chain: for logs. */
  readonly number: number;
}

export interface PairNews {
  readonly head: HeadPair;
  readonly missedBlocks: number;
}

/** The pause before a failed tick is tried again, if no block comes before. */
const AGAIN_MS = 500;

/** Each chain is watched by itself, so that one that is gone holds up no news of the other. */
export class HeadPairs {
  private readonly heads: [Head | undefined, Head | undefined] = [undefined, undefined];
  private readonly ending = new AbortController();
  private loops: readonly Promise<void>[] = [];
  private failure: { readonly error: unknown } | undefined;
  private fresh = false;
  private missed = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly watchers: readonly [Pick<HeadWatcher, "next">, Pick<HeadWatcher, "next">]) {}

  /** Newest head of a chain that was seen. */
  newest(index: 0 | 1): Head | undefined {
    return this.heads[index];
  }

  /**
   * @returns undefined once the signal aborts. @param again the work for the last heads failed: they are delivered again.
   * @throws PermanentError when a node turns out to be the wrong one.
   */
  async next(signal: AbortSignal, again: boolean): Promise<PairNews | undefined> {
    if (this.loops.length === 0) this.loops = [this.watch(0), this.watch(1)];
    const { ending } = this;
    if (again) await Promise.race([pause(AGAIN_MS, AbortSignal.any([signal, ending.signal])), this.news(signal)]);
    for (;;) {
      if (this.failure !== undefined) throw this.failure.error;
      if (signal.aborted) return undefined;
      const [first, second] = this.heads;
      if (first !== undefined && second !== undefined && (this.fresh || again)) {
        const missedBlocks = this.missed;
        this.fresh = false;
        this.missed = 0;
        return { head: { heads: [first, second], number: first.number }, missedBlocks };
      }
      await this.news(signal);
    }
  }

  async close(): Promise<void> {
    this.ending.abort();
    await Promise.all(this.loops);
  }

  private async watch(index: 0 | 1): Promise<void> {
    try {
      for (;;) {
        const news = await this.watchers[index].next(this.ending.signal);
        if (news === undefined) return;
        this.heads[index] = news.head;
        this.missed += news.missedBlocks;
        this.fresh = true;
        this.wake();
      }
    } catch (error) {
      this.failure = { error };
      this.wake();
    }
  }

  /** Resolves at the next head of any chain, or when the signal aborts. */
  private news(signal: AbortSignal): Promise<void> {
    const isReady = this.fresh && this.heads.every((head) => head !== undefined);
    if (isReady || this.failure !== undefined || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener("abort", done);
        this.waiting.delete(done);
        resolve();
      };
      this.waiting.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }

  private wake(): void {
    for (const done of [...this.waiting]) done();
  }
}
