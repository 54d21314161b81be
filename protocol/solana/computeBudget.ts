/** What a transaction asks of the compute budget. */
import type { Address, Instruction } from "@solana/kit";

export const COMPUTE_BUDGET = "ComputeBudget111111111111111111111111111111" as Address;
/** ComputeBudgetInstruction. */
const SET_UNIT_LIMIT = 2;
const SET_UNIT_PRICE = 3;

/** Asks for a transaction's compute units. */
export function unitLimit(units: number): Instruction {
  const data = new DataView(new ArrayBuffer(5));
  data.setUint8(0, SET_UNIT_LIMIT);
  data.setUint32(1, units, true);
  return { programAddress: COMPUTE_BUDGET, data: new Uint8Array(data.buffer) };
}

/** Offers a price for each of them. */
export function unitPrice(microLamports: bigint): Instruction {
  const data = new DataView(new ArrayBuffer(9));
  data.setUint8(0, SET_UNIT_PRICE);
  data.setBigUint64(1, microLamports, true);
  return { programAddress: COMPUTE_BUDGET, data: new Uint8Array(data.buffer) };
}
