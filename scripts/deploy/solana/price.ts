import type { Instruction } from "@solana/kit";

import { unitLimit, unitPrice } from "../../../protocol/solana/computeBudget.js";

/** More than any instruction of a deployment takes that says nothing else. */
const UNIT_LIMIT = 100_000;

/** What a transaction says about its priority; nothing where none is paid for and the cluster's own limit is enough. */
export function priceInstructions(microLamportsPerUnit: number, units: number | undefined): Instruction[] {
  if (microLamportsPerUnit === 0) return units === undefined ? [] : [unitLimit(units)];
  return [unitLimit(units ?? UNIT_LIMIT), unitPrice(BigInt(microLamportsPerUnit))];
}
