/** Counts what happened, by name. Names are those of log events and skip reasons. */
export class Counters {
  private readonly counts = new Map<string, number>();

  add(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }

  get(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  /** All counts whose name starts with `prefix`, without it, sorted by name. */
  withPrefix(prefix: string): Record<string, number> {
    return Object.fromEntries(
      [...this.counts]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, count]): [string, number] => [name.slice(prefix.length), count])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }
}

/** Median and maximum of some measurements; absent when there are none. */
export function summarize(values: readonly number[]): { p50: number; max: number } | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  const largest = sorted.at(-1);
  return middle === undefined || largest === undefined ? undefined : { p50: middle, max: largest };
}
