import type { Freshness } from "./health.js";
import { describeError, type KeeperLog } from "./logger.js";
import type { Head } from "./provider.js";

/** What a runner must know of a head: its place, a block's number or a slot. */
interface Numbered {
  readonly number: number;
}

interface News<H> {
  readonly head: H;
  readonly missedBlocks: number;
}

/** `H`: what a head is on the chain; EVM unless said otherwise. */
export interface RunnerParts<H extends Numbered = Head> {
  /** The next head, or undefined when it is time to stop. `again`: the last one's work failed and shall be tried once more. */
  readonly nextHead: (signal: AbortSignal, again: boolean) => Promise<News<H> | undefined>;
  /** Care for what is in flight: receipts, replacements. Runs first, so that a failing decision cannot starve it. */
  readonly upkeep: (head: H) => Promise<void>;
  /** One unit of work: observe, decide, act. */
  readonly tick: (news: News<H>) => Promise<void>;
  /** Whether something is still in flight; with `once` the runner goes on caring for it. */
  readonly busy: () => boolean;
  /** After each head, whatever happened: status files and the like. Must not throw. */
  readonly afterTick?: (head: H) => void;
  readonly health: Freshness;
  readonly log: KeeperLog;
}

export interface RunOptions {
  /** Stop after one tick and the end of what it sent. */
  readonly once: boolean;
  /** How long the end waits for what is in flight, milliseconds. */
  readonly settleMs: number;
}

export interface RunOutcome {
  readonly ticks: number;
  readonly failedTicks: number;
  readonly missedBlocks: number;
  /** True when something was still in flight at the end. */
  readonly leftInFlight: boolean;
}

/**
 * Drives a keeper from block to block until the signal aborts. Upkeep and tick are guarded separately: one failing never stops the
 * other, nor the next block; a failed tick is tried again while its block is the newest. A running tick is always finished before stopping; what is in flight gets no new company.
 * @throws only what `nextHead` throws, that is a node that can never serve this keeper.
 */
export async function runKeeper<H extends Numbered = Head>(
  parts: RunnerParts<H>,
  options: RunOptions,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const { log, health } = parts;
  let ticks = 0;
  let failedTicks = 0;
  let missedBlocks = 0;
  let failed = false;
  for (;;) {
    const news = await parts.nextHead(signal, failed);
    if (news === undefined) break;
    const { head } = news;
    missedBlocks += news.missedBlocks;
    if (news.missedBlocks > 0) log.debug("head.missed", { block: head.number, missed: news.missedBlocks });

    await guarded("upkeep.failed", log, head, () => parts.upkeep(head));
    ticks += 1;
    const failure = await guarded("tick.failed", log, head, () => parts.tick(news));
    failed = failure !== undefined;
    if (failure === undefined) health.succeeded(head.number);
    else {
      failedTicks += 1;
      health.failed(failure);
    }
    parts.afterTick?.(head);
    if (options.once) break;
  }
  await settle(
    parts,
    options.once
      ? AbortSignal.any([signal, AbortSignal.timeout(options.settleMs)])
      : AbortSignal.timeout(options.settleMs),
  );
  return { ticks, failedTicks, missedBlocks, leftInFlight: parts.busy() };
}

/** After the last tick: care for what is still in flight, for a bounded time. */
async function settle<H extends Numbered>(parts: RunnerParts<H>, deadline: AbortSignal): Promise<void> {
  while (parts.busy()) {
    const news = await parts.nextHead(deadline, false);
    if (news === undefined) return;
    await guarded("upkeep.failed", parts.log, news.head, () => parts.upkeep(news.head));
    parts.afterTick?.(news.head);
  }
}

/** Runs work; a failure becomes a log event and its code. */
async function guarded(
  event: string,
  log: KeeperLog,
  head: Numbered,
  work: () => Promise<void>,
): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    const facts = describeError(error);
    log.error(event, { block: head.number, ...facts });
    return facts.code;
  }
}
