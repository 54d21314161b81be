/** Where the programs and what is built from them lie, from the root. */
import { PROGRAM_NAMES, type ProgramName } from "../../protocol/solana/programKeys.js";

export { PROGRAM_NAMES, type ProgramName };

/** What is committed, so that tests and the local world need no Rust. */
export const PREBUILT = "programs/prebuilt";
/** The differential test of the offline build (test/programs/differential.test.ts). */
export const DIFFERENTIAL = "target/differential";

/** Rust's name of a library, which Anchor uses for files. */
export const libraryOf = (name: string): string => name.replaceAll("-", "_");

export interface ProgramOutputs {
  readonly so: string;
  readonly idl: string;
  readonly type: string;
}

export function outputsOf(name: ProgramName): ProgramOutputs {
  const library = libraryOf(name);
  return {
    so: `${PREBUILT}/${library}.so`,
    idl: `${PREBUILT}/${library}.json`,
    type: `protocol/solana/idl/${library}.ts`,
  };
}
