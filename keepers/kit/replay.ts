/** Goes through a keeper's record (or the export of its audit log) and has every decision of a range made again. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

import { z } from "zod";

import { PermanentError } from "../../protocol/errors.js";
import type { ProgramResult } from "./program.js";

/** Name of decisions in a record. */
export const DECISION_KIND = "decision";

export interface ReplayRange {
  readonly fromBlock: number;
  readonly toBlock: number;
}

/** Where two decisions part. `decision`: orders or skips; `data`: the same decision, other bytes. */
export interface ReplayDifference {
  readonly block: number;
  readonly what: "decision" | "data";
  readonly recorded: string;
  readonly replayed: string;
}

/** One recorded decision, made again. */
export interface MadeAgain {
  /** It led to something to be sent. */
  readonly isPlan: boolean;
  readonly difference: ReplayDifference | undefined;
}

const line = z.object({ kind: z.string(), block: z.number().nullable() });

/**
 * Not ok at the first difference, and when the range holds no decision. Asks no node, signs nothing.
 * @throws PermanentError REPLAY_MALFORMED, REPLAY_NO_RECORD; what `again` throws.
 */
export async function replayRecord(
  file: string,
  { fromBlock, toBlock }: ReplayRange,
  say: (text: string) => void,
  again: (block: number, entry: unknown) => MadeAgain,
): Promise<ProgramResult> {
  let decisions = 0;
  let plans = 0;
  let difference: ReplayDifference | undefined;
  for await (const { block, entry } of decisionsOf(file)) {
    if (block < fromBlock || block > toBlock) continue;
    const made = again(block, entry);
    decisions += 1;
    if (made.isPlan) plans += 1;
    ({ difference } = made);
    if (difference !== undefined) break;
  }
  if (difference !== undefined) {
    say(`block ${String(difference.block)}: the ${difference.what} differs`);
    say(`  recorded ${difference.recorded}`);
    say(`  replayed ${difference.replayed}`);
  } else say(`${String(decisions)} decisions are the same again, ${String(plans)} of them plans`);
  const ok = difference === undefined && decisions > 0;
  return { ok, report: { fromBlock, toBlock, decisions, plans, difference: difference ?? null } };
}

/** The entry is not what its writer writes. */
export function malformedDecision(error: z.ZodError): PermanentError {
  const [issue] = error.issues;
  return new PermanentError(
    "REPLAY_MALFORMED",
    `a recorded decision is not one: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`,
    "was it written by another version? replay it with that one",
  );
}

async function* decisionsOf(file: string): AsyncGenerator<{ readonly block: number; readonly entry: unknown }> {
  const input = createReadStream(file);
  const opened = new Promise<void>((resolve, reject) => {
    input.once("ready", resolve).once("error", reject);
  });
  await opened.catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new PermanentError("REPLAY_NO_RECORD", `${file} cannot be read (${code})`, "name the record with --record");
  });
  let number = 0;
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    number += 1;
    // The last line of a process that was killed may be half a line; it is followed by nothing or by whole ones.
    const entry = parse(text);
    const head = line.safeParse(entry);
    if (!head.success && text.trim() !== "") {
      if (entry !== undefined) throw malformed(file, number);
      continue;
    }
    if (head.data?.kind === DECISION_KIND && head.data.block !== null) yield { block: head.data.block, entry };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function malformed(file: string, number: number): PermanentError {
  return new PermanentError("REPLAY_MALFORMED", `${file}:${String(number)} is no line of a keeper's record`);
}
