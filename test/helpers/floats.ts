import { AssertionError } from "chai";

/**
 * Comparisons of floating point statistics. Hardhat's matchers take over chai's number assertions and accept integers only, in every
 * suite that shares their process.
 */
export function near(actual: number | undefined, expected: number, tolerance: number): void {
  if (actual !== undefined && Math.abs(actual - expected) <= tolerance) return;
  throw new AssertionError(`expected ${String(actual)} to lie within ${String(tolerance)} of ${String(expected)}`);
}

/** `actual > limit`; undefined and NaN fail. */
export function above(actual: number | undefined, limit: number): void {
  if (actual !== undefined && actual > limit) return;
  throw new AssertionError(`expected ${String(actual)} to be above ${String(limit)}`);
}
