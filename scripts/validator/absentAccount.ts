/** What to set at an address so that nothing is there. */
import { lamports, type Address, type EncodedAccount } from "@solana/kit";

import { SYSTEM_PROGRAM } from "./instructions.js";

export function absentAccount(address: Address): EncodedAccount {
  return {
    address,
    lamports: lamports(0n),
    data: new Uint8Array(),
    executable: false,
    programAddress: SYSTEM_PROGRAM,
    space: 0n,
  };
}
