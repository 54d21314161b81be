import type { Address, Instruction } from "@solana/kit";

import { unitLimit } from "../../../protocol/solana/transaction.js";

const COMPUTE_BUDGET = "ComputeBudget111111111111111111111111111111" as Address;
/** ComputeBudgetInstruction. */
const SET_UNIT_PRICE = 3;
/** More than any instruction of a deployment takes that says nothing else. */
const UNIT_LIMIT = 100_000;

/** What a transaction says about its priority; nothing where none is paid for and the cluster's own limit is enough. */
export function priceInstructions(microLamportsPerUnit: number, units: number | undefined): Instruction[] {
  if (microLamportsPerUnit === 0) return units === undefined ? [] : [unitLimit(units)];
  const price = new DataView(new ArrayBuffer(9));
  price.setUint8(0, SET_UNIT_PRICE);
  price.setBigUint64(1, BigInt(microLamportsPerUnit), true);
  return [unitLimit(units ?? UNIT_LIMIT), { programAddress: COMPUTE_BUDGET, data: new Uint8Array(price.buffer) }];
}
