/** Lets slots pass at their pace. Slots that were missed, because the machine was busy or asleep, follow in one go. */
import type { Cluster } from "./cluster.js";

/** In one go; a machine that slept for days has a cluster that stood still. */
const MOST_AT_ONCE = 10_000;

export class SlotTimer {
  private readonly timer: NodeJS.Timeout;
  private last = performance.now();

  constructor(cluster: Cluster, slotMs: number) {
    this.timer = setInterval(() => {
      const due = Math.floor((performance.now() - this.last) / slotMs);
      // Timers may come a little early; the slot is then that of the next tick.
      if (due === 0) return;
      this.last = due > MOST_AT_ONCE ? performance.now() : this.last + due * slotMs;
      cluster.advance(Math.min(due, MOST_AT_ONCE));
    }, slotMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
