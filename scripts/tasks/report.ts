import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { CantileverError, ParameterError } from "../../protocol/errors.js";

/** What a task answers: an object for `--json`, lines for people, and whether the finding is good. */
export interface TaskAnswer {
  readonly ok: boolean;
  readonly json: object;
  readonly lines: readonly string[];
}

/** Where output goes; tests give their own. */
export interface TaskOutput {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/** A task itself; answers the exit code. */
type Task<Arguments> = (args: Arguments, hre: HardhatRuntimeEnvironment, output: TaskOutput) => Promise<0 | 1 | 2>;

/** What Hardhat runs: on standard output, with the exit code left to the process. */
export function asCommand<Arguments>(task: Task<Arguments>) {
  return async (args: Arguments, hre: HardhatRuntimeEnvironment): Promise<void> => {
    const code = await task(args, hre, standardOutput);
    if (code !== 0) process.exitCode = code;
  };
}

const standardOutput: TaskOutput = {
  out: (line) => {
    process.stdout.write(`${line}\n`);
  },
  err: (line) => {
    process.stderr.write(`${line}\n`);
  },
};

/**
 * Runs a task: people read standard output, or with `json` standard error, while the last line of standard output is one object.
 * Errors that are not ours are thrown on.
 * @returns the exit code: 0, 1 for a finding or failed work, 2 for wrong usage.
 */
export async function runTask(
  json: boolean,
  work: (log: (line: string) => void) => Promise<TaskAnswer>,
  output: TaskOutput,
): Promise<0 | 1 | 2> {
  const log = json ? output.err : output.out;
  try {
    const answer = await work(log);
    for (const line of answer.lines) log(line);
    if (json) output.out(JSON.stringify(answer.json));
    return answer.ok ? 0 : 1;
  } catch (error) {
    if (!(error instanceof CantileverError)) throw error;
    for (const line of explain(error)) output.err(line);
    if (json) output.out(JSON.stringify({ ok: false, error }));
    return error.exitCode;
  }
}

function explain(error: CantileverError): string[] {
  const fix = error.fix === undefined ? [] : [`  what to do: ${error.fix}`];
  if (!(error instanceof ParameterError)) return [`${error.code}: ${error.message}`, ...fix];
  const problems = error.problems.map(
    (problem) => `  ${problem.code}: ${problem.path === "" ? "" : `${problem.path}: `}${problem.message}`,
  );
  return [`${error.file}:`, ...problems, ...fix];
}
