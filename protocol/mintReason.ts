/** IStablecoinReserveVault.MintReason in order. The order is ABI; OPEN means that minting is possible. */
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

/** Name of a reason as the contract encodes it; a number newer than this list stays a number. */
export function mintReason(value: bigint): MintReason | `REASON_${string}` {
  return MINT_REASONS[Number(value)] ?? `REASON_${value.toString()}`;
}
