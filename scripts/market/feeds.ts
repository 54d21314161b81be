/**
 * How price feeds follow the outside market: each source looks at the market with a tiny error of its own and reports when the price
 * has moved by its threshold or its heartbeat is due. A report seen in one block arrives in the next: never at once, never equal.
 */
import type { MarketToken, UsdPrices } from "./outside.js";
import type { Rng } from "./rng.js";

/** Standard deviation of a source's reading around the market, as a share (0.2 bps). */
export const READING_NOISE = 2e-5;

/** One source of one token. */
export interface FeedSpec {
  readonly address: string;
  readonly token: MarketToken;
  readonly feedId: string;
  readonly deviationThreshold: number;
  readonly heartbeatSeconds: number;
}

/** A report to send in the next block. `answer` has the feed's decimals. */
export interface DueReport {
  readonly feed: FeedState;
  readonly answer: bigint;
  readonly price: number;
  readonly atSeconds: number;
}

/** What a feed says now. */
export interface FeedState {
  readonly spec: FeedSpec;
  price: number;
  roundId: bigint;
  /** When it was looked at last, seconds from the start. */
  reportedAt: number;
}

export class FeedFollower {
  readonly feeds: readonly FeedState[];
  readonly #rng: Rng;
  readonly #answerUnit: number;

  /** `initial` is what the feeds say at the start (round 1), all reported at second 0. */
  constructor(specs: readonly FeedSpec[], initial: UsdPrices, answerDecimals: number, rng: Rng) {
    this.#rng = rng.stream("feeds");
    this.#answerUnit = 10 ** answerDecimals;
    this.feeds = specs.map((spec) => ({
      spec,
      price: initial[spec.token],
      roundId: 1n,
      reportedAt: 0,
    }));
  }

  /** Reports that are due after looking at the market, of `tokens` or of all. The caller confirms those that arrived. */
  look(atSeconds: number, market: UsdPrices, tokens?: ReadonlySet<MarketToken>): DueReport[] {
    const due: DueReport[] = [];
    for (const feed of this.feeds) {
      // Every feed draws, so that the others' readings do not depend on which are reported.
      const noise = this.#rng.gaussian();
      if (tokens?.has(feed.spec.token) === false) continue;
      const seen = market[feed.spec.token] * (1 + READING_NOISE * noise);
      const moved = Math.abs(seen / feed.price - 1) >= feed.spec.deviationThreshold;
      if (!moved && atSeconds - feed.reportedAt < feed.spec.heartbeatSeconds) continue;
      const answer = Math.round(seen * this.#answerUnit);
      due.push({ feed, answer: BigInt(answer), price: answer / this.#answerUnit, atSeconds });
    }
    return due;
  }

  /** The report is on the chain. */
  confirm(report: DueReport): void {
    report.feed.price = report.price;
    report.feed.roundId += 1n;
    report.feed.reportedAt = report.atSeconds;
  }
}
