/**
 * Money reads of many positions as one question: what is asked in the same turn travels together, so that looking for the ways of a
 * hundred positions costs a few exchanges with each node instead of hundreds.
 */
import { RetryableError } from "../../../../protocol/errors.js";
import type { MoneyRead } from "../../../kit/providers/agreement.js";
import type { ChainClient } from "../../../kit/provider.js";
import type { BlockRef } from "../../types.js";

type At = Pick<BlockRef, "number" | "hash">;

interface Job {
  readonly block: At;
  readonly reads: readonly MoneyRead[];
  readonly resolve: (answers: readonly unknown[]) => void;
  readonly reject: (error: unknown) => void;
}

const READS_AT_ONCE = 200;

export class AgreedReads {
  private waiting: Job[] = [];

  constructor(
    private readonly client: Pick<ChainClient, "agreed">,
    private readonly atOnce = READS_AT_ONCE,
  ) {}

  /** Results that enough nodes give alike. @throws like ChainClient.agreed: for these reads alone, whatever else was asked with them. */
  async read(block: At, reads: readonly MoneyRead[]): Promise<readonly unknown[]> {
    if (reads.length === 0) return [];
    return new Promise((resolve, reject) => {
      if (this.waiting.length === 0) setImmediate(() => void this.flush());
      this.waiting.push({ block, reads, resolve, reject });
    });
  }

  /** Never throws: every job is told its own end. */
  private async flush(): Promise<void> {
    const jobs = this.waiting;
    this.waiting = [];
    for (let from = 0; from < jobs.length;) {
      const first = jobs[from];
      if (first === undefined) return;
      let to = from;
      for (let count = 0; to < jobs.length; to += 1) {
        const job = jobs[to];
        count += job?.reads.length ?? 0;
        if (job?.block.hash !== first.block.hash || (to > from && count > this.atOnce)) break;
      }
      await this.ask(jobs.slice(from, to));
      from = to;
    }
  }

  private async ask(jobs: readonly Job[]): Promise<void> {
    const [first, ...others] = jobs;
    if (first === undefined) return;
    try {
      const answers = await this.client.agreed(
        first.block,
        jobs.flatMap(({ reads }) => reads),
      );
      let at = 0;
      for (const { reads, resolve } of jobs) resolve(answers.slice(at, (at += reads.length)));
    } catch (error) {
      // One that reverts must not take the others with it; nodes that disagree do so about all.
      if (others.length === 0 || error instanceof RetryableError) for (const { reject } of jobs) reject(error);
      else for (const job of jobs) await this.ask([job]);
    }
  }
}
