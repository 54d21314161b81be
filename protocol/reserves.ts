/** Words of the reserve contracts: orders that are ABI, and the names under which people and programs see them. */

/** IReserveSystem.Tier in order: the highest tier whose requirement the reserve meets. */
const TIERS = ["breached", "floor", "warn", "policy", "target"] as const;
export type ReserveTier = (typeof TIERS)[number];

/** IStablecoinReserveVault.MintReason in order; OPEN means that minting is possible. */
const MINT_REASONS = [
  "OPEN",
  "PAUSED",
  "ORACLE_DOUBT",
  "BELOW_BAND",
  "ATTESTATION_STALE",
  "ATTESTATION_SHORT",
  "TOKEN_PAUSED",
  "MINT_LIMIT",
] as const;
export type MintReason = (typeof MINT_REASONS)[number];

/** ICapitalBuckets.Bucket in order: public liquidity, stabilization, flash, cross-chain, reserve. */
export const BUCKET_NAMES = ["A", "B", "C", "D", "E"] as const;
export type BucketName = (typeof BUCKET_NAMES)[number];

/** Name of a tier as the contract encodes it; a number newer than this list stays a number. */
export function reserveTier(value: bigint): ReserveTier | `tier-${string}` {
  return TIERS[Number(value)] ?? `tier-${value.toString()}`;
}

/** Name of a reason as the contract encodes it; a number newer than this list stays a number. */
export function mintReason(value: bigint): MintReason | `REASON_${string}` {
  return MINT_REASONS[Number(value)] ?? `REASON_${value.toString()}`;
}
