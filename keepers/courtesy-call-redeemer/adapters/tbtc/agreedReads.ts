/**
 * Money reads of many positions as one question: what is asked in the same turn travels together, so that looking for the ways of a
 * hundred positions costs a few exchanges with each node instead of hundreds.
 */
import { setImmediate as turn } from "node:timers/promises";

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
  private isAsking = false;

  constructor(
    private readonly client: Pick<ChainClient, "agreed">,
    private readonly atOnce = READS_AT_ONCE,
  ) {}

  /** Results that enough nodes give alike. @throws like ChainClient.agreed: for these reads alone, whatever else was asked with them. */
  async read(block: At, reads: readonly MoneyRead[]): Promise<readonly unknown[]> {
    if (reads.length === 0) return [];
    return new Promise((resolve, reject) => {
      this.waiting.push({ block, reads, resolve, reject });
      if (this.isAsking) return;
      this.isAsking = true;
      void this.flush();
    });
  }

  /**
   * What the answers make others ask waits until all of these are there: second questions of a hundred positions travel together, too.
   * Never throws: every job is told its own end.
   */
  private async flush(): Promise<void> {
    for (;;) {
      // Whoever asks in this turn, and whoever was answered just now, has asked by then.
      await turn();
      const jobs = this.waiting;
      if (jobs.length === 0) break;
      this.waiting = [];
      for (const group of this.groupsOf(jobs)) await this.ask(group);
    }
    this.isAsking = false;
  }

  /** Of one block each, and not too large. */
  private groupsOf(jobs: readonly Job[]): readonly (readonly Job[])[] {
    const groups: Job[][] = [];
    let count = 0;
    for (const job of jobs) {
      const group = groups.at(-1);
      count += job.reads.length;
      if (group?.[0]?.block.hash === job.block.hash && count <= this.atOnce) {
        group.push(job);
        continue;
      }
      groups.push([job]);
      count = job.reads.length;
    }
    return groups;
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
