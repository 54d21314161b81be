/** IStabilizerLimits.Reason in order: why the stabilizer may not act; NONE means it may. The order is ABI. */
export const stabilizerReasons = [
  "NONE",
  "NOT_REGISTERED",
  "PAUSED",
  "INSIDE_BAND",
  "NOT_SUSTAINED",
  "SPOT_DISAGREES",
  "COOLDOWN",
  "GAS_PRICE",
  "ORACLE_UNAVAILABLE",
  "ANCHOR_DISAGREES",
  "CAP_EXHAUSTED",
  "BUCKET_EXHAUSTED",
  "NO_INVENTORY",
  "BELOW_MINIMUM",
  "WRONG_DIRECTION",
  "SLIPPAGE",
  "WOULD_LOSE",
  "HISTORY_UNAVAILABLE",
  "EXECUTION_FAILED",
  "PEG_HALTED",
  "PRICE_OUTSIDE_GUARD",
] as const;

export type StabilizerReason = (typeof stabilizerReasons)[number];

/** Name of a reason as the contract encodes it; a number newer than this list stays a number. */
export function stabilizerReason(value: bigint): StabilizerReason | `REASON_${string}` {
  return stabilizerReasons[Number(value)] ?? `REASON_${value.toString()}`;
}
