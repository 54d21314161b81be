/** Ends parts of a world that stand alone: one that cannot be ended does not keep the others alive. */

/** All at once. @throws AggregateError, or the one failure there was, once every one of them has been tried. */
export async function endAll(ends: readonly (() => unknown)[]): Promise<void> {
  throwFailures(await Promise.allSettled(ends.map(attempt)));
}

/** One after the other, each whatever became of those before. @throws like endAll */
export async function endInOrder(ends: readonly (() => unknown)[]): Promise<void> {
  const results: PromiseSettledResult<unknown>[] = [];
  for (const end of ends) results.push(...(await Promise.allSettled([attempt(end)])));
  throwFailures(results);
}

function attempt(end: () => unknown): Promise<unknown> {
  return Promise.resolve().then(end);
}

function throwFailures(results: readonly PromiseSettledResult<unknown>[]): void {
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (failures.length > 1) throw new AggregateError(failures, "parts could not be ended");
  if (failures.length === 1) throw failures[0];
}
