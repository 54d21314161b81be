/**
 * How fast an attempt offers more. Pure; the outbox signs it. Without a deadline a replacement offers the kit's least (fees.ts). With one
 * it offers at least that, and so much more that equal steps reach the ceiling with the last attempt before the deadline. At the ceiling
 * the best attempt stays alive.
 */
import { maxBigint, minBigint, mulDivUp } from "../../../protocol/math.js";
import { replacementFees, type FeePolicy, type Fees } from "../fees.js";

/** When an effect should be mined. Stored with its intent, so that whoever cares for it after a crash hurries alike. */
export interface Escalation {
  /** Unix seconds, by the chain's clock. */
  readonly mineBy: bigint;
  /** Between two attempts: blocks without a receipt times their usual time. */
  readonly secondsPerAttempt: bigint;
}

/**
 * Fees that replace `before`; undefined when the ceiling of `policy` does not allow a replacement.
 * @param escalation undefined: no deadline. @param nowSeconds the head's time.
 */
export function escalatedFees(
  before: Fees,
  policy: FeePolicy,
  nextBaseFeeWei: bigint | undefined,
  escalation: Escalation | undefined,
  nowSeconds: bigint,
): Fees | undefined {
  const least = replacementFees(before, policy, nextBaseFeeWei);
  if (least === undefined || escalation === undefined) return least;
  const { mineBy, secondsPerAttempt } = escalation;
  const attempts = maxBigint(maxBigint(mineBy - nowSeconds, 0n) / maxBigint(secondsPerAttempt, 1n), 1n);
  const step = mulDivUp(maxBigint(policy.maxFeePerGasWei - before.maxFeePerGasWei, 0n), 1n, attempts);
  const maxFeePerGasWei = maxBigint(least.maxFeePerGasWei, before.maxFeePerGasWei + step);
  // The tip grows with it: only that part makes a block's maker prefer it.
  const grown = mulDivUp(before.priorityFeeWei, maxFeePerGasWei, maxBigint(before.maxFeePerGasWei, 1n));
  const priorityFeeWei = minBigint(maxBigint(least.priorityFeeWei, grown), maxFeePerGasWei);
  return { maxFeePerGasWei, priorityFeeWei };
}
