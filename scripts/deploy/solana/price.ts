import type { Address, Instruction } from "@solana/kit";

const COMPUTE_BUDGET = "ComputeBudget111111111111111111111111111111" as Address;
/** ComputeBudgetInstruction. */
const SET_UNIT_LIMIT = 2;
const SET_UNIT_PRICE = 3;
/** More than any instruction of a deployment takes. */
const UNIT_LIMIT = 100_000;

/** What a transaction says about its priority; nothing where none is paid for. */
export function priceInstructions(microLamportsPerUnit: number): Instruction[] {
  if (microLamportsPerUnit === 0) return [];
  const limit = new DataView(new ArrayBuffer(5));
  limit.setUint8(0, SET_UNIT_LIMIT);
  limit.setUint32(1, UNIT_LIMIT, true);
  const price = new DataView(new ArrayBuffer(9));
  price.setUint8(0, SET_UNIT_PRICE);
  price.setBigUint64(1, BigInt(microLamportsPerUnit), true);
  return [limit, price].map(({ buffer }) => ({ programAddress: COMPUTE_BUDGET, data: new Uint8Array(buffer) }));
}
