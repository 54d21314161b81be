/** Gas of a keeper's transactions, as its report shows it. */
import { percentile } from "../stats/distribution.js";
import type { KeeperReport } from "./copies.js";

export function gasFigures(gas: readonly number[]): KeeperReport["gasPerExecution"] {
  const sorted = [...gas].sort((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), max: percentile(sorted, 1) };
}
