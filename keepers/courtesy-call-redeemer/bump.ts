/**
 * What a transaction may offer per gas, and how fast it offers more. Pure; how a replacement must differ is the kit's (fees.ts), and the
 * outbox signs it.
 *
 * Ceiling: the hard one, or the share of what is at stake that may go to gas, whichever is lower; rounded down. A step is at least the
 * kit's (12.5 % on both fields) and large enough that equal steps reach the ceiling with the last attempt before the deadline. Beyond the
 * ceiling the best attempt stays alive, and a person is told.
 */
import { maxBigint, minBigint, mulDivDown, mulDivUp } from "../../protocol/math.js";
import { replacementFees, withCeiling, type FeePolicy, type Fees } from "../kit/fees.js";

const ALL_BPS = 10_000n;

export interface BumpPolicy {
  /** Its ceiling is the hard one. */
  readonly fees: FeePolicy;
  /** Of what is at stake, how much may go to gas. */
  readonly stakeShareBps: bigint;
  /** Between two attempts: blocks without a receipt times their usual time. */
  readonly secondsPerAttempt: bigint;
}

export type Bump =
  | { readonly kind: "replace"; readonly fees: Fees }
  | { readonly kind: "keep"; readonly reason: "at-ceiling"; readonly ceilingWei: bigint };

/** Most that a transaction of `gasLimit` may offer per gas for `lossWei` at stake, rounded down; 0 for nothing at stake. */
export function feeCeilingWei(lossWei: bigint, gasLimit: bigint, { fees, stakeShareBps }: BumpPolicy): bigint {
  const gas = maxBigint(gasLimit, 1n);
  return minBigint(fees.maxFeePerGasWei, mulDivDown(lossWei, stakeShareBps, ALL_BPS * gas));
}

/**
 * The next attempt after `before`.
 * @param secondsLeft until the rescue should be mined; undefined when no window runs
 */
export function escalate(
  before: Fees,
  ceilingWei: bigint,
  secondsLeft: bigint | undefined,
  policy: BumpPolicy,
  nextBaseFeeWei: bigint | undefined,
): Bump {
  const capped = withCeiling(policy.fees, ceilingWei);
  const least = replacementFees(before, capped, nextBaseFeeWei);
  if (least === undefined) return { kind: "keep", reason: "at-ceiling", ceilingWei: capped.maxFeePerGasWei };
  if (secondsLeft === undefined) return { kind: "replace", fees: least };
  const attempts = maxBigint(secondsLeft / maxBigint(policy.secondsPerAttempt, 1n), 1n);
  const step = mulDivUp(maxBigint(capped.maxFeePerGasWei - before.maxFeePerGasWei, 0n), 1n, attempts);
  const maxFeePerGasWei = maxBigint(least.maxFeePerGasWei, before.maxFeePerGasWei + step);
  // The tip grows with it: only that part makes a block's maker prefer it.
  const grown = mulDivUp(before.priorityFeeWei, maxFeePerGasWei, maxBigint(before.maxFeePerGasWei, 1n));
  const priorityFeeWei = minBigint(maxBigint(least.priorityFeeWei, grown), maxFeePerGasWei);
  return { kind: "replace", fees: { maxFeePerGasWei, priorityFeeWei } };
}
