/** Gas of what a redeemer sends, as measured on the published contracts; limits leave room for colder storage and longer vectors. */

import { CLAIM_GAS_LIMIT, COLLECT_GAS_LIMIT, RESCUE_GAS_LIMIT } from "../../../../protocol/tbtc/bounty.js";

export interface CallGas {
  readonly estimate: bigint;
  readonly limit: bigint;
}

export const CALL_GAS = {
  courtesyCall: { estimate: 135_900n, limit: 250_000n },
  /** tbtcToBtc of a called deposit or one at term; highest of a batch. */
  vendingMachine: { estimate: 464_400n, limit: 800_000n },
  /** tbtcToBtc of a deposit that is neither: it pays the fee and its rebate. */
  vendingMachineEarly: { estimate: 492_800n, limit: 800_000n },
  /** requestRedemption of a called deposit; highest of whoever holds it. */
  direct: { estimate: 421_000n, limit: 750_000n },
  /** Of a called deposit through the escrow of bounties, creating the agent included; the call besides. */
  bounty: { estimate: 771_000n, limit: RESCUE_GAS_LIMIT },
  bountyCalling: { estimate: 852_000n, limit: RESCUE_GAS_LIMIT },
  /** A transfer of TBTC by the agent. */
  recover: { estimate: 60_000n, limit: 120_000n },
  approve: { estimate: 46_200n, limit: 70_000n },
} as const satisfies Readonly<Record<string, CallGas>>;

/**
 * Signature (70,554), one fee bump (227,913) with its signature, and a proof of six headers (397,980), with room for longer proofs:
 * what must be left over for a rescue that nobody else settles.
 */
export const FOLLOW_UP_GAS = 1_000_000n;
/** And the claim of the bounty, and its payout. */
export const BOUNTY_FOLLOW_UP_GAS = FOLLOW_UP_GAS + CLAIM_GAS_LIMIT + COLLECT_GAS_LIMIT;
