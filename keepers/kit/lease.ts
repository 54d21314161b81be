/**
 * A role that several processes want and one may have. The lease lies in PostgreSQL and runs by the database's clock; whoever writes
 * something that only the holder may write checks the fence in the same transaction (`lockLease`), because a process that was stopped
 * for a minute wakes up believing that it still leads.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";

import type { Database } from "../../db/database.js";
import { acquireLease } from "../../db/queries/lease/acquire.js";
import { releaseLease } from "../../db/queries/lease/release.js";
import { renewLease } from "../../db/queries/lease/renew.js";
import { describeError, type KeeperLog } from "./logger.js";
import { pause } from "./retry.js";

export interface LeaseOptions {
  /** What is leased, such as `deviation-stabilizer:138:0x…`. */
  readonly name: string;
  /** How long the lease outlives its last renewal, milliseconds: the longest time without a leader after a kill. */
  readonly ttlMs: number;
  /** Pause between two renewals, or between two tries to get it. */
  readonly renewMs: number;
  /** Taken only while that one is held, and given back with it: of two copies that need both leases neither holds one alone for long. */
  readonly behind?: Pick<Lease, "claimed"> | undefined;
}

/** The process that an owner of a lease names, and the machine alone can find again. */
export function ownerPid(owner: string): number | undefined {
  const pid = Number(owner.split(":").at(-2));
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
}

/** What a transaction needs to prove that its writer leads. */
export interface HeldLease {
  readonly name: string;
  readonly owner: string;
  readonly fence: bigint;
}

export class Lease {
  readonly owner = `${hostname()}:${String(process.pid)}:${randomUUID().slice(0, 8)}`;
  private fence: bigint | undefined;
  /** Monotonic milliseconds up to which the lease is surely ours, unless the database's clock jumps. */
  private surelyUntilMs = 0;
  private running: Promise<void> | undefined;
  private readonly stopping = new AbortController();

  constructor(
    private readonly db: Database,
    readonly options: LeaseOptions,
    private readonly log: KeeperLog,
  ) {}

  /** The lease as held now, as far as this process can know; the database has the last word. */
  get held(): HeldLease | undefined {
    if (this.fence === undefined || performance.now() > this.surelyUntilMs) return undefined;
    return { name: this.options.name, owner: this.owner, fence: this.fence };
  }

  /** Nobody has said that it is lost: true also while the database cannot be asked. */
  get claimed(): boolean {
    return this.fence !== undefined;
  }

  /** One renewal or one try. @returns whether the lease is held. @throws what the database throws; the lease is then not renewed. */
  async step(): Promise<boolean> {
    const { name, ttlMs, behind } = this.options;
    const askedMs = performance.now();
    if (behind?.claimed === false) {
      if (this.fence !== undefined) await this.giveBack("the lease that it stands behind is lost");
      return false;
    }
    if (this.fence !== undefined) {
      if (await renewLease(this.db, name, this.owner, this.fence, ttlMs)) {
        this.surelyUntilMs = askedMs + ttlMs;
        return true;
      }
      this.lost("taken by another process");
    }
    this.fence = await acquireLease(this.db, name, this.owner, ttlMs);
    if (this.fence === undefined) return false;
    this.surelyUntilMs = askedMs + ttlMs;
    this.log.info("lease.acquired", { lease: name, fence: this.fence });
    return true;
  }

  /** A transaction found that the lease is not ours. */
  lost(why: string): void {
    if (this.fence === undefined) return;
    this.log.warn("lease.lost", { lease: this.options.name, fence: this.fence, why });
    this.fence = undefined;
  }

  /** Renews in the background until `stop`. Failures are logged; the lease then runs out by itself. */
  start(): void {
    this.running ??= this.loop();
  }

  /** Stops renewing and gives the lease back. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await this.giveBack("this process ends");
  }

  private async giveBack(why: string): Promise<void> {
    const { fence } = this;
    this.fence = undefined;
    if (fence === undefined) return;
    this.log.info("lease.released", { lease: this.options.name, fence, why });
    try {
      await releaseLease(this.db, this.options.name, this.owner, fence);
    } catch (error) {
      this.log.warn("lease.not-released", { lease: this.options.name, ...describeError(error) });
    }
  }

  private async loop(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.step();
      } catch (error) {
        this.log.warn("lease.unreachable", { lease: this.options.name, ...describeError(error) });
      }
      await pause(this.options.renewMs, signal);
    }
  }
}
