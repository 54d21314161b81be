/**
 * Evidence of decisions: inputs, plan or skip reasons, calldata hash, transaction hash. Evidence never delays or prevents an action: a
 * write that fails is counted and reported once, and the keeper goes on. Outcomes are not repeated here; they are on the chain under
 * the transaction hash.
 */
import { createWriteStream, mkdirSync, type WriteStream } from "node:fs";
import { dirname } from "node:path";

import { plain, type Facts, type KeeperLog } from "./logger.js";

/** One line of evidence. `kind` names what happened, the rest are its facts. */
export interface RecordEntry {
  readonly kind: string;
  /** The block the decision was made for. */
  readonly block: number;
  readonly facts: Facts;
}

/** Where evidence goes. `write` returns at once and never throws. */
export interface RecordSink {
  write(entry: RecordEntry): void;
  /** Resolves when everything written so far is stored or given up. */
  close(): Promise<void>;
}

/** Keeps entries in memory; for tests and in-process use. */
export class MemoryRecord implements RecordSink {
  readonly entries: RecordEntry[] = [];

  write(entry: RecordEntry): void {
    this.entries.push(entry);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Lines waiting for a slow disk are dropped beyond this many bytes: evidence may not eat the memory of the keeper. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** Appends one JSON object per line to a file. */
export class JsonlRecord implements RecordSink {
  private stream: WriteStream | undefined;
  private failed = false;
  private dropped = 0;

  constructor(
    readonly file: string,
    private readonly log: KeeperLog,
  ) {
    try {
      mkdirSync(dirname(file), { recursive: true });
      this.stream = createWriteStream(file, { flags: "a", mode: 0o600 });
      this.stream.on("error", (error) => {
        this.fail(error);
      });
    } catch (error) {
      this.fail(error);
    }
  }

  write(entry: RecordEntry): void {
    if (this.stream === undefined || this.failed || this.stream.writableLength > MAX_WAITING_BYTES) {
      this.dropped += 1;
      return;
    }
    const line = {
      time: new Date().toISOString(),
      kind: entry.kind,
      block: entry.block,
      ...(plain(entry.facts) as object),
    };
    this.stream.write(`${JSON.stringify(line)}\n`);
  }

  async close(): Promise<void> {
    if (this.dropped > 0) this.log.warn("record.dropped", { file: this.file, entries: this.dropped });
    const stream = this.stream;
    if (stream === undefined || this.failed) return;
    await new Promise<void>((resolve) => {
      stream.on("error", () => {
        resolve();
      });
      stream.end(() => {
        resolve();
      });
    });
  }

  private fail(error: unknown): void {
    if (!this.failed) {
      const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown";
      this.log.warn("record.failed", { file: this.file, reason });
    }
    this.failed = true;
  }
}
