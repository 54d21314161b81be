/** Runs an indexer: one loop follows the head, others look again at trailing windows. None of them waits for another. */
import { setTimeout as wait } from "node:timers/promises";

import { RetryableError } from "../../protocol/errors.js";
import type { Indexer, Rescan, Step } from "./indexer.js";

/** A window behind the head that is read again, from another node's receipts. */
export interface TrailingRescan {
  readonly blocks: bigint;
  /** From the end of one to the beginning of the next. */
  readonly everyMs: number;
}

export interface FollowOptions {
  readonly indexer: Pick<Indexer, "step" | "rescan">;
  /** Where nothing was to be done, until the next look. */
  readonly pollMs: number;
  readonly rescans: readonly TrailingRescan[];
  readonly signal: AbortSignal;
  /** Freshness and lag are in it. */
  readonly onStep?: (step: Step) => void;
  readonly onRescan?: (rescan: Rescan, window: TrailingRescan) => void;
  /** Called for everything that is tried again. */
  readonly onFailure?: (error: RetryableError) => void;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Blocks of one piece of a re-scan: between pieces it can be stopped. */
const PIECE = 100n;
const PATIENCE_MAX_MS = 30_000;

/** Every minute what is youngest, once a day the last two days. */
export function usualRescans(blockSeconds: number): readonly TrailingRescan[] {
  const perDay = BigInt(Math.ceil(86_400 / blockSeconds));
  return [
    { blocks: 100n, everyMs: MINUTE_MS },
    { blocks: 2n * perDay, everyMs: DAY_MS },
  ];
}

/**
 * Resolves when the signal aborts. Failures that can pass are tried again, less and less often.
 * @throws PermanentError as soon as one loop meets one; the others have ended then.
 */
export async function follow(options: FollowOptions): Promise<void> {
  const broken = new AbortController();
  const signal = AbortSignal.any([options.signal, broken.signal]);
  let last: Step | undefined;
  const loops = [
    patiently(options, signal, async () => {
      last = await options.indexer.step();
      options.onStep?.(last);
      return last.kind === "advanced" || last.kind === "raced" ? 0 : options.pollMs;
    }),
    ...options.rescans.map((window) =>
      patiently(options, signal, async () => {
        if (last === undefined) return options.pollMs;
        const done = await rescanTrailing(options.indexer, last.nextBlock, window, signal);
        options.onRescan?.(done, window);
        return window.everyMs;
      }),
    ),
  ].map((loop) =>
    loop.catch((error: unknown) => {
      broken.abort();
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(loops)).find((end) => end.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function rescanTrailing(
  indexer: FollowOptions["indexer"],
  nextBlock: bigint,
  { blocks }: TrailingRescan,
  signal: AbortSignal,
): Promise<Rescan> {
  const total = { blocks: 0, recovered: 0, disputed: 0 };
  const first = nextBlock > blocks ? nextBlock - blocks : 0n;
  for (let from = first; from < nextBlock && !signal.aborted; from += PIECE) {
    const end = from + PIECE < nextBlock ? from + PIECE : nextBlock;
    const piece = await indexer.rescan(from, end - 1n);
    total.blocks += piece.blocks;
    total.recovered += piece.recovered;
    total.disputed += piece.disputed;
  }
  return total;
}

/** Repeats `work`, which says how long to wait after it. */
async function patiently(
  { pollMs, onFailure }: FollowOptions,
  signal: AbortSignal,
  work: () => Promise<number>,
): Promise<void> {
  for (let failures = 0; !signal.aborted;) {
    let pauseMs: number;
    try {
      pauseMs = await work();
      failures = 0;
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      onFailure?.(error);
      failures += 1;
      // Half of it by chance, so that several indexers do not ask in step.
      pauseMs = Math.min(PATIENCE_MAX_MS, pollMs * 2 ** Math.min(failures, 16)) * (0.5 + Math.random() / 2);
    }
    await pause(pauseMs, signal);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
