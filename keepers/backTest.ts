/** `replay --prices`: a keeper's own code over a history of outside prices. Simulators have the contracts and everybody else for that; each runs as a program of its own. */
import { spawn } from "node:child_process";
import { join } from "node:path";

import { PermanentError, UsageError } from "../protocol/errors.js";
import type { ProgramContext, ProgramResult } from "./kit/program.js";

/** Exit code of every program here. */
const WRONG_USAGE = 2;
const ROOT = join(import.meta.dirname, "..");

/** Programs of scripts/ that replay, by keeper. */
const SIMULATORS = {
  "deviation-stabilizer": "sim.ts",
  "courtesy-call-redeemer": "tbtcReplay.ts",
} as const;
export type Replayed = keyof typeof SIMULATORS;

/** Whether prices can be replayed through that keeper. */
export function isReplayed(keeper: string): keeper is Replayed {
  return Object.hasOwn(SIMULATORS, keeper);
}

/**
 * Replays prices through real contracts on a simulated chain, with the code of the keeper that works on live chains. What the simulator tells
 * people goes to standard error.
 * @returns the simulator's figures, or the error that it ended with.
 * @throws UsageError that the simulator ended with; PermanentError SIMULATOR_FAILED when it ended without an answer.
 */
export async function backTest(
  { signal }: Pick<ProgramContext, "signal">,
  keeper: Replayed,
  flags: Readonly<Record<string, string | undefined>>,
): Promise<ProgramResult> {
  const given = Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
  const args = ["--import", "tsx", join(ROOT, "scripts", SIMULATORS[keeper]), ...given];
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
  if (code === WRONG_USAGE) throw usageOf(report["error"]);
  return { ok: ok === true, report };
}

/** Its own words about flags that were passed on. */
function usageOf(error: unknown): UsageError {
  const { code = "INVALID_VALUE", message = "", fix } = (error ?? {}) as Readonly<Record<string, string | undefined>>;
  return new UsageError(code, message, fix);
}

function lastLine(output: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(output.trimEnd().split("\n").at(-1) ?? "") as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
