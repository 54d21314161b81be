/** Reads the log of a transaction: which program said what. Only lines that the runtime writes move between programs. */

const INVOKE = /^Program ([1-9A-HJ-NP-Za-km-z]{32,44}) invoke \[\d+\]$/;
const SUCCESS = /^Program [1-9A-HJ-NP-Za-km-z]{32,44} success$/;
const FAILED = /^Program ([1-9A-HJ-NP-Za-km-z]{32,44}) failed: (.*)$/s;
const LOG = "Program log: ";
const DATA = "Program data: ";
const TRUNCATED = "Log truncated";

export interface LogLine {
  readonly kind: "log" | "data";
  readonly programId: string;
  /** Text, or base64 of what the program emitted. */
  readonly text: string;
  /** Position of the instruction of the transaction, from 0. */
  readonly instruction: number;
}

export interface ProgramLog {
  readonly lines: readonly LogLine[];
  /** The innermost program that failed, and the runtime's word for it. */
  readonly failure: { readonly programId: string; readonly reason: string } | undefined;
  /** The node has cut the log: something may be missing. */
  readonly isTruncated: boolean;
}

export function readLog(log: readonly string[]): ProgramLog {
  const stack: string[] = [];
  const lines: LogLine[] = [];
  let failure: ProgramLog["failure"];
  let instruction = -1;
  let isTruncated = false;
  for (const line of log) {
    const invoked = INVOKE.exec(line)?.[1];
    const failed = FAILED.exec(line);
    const programId = stack.at(-1);
    if (invoked !== undefined) {
      if (stack.length === 0) instruction += 1;
      stack.push(invoked);
    } else if (SUCCESS.test(line)) stack.pop();
    else if (failed !== null) {
      stack.pop();
      failure ??= { programId: failed[1] ?? "", reason: failed[2] ?? "" };
    } else if (line === TRUNCATED) isTruncated = true;
    else if (programId !== undefined) {
      const at = { programId, instruction };
      if (line.startsWith(LOG)) lines.push({ kind: "log", text: line.slice(LOG.length), ...at });
      else if (line.startsWith(DATA)) lines.push({ kind: "data", text: line.slice(DATA.length), ...at });
    }
  }
  return { lines, failure, isTruncated };
}
