/** Code on its way from a file to a running program, through the upgradeable loader. */
import type { Address, KeyPairSigner } from "@solana/kit";

import { programDataAddress } from "../../../protocol/solana/addresses.js";
import type { SolanaChain } from "./chain.js";
import { deployProgram, PROGRAM_BYTES } from "./loader.js";
import { roomFor } from "./room.js";
import { programState } from "./state.js";
import { upload } from "./upload.js";

/**
 * Makes a program of an ELF, with room for longer code. A run that was killed is gone on with.
 * @param program its key, which signs once; `payer` may upgrade it.
 * @returns the slot of the deployment, which the cluster has passed: the program runs.
 */
export async function deployCode(
  chain: SolanaChain,
  payer: KeyPairSigner,
  program: KeyPairSigner,
  elf: Uint8Array,
  log: (line: string) => void = () => undefined,
): Promise<bigint> {
  const programId = program.address;
  const { buffer } = await upload(chain, payer, elf, payer.address, log);
  const accounts = { programId, programData: await programDataAddress(programId), buffer };
  const missing = await chain.missingRent(programId, PROGRAM_BYTES);
  const instructions = deployProgram(payer.address, accounts, roomFor(elf.length), missing);
  await chain.send(`deploy ${programId}`, instructions, [payer, program]);
  return untilItRuns(chain, programId);
}

/** Waits until the cluster is beyond the slot in which a program was deployed. @returns that slot. */
export async function untilItRuns(chain: SolanaChain, programId: Address): Promise<bigint> {
  const state = await programState(chain, programId);
  if (state.kind !== "deployed") throw new Error(`${programId} is not deployed`);
  await chain.passSlot(state.slot);
  return state.slot;
}
