/**
 * Whether one node may be asked. Two kinds of fault:
 * - Weakness (silence, throttling, malformed answers): several in a row, or too many among the last answers, and the node rests; being
 *   behind or on another branch than the others is enough at once. It comes back after a pause and some good answers in a row.
 * - A lie (wrong chain, another result for the same block, a header that does not hash to its name, a parent that nobody knows, a
 *   missing log): one is enough, the pause is long, and it doubles with each lie.
 * The way back is longer than the way out, so that a node at the edge does not flap.
 */
import type { FailureReason } from "./failure.js";

export type Weakness = FailureReason | "head-stale" | "height-lag" | "hash-disagreement";
export type Lie = "wrong-chain" | "result-disagreement" | "header-hash" | "parent-link" | "log-omission";
export type Fault = Weakness | Lie | "error-rate";

const LIES = new Set<Fault>(["wrong-chain", "result-disagreement", "header-hash", "parent-link", "log-omission"]);
/** Judged against other nodes, so one observation is enough. */
const COMPARED = new Set<Fault>(["head-stale", "height-lag", "hash-disagreement"]);

export interface QuarantineRules {
  /** Weaknesses in a row. */
  readonly inARow: number;
  /** Faults among the newest `window` answers, percent. */
  readonly errorPercent: number;
  readonly window: number;
  /** Good answers in a row that end a quarantine whose pause is over. */
  readonly goodAnswers: number;
  readonly weakPauseMs: number;
  readonly liePauseMs: number;
  readonly maxPauseMs: number;
}

export const QUARANTINE_RULES: QuarantineRules = {
  inARow: 3,
  errorPercent: 50,
  window: 20,
  goodAnswers: 3,
  weakPauseMs: 5_000,
  liePauseMs: 600_000,
  maxPauseMs: 3_600_000,
};

export class Quarantine {
  /** Newest last: whether each answer was good. */
  private answers: boolean[] = [];
  private badInARow = 0;
  private goodInARow = 0;
  private current: { readonly reason: Fault; readonly untilMs: number } | undefined;
  private lies = 0;

  constructor(
    private readonly rules: QuarantineRules = QUARANTINE_RULES,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Why the node rests; undefined while it may be asked. */
  get reason(): Fault | undefined {
    return this.current?.reason;
  }

  /** Whether it rests for something that must never be believed, not even when nobody else is there. */
  get lied(): boolean {
    return this.current !== undefined && LIES.has(this.current.reason);
  }

  /** Whether the pause is over and only good answers are missing. */
  get onProbation(): boolean {
    return this.current !== undefined && this.nowMs() >= this.current.untilMs;
  }

  good(): void {
    this.remember(true);
    this.badInARow = 0;
    this.goodInARow += 1;
    if (this.onProbation && this.goodInARow >= this.rules.goodAnswers) this.current = undefined;
  }

  fault(reason: Fault): void {
    this.remember(false);
    this.badInARow += 1;
    this.goodInARow = 0;
    if (LIES.has(reason)) {
      const pause = Math.min(this.rules.maxPauseMs, this.rules.liePauseMs * 2 ** this.lies);
      this.lies += 1;
      this.rest(reason, pause);
    } else if (this.lied) return;
    else if (COMPARED.has(reason) || this.badInARow >= this.rules.inARow || this.current !== undefined) {
      this.rest(reason, this.rules.weakPauseMs);
    } else if (this.answers.length >= this.rules.window && this.badPercent() > this.rules.errorPercent) {
      this.rest("error-rate", this.rules.weakPauseMs);
    }
  }

  private rest(reason: Fault, pauseMs: number): void {
    this.current = { reason, untilMs: this.nowMs() + pauseMs };
    this.answers = [];
  }

  private remember(good: boolean): void {
    this.answers = [...this.answers.slice(1 - this.rules.window), good];
  }

  private badPercent(): number {
    return (this.answers.filter((good) => !good).length * 100) / this.answers.length;
  }
}
