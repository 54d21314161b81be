/** Other programs, started from the commands of this folder. */
import { spawn, spawnSync } from "node:child_process";

import { PermanentError } from "../../protocol/errors.js";

export interface RunOptions {
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
  /** Show what the program says on standard error only when it fails: for one that has no quiet way to work. */
  readonly quiet?: boolean;
}

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
}

/** What cargo prints while it works belongs on a terminal, not into a log; its warnings and errors are always shown. */
export const cargoEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  ...(process.stderr.isTTY ? {} : { CARGO_TERM_QUIET: "true" }),
});

/** Runs a program to its end; what it says on standard error is shown as it comes. A program that cannot be started ends with 127. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<Outcome> {
  const { cwd, signal, env = process.env, quiet = false } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, signal, stdio: ["ignore", "pipe", quiet ? "pipe" : "inherit"] });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", () => {
      resolve({ status: signal.aborted ? 130 : 127, stdout });
    });
    child.on("close", (code) => {
      if (code !== 0) process.stderr.write(stderr);
      resolve({ status: code ?? 1, stdout });
    });
  });
}

/** As `run`, for work that must succeed. @throws PermanentError with this code. */
export async function mustRun(
  code: string,
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<string> {
  const { status, stdout } = await run(command, args, options);
  if (status === 0) return stdout;
  throw new PermanentError(code, `${command} ended with exit code ${String(status)}, see above`);
}

/** First line of what a program says, undefined when it is not there or fails. */
export function ask(command: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8", timeout: 60_000 });
  return status === 0 ? stdout.trim().split("\n")[0] : undefined;
}

/**
 * Whether the crates of Cargo.lock are here or come from the crate registry.
 * @throws PermanentError LOCK_OUT_OF_DATE when Cargo.lock is not of these manifests, which is no matter of the registry.
 */
export function hasCrates(cwd: string): boolean {
  const { status, stderr } = spawnSync("cargo", ["fetch", "--locked"], { cwd, encoding: "utf8", timeout: 300_000 });
  if (status !== 0 && stderr.includes("--locked")) {
    throw new PermanentError("LOCK_OUT_OF_DATE", "Cargo.lock does not fit the manifests", "run cargo metadata, commit");
  }
  return status === 0;
}
