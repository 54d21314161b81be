/** Which programs a local cluster starts with: ours as they are committed, and those that the caller names. */
import fs from "node:fs";
import path from "node:path";

import { isAddress } from "@solana/kit";

import { UsageError } from "../../protocol/errors.js";
import { LOCAL_PROGRAM_IDS } from "../../protocol/solana/programKeys.js";
import { outputsOf, PROGRAM_NAMES } from "../programs/layout.js";
import type { ProgramFile } from "./engines/engine.js";

/** Our programs at their local addresses, as far as they are built. */
export function ownPrograms(root: string): readonly ProgramFile[] {
  return PROGRAM_NAMES.map((name) => ({
    name,
    programId: LOCAL_PROGRAM_IDS[name] as ProgramFile["programId"],
    file: path.join(root, outputsOf(name).so),
  })).filter(({ file }) => fs.existsSync(file));
}

/** `ID=FILE.so`. @throws UsageError INVALID_VALUE. */
export function namedProgram(text: string): ProgramFile {
  const [, programId = "", file = ""] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const invalid = (expected: string): UsageError =>
    new UsageError("INVALID_VALUE", `--program ${text}: expected ${expected}`);
  if (!isAddress(programId)) throw invalid("ID=FILE.so with a program's address as ID");
  if (!fs.existsSync(file)) throw invalid(`a file at ${file}`);
  return { name: path.basename(file, ".so"), programId, file };
}

/** Both; a named program takes the place of ours at the same address. */
export function localPrograms(root: string, named: readonly ProgramFile[]): readonly ProgramFile[] {
  const taken = new Set(named.map(({ programId }) => programId));
  return [...ownPrograms(root).filter(({ programId }) => !taken.has(programId)), ...named];
}
