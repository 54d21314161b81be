/**
 * Brings home what rescues have earned: claims what is proven, lets it be paid out, and recovers what a failed rescue gave back. What is due
 * is read from the chain at every look, so that nothing is lost with the books; each due is written down before it is sent, so that no
 * process asks for it twice. Nothing here delays a rescue: it runs behind them, and what cannot be asked waits for the next block.
 */
import type { EarningEnd, EarningKind } from "../../db/queries/rescue/rows.js";
import { RetryableError } from "../../protocol/errors.js";
import type { Counters } from "../kit/counters.js";
import { describeError, type Facts, type KeeperLog } from "../kit/logger.js";
import { bytesOf, type Action as TypedAction, type EncodeAction } from "../kit/policy/action.js";
import type { Head } from "../kit/provider.js";
import type { RecordSink } from "../kit/record.js";
import type { Intent, Submitter } from "../kit/submitter.js";
import { feeCeilingWei, type CeilingPolicy } from "./bump.js";
import { earningDutyOf, nextDues } from "./earningDuty.js";
import { earningKey, type EarningStore, type OpenEarning } from "./earningStore.js";
import type { Due, Earned, Earnings } from "./site.js";
import type { BlockRef, Call } from "./types.js";

export interface EarningDeskParts {
  readonly earnings: Earnings;
  readonly account: string;
  /** undefined: a dry run, in which nothing was ever begun. */
  readonly store: EarningStore | undefined;
  readonly config: CeilingPolicy & {
    readonly validBlocks: number;
    /** Less than this is not paid out. */
    readonly leastPayoutWei: bigint;
  };
  /** Transactions that the outbox holds at a time. */
  readonly window: number;
  readonly encode: EncodeAction;
  /** The typed form of a call that may be signed. */
  readonly typed: (call: Call) => TypedAction | undefined;
  readonly submitter: Submitter;
  readonly counters: Counters;
  readonly record: RecordSink;
  readonly log: KeeperLog;
}

type Wanted = Due & { readonly ordinal: bigint };

export class EarningDesk {
  constructor(private readonly parts: EarningDeskParts) {}

  /**
   * @param positions rescued from here, as far as anybody knows
   * @param acts false: nothing new is signed, books are kept all the same
   */
  async run(positions: readonly string[], block: BlockRef, head: Head, acts: boolean): Promise<void> {
    const { counters, log } = this.parts;
    try {
      await this.look(positions, block, head, acts);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      counters.add("earnings.unknown");
      log.warn("earning.unknown", describeError(error));
    }
  }

  private async look(positions: readonly string[], block: BlockRef, head: Head, acts: boolean): Promise<void> {
    const { earnings, account, store } = this.parts;
    const before = await store?.load();
    const brought = new Set(
      (before?.begun ?? [])
        .filter(({ kind, brought: times }) => kind === "claim" && times > 0n)
        .map(({ about }) => about),
    );
    const open = (before?.open ?? []).filter(({ kind }) => kind === "claim").map(({ about }) => about);
    const asked = new Set([...positions.filter((position) => !brought.has(position)), ...open]);
    const earned = this.worthIt(await earnings.look([...asked], account, block));
    if (before !== undefined && before.open.length > 0) await this.tend(before.open, earned, head);
    if (!acts) return;
    const now = before === undefined || before.open.length === 0 ? before : await store?.load();
    const { wanted, refused } = nextDues(earned, now?.begun ?? [], now?.open ?? []);
    for (const due of refused) this.leave(due, "refused", head);
    await this.ask(wanted, head);
  }

  /** A payout that is not worth its gas waits for the next one. */
  private worthIt(earned: Earned): Earned {
    const { leastPayoutWei } = this.parts.config;
    const dues = earned.dues.filter(({ kind, amount }) => kind !== "collect" || amount >= leastPayoutWei);
    return { ...earned, dues };
  }

  private async tend(open: readonly OpenEarning[], earned: Earned, head: Head): Promise<void> {
    const { store, submitter, log } = this.parts;
    for (const earning of open) {
      const duty = earningDutyOf(earning, earned);
      switch (duty.what) {
        case "drop":
          this.wrote(earning, "dropped", (await store?.drop(earning))?.ok === true, head);
          break;
        case "end":
          this.wrote(earning, duty.as, (await store?.end(earning, duty.as))?.ok === true, head);
          break;
        case "withdraw":
          submitter.withdraw?.([earningKey(earning)]);
          log.info("earning.withdrawn", factsOf(earning));
          break;
        case "wait":
          break;
      }
    }
  }

  private wrote(earning: OpenEarning, end: EarningEnd, isWritten: boolean, head: Head): void {
    const { counters, log, record } = this.parts;
    if (!isWritten) {
      counters.add("books.stale");
      return;
    }
    const facts = { ...factsOf(earning), block: head.number };
    counters.add(`earnings.${earning.kind}.${end}`);
    log[end === "refused" ? "error" : "info"](`earning.${end}`, facts);
    record.write({ kind: `earning.${end}`, block: head.number, facts });
  }

  private async ask(wanted: readonly Wanted[], head: Head): Promise<void> {
    const { store, submitter, window, counters, record } = this.parts;
    const room = window - submitter.pending().length;
    const taken: { readonly due: Wanted; readonly intent: Intent }[] = [];
    for (const due of wanted) {
      const intent = this.intentOf(due, head);
      if (typeof intent === "string") this.leave(due, intent, head);
      else if (taken.length >= room) this.leave(due, "window", head);
      else taken.push({ due, intent });
    }
    if (taken.length === 0) return;
    const beganBlock = BigInt(head.number);
    const stored = await store?.begin(
      taken.map(({ due: { kind, about, ordinal, amount } }) => ({ kind, about, ordinal, amount, beganBlock })),
    );
    if (stored?.ok === false) {
      counters.add(`books.${stored.refusal}`);
      return;
    }
    // One by one: what the policy or the guard refuses of one holds up none of the others.
    for (const { due, intent } of taken) {
      const refused = await this.submit(intent, head);
      if (refused !== undefined) this.leave(due, `not-submitted-${refused}`, head);
    }
    const facts = { block: head.number + 1, asked: taken.map(({ due }) => factsOf(due)) };
    record.write({ kind: "earnings", block: head.number + 1, facts });
  }

  private intentOf(due: Wanted, head: Head): Intent | "not-signable" | "fee-ceiling" {
    const { config, encode, typed } = this.parts;
    const action = typed(due.call);
    if (action === undefined) return "not-signable";
    const { gasLimit, valueWei } = due.call;
    // What is recovered has no price here; it was ours, and what it costs is known.
    const maxFeePerGasWei =
      due.kind === "recover" ? config.maxFeePerGasWei : feeCeilingWei(due.amount, gasLimit, config);
    if (maxFeePerGasWei < (head.nextBaseFeeWei ?? 0n)) return "fee-ceiling";
    const validUntilBlock = head.number + config.validBlocks;
    const key = earningKey(due);
    return { key, action, ...bytesOf(encode, action), valueWei, gasLimit, maxFeePerGasWei, validUntilBlock };
  }

  /** What the outbox throws is an answer too: nobody knows then whether it is written, and the books will say. @returns why not. */
  private async submit(intent: Intent, head: Head): Promise<string | undefined> {
    const { submitter, counters, log } = this.parts;
    try {
      const said = await submitter.submit(intent, head);
      counters.add(
        said.accepted ? `${said.broadcast ? "sent" : "dry-run"}.${intent.action.name}` : `sent.refused.${said.refusal}`,
      );
      return said.accepted ? undefined : said.refusal;
    } catch (error) {
      counters.add("sent.unknown");
      log.warn("send.unknown", describeError(error));
      return describeError(error).code;
    }
  }

  /** Due, and not asked for at this block. */
  private leave(due: Due, reason: string, head: Head): void {
    const { counters, log } = this.parts;
    counters.add(`left.earning-${reason}`);
    log.info("earning.left", { ...factsOf(due), reason, block: head.number });
  }
}

function factsOf({ kind, about, amount }: { kind: EarningKind; about: string; amount: bigint }): Facts {
  return { kind, about, amount };
}
