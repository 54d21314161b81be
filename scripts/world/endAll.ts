/** Ends parts of a world that stand alone: one that cannot be ended does not keep the others alive. */

/** All at once. @throws AggregateError, or the one failure there was, once every one of them has been tried. */
export async function endAll(ends: readonly (() => unknown)[]): Promise<void> {
  throwFailures(await Promise.allSettled(ends.map(async (end) => end())));
}

/** One after the other, each whatever became of those before. @throws like endAll */
export async function endInOrder(ends: readonly (() => unknown)[]): Promise<void> {
  const attempts: PromiseSettledResult<unknown>[] = [];
  for (const end of ends) attempts.push(...(await Promise.allSettled([(async () => end())()])));
  throwFailures(attempts);
}

function throwFailures(attempts: readonly PromiseSettledResult<unknown>[]): void {
  const failures = attempts.flatMap((attempt) => (attempt.status === "rejected" ? [attempt.reason as unknown] : []));
  if (failures.length > 1) throw new AggregateError(failures, "parts could not be ended");
  if (failures.length === 1) throw failures[0];
}
