/** The way out through one channel: in order, a few attempts each, never in anybody's way. */
import type { KeeperLog } from "../logger.js";
import { backoffMs, pause } from "../retry.js";
import type { AlertMessage } from "./alert.js";
import { ChannelFailure, type AlertChannel } from "./channel.js";

export interface OutletOptions {
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly retryMs: number;
}

/** Messages that wait for a slow channel; beyond that the oldest are dropped: what matters is how things stand now. */
const MAX_WAITING = 50;
const MAX_RETRY_MS = 60_000;

export class Outlet {
  private waiting: AlertMessage[] = [];
  private working: Promise<void> | undefined;
  private readonly stopping = new AbortController();

  constructor(
    readonly channel: AlertChannel,
    private readonly options: OutletOptions,
    private readonly log: KeeperLog,
  ) {}

  /** Returns at once, never throws. */
  push(message: AlertMessage): void {
    if (this.waiting.length >= MAX_WAITING) {
      this.waiting.shift();
      this.log.warn("alert.dropped", { channel: this.channel.name });
    }
    this.waiting.push(message);
    this.start();
  }

  /** One attempt, for a test of the channel. @throws ChannelFailure */
  async sendNow(message: AlertMessage): Promise<void> {
    await bounded(this.channel, message, AbortSignal.timeout(this.options.timeoutMs));
  }

  /** Waits for what is on its way, but no longer than `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const end = setTimeout(() => {
      this.stopping.abort();
    }, graceMs);
    await this.working;
    clearTimeout(end);
  }

  private start(): void {
    this.working ??= this.work().finally(() => {
      this.working = undefined;
      // Something may have come in after the last look.
      if (this.waiting.length > 0 && !this.stopping.signal.aborted) this.start();
    });
  }

  private async work(): Promise<void> {
    for (;;) {
      const message = this.waiting.shift();
      if (message === undefined || this.stopping.signal.aborted) return;
      await this.deliver(message);
    }
  }

  private async deliver(message: AlertMessage): Promise<void> {
    const { timeoutMs, attempts, retryMs } = this.options;
    const { signal } = this.stopping;
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      try {
        await bounded(this.channel, message, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
        return;
      } catch (error) {
        const reason = error instanceof ChannelFailure ? error.reason : "unknown";
        const again = attempt < attempts && !(error instanceof ChannelFailure && !error.transient) && !signal.aborted;
        this.log[again ? "debug" : "warn"]("alert.not-delivered", {
          channel: this.channel.name,
          kind: message.kind,
          reason,
        });
        if (!again) return;
        await pause(backoffMs(attempt, retryMs, MAX_RETRY_MS), signal);
      }
    }
  }
}

/** Ends with the signal, whatever the channel makes of it. @throws ChannelFailure, or what the channel throws */
function bounded(channel: AlertChannel, message: AlertMessage, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      reject(new ChannelFailure("timeout", true));
    };
    if (signal.aborted) end();
    else {
      signal.addEventListener("abort", end, { once: true });
      channel.send(message, signal).then(resolve, reject);
    }
  });
}
