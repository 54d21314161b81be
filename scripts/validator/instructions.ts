/** The few instructions that the cluster, its benchmark and tests make themselves. */
import { AccountRole, type Address, type Instruction } from "@solana/kit";

export const SYSTEM_PROGRAM = "11111111111111111111111111111111" as Address;
/** System instruction Transfer. */
const TRANSFER = 2;

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
