/**
 * Decides what is told and when. Calls return at once and never throw; everything else happens beside the work.
 *
 * - A trouble is told once when it is raised, at once when it becomes critical, again after `repeatMs` while it lasts, and once when it has
 *   been over for `settleMs`. One that comes back before that was never over: a flapping state is one message.
 * - What is only noticed (`lasting: false`), such as a refusal, counts as over when it was not noticed again for `settleMs`.
 * - No more than `perHour` messages leave, whatever happens; what the limit held back is told in one message when it allows.
 */
import { randomUUID } from "node:crypto";

import { plain, type Facts, type KeeperLog } from "../logger.js";
import { RetryBudget } from "../retry.js";
import type { Alert, AlertKind, AlertMessage } from "./alert.js";
import type { AlertChannel } from "./channel.js";
import { Outlet, type OutletOptions } from "./outlet.js";

export interface DeskOptions extends OutletOptions {
  readonly keeper: string;
  readonly network: string;
  readonly repeatMs: number;
  readonly settleMs: number;
  readonly perHour: number;
}

interface Open {
  alert: Alert;
  times: number;
  toldMs: number;
  /** As it was told last. */
  severity: Alert["severity"];
  noticedMs: number;
  /** When it was said to be over; undefined while it lasts. */
  overSinceMs: number | undefined;
  lasting: boolean;
}

const HOUR_SECONDS = 3_600;
/** What a program that ends grants to what is on its way. */
const GRACE_MS = 3_000;

export class AlertDesk {
  private readonly open = new Map<string, Open>();
  private readonly outlets: readonly Outlet[];
  private readonly budget: RetryBudget;
  /** Titles that the limit held back, newest state per trouble. */
  private readonly held = new Map<string, AlertMessage>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    channels: readonly AlertChannel[],
    private readonly options: DeskOptions,
    log: KeeperLog,
    private readonly nowMs: () => number = Date.now,
  ) {
    this.outlets = channels.map((channel) => new Outlet(channel, options, log));
    this.budget = new RetryBudget(options.perHour, options.perHour / HOUR_SECONDS, nowMs);
    this.timer = setInterval(
      () => {
        this.review();
      },
      Math.max(50, options.settleMs / 4),
    ).unref();
  }

  /** Names of the channels. */
  get channels(): readonly string[] {
    return this.outlets.map(({ channel }) => channel.name);
  }

  /** What is open now, for status and metrics. */
  get troubles(): readonly { readonly kind: AlertKind; readonly subject: string }[] {
    return [...this.open.values()].map(({ alert: { kind, subject } }) => ({ kind, subject }));
  }

  /** @param lasting whether somebody will say when it is over. */
  raise(alert: Alert, lasting = true): void {
    const key = keyOf(alert.kind, alert.subject);
    const now = this.nowMs();
    const known = this.open.get(key);
    if (known === undefined) {
      const { severity } = alert;
      this.open.set(key, { alert, times: 1, toldMs: now, severity, noticedMs: now, overSinceMs: undefined, lasting });
      this.tell(this.message("raised", alert, 1));
      return;
    }
    // What somebody said to be over is not reopened by an echo of it.
    const overSinceMs = known.lasting && !lasting ? known.overSinceMs : undefined;
    Object.assign(known, { alert, times: known.times + 1, noticedMs: now, overSinceMs });
    known.lasting ||= lasting;
    const isWorse = alert.severity === "critical" && known.severity !== "critical";
    if (!isWorse && now - known.toldMs < this.options.repeatMs) return;
    Object.assign(known, { toldMs: now, severity: alert.severity });
    this.tell(this.message(isWorse ? "raised" : "still", alert, known.times));
  }

  /** The trouble is over. Saying so when there is none does nothing. */
  resolve(kind: AlertKind, subject: string): void {
    const known = this.open.get(keyOf(kind, subject));
    if (known !== undefined) known.overSinceMs ??= this.nowMs();
  }

  /** Ends what has been over long enough, and tells what the limit held back. Runs by itself. */
  review(): void {
    const now = this.nowMs();
    for (const [key, known] of this.open) {
      const overMs = known.lasting ? known.overSinceMs : known.noticedMs;
      if (overMs === undefined || now - overMs < this.options.settleMs) continue;
      this.open.delete(key);
      this.tell(this.message("resolved", known.alert, known.times));
    }
    if (this.held.size > 0 && this.budget.spend()) this.tellHeld();
  }

  /** Sends one message through every channel now. @returns why each failed, or undefined. */
  async test(): Promise<Readonly<Record<string, string | undefined>>> {
    const alert = {
      kind: "test" as const,
      subject: "",
      severity: "warning" as const,
      summary: "A test. Nothing is wrong.",
    };
    const message = this.message("test", alert, 1);
    const results = await Promise.all(
      this.outlets.map(async (outlet) => {
        try {
          await outlet.sendNow(message);
          return [outlet.channel.name, undefined] as const;
        } catch (error) {
          return [outlet.channel.name, error instanceof Error ? error.message : "unknown"] as const;
        }
      }),
    );
    return Object.fromEntries(results);
  }

  /** Waits for what is on its way, but no longer than `graceMs`. */
  async close(graceMs = GRACE_MS): Promise<void> {
    clearInterval(this.timer);
    if (this.held.size > 0) this.tellHeld();
    await Promise.all(this.outlets.map((outlet) => outlet.close(graceMs)));
  }

  private tell(message: AlertMessage): void {
    const key = keyOf(message.kind, message.subject);
    if (this.held.size > 0 || !this.budget.spend()) this.held.set(key, message);
    else this.push(message);
  }

  private tellHeld(): void {
    const held = [...this.held.values()];
    this.held.clear();
    const [only] = held;
    if (only !== undefined && held.length === 1) {
      this.push(only);
      return;
    }
    const facts = Object.fromEntries(held.map(({ kind, subject, state }) => [`${kind} ${subject}`.trim(), state]));
    const critical = held.some(({ severity, state }) => severity === "critical" && state !== "resolved");
    const summary = `${String(held.length)} troubles changed while the limit of messages was reached; this is how they stand.`;
    const several = {
      kind: "several" as const,
      subject: "",
      severity: critical ? ("critical" as const) : ("warning" as const),
    };
    this.push(this.message("held-back", { ...several, summary, facts }, held.length));
  }

  private push(message: AlertMessage): void {
    for (const outlet of this.outlets) outlet.push(message);
  }

  private message(
    state: AlertMessage["state"],
    alert: Omit<Alert, "kind"> & { readonly kind: AlertMessage["kind"] },
    times: number,
  ): AlertMessage {
    const { keeper, network } = this.options;
    const { kind, subject, severity, summary, facts = {} } = alert;
    const at = new Date(this.nowMs()).toISOString();
    return {
      id: randomUUID(),
      state,
      kind,
      subject,
      severity,
      summary,
      keeper,
      network,
      at,
      times,
      facts: flat(facts),
    };
  }
}

function keyOf(kind: string, subject: string): string {
  return `${kind} ${subject}`;
}

function flat(facts: Facts): Record<string, string> {
  return Object.fromEntries(
    Object.entries(plain(facts) as Record<string, unknown>)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}
