/** The surfpool validator as a program: built from the crate registry the first time, kept in the user's cache. */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import { getPriority, homedir, setPriority } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { PermanentError } from "../../../protocol/errors.js";

const CRATE = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../surfpool");
const NAME = "cantilever-surfpool";
/** What decides what comes out. */
const SOURCES = ["Cargo.toml", "Cargo.lock", "src/main.rs"];
/** As many crates as a build compiles, give or take those of the platform. */
const CRATES = 870;
const NEEDED_BYTES = 3 * 1024 ** 3;
const TELL_EVERY_MS = 15_000;
const LAST_LINES = 40;
const NEWEST_CRATES = 3;
const LOW_PRIORITY = 10;

/** CANTILEVER_CACHE, or the user's cache as systems with XDG have it. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const own = env["CANTILEVER_CACHE"];
  if (own !== undefined && own !== "") return path.resolve(own);
  const xdg = env["XDG_CACHE_HOME"];
  return path.join(xdg === undefined || xdg === "" ? path.join(homedir(), ".cache") : xdg, "cantilever");
}

/** Where the program lies once it is built from what is here. */
export async function surfpoolBinary(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const hash = createHash("sha256");
  for (const file of SOURCES) hash.update(await fs.readFile(path.join(CRATE, file)));
  return path.join(cacheDirectory(env), "surfpool", `${NAME}-${hash.digest("hex").slice(0, 16)}`);
}

export async function isBuilt(binary: string): Promise<boolean> {
  return fs.access(binary, fs.constants.X_OK).then(
    () => true,
    () => false,
  );
}

/**
 * Builds it unless it is there.
 * @throws PermanentError CARGO_NOT_FOUND, NOT_ENOUGH_SPACE or SURFPOOL_BUILD_FAILED.
 */
export async function ensureSurfpool(signal: AbortSignal, say: (line: string) => void): Promise<string> {
  const binary = await surfpoolBinary();
  if (await isBuilt(binary)) return binary;
  const cargo = spawnSync("cargo", ["--version"], { encoding: "utf8" });
  if (cargo.status !== 0) {
    throw new PermanentError(
      "CARGO_NOT_FOUND",
      "the surfpool engine is built with Rust, and cargo is not on PATH",
      "install Rust (https://rustup.rs) and run the command again, or use --engine litesvm",
    );
  }
  const folder = path.dirname(binary);
  await fs.mkdir(folder, { recursive: true });
  const { bavail, bsize } = await fs.statfs(folder);
  if (bavail * bsize < NEEDED_BYTES) {
    throw new PermanentError(
      "NOT_ENOUGH_SPACE",
      `${folder} has ${String(Math.round((bavail * bsize) / 1024 ** 2))} MB free; the build of surfpool takes 1.7 GB and wants 3`,
      "make room, or set CANTILEVER_CACHE to a directory that has it",
    );
  }
  say(`building surfpool with ${cargo.stdout.trim()} in ${folder}: once, 15 to 25 minutes on two cores, 1.7 GB`);
  const started = Date.now();
  const target = path.join(folder, "target");
  await build(target, signal, ({ crates, newest }) => {
    const minutes = ((Date.now() - started) / 60_000).toFixed(1);
    say(`  ${String(crates)} of about ${String(CRATES)} crates begun, ${minutes} min, at ${newest}`);
  });
  // Under another name first: whoever finds the program finds all of it.
  await fs.copyFile(path.join(target, "debug", NAME), `${binary}.next`);
  await fs.rename(`${binary}.next`, binary);
  say(`built in ${((Date.now() - started) / 60_000).toFixed(1)} min: ${binary}; ${target} is no longer needed`);
  return binary;
}

interface Progress {
  readonly crates: number;
  /** Names of those that were begun last: one that takes minutes is among them. */
  readonly newest: string;
}

async function build(target: string, signal: AbortSignal, tell: (progress: Progress) => void): Promise<void> {
  const args = ["build", "--locked", "--ignore-rust-version", "--manifest-path", path.join(CRATE, "Cargo.toml")];
  // Some of its crates ask for a newer Rust than they use, and one for a nightly switch.
  const env = { ...process.env, RUSTC_BOOTSTRAP: "1", CARGO_TARGET_DIR: target, CARGO_TERM_COLOR: "never" };
  const child = spawn("cargo", args, { env, signal, stdio: ["ignore", "ignore", "pipe"] });
  // Whoever starts it at an even lower priority keeps that.
  if (child.pid !== undefined) setPriority(child.pid, Math.max(getPriority(), LOW_PRIORITY));
  let crates = 0;
  let newest: string[] = [];
  let last: string[] = [];
  let unfinished = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    const lines = (unfinished + text).split("\n");
    unfinished = lines.pop() ?? "";
    const begun = lines.flatMap((line) => /^\s*Compiling (\S+) /.exec(line)?.[1] ?? []);
    crates += begun.length;
    newest = [...newest, ...begun].slice(-NEWEST_CRATES);
    last = [...last, ...lines].slice(-LAST_LINES);
  });
  const timer = setInterval(() => {
    tell({ crates, newest: newest.join(", ") });
  }, TELL_EVERY_MS);
  const code = await new Promise<number | null>((resolve) => {
    child.on("error", () => {
      resolve(null);
    });
    child.on("close", resolve);
  });
  clearInterval(timer);
  if (code === 0) return;
  throw new PermanentError(
    "SURFPOOL_BUILD_FAILED",
    signal.aborted ? "the build was stopped" : `cargo ended with ${String(code)}:\n${last.join("\n")}`,
    "run the command again: what is compiled stays",
  );
}
