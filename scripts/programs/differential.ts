/** Which build of the differential test's functions lies in target/: test/programs/differential.test.ts runs no other. */
import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { DIFFERENTIAL } from "./layout.js";
import { ask } from "./run.js";
import { toolsFolder } from "./toolchain.js";

const SOURCES = [
  "Cargo.{lock,toml}",
  "programs/*/{Cargo.toml,src/**}",
  "scripts/programs/crates/difftest-*/**",
  "scripts/programs/sbf/*",
];

/** What the differential test starts. */
export const DIFFERENTIAL_PROGRAM = `${DIFFERENTIAL}/difftest_program.so`;
export const DIFFERENTIAL_HOST = "target/debug/difftest-host";
const STAMP = `${DIFFERENTIAL}/SOURCES`;

function stampOf(root: string): string {
  // The same sources are other code with another rustc or LLVM.
  const versions = path.join(toolsFolder(process.env), "versions");
  const hash = createHash("sha256")
    .update(ask("rustc", ["-V"]) ?? "no rustc")
    .update("\0")
    .update(existsSync(versions) ? readFileSync(versions) : "no tools")
    .update("\0");
  for (const file of globSync(SOURCES, { cwd: root }).sort()) {
    const full = path.join(root, file);
    if (statSync(full).isFile()) hash.update(file).update("\0").update(readFileSync(full)).update("\0");
  }
  return hash.digest("hex");
}

export function writeDifferentialStamp(root: string): void {
  writeFileSync(path.join(root, STAMP), stampOf(root));
}

/** Whether both sides are there and of today's sources. */
export function isDifferentialBuilt(root: string): boolean {
  const files = [STAMP, DIFFERENTIAL_PROGRAM, DIFFERENTIAL_HOST].map((file) => path.join(root, file));
  return files.every((file) => existsSync(file)) && readFileSync(path.join(root, STAMP), "utf8") === stampOf(root);
}
