/** Durable nonces as a cluster treats them: such a transaction does not expire, so programs and signers must be testable against it. */
import { getBase58Decoder, type Address, type EncodedAccount } from "@solana/kit";

import { SYSTEM_PROGRAM } from "./instructions.js";
import type { CompiledMessage } from "./wire.js";

/** Number of the system instruction AdvanceNonceAccount, little-endian. */
const ADVANCE_NONCE_ACCOUNT = [4, 0, 0, 0];
/** Nonce account: version u32, state u32 (1: initialised), authority, nonce, fee. */
const STATE_OFFSET = 4;
const NONCE_OFFSET = 40;
const NONCE_ACCOUNT_BYTES = 80;
const ADDRESS_BYTES = 32;

/** Whether the message names the present value of a durable nonce and advances it in its first instruction. */
export function isNonceValid(
  message: CompiledMessage,
  read: (address: Address) => EncodedAccount | undefined,
): boolean {
  const [first] = "instructions" in message ? message.instructions : [];
  if (first === undefined || message.staticAccounts[first.programAddressIndex] !== SYSTEM_PROGRAM) return false;
  if (!ADVANCE_NONCE_ACCOUNT.every((byte, index) => first.data?.[index] === byte)) return false;
  const address = message.staticAccounts[first.accountIndices?.[0] ?? -1];
  const account = address === undefined ? undefined : read(address);
  if (account?.programAddress !== SYSTEM_PROGRAM || account.data.length !== NONCE_ACCOUNT_BYTES) return false;
  if (account.data[STATE_OFFSET] !== 1) return false;
  const value = getBase58Decoder().decode(account.data.subarray(NONCE_OFFSET, NONCE_OFFSET + ADDRESS_BYTES));
  return value === message.lifetimeToken;
}
