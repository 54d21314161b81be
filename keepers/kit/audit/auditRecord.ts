/**
 * Evidence into the audit log: decisions, intents, refusals and outcomes, as the keeper records them. Never waited for: rows wait in
 * memory while the database is slow or away, and when too many wait the newest are dropped and counted in a row of their own.
 */
import type { Database } from "../../../db/database.js";
import { appendAudit, type NewAuditRow } from "../../../db/queries/audit/append.js";
import { describeError, type KeeperLog } from "../logger.js";
import { canonicalJson } from "../policy/canonical.js";
import type { RecordEntry, RecordSink } from "../record.js";
import { backoffMs, pause } from "../retry.js";
import { auditStream } from "./stream.js";

export interface AuditRecordOptions {
  readonly role: string;
  readonly network: string;
  /** Rows that may wait. */
  readonly maxWaiting?: number;
  /** How long `close` goes on trying, milliseconds. */
  readonly closeMs?: number;
}

/** Rows in one transaction: the stream is locked until it ends. */
const BATCH = 50;
const RETRY_MS = 100;
const RETRY_MAX_MS = 5_000;

export class AuditRecord implements RecordSink {
  private waiting: NewAuditRow[] = [];
  private dropped = 0;
  private running: Promise<void> | undefined;
  private readonly giveUp = new AbortController();

  constructor(
    private readonly db: Database,
    private readonly options: AuditRecordOptions,
    private readonly log: KeeperLog,
  ) {}

  write({ kind, block, facts }: RecordEntry): void {
    if (this.waiting.length >= (this.options.maxWaiting ?? 10_000)) {
      this.dropped += 1;
      return;
    }
    this.waiting.push(this.row(kind, BigInt(block), canonicalJson(facts)));
    this.running ??= this.flush().finally(() => {
      this.running = undefined;
    });
  }

  async close(): Promise<void> {
    const timer = setTimeout(() => {
      this.giveUp.abort();
    }, this.options.closeMs ?? 2_000);
    await this.running;
    clearTimeout(timer);
    const lost = this.waiting.length + this.dropped;
    if (lost > 0) this.log.warn("audit.lost", { rows: lost });
  }

  private async flush(): Promise<void> {
    let failures = 0;
    while (this.waiting.length > 0 && !this.giveUp.signal.aborted) {
      const batch = this.waiting.slice(0, BATCH);
      // What is written while this batch is on its way waits for the next one.
      const taken = batch.length;
      const { dropped } = this;
      if (dropped > 0) batch.push(this.row("audit.dropped", null, canonicalJson({ rows: dropped })));
      try {
        await this.db.transaction(async (tx) => {
          for (const row of batch) await appendAudit(tx, row);
        });
        this.waiting.splice(0, taken);
        this.dropped -= dropped;
        failures = 0;
      } catch (error) {
        if (failures === 0) this.log.warn("audit.waiting", { rows: this.waiting.length, ...describeError(error) });
        failures += 1;
        await pause(backoffMs(failures, RETRY_MS, RETRY_MAX_MS), this.giveUp.signal);
      }
    }
  }

  private row(kind: string, block: bigint | null, body: string): NewAuditRow {
    return { stream: auditStream(this.options.role, this.options.network), kind, block, body };
  }
}

/** Evidence to several places. */
export function recordTo(...sinks: readonly RecordSink[]): RecordSink {
  return {
    write: (entry) => {
      for (const sink of sinks) sink.write(entry);
    },
    close: async () => {
      await Promise.all(sinks.map((sink) => sink.close()));
    },
  };
}
