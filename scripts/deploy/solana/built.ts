/** Programs as they were built: the ELF, and the address that is compiled into it. */
import { readFileSync } from "node:fs";
import path from "node:path";

import type { Address } from "@solana/kit";

import { PermanentError } from "../../../protocol/errors.js";
import type { LoadedSolanaParams } from "../../../protocol/solana/network.js";
import { codeHashOf } from "../../../protocol/solana/programData.js";
import type { ProgramState } from "./state.js";
import { libraryOf, PREBUILT, PROGRAM_NAMES, type ProgramName } from "../../programs/layout.js";

export interface BuiltProgram {
  readonly name: ProgramName;
  readonly programId: Address;
  readonly elf: Uint8Array;
}

/**
 * Reads all programs of a folder with NAME.so and NAME.json beside each other.
 * @throws PermanentError BUILT_FOR_ANOTHER_ADDRESS: a program refuses to run anywhere but at its `declare_id!`; PROGRAM_NOT_BUILT.
 */
export function readBuilt({ params, network }: LoadedSolanaParams, folder = PREBUILT): readonly BuiltProgram[] {
  return PROGRAM_NAMES.map((name) => {
    const programId = params.programs[name];
    const file = path.join(folder, libraryOf(name));
    const address = declaredAddress(`${file}.json`);
    if (address !== programId) {
      throw new PermanentError(
        "BUILT_FOR_ANOTHER_ADDRESS",
        `${file}.so was built for ${address}, but params/${network}.json has ${name} at ${programId}`,
        "put the address into declare_id! and Anchor.toml, build again, and name the folder with --programs",
        { built: address, expected: programId },
      );
    }
    return { name, programId, elf: new Uint8Array(read(`${file}.so`)) };
  });
}

/** What a ProgramData holds beyond its code is zeros: room for longer code. */
export function isSameCode(deployed: Uint8Array, elf: Uint8Array): boolean {
  if (deployed.length < elf.length) return false;
  return Buffer.compare(deployed.subarray(0, elf.length), elf) === 0 && isZero(deployed.subarray(elf.length));
}

/** Hex. As the vault program hashes it at registration: without the zeros behind it. */
export function codeHash(deployed: Uint8Array): string {
  return Buffer.from(codeHashOf(deployed)).toString("hex");
}

/** The built program that runs at an address, byte for byte; undefined where something else does, or nothing. */
export function builtThere(
  built: readonly BuiltProgram[],
  programId: Address,
  state: ProgramState,
): BuiltProgram | undefined {
  const program = built.find((candidate) => candidate.programId === programId);
  return program !== undefined && state.kind === "deployed" && isSameCode(state.so, program.elf) ? program : undefined;
}

const isZero = (data: Uint8Array): boolean => data.every((byte) => byte === 0);

/** The address that the IDL repeats from `declare_id!`. */
function declaredAddress(file: string): string {
  const content = read(file).toString("utf8");
  try {
    return (JSON.parse(content) as { readonly address: string }).address;
  } catch (cause) {
    throw notBuilt(`${file} is not an IDL`, file, cause);
  }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw notBuilt(`there is no ${file}`, file, cause);
  }
}

function notBuilt(what: string, file: string, cause: unknown): PermanentError {
  return new PermanentError("PROGRAM_NOT_BUILT", what, "run: npm run build:programs", { file }, { cause });
}
