/** Compiles programs and their IDLs into folders below target/. What is committed, scripts/buildPrograms.ts copies from there. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { idlType } from "./idlType.js";
import { libraryOf, outputsOf, type ProgramName } from "./layout.js";
import { nativeEnvironment, WORKSPACE } from "./native.js";
import { cargoEnvironment, mustRun, type RunOptions } from "./run.js";
import { isSolana, type Toolchain, toolsFolder } from "./toolchain.js";

export interface BuildContext {
  readonly root: string;
  readonly toolchain: Toolchain;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** @param target folder of the compiler, from the root. @param out where `<library>.so` goes, from the root. */
export async function compile(
  { root, toolchain, signal, say }: BuildContext,
  packages: readonly string[],
  { target, out }: { readonly target: string; readonly out: string },
): Promise<void> {
  const options: RunOptions = {
    cwd: root,
    signal,
    env: { ...cargoEnvironment(), SBF_TOOLS: toolsFolder(process.env) },
  };
  for (const name of packages) {
    say(`compiling ${name}`);
    const started = Date.now();
    if (isSolana(toolchain)) {
      const args = ["--manifest-path", `programs/${name}/Cargo.toml`, "--sbf-out-dir", out];
      await mustRun("PROGRAM_NOT_BUILT", "cargo-build-sbf", args, options);
    } else {
      const script = path.join(root, "scripts/programs/sbf/build.sh");
      say((await mustRun("PROGRAM_NOT_BUILT", script, [target, out, name], options)).trim());
    }
    say(`${name} is compiled (${String(Math.round((Date.now() - started) / 1000))} s)`);
  }
}

export interface Idl {
  readonly idl: string;
  readonly type: string;
}

/**
 * The environment in which Anchor's IDL builder runs the compiler that runs here: it hands RUSTUP_TOOLCHAIN to cargo as an argument of its
 * own making, which fails, so the compiler's own folder comes first on PATH instead.
 */
async function idlEnvironment(options: RunOptions): Promise<NodeJS.ProcessEnv> {
  const sysroot = (await mustRun("NO_RUST", "rustc", ["--print", "sysroot"], options)).trim();
  const env = nativeEnvironment(options.cwd);
  delete env["RUSTUP_TOOLCHAIN"];
  delete env["CARGO_TERM_QUIET"]; // cargo would hand it on to the tests, which the builder reads
  env["PATH"] = [path.join(sysroot, "bin"), env["PATH"] ?? ""].join(path.delimiter);
  return env;
}

/** IDL and TypeScript type of each program. */
export async function buildIdls(
  { root, signal, say }: BuildContext,
  names: readonly ProgramName[],
): Promise<ReadonlyMap<ProgramName, Idl>> {
  const options: RunOptions = { cwd: root, signal, quiet: true };
  const env = await idlEnvironment(options);
  await mustRun("IDL_NOT_BUILT", "cargo", ["build", "--locked", "-p", "idlgen"], { ...options, env });
  const idls = new Map<ProgramName, Idl>();
  for (const name of names) {
    say(`reading the interface of ${name}`);
    const idlgen = path.join(root, "target/debug/idlgen");
    const idl = await mustRun("IDL_NOT_BUILT", idlgen, [path.join(root, "programs", name)], { ...options, env });
    idls.set(name, { idl, type: idlType(idl, outputsOf(name).idl) });
  }
  return idls;
}

/** The functions of the differential test, for SBF and for this machine. */
export async function buildDifferential(context: BuildContext, target: string, out: string): Promise<void> {
  const { root, signal, say } = context;
  await compile(context, ["difftest-program"], { target, out });
  say("compiling the same functions for this machine");
  await mustRun("HOST_NOT_BUILT", "cargo", ["build", "--bins", ...WORKSPACE], {
    cwd: root,
    signal,
    env: nativeEnvironment(root),
  });
}

export function writeText(root: string, file: string, text: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text);
}

/** Path of a compiled program in the folder that `compile` was given. */
export const compiledAt = (out: string, name: string): string => `${out}/${libraryOf(name)}.so`;
