import { feedIdOf, type FeedIdentity, type RoundSignature, type SignedRound } from "../../protocol/signedRound.js";
import { WAD } from "../../protocol/units.js";
import { RoundBook } from "./book.js";
import { RoundIdTaken } from "./cosign.js";
import { decideReport, decideTogether, nextRoundId } from "./decide.js";
import { signRound, type RoundSigner } from "./sign.js";
import type {
  ChainState,
  LastRound,
  Report,
  ReportCause,
  ReportInput,
  ReportSettings,
  Skip,
  SkipReason,
} from "./types.js";

/** A round with the signatures that a feed asks for. */
export interface SignedReport {
  readonly round: SignedRound;
  readonly signatures: readonly RoundSignature[];
}

/** One chain's copy of the feed: how to see it and how to send to it. */
export interface FeedTarget {
  /** For logs and results, for example "chain138". */
  readonly name: string;
  readonly settings: ReportSettings;
  readState(): Promise<ChainState>;
  /** Sends the round that follows `last` and answers the transaction's hash. Resending and fees are the caller's. */
  send(report: SignedReport, last: LastRound | undefined): Promise<string>;
}

/** Gets a round signed by as many reporters as the feed asks for: by keys of this process, or with the help of peers. */
export type RoundSigning = (feedId: string, round: SignedRound) => Promise<readonly RoundSignature[]>;

/** Rounds signed by keys that this process holds. */
export function signedBy(signers: readonly RoundSigner[]): RoundSigning {
  return (feedId, round) => signRound(feedId, round, signers);
}

/** What happened on one chain. */
export type TargetOutcome =
  | { readonly kind: "sent"; readonly target: string; readonly cause: ReportCause; readonly txHash: string }
  | { readonly kind: "skip"; readonly target: string; readonly reason: SkipReason }
  | { readonly kind: "failed"; readonly target: string; readonly error: unknown };

/** What a tick decided for one chain, and from what: enough to decide it again. */
export interface Decided {
  readonly input: ReportInput;
  /** Some chain needed a round, so that others may take it along. */
  readonly together: boolean;
  readonly decision: Report | Skip;
  /** What is sent; undefined for a skip. */
  readonly report: SignedReport | undefined;
}

export interface ReportOutcome {
  /** The round that was signed; undefined when no chain needed one. */
  readonly round: SignedRound | undefined;
  readonly targets: readonly TargetOutcome[];
}

/** What reporters of one feed on several networks have in common. */
export interface Sharing {
  readonly book: RoundBook;
  /** Up to this age a round that was signed for another chain is taken; 0: never. */
  readonly maxAgeSeconds: bigint;
  /** Before a round is taken or signed: what signing needs from this chain, so that nobody else waits for it. */
  readonly prepare: () => Promise<void>;
  /** Whether the contracts here would accept these signatures. */
  readonly accepts: (report: SignedReport) => boolean;
}

const ALONE: Omit<Sharing, "book"> = { maxAgeSeconds: 0n, prepare: () => Promise.resolve(), accepts: () => true };

/**
 * Reports one feed to all chains that run it: one observation, one signed round, sent wherever it is due. Chains with a pace of their own
 * have a reporter each and a book together: what one of them had signed is offered to the others. What was reported is read from the
 * chains, so a restart repeats nothing and forgets nothing; only the newest round that was signed and the largest id are kept.
 */
export class PriceReporter {
  readonly feedId: string;
  private readonly sharing: Sharing;

  constructor(
    feed: FeedIdentity,
    private readonly sign: RoundSigning,
    private readonly targets: readonly FeedTarget[],
    /** Told of every decision before anything is sent. */
    private readonly onDecided: (decided: Decided) => void = () => undefined,
    sharing?: Sharing,
  ) {
    this.feedId = feedIdOf(feed);
    this.sharing = sharing ?? { ...ALONE, book: new RoundBook() };
  }

  /**
   * Looks at every chain and reports where a round is due. A chain that cannot be read or refuses the round never stops the others.
   * @param outsideAnswer USD per whole token with the feed's decimals.
   * @param observedAt unix seconds at which it was seen.
   */
  async tick(outsideAnswer: bigint, observedAt: bigint): Promise<ReportOutcome> {
    const views = await Promise.all(this.targets.map((target) => view(target, outsideAnswer, observedAt)));
    const inputs = views.flatMap((seen) => (seen.kind === "seen" ? [seen.input] : []));
    const { book, prepare } = this.sharing;
    for (const { chain } of inputs) book.uses(chain.last?.roundId ?? 0n);
    const observation = { answer: outsideAnswer, observedAt };
    const wanted = this.plan(inputs, observation) !== undefined;
    if (wanted) await prepare();
    const report = wanted ? await book.inTurn(() => this.reportFor(inputs, observation)) : undefined;
    if (report === undefined) return { round: undefined, targets: views.map((seen) => this.without(seen)) };
    const { round } = report;
    const targets = await Promise.all(
      views.map(async (seen): Promise<TargetOutcome> => {
        if (seen.kind === "failed") return seen.outcome;
        const { target } = seen;
        const input = { ...seen.input, outsideAnswer: round.answer, observedAt: round.observedAt };
        const decision = decideTogether(input, decideReport(input));
        const sent = decision.kind === "report" ? report : undefined;
        this.onDecided({ input, together: true, decision, report: sent });
        if (decision.kind === "skip") return { kind: "skip", target: target.name, reason: decision.reason };
        try {
          return {
            kind: "sent",
            target: target.name,
            cause: decision.cause,
            txHash: await target.send(report, input.chain.last),
          };
        } catch (error) {
          return { kind: "failed", target: target.name, error };
        }
      }),
    );
    return { round, targets };
  }

  /** Take what was signed for another chain, or sign; undefined when no chain of this reporter gets a round now. */
  private plan(inputs: readonly ReportInput[], now: Observation): SignedReport | "sign" | undefined {
    const due = inputs.filter((input) => decideReport(input).kind === "report");
    const { offered } = this.sharing.book;
    const takes = (input: ReportInput): boolean => offered !== undefined && this.takes(input, offered.report, now);
    if (due.length > 0) return offered !== undefined && due.every(takes) ? offered.report : "sign";
    return offered !== undefined && offered.by !== this && inputs.some(takes) ? offered.report : undefined;
  }

  /** Whether a round that was signed before is still what this chain would be told now, and its feed accepts it. */
  private takes(input: ReportInput, { round }: SignedReport, now: Observation): boolean {
    const { deviationWad, heartbeatSeconds } = input.settings;
    const ageSeconds = now.observedAt - round.observedAt;
    if (ageSeconds >= this.sharing.maxAgeSeconds || ageSeconds >= heartbeatSeconds) return false;
    const distance = now.answer > round.answer ? now.answer - round.answer : round.answer - now.answer;
    if (distance * WAD >= deviationWad * round.answer) return false;
    if (round.roundId <= (input.chain.last?.roundId ?? 0n)) return false;
    const then = { ...input, outsideAnswer: round.answer, observedAt: round.observedAt };
    return decideTogether(then, decideReport(then)).kind === "report";
  }

  /** In turn: what another chain had signed meanwhile counts. */
  private async reportFor(inputs: readonly ReportInput[], now: Observation): Promise<SignedReport | undefined> {
    const plan = this.plan(inputs, now);
    if (plan === undefined) return undefined;
    const { book, accepts } = this.sharing;
    if (plan === "sign") {
      const report = await this.signNext(nextRoundId([book.newestId]), now);
      book.offer({ report, by: this });
      return report;
    }
    // The same round all the same where another set of reporters is in force.
    return accepts(plan) ? plan : { round: plan.round, signatures: await this.sign(this.feedId, plan.round) };
  }

  /** What is said of a chain in a tick that sends nothing. */
  private without(seen: View): TargetOutcome {
    if (seen.kind === "failed") return seen.outcome;
    const { input, target } = seen;
    const decision = decideReport(input);
    this.onDecided({ input, together: false, decision, report: undefined });
    return { kind: "skip", target: target.name, reason: decision.kind === "skip" ? decision.reason : "inside-band" };
  }

  /**
   * Signs under the first id that is free. A copy that died may have had a round signed under an id that no chain has seen: peers sign
   * nothing else under it, and say up to where ids are taken.
   */
  private async signNext(roundId: bigint, observation: Observation): Promise<SignedReport> {
    const { book } = this.sharing;
    const round = { roundId, ...observation };
    book.uses(roundId);
    try {
      return { round, signatures: await this.sign(this.feedId, round) };
    } catch (error) {
      if (!(error instanceof RoundIdTaken)) throw error;
      const next = { roundId: nextRoundId([error.newest]), ...observation };
      book.uses(next.roundId);
      return { round: next, signatures: await this.sign(this.feedId, next) };
    }
  }
}

type Observation = Omit<SignedRound, "roundId">;

/** One chain as seen at the start of a tick, or why it could not be seen. */
type View =
  | { readonly kind: "seen"; readonly target: FeedTarget; readonly input: ReportInput }
  | { readonly kind: "failed"; readonly outcome: TargetOutcome };

async function view(target: FeedTarget, outsideAnswer: bigint, observedAt: bigint): Promise<View> {
  try {
    const chain = await target.readState();
    return { kind: "seen", target, input: { outsideAnswer, observedAt, chain, settings: target.settings } };
  } catch (error) {
    return { kind: "failed", outcome: { kind: "failed", target: target.name, error } };
  }
}
