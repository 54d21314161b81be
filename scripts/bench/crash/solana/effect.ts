/** An effect on Solana: a transfer of a fixed amount to an address that follows from its key, so that a balance counts its times. */
import { createHash } from "node:crypto";

import { getAddressDecoder, type Address, type Instruction } from "@solana/kit";

import { transferInstruction } from "../../../validator/instructions.js";

/** Enough for an account to exist. */
export const EFFECT_LAMPORTS = 1_000_000n;
/** Key of the benchmark's keeper: published and worthless. */
export const KEEPER_SEED = new Uint8Array(32).fill(0xcc);

export function effectAddress(key: string): Address {
  return getAddressDecoder().decode(createHash("sha256").update(key).digest());
}

export function effectInstruction(from: Address, key: string): Instruction {
  return transferInstruction(from, effectAddress(key), EFFECT_LAMPORTS);
}
