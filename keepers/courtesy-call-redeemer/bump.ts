/**
 * What a rescue may offer per gas. Pure. The hard ceiling, or the share of what is at stake that may go to gas, whichever is lower; rounded
 * down. How fast an attempt climbs to it is the outbox's (kit/outbox/escalation.ts).
 */
import { maxBigint, minBigint, mulDivDown } from "../../protocol/math.js";

const ALL_BPS = 10_000n;

export interface CeilingPolicy {
  /** The hard one. */
  readonly maxFeePerGasWei: bigint;
  /** Of what is at stake, how much may go to gas. */
  readonly stakeShareBps: bigint;
}

/** Most that transactions of `gasLimit` together may offer per gas for `lossWei` at stake, rounded down; 0 for nothing at stake. */
export function feeCeilingWei(lossWei: bigint, gasLimit: bigint, policy: CeilingPolicy): bigint {
  const gas = maxBigint(gasLimit, 1n);
  return minBigint(policy.maxFeePerGasWei, mulDivDown(lossWei, policy.stakeShareBps, ALL_BPS * gas));
}
