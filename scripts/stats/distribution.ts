/** Percentiles and histograms of measured values. */

/** The summary that every figure of the commands uses. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/**
 * Nearest-rank percentile of ascending values: the smallest value with at least `share` of all values at or below it; 0 of none.
 * @throws RangeError when `share` is not from 0 to 1
 */
export function percentile(ascending: ArrayLike<number>, share: number): number {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`a share is from 0 to 1, not ${String(share)}`);
  if (ascending.length === 0) return 0;
  // The tiny subtraction keeps 0.999 * 1000 = 999.0000000000001 from asking for rank 1000.
  const rank = Math.ceil(share * ascending.length - 1e-9);
  return ascending[Math.min(Math.max(rank, 1), ascending.length) - 1] ?? 0;
}

/** A growing list of doubles that does not box them. */
export class Series {
  #values = new Float64Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length] = value;
    this.#length += 1;
  }

  /** Appends `count` times the same value. */
  repeat(value: number, count: number): void {
    for (let index = 0; index < count; index++) this.push(value);
  }

  /** A view of what was pushed, in order. */
  values(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }

  /** Absolute values in ascending order. */
  sortedAbsolute(): Float64Array {
    return this.values()
      .map((value) => Math.abs(value))
      .sort();
  }
}

/** Rounds for people and JSON: 4 digits after the point. */
export function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

/** p50, p99, p99.9 and maximum of |values|, rounded to 4 digits. */
export function absolutePercentiles(series: Series): Percentiles {
  const sorted = series.sortedAbsolute();
  return {
    p50: rounded(percentile(sorted, 0.5)),
    p99: rounded(percentile(sorted, 0.99)),
    p999: rounded(percentile(sorted, 0.999)),
    max: rounded(percentile(sorted, 1)),
  };
}

/** Share of values with |value| <= limit; 1 of none. Six digits, rounded down, so that 1 means all. */
export function shareWithin(series: Series, limit: number): number {
  if (series.length === 0) return 1;
  let inside = 0;
  for (const value of series.values()) if (Math.abs(value) <= limit) inside += 1;
  return Math.floor((inside / series.length) * 1e6) / 1e6;
}

/** Counts per bin [i * width, (i + 1) * width) of |values|; the last bin takes everything above. */
export function histogram(series: Series, width: number, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const value of series.values()) {
    const bin = Math.min(bins - 1, Math.floor(Math.abs(value) / width));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}
