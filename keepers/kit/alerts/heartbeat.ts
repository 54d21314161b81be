/** The dead man's switch: somebody outside is told that all is well, and alarms when that stops. A dead process tells nobody anything. */
import type { Secret } from "../keys/secret.js";
import type { KeeperLog } from "../logger.js";

export interface HeartbeatOptions {
  readonly url: Secret;
  readonly method: "GET" | "POST";
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** Asked each time; nothing leaves while it says no. */
  readonly isWell: () => boolean;
}

export class Heartbeat {
  private readonly timer: NodeJS.Timeout;
  private beating = false;
  private failures = 0;

  constructor(
    private readonly options: HeartbeatOptions,
    private readonly log: KeeperLog,
  ) {
    this.timer = setInterval(() => {
      void this.beat();
    }, options.everyMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** One beat. Never throws; a beat that hangs keeps the next from starting. */
  async beat(): Promise<void> {
    const { url, method, timeoutMs, isWell } = this.options;
    if (this.beating || !isWell()) return;
    this.beating = true;
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await url.use((text) => fetch(text, { method, signal, redirect: "manual" }));
      await response.body?.cancel();
      if (!response.ok) throw new Error(`http-${String(response.status)}`);
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      const reason = error instanceof Error && /^http-\d+$/.test(error.message) ? error.message : "unreachable";
      // Said once: the other side alarms by itself.
      if (this.failures === 1) this.log.warn("heartbeat.not-delivered", { reason });
    } finally {
      this.beating = false;
    }
  }
}
