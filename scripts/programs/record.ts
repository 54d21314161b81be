/**
 * programs/prebuilt/SOURCES.sha256: what the committed programs were built from, with what, and what came out. Besides its `#` lines it is
 * what `sha256sum` writes, so `sha256sum --check programs/prebuilt/SOURCES.sha256` says the same as the test of freshness.
 */
import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { PermanentError } from "../../protocol/errors.js";
import { outputsOf, PREBUILT, PROGRAM_NAMES } from "./layout.js";
import { type Toolchain } from "./toolchain.js";

export const RECORD = `${PREBUILT}/SOURCES.sha256`;
export const REBUILD = "npm run build:programs";

/** Everything that decides about a byte of the programs, their IDLs and the types. Rust and LLVM are in the `#` lines. */
const SOURCES = [
  "Cargo.{lock,toml}",
  "programs/*/Cargo.toml",
  "programs/*/src/**",
  "scripts/programs/sbf/*",
  "scripts/programs/crates/idlgen/**",
  "scripts/programs/idlType.ts",
];

export interface BuildRecord {
  readonly toolchain: Toolchain;
  /** SHA-256 in hex by path from the root: sources first, then what was built. */
  readonly files: ReadonlyMap<string, string>;
}

const sha256 = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

/** Paths of the sources from the root, sorted. */
export function sourceFiles(root: string): string[] {
  return globSync(SOURCES, { cwd: root })
    .filter((file) => statSync(path.join(root, file)).isFile())
    .sort();
}

function hashAll(root: string, files: readonly string[]): Map<string, string> {
  return new Map(files.map((file) => [file, sha256(path.join(root, file))]));
}

/** Hashes of the sources as they are now. Taken before a build: an edit while it runs must not count as built. */
export function hashSources(root: string): ReadonlyMap<string, string> {
  return hashAll(root, sourceFiles(root));
}

const allOutputs = (): string[] =>
  PROGRAM_NAMES.flatMap((program) => {
    const { so, idl, type } = outputsOf(program);
    return [so, idl, type];
  });

export function writeRecord(root: string, toolchain: Toolchain, sources: ReadonlyMap<string, string>): void {
  const files = [...sources, ...hashAll(root, allOutputs())];
  const lines = [
    `# What the programs in this folder were built from, with what, and what came out. Written by ${REBUILD}.`,
    ...Object.entries(toolchain).map(([name, version]) => `# ${name}: ${version}`),
    ...files.map(([file, hash]) => `${hash}  ${file}`),
  ];
  writeFileSync(path.join(root, RECORD), `${lines.join("\n")}\n`);
}

/** @throws PermanentError NO_BUILD_RECORD. */
export function readRecord(root: string): BuildRecord {
  const file = path.join(root, RECORD);
  if (!existsSync(file)) throw new PermanentError("NO_BUILD_RECORD", `${RECORD} does not exist`, `run ${REBUILD}`);
  const text = readFileSync(file, "utf8");
  const toolchain = Object.fromEntries(
    [...text.matchAll(/^# ([a-z-]+): (.+)$/gm)].map(([, name = "", version = ""]): [string, string] => [name, version]),
  );
  const files = new Map(
    [...text.matchAll(/^([0-9a-f]{64}) {2}(.+)$/gm)].map(([, hash = "", name = ""]): [string, string] => [name, hash]),
  );
  return { toolchain, files };
}

/** One line for each file that is not as the record says. Empty: what is committed was built from this tree. */
export function differences(root: string, record: BuildRecord): string[] {
  const now = hashAll(root, [
    ...sourceFiles(root),
    ...allOutputs().filter((file) => existsSync(path.join(root, file))),
  ]);
  return [...new Set([...record.files.keys(), ...now.keys()])].sort().flatMap((file) => {
    const [then, today] = [record.files.get(file), now.get(file)];
    if (then === today) return [];
    if (today === undefined) return [`${file} is gone`];
    return [then === undefined ? `${file} is new` : `${file} has changed`];
  });
}
