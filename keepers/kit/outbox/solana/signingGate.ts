/** The Solana side of signingGate.ts: whether a key may sign instructions. Asked inside the transaction that stores the bytes. */
import type { Instruction } from "@solana/kit";

import type { Queryable } from "../../../../db/database.js";
import type { Authorization } from "../signingGate.js";

/** Everything that a signature would cover, and the effect it is for. */
export interface SignableInstructions {
  /** Genesis hash. */
  readonly chainId: string;
  /** Pays the fee and is the only signer. */
  readonly signer: string;
  readonly instructions: readonly Instruction[];
  readonly computeUnitLimit: number;
  readonly microLamportsPerUnit: bigint;
  readonly key: string;
  /** New bytes for an effect whose earlier ones have expired: amounts were booked with the first ones. */
  readonly replacement: boolean;
}

export interface SolanaSigningGate {
  readonly policyHash: string;
  authorize(tx: Queryable, call: SignableInstructions): Promise<Authorization>;
}
