/** Decides again what was reported, from the record: the same decision, the same round, the same bytes. Asks no node, signs nothing. */
import { recoverAddress } from "ethers";

import { encodeSubmit, roundDigest, type SignedRound } from "../../protocol/signedRound.js";
import { plain } from "../kit/logger.js";
import { canonicalJson } from "../kit/policy/canonical.js";
import type { ProgramResult } from "../kit/program.js";
import { replayRecord, type ReplayDifference, type ReplayRange } from "../kit/replay.js";
import { decideReport, decideTogether, nextRoundId } from "./decide.js";
import { readReport, type RecordedReport } from "./recorded.js";
import type { Report, Skip } from "./types.js";

/** Replays the record of the keeper. @throws PermanentError REPLAY_MALFORMED, REPLAY_NO_RECORD. */
export function replay(file: string, range: ReplayRange, say: (text: string) => void): Promise<ProgramResult> {
  return replayRecord(file, range, say, (block, entry) => {
    const recorded = readReport(entry);
    return { isPlan: recorded.data !== null, difference: differenceOf(block, recorded) };
  });
}

export function differenceOf(block: number, recorded: RecordedReport): ReplayDifference | undefined {
  const { input, together } = recorded;
  const alone = decideReport(input);
  const again = together ? decideTogether(input, alone) : alone;
  const texts = { recorded: canonicalJson(recorded.decision), replayed: canonicalJson(plain({ ...again })) };
  if (texts.recorded !== texts.replayed) return { block, what: "decision", ...texts };
  const data = bytesOf(recorded, again);
  if (data === recorded.data) return undefined;
  return { block, what: "data", recorded: String(recorded.data), replayed: String(data) };
}

/**
 * The bytes of the round that this decision leads to. Keys are not here: the recorded signatures count where they are those of the round that
 * is made now. Its id may be later than the next one, never earlier.
 */
function bytesOf(recorded: RecordedReport, decision: Report | Skip): string | null {
  if (decision.kind === "skip") return null;
  const { roundId, signatures, feedId, input } = recorded;
  if (roundId === null || roundId < nextRoundId([input.chain.last?.roundId ?? 0n])) return "another round id";
  const round: SignedRound = { roundId, answer: decision.answer, observedAt: decision.observedAt };
  const digest = roundDigest(feedId, round);
  const foreign = signatures.find(({ signer, signature }) => recoverAddress(digest, signature) !== signer);
  if (foreign !== undefined) return `${foreign.signer} has signed another round`;
  return encodeSubmit(round, signatures);
}
