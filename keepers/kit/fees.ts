import { maxBigint as max, minBigint as min, mulDivUp } from "../../protocol/math.js";

/** What to offer for gas. All values are wei per gas. */
export interface FeePolicy {
  /** Never more than this, whatever the network asks. */
  readonly maxFeePerGasWei: bigint;
  /** Tip of a first attempt. */
  readonly priorityFeeWei: bigint;
}

export interface Fees {
  readonly maxFeePerGasWei: bigint;
  readonly priorityFeeWei: bigint;
}

/** The policy with a ceiling that is at most `ceilingWei`. */
export function withCeiling(policy: FeePolicy, ceilingWei: bigint): FeePolicy {
  return { ...policy, maxFeePerGasWei: min(policy.maxFeePerGasWei, ceilingWei) };
}

/** A replacement must offer at least this much more; nodes commonly ask for 10 %. */
const BUMP_NUMERATOR = 9n;
const BUMP_DENOMINATOR = 8n; // 12.5 %

/** The policy of what may have to be taken back: below its ceiling is room for one replacement. Rounded down. */
export function withRoomToReplace(policy: FeePolicy): FeePolicy {
  return withCeiling(policy, (policy.maxFeePerGasWei * BUMP_DENOMINATOR) / BUMP_NUMERATOR);
}

/**
 * Fees of a first attempt: twice the next base fee plus the tip, so that three full blocks in a row (each + 12.5 %) and more do not
 * price it out, inside the ceiling. Undefined when the ceiling does not cover the next base fee: it could not be mined.
 */
export function firstFees(policy: FeePolicy, nextBaseFeeWei: bigint | undefined): Fees | undefined {
  const base = nextBaseFeeWei ?? 0n;
  if (policy.maxFeePerGasWei < base) return undefined;
  const maxFeePerGasWei = min(policy.maxFeePerGasWei, 2n * base + policy.priorityFeeWei);
  return { maxFeePerGasWei, priorityFeeWei: min(policy.priorityFeeWei, maxFeePerGasWei) };
}

/** Fees that replace `before`, at least 12.5 % above it, rounded up; undefined when the ceiling does not allow that. */
export function replacementFees(before: Fees, policy: FeePolicy, nextBaseFeeWei: bigint | undefined): Fees | undefined {
  const fresh = firstFees(policy, nextBaseFeeWei);
  const maxFeePerGasWei = max(bump(before.maxFeePerGasWei), fresh?.maxFeePerGasWei ?? 0n);
  const priorityFeeWei = min(max(bump(before.priorityFeeWei), fresh?.priorityFeeWei ?? 0n), maxFeePerGasWei);
  if (maxFeePerGasWei > policy.maxFeePerGasWei) return undefined;
  return { maxFeePerGasWei, priorityFeeWei };
}

/** What a transaction mined in the next block pays per gas. */
export function effectivePriceWei(fees: Fees, nextBaseFeeWei: bigint | undefined): bigint {
  return min(fees.maxFeePerGasWei, (nextBaseFeeWei ?? 0n) + fees.priorityFeeWei);
}

function bump(valueWei: bigint): bigint {
  return mulDivUp(valueWei, BUMP_NUMERATOR, BUMP_DENOMINATOR);
}
