import { WAD } from "../../protocol/units.js";
import type { Report, ReportCause, ReportInput, Skip, SkipReason } from "./types.js";

/**
 * Whether one chain needs a round now.
 *
 *   deviation:  |outside - last| / last >= deviationWad        (compared without division)
 *   heartbeat:  observedAt - last.observedAt >= heartbeatSeconds
 *
 * A round that is due is still held back when the feed would refuse it: outside its hard bounds, too few blocks after the last one
 * (the next block must satisfy the gap), or observed before the last round or after the newest block. Pure; never throws.
 */
export function decideReport(input: ReportInput): Report | Skip {
  const { minAnswer, maxAnswer } = input.settings;
  if (input.outsideAnswer < minAnswer || input.outsideAnswer > maxAnswer) return skip("outside-bounds");
  const cause = dueBecause(input);
  return cause === undefined ? skip("inside-band") : unlessRefused(input, cause);
}

/**
 * The decision of a chain that needs no round by itself while another one gets it: it takes the same round, unless its feed would refuse
 * it, so that both chains show the same price. Every other decision stays.
 */
export function decideTogether(input: ReportInput, alone: Report | Skip): Report | Skip {
  return alone.kind === "skip" && alone.reason === "inside-band" ? unlessRefused(input, "together") : alone;
}

function unlessRefused({ outsideAnswer, observedAt, chain, settings }: ReportInput, cause: ReportCause): Report | Skip {
  const { last } = chain;
  if (last !== undefined && chain.blockNumber + 1n < last.arrivedInBlock + settings.minGapBlocks)
    return skip("min-gap");
  if (observedAt > chain.blockTimestamp || (last !== undefined && observedAt <= last.observedAt)) return skip("clock");
  return { kind: "report", cause, answer: outsideAnswer, observedAt };
}

function dueBecause({ outsideAnswer, observedAt, chain: { last }, settings }: ReportInput): ReportCause | undefined {
  if (last === undefined) return "first";
  const distance = outsideAnswer > last.answer ? outsideAnswer - last.answer : last.answer - outsideAnswer;
  if (distance * WAD >= settings.deviationWad * last.answer) return "deviation";
  if (observedAt - last.observedAt >= settings.heartbeatSeconds) return "heartbeat";
  return undefined;
}

/** The id of a round that every chain accepts: one more than the largest any of them has. Gaps on the others are allowed. */
export function nextRoundId(lastRoundIds: readonly bigint[]): bigint {
  return lastRoundIds.reduce((largest, id) => (id > largest ? id : largest), 0n) + 1n;
}

function skip(reason: SkipReason): Skip {
  return { kind: "skip", reason };
}
