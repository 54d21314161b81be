/** Whether the two chains price a pair by the same signed rounds, and how far one is behind. */
import { absBigint, maxBigint } from "../../../protocol/math.js";
import type { ChainSnapshot, DecideConfig, OracleGap, Skip } from "../types.js";

export const NO_GAP: OracleGap = { rounds: 0n, seconds: 0n };

/** The larger of two gaps, each part by itself. */
export function widest(a: OracleGap, b: OracleGap): OracleGap {
  return { rounds: maxBigint(a.rounds, b.rounds), seconds: maxBigint(a.seconds, b.seconds) };
}

/**
 * The gap over the feeds of these tokens, and why it forbids trading. Seconds: how long the newer round has been out while the other chain
 * has not got it; the rounds' own distance in time would be that of two heartbeats. A feed that only one chain has is no gap but a fault.
 */
export function compareRounds(
  [first, second]: readonly [ChainSnapshot, ChainSnapshot],
  tokens: readonly string[],
  about: string,
  config: Pick<DecideConfig, "maxGapRounds" | "maxGapSeconds">,
): { readonly gap: OracleGap; readonly skip: Skip | undefined } {
  const now = maxBigint(first.timestamp, second.timestamp);
  let gap = NO_GAP;
  let fault: Skip | undefined;
  const ids = new Set([...first.feeds, ...second.feeds].filter(of(tokens)).map(({ feedId }) => feedId));
  if (tokens.some((token) => ![...first.feeds, ...second.feeds].some((feed) => feed.token === token)))
    fault = { about, reason: "feed-missing" };
  for (const feedId of ids) {
    const a = first.feeds.find((feed) => feed.feedId === feedId);
    const b = second.feeds.find((feed) => feed.feedId === feedId);
    if (a === undefined || b === undefined) {
      fault ??= { about, reason: "feed-missing", detail: feedId };
      continue;
    }
    const newer = a.roundId > b.roundId ? a : b;
    gap = widest(gap, {
      rounds: absBigint(a.roundId - b.roundId),
      seconds: a.roundId === b.roundId ? 0n : maxBigint(now - newer.observedAt, 0n),
    });
    if (a.roundId === b.roundId && (a.answer !== b.answer || a.observedAt !== b.observedAt))
      fault = { about, reason: "rounds-disagree", detail: feedId };
  }
  return { gap, skip: fault ?? tooFar(gap, about, config) };
}

function of(tokens: readonly string[]): (feed: { readonly token: string }) => boolean {
  return ({ token }) => tokens.includes(token);
}

function tooFar(
  gap: OracleGap,
  about: string,
  { maxGapRounds, maxGapSeconds }: Pick<DecideConfig, "maxGapRounds" | "maxGapSeconds">,
): Skip | undefined {
  if (gap.rounds > maxGapRounds)
    return { about, reason: "oracle-gap", now: gap.rounds, needed: maxGapRounds, unit: "rounds" };
  if (gap.seconds > maxGapSeconds)
    return { about, reason: "oracle-gap", now: gap.seconds, needed: maxGapSeconds, unit: "seconds" };
  return undefined;
}
