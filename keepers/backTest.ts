/** `replay --prices`: a keeper's own decision over a file of outside prices. The simulator has the contracts and the market for that; it runs as a program of its own. */
import { spawn } from "node:child_process";
import { join } from "node:path";

import { PermanentError } from "../protocol/errors.js";
import type { ProgramContext, ProgramResult } from "./kit/program.js";

const ROOT = join(import.meta.dirname, "..");

/**
 * Replays a price file through real contracts on a simulated chain, with the code of the keeper that decides on live chains. What the
 * simulator tells people goes to standard error.
 * @returns the simulator's figures, or the error that it ended with.
 * @throws PermanentError SIMULATOR_FAILED when it ended without an answer.
 */
export async function backTest(
  { signal }: Pick<ProgramContext, "signal">,
  pricesFile: string,
  seed: number,
): Promise<ProgramResult> {
  const args = ["--import", "tsx", join(ROOT, "scripts", "sim.ts"), "--prices", pricesFile, "--seed", String(seed)];
  const child = spawn(process.execPath, [...args, "--json"], { stdio: ["ignore", "pipe", "inherit"] });
  const stop = (): void => {
    child.kill("SIGTERM");
  };
  signal.addEventListener("abort", stop, { once: true });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  signal.removeEventListener("abort", stop);
  const answer = lastLine(output);
  if (answer === undefined)
    throw new PermanentError("SIMULATOR_FAILED", `the simulator ended with code ${String(code)} and without an answer`);
  const { ok, ...report } = answer;
  return { ok: ok === true, report };
}

function lastLine(output: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(output.trimEnd().split("\n").at(-1) ?? "") as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
