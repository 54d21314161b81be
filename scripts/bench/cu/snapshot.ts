/** The committed figures: a change of the program shows there what it costs. Hardhat deletes files beside its own in snapshots/. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import type { ComputeUnits } from "./meter.js";

const FILE = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../../snapshots/solana/compute-units.json");

/** What writes the file anew. */
export const RESNAPSHOT = "npm run bench -- cu --snapshot";

export function readComputeUnits(): unknown {
  return JSON.parse(readFileSync(FILE, "utf8"));
}

export function writeComputeUnits(measured: Readonly<Record<string, ComputeUnits>>): void {
  writeFileSync(FILE, `${JSON.stringify(measured, null, 2)}\n`);
}
