/** The few instructions that the cluster, its benchmark and tests make themselves. */
import { AccountRole, type Address, type Instruction } from "@solana/kit";

export const SYSTEM_PROGRAM = "11111111111111111111111111111111" as Address;
const COMPUTE_BUDGET = "ComputeBudget111111111111111111111111111111" as Address;
/** System instruction Transfer, compute-budget instruction SetComputeUnitLimit. */
const TRANSFER = 2;
const SET_COMPUTE_UNIT_LIMIT = 2;

export function transferInstruction(from: Address, to: Address, amountLamports: bigint): Instruction {
  const data = new DataView(new ArrayBuffer(12));
  data.setUint32(0, TRANSFER, true);
  data.setBigUint64(4, amountLamports, true);
  return {
    programAddress: SYSTEM_PROGRAM,
    accounts: [
      { address: from, role: AccountRole.WRITABLE_SIGNER },
      { address: to, role: AccountRole.WRITABLE },
    ],
    data: new Uint8Array(data.buffer),
  };
}

export function computeLimitInstruction(units: number): Instruction {
  const data = new DataView(new ArrayBuffer(5));
  data.setUint8(0, SET_COMPUTE_UNIT_LIMIT);
  data.setUint32(1, units, true);
  return { programAddress: COMPUTE_BUDGET, data: new Uint8Array(data.buffer) };
}
