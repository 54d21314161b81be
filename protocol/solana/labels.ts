/** What to call an instruction in messages to people. */
import type { Instruction } from "@solana/kit";

import { knownProgram } from "./errorNames.js";
import { positionProgram } from "./positionProgram.js";
import { vaultProgram } from "./vaultProgram.js";

/** `collateralVault.deposit` for ours, the program's name or address for others. */
export function instructionLabel({ programAddress, data = new Uint8Array() }: Instruction): string {
  const ours = [vaultProgram, positionProgram].find(({ id }) => id === programAddress);
  if (ours === undefined) return knownProgram(programAddress)?.name ?? programAddress;
  return `${ours.name}.${ours.instructionName(new Uint8Array(data)) ?? "unknown"}`;
}
