/** Troubles that nobody logs, because nothing happens: stale health, an empty purse, a clock that is off. Looks by a timer of its own. */
import type { HealthReport } from "../health.js";
import type { AlertDesk } from "./desk.js";

export interface WatchParts {
  readonly desk: Pick<AlertDesk, "raise" | "resolve">;
  readonly health: () => HealthReport;
  /** Seconds by which this machine's clock differs from the newest block's; undefined where blocks keep another time. */
  readonly skewSeconds: () => number | undefined;
  readonly maxSkewSeconds: number;
  /** What the keeper's key holds, wei; undefined without a key. Asked rarely. */
  readonly balanceWei: () => Promise<bigint | undefined>;
  readonly minBalanceWei: bigint;
  readonly everyMs: number;
  readonly balanceEveryMs: number;
}

export class TroubleWatch {
  private readonly timer: NodeJS.Timeout;
  private balanceAskedMs: number;
  private asking = false;

  constructor(
    private readonly parts: WatchParts,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    // The checks at a keeper's start have looked already.
    this.balanceAskedMs = nowMs();
    this.timer = setInterval(() => {
      void this.look();
    }, parts.everyMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** One look. Never throws. */
  async look(): Promise<void> {
    this.lookAtHealth();
    this.lookAtClock();
    await this.lookAtBalance();
  }

  private lookAtHealth(): void {
    const { desk } = this.parts;
    const { healthy, ageSeconds, limitSeconds, lastBlock, lastError } = this.parts.health();
    if (healthy) {
      desk.resolve("health-stale", "");
      return;
    }
    const facts = { ageSeconds: Math.round(ageSeconds), limitSeconds, lastBlock, lastError };
    const summary = "The keeper has not done its work for longer than it may.";
    desk.raise({ kind: "health-stale", subject: "", severity: "critical", summary, facts });
  }

  private lookAtClock(): void {
    const { desk, maxSkewSeconds } = this.parts;
    const skewSeconds = this.parts.skewSeconds();
    if (skewSeconds === undefined) return;
    if (Math.abs(skewSeconds) <= maxSkewSeconds) {
      desk.resolve("clock-skew", "");
      return;
    }
    const summary = "This machine's clock and the newest block differ: the clock is off, or the chain stands still.";
    const facts = { skewSeconds: Math.round(skewSeconds), maxSkewSeconds };
    desk.raise({ kind: "clock-skew", subject: "", severity: "warning", summary, facts });
  }

  private async lookAtBalance(): Promise<void> {
    const { desk, minBalanceWei, balanceEveryMs } = this.parts;
    if (this.asking || this.nowMs() - this.balanceAskedMs < balanceEveryMs) return;
    this.asking = true;
    try {
      const balanceWei = await this.parts.balanceWei();
      this.balanceAskedMs = this.nowMs();
      if (balanceWei === undefined) return;
      if (balanceWei >= minBalanceWei) desk.resolve("low-balance", "");
      else {
        const summary = "The keeper's key holds little of the chain's coin; without it nothing can be sent.";
        desk.raise({
          kind: "low-balance",
          subject: "",
          severity: "warning",
          summary,
          facts: { balanceWei, minBalanceWei },
        });
      }
    } catch {
      // A node that does not answer is another trouble, told elsewhere; the balance is asked again at the next look.
    } finally {
      this.asking = false;
    }
  }
}
