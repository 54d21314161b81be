/**
 * One block of work: look → decide → collect signatures → simulate the same bytes → submit → record. Every edge is handed in. All feeds
 * are looked at together, so that several move in one block; each has at most one round on its way.
 */
import { RetryableError } from "../../protocol/errors.js";
import type { Counters } from "../kit/counters.js";
import type { FeePolicy } from "../kit/fees.js";
import { describeError, type KeeperLog } from "../kit/logger.js";
import type { NextBlock } from "../kit/nextBlock.js";
import { bytesOf, type EncodeAction } from "../kit/policy/action.js";
import type { Head } from "../kit/provider.js";
import type { Confirm } from "../kit/providers/confirm.js";
import type { RecordSink } from "../kit/record.js";
import { DECISION_KIND } from "../kit/replay.js";
import { simulate } from "../kit/simulate.js";
import type { Intent, Submitter } from "../kit/submitter.js";
import { IntentBatches } from "./batch.js";
import type { ChainClocks, RoundBooks } from "./book.js";
import type { ConnectedFeed, SendRound, SentFeed } from "./connect.js";
import { feedAbi, submitAction } from "./encode.js";
import { reportFacts } from "./recorded.js";
import {
  PriceReporter,
  type Decided,
  type ReportOutcome,
  type RoundSigning,
  type Sharing,
  type SignedReport,
} from "./reporter.js";
import { PRICE_DECIMALS, type PriceSource } from "./sources.js";
import type { LastRound, SkipReason } from "./types.js";

export interface RoundParts {
  readonly config: { readonly gasLimit: number; readonly validBlocks: number };
  readonly fees: FeePolicy;
  readonly network: string;
  readonly chainId: number;
  /** Simulations without a key are made from here. */
  readonly defaultSender: string;
  readonly prices: PriceSource;
  /** Of this chain; asks it for nothing but in `prepare`. */
  readonly signing: (feed: ConnectedFeed) => FeedSigning;
  /** Shared by all networks of the process. */
  readonly books: RoundBooks;
  readonly clocks: ChainClocks;
  /** The keeper's own; the signer has the same. */
  readonly encode: EncodeAction;
  readonly nextBlock: NextBlock;
  /** Asks the other nodes before a round is sent. */
  readonly confirm: Confirm;
  readonly submitter: Submitter;
  readonly record: RecordSink;
  readonly counters: Counters;
  readonly log: KeeperLog;
  /** The chain's clock is the clock: local chains run ahead after many quick blocks. */
  readonly chainClock: boolean;
}

/** How a feed's rounds get their signatures. */
export interface FeedSigning extends Pick<Sharing, "prepare" | "accepts"> {
  readonly sign: RoundSigning;
}

/** A round that was signed for another chain is taken in the first half of the time for which feeds accept it. */
const SHARED_PART = 2n;

/** One network's work. What it has signed is offered to the other networks of the process, and the other way round. */
export class RoundTick {
  private head: Head | undefined;
  /** The rounds of a tick go out together: each needs the nonce after the one before. */
  private readonly batches: IntentBatches;
  /** Why nothing was last reported to a feed; undefined after a round. */
  private readonly keptReasons = new Map<string, SkipReason | undefined>();
  private readonly reporters: { feed: ConnectedFeed; reporter: PriceReporter }[] = [];

  constructor(private readonly parts: RoundParts) {
    this.batches = new IntentBatches(parts.submitter);
  }

  /** Takes the feeds on; once, before the first `run`. */
  take(feeds: readonly ConnectedFeed[]): void {
    for (const feed of feeds) {
      const identity = { description: feed.description, decimals: PRICE_DECIMALS };
      const { sign, prepare, accepts } = this.parts.signing(feed);
      const book = this.parts.books.of(feed.feedId);
      const sharing = { book, maxAgeSeconds: feed.maxDelaySeconds / SHARED_PART, prepare, accepts };
      const kept = (decided: Decided): void => {
        this.keep(feed, decided);
      };
      const reporter = new PriceReporter(identity, sign, [feed.target], kept, sharing);
      this.reporters.push({ feed, reporter });
    }
  }

  /** Cares for what is in flight. @throws RetryableError when the chain cannot be asked. */
  async upkeep(head: Head): Promise<void> {
    for (const { kind, key, hash, nonce, block } of await this.parts.submitter.upkeep(head)) {
      this.parts.counters.add(`settled.${kind}`);
      this.parts.record.write({ kind: `tx.${kind}`, block: block ?? head.number, facts: { key, hash, nonce } });
    }
  }

  /** Looks at every feed that has nothing on its way. Feeds fail one by one. */
  async run(head: Head): Promise<void> {
    this.head = head;
    const { parts } = this;
    // A chain refuses what lies in its future; an older label only makes the price look older than it is.
    const moment = parts.clocks.moment(parts.network, head.timestamp);
    const observedAt = BigInt(parts.chainClock ? moment : Math.min(moment, Math.floor(Date.now() / 1000)));
    const looks = new Map<string, Promise<bigint>>();
    const price = (feed: ConnectedFeed): Promise<bigint> => {
      const place = parts.prices.placeOf(feed);
      const look = looks.get(place) ?? parts.prices.read(feed);
      looks.set(place, look);
      return look;
    };
    await Promise.all(
      this.reporters.map(async ({ feed, reporter }) => {
        if (this.onItsWay(feed)) {
          parts.counters.add("skip.in-flight");
          return;
        }
        try {
          this.show(feed, await reporter.tick(await price(feed), observedAt), head);
        } catch (error) {
          const facts = { feed: feed.description, ...describeError(error) };
          parts.counters.add(`failed.${facts.code}`);
          parts.log.warn("round.failed", { block: head.number + 1, ...facts });
          parts.record.write({ kind: "round.failed", block: head.number + 1, facts });
        }
      }),
    );
  }

  /** Sends one round, together with the others of the tick. @throws RetryableError ROUND_REVERTS, NOT_SUBMITTED; nothing was sent then. */
  readonly send: SendRound = async (feed, report, last) => {
    const { parts, head } = this;
    if (head === undefined) throw new RetryableError("NO_HEAD", "there is no block to send for yet");
    const submission = await this.batches.submit(() => this.intentOf(feed, report, last, head), head);
    if (!submission.accepted) throw new RetryableError("NOT_SUBMITTED", `${feed.description}: ${submission.refusal}`);
    parts.counters.add(submission.broadcast ? "rounds.sent" : "rounds.dry-run");
    return submission.hash ?? "";
  };

  private async intentOf(
    { name, description, address }: SentFeed,
    report: SignedReport,
    last: LastRound | undefined,
    head: Head,
  ): Promise<Intent> {
    const { parts } = this;
    const action = submitAction(name, report);
    const { to, data } = bytesOf(parts.encode, action);
    const call = { to, data, valueWei: 0n, gasLimit: BigInt(parts.config.gasLimit) };
    const from = parts.submitter.sender ?? parts.defaultSender;
    const simulation = await simulate(parts.nextBlock, { ...call, from }, head, feedAbi);
    if (!simulation.ok) {
      const revert = simulation.revert.name;
      throw new RetryableError("ROUND_REVERTS", `${description} would answer ${revert}`, "see the keeper's README", {
        revert,
      });
    }
    await parts.confirm({ ...call, from }, head);
    return {
      action,
      ...call,
      // The effect is that this feed moves on from this round: whoever leads, it does so once.
      key: `${this.keysOf({ address })}${String(last?.roundId ?? 0n)}`,
      maxFeePerGasWei: parts.fees.maxFeePerGasWei,
      validUntilBlock: head.number + parts.config.validBlocks,
    };
  }

  /** How the keys of a feed's rounds begin; the id of the round before follows. */
  private keysOf({ address }: { readonly address: string }): string {
    return `report:${String(this.parts.chainId)}:${address}:after-`;
  }

  private onItsWay(feed: ConnectedFeed): boolean {
    const keys = this.keysOf(feed);
    return this.parts.submitter.pending().some(({ key }) => key.startsWith(keys));
  }

  /** Writes down a round, and other decisions of a feed when they differ from the one before: all that is needed to decide again. */
  private keep(feed: ConnectedFeed, decided: Decided): void {
    const { decision, input } = decided;
    const reason = decision.kind === "skip" ? decision.reason : undefined;
    if (reason !== undefined && this.keptReasons.get(feed.address) === reason) return;
    this.keptReasons.set(feed.address, reason);
    const facts = reportFacts(feed.description, feed.feedId, decided);
    this.parts.record.write({ kind: DECISION_KIND, block: Number(input.chain.blockNumber) + 1, facts });
  }

  /** Counts and logs what became of one feed. */
  private show(feed: ConnectedFeed, outcome: ReportOutcome, head: Head): void {
    const { counters, log, record } = this.parts;
    const { description } = feed;
    const [result] = outcome.targets;
    if (result === undefined) return;
    if (result.kind === "skip") {
      counters.add(`skip.${result.reason}`);
      log[result.reason === "outside-bounds" ? "error" : "debug"](`skip.${result.reason}`, { feed: description });
      return;
    }
    if (result.kind === "failed") throw result.error;
    const { roundId, answer, observedAt } = outcome.round ?? {};
    const facts = { feed: description, cause: result.cause, roundId, answer, observedAt, hash: result.txHash };
    log.info("round", { block: head.number + 1, ...facts });
    record.write({ kind: "round", block: head.number + 1, facts });
  }
}
