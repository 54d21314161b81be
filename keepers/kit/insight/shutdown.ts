/**
 * The end of a process in order and in time: ticks have stopped, then what is under way is finished, the lease given back, connections
 * closed. A platform kills after its window, so each step gets its share of what is left of it: one that hangs takes nothing from the others.
 */
import { describeError, type KeeperLog } from "../logger.js";
import { pause } from "../retry.js";

export interface ShutdownStep {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/**
 * Runs the steps one after another, also when one fails or does not end. @returns the names of those that did not finish well. Whatever
 * hangs is left behind: the caller ends the process, and the database gives the lease to others when it runs out.
 */
export async function shutDown(steps: readonly ShutdownStep[], windowMs: number, log: KeeperLog): Promise<string[]> {
  const endMs = performance.now() + windowMs;
  const unfinished: string[] = [];
  for (const [index, { name, run }] of steps.entries()) {
    const ended = new AbortController();
    const work = run().then(
      () => true,
      (error: unknown) => {
        log.warn("shutdown.failed", { step: name, ...describeError(error) });
        return false;
      },
    );
    const shareMs = (endMs - performance.now()) / (steps.length - index);
    const late = pause(Math.max(0, shareMs), ended.signal).then(() => undefined);
    const outcome = await Promise.race([work, late]);
    ended.abort();
    if (outcome === undefined) log.warn("shutdown.late", { step: name, windowMs });
    if (outcome !== true) unfinished.push(name);
  }
  return unfinished;
}
