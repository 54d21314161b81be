/** Decides again what was decided, from the record, and compares intents byte for byte. Asks no node, signs nothing. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

import { z } from "zod";

import { PermanentError } from "../../protocol/errors.js";
import { plain } from "../kit/logger.js";
import { canonicalJson } from "../kit/policy/canonical.js";
import type { ProgramResult } from "../kit/program.js";
import { decide } from "./decide.js";
import { encode } from "./encode.js";
import { DECISION_KIND, factsOf, readDecision, type RecordedDecision } from "./recorded.js";

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

const line = z.object({ kind: z.string(), block: z.number().nullable() });

/**
 * Replays the record of the keeper (or the export of its audit log). Not ok at the first difference, and when the range holds no decision.
 * @throws PermanentError REPLAY_MALFORMED, REPLAY_NO_RECORD.
 */
export async function replay(
  file: string,
  { fromBlock, toBlock }: ReplayRange,
  say: (text: string) => void,
): Promise<ProgramResult> {
  let decisions = 0;
  let plans = 0;
  let difference: ReplayDifference | undefined;
  for await (const { block, entry } of decisionsOf(file)) {
    if (block < fromBlock || block > toBlock) continue;
    const recorded = readDecision(entry);
    decisions += 1;
    if (recorded.data !== null) plans += 1;
    difference = differenceOf(block, recorded);
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

export function differenceOf(block: number, recorded: RecordedDecision): ReplayDifference | undefined {
  const again = decide(recorded.observation, recorded.config);
  const texts = { recorded: canonicalJson(recorded.decision), replayed: canonicalJson(plain(factsOf(again))) };
  if (texts.recorded !== texts.replayed) return { block, what: "decision", ...texts };
  const data = again.kind === "plan" ? encode(again.orders) : null;
  if (data === recorded.data) return undefined;
  return { block, what: "data", recorded: String(recorded.data), replayed: String(data) };
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
