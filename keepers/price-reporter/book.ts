/** What was signed of one feed, for all chains that run it. */
import type { SignedReport } from "./reporter.js";

/** A signed round that chains may still take, and who asked for it. */
export interface Offered {
  readonly report: SignedReport;
  readonly by: object;
}

/**
 * The memory that the networks of one process share about one feed: whichever chain needs a round first has it signed, and the others take
 * the same one. One id must never stand for two observations, so ids are given out here.
 */
export class RoundBook {
  private current: Offered | undefined;
  private newest = 0n;
  private turn: Promise<unknown> = Promise.resolve();

  /** The newest round that was signed; undefined before the first. */
  get offered(): Offered | undefined {
    return this.current;
  }

  /** Largest id that was signed here or stands on any chain. */
  get newestId(): bigint {
    return this.newest;
  }

  /** An id is used: on a chain, or by a signature that was asked for. */
  uses(id: bigint): void {
    if (id > this.newest) this.newest = id;
  }

  offer(offered: Offered): void {
    this.current = offered;
  }

  /** Does the work when nobody else does any: two chains that need a round at once get one. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => undefined);
    return done;
  }
}

/** The books of all feeds, by id. */
export class RoundBooks {
  private readonly books = new Map<string, RoundBook>();

  of(feedId: string): RoundBook {
    const book = this.books.get(feedId) ?? new RoundBook();
    this.books.set(feedId, book);
    return book;
  }
}

/** Blocks of chains that are in step differ by this much at most, seconds. */
const IN_STEP_SECONDS = 5;
/** A chain that has shown no block for longer holds nobody up, milliseconds. */
const SEEN_MS = 10_000;

/** When the newest blocks of the chains were made, so that a round is labelled with a moment that all of them accept. */
export class ChainClocks {
  private readonly heads = new Map<string, { readonly timestamp: number; readonly seenMs: number }>();

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  /** The newest moment, unix seconds, that lies in no future of any chain in step with this one. */
  moment(network: string, timestamp: number): number {
    const nowMs = this.nowMs();
    this.heads.set(network, { timestamp, seenMs: nowMs });
    const inStep = [...this.heads.values()].filter(
      (head) => nowMs - head.seenMs <= SEEN_MS && timestamp - head.timestamp <= IN_STEP_SECONDS,
    );
    return Math.min(...inStep.map((head) => head.timestamp));
  }
}
