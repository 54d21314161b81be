/**
 * A decision of the reporter as evidence: all that it saw, what it said, the round that was made of it and the bytes. Written and read here, so
 * that a record of any age means one thing. Amounts are decimal text.
 */
import { z } from "zod";

import { encodeSubmit } from "../../protocol/signedRound.js";
import type { Facts } from "../kit/logger.js";
import { malformedDecision } from "../kit/replay.js";
import type { Decided, SignedReport } from "./reporter.js";
import type { ReportInput } from "./types.js";

const whole = z
  .string()
  .regex(/^-?\d+$/)
  .transform(BigInt);

const inputSchema = z.strictObject({
  outsideAnswer: whole,
  observedAt: whole,
  chain: z.strictObject({
    last: z
      .strictObject({ roundId: whole, answer: whole, observedAt: whole, arrivedInBlock: whole })
      .nullable()
      .transform((last) => last ?? undefined),
    blockNumber: whole,
    blockTimestamp: whole,
  }),
  settings: z.strictObject({
    deviationWad: whole,
    heartbeatSeconds: whole,
    minGapBlocks: whole,
    minAnswer: whole,
    maxAnswer: whole,
  }),
});

const entrySchema = z.object({
  feed: z.string(),
  feedId: z.string(),
  input: inputSchema,
  together: z.boolean(),
  decision: z.unknown(),
  /** Of the round; null for a skip. */
  roundId: whole.nullable(),
  signatures: z.array(z.strictObject({ signer: z.string(), signature: z.string() })),
  data: z.string().nullable(),
});

/** What was written down. `decision` as JSON, to be compared as text. */
export interface RecordedReport {
  readonly feed: string;
  readonly feedId: string;
  readonly input: ReportInput;
  readonly together: boolean;
  readonly decision: unknown;
  readonly roundId: bigint | null;
  readonly signatures: SignedReport["signatures"];
  readonly data: string | null;
}

export function reportFacts(feed: string, feedId: string, { input, together, decision, report }: Decided): Facts {
  const { chain, settings, outsideAnswer, observedAt } = input;
  const { last, blockNumber, blockTimestamp } = chain;
  const { deviationWad, heartbeatSeconds, minGapBlocks, minAnswer, maxAnswer } = settings;
  return {
    feed,
    feedId,
    input: {
      outsideAnswer,
      observedAt,
      chain: { last: last === undefined ? null : { ...last }, blockNumber, blockTimestamp },
      settings: { deviationWad, heartbeatSeconds, minGapBlocks, minAnswer, maxAnswer },
    },
    together,
    decision: { ...decision },
    roundId: report?.round.roundId ?? null,
    signatures: (report?.signatures ?? []).map(({ signer, signature }) => ({ signer, signature })),
    data: report === undefined ? null : encodeSubmit(report.round, report.signatures),
  };
}

/** @throws PermanentError REPLAY_MALFORMED when the entry was not written by `reportFacts`, naming what is wrong. */
export function readReport(entry: unknown): RecordedReport {
  const parsed = entrySchema.safeParse(entry);
  if (parsed.success) return parsed.data;
  throw malformedDecision(parsed.error);
}
