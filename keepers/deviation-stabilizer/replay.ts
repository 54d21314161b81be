/** Decides again what was decided, from the record, and compares intents byte for byte. Asks no node, signs nothing. */
import { plain } from "../kit/logger.js";
import { canonicalJson } from "../kit/policy/canonical.js";
import type { ProgramResult } from "../kit/program.js";
import { replayRecord, type ReplayDifference, type ReplayRange } from "../kit/replay.js";
import { decide } from "./decide.js";
import { encode } from "./encode.js";
import { factsOf, readDecision, type RecordedDecision } from "./recorded.js";

/** Replays the record of the keeper. @throws PermanentError REPLAY_MALFORMED, REPLAY_NO_RECORD. */
export function replay(file: string, range: ReplayRange, say: (text: string) => void): Promise<ProgramResult> {
  return replayRecord(file, range, say, (block, entry) => {
    const recorded = readDecision(entry);
    return { isPlan: recorded.data !== null, difference: differenceOf(block, recorded) };
  });
}

export function differenceOf(block: number, recorded: RecordedDecision): ReplayDifference | undefined {
  const again = decide(recorded.observation, recorded.config);
  const texts = { recorded: canonicalJson(recorded.decision), replayed: canonicalJson(plain(factsOf(again))) };
  if (texts.recorded !== texts.replayed) return { block, what: "decision", ...texts };
  const data = again.kind === "plan" ? encode(again.orders) : null;
  if (data === recorded.data) return undefined;
  return { block, what: "data", recorded: String(recorded.data), replayed: String(data) };
}
