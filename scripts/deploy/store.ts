import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { readRecord, recordFile, type DeploymentRecord } from "../../protocol/addresses.js";
import { DEPLOYMENTS_FOLDER } from "../../protocol/params/load.js";

/** What is about to be sent, written before it is: after a kill it leads back to the transaction. */
export interface Intent {
  /** Contract or batch that the transaction makes. */
  readonly name: string;
  readonly from: string;
  readonly nonce: number;
  /** Newest block when it was written; the transaction lies after it. */
  readonly afterBlock: number;
}

/** Where a deployment keeps its record and, while it runs, its journal of intents. */
export interface DeploymentStore {
  read(): DeploymentRecord | undefined;
  write(record: DeploymentRecord): void;
  readJournal(): readonly Intent[];
  writeJournal(intents: readonly Intent[]): void;
}

/** Files under `deployments/`, each replaced in one step so that a kill leaves the old one or the new one, never half of one. */
export class FileStore implements DeploymentStore {
  constructor(
    private readonly network: string,
    private readonly folder = DEPLOYMENTS_FOLDER,
  ) {}

  read(): DeploymentRecord | undefined {
    return readRecord(this.network, this.folder);
  }

  write(record: DeploymentRecord): void {
    replaceFile(recordFile(this.network, this.folder), record);
  }

  readJournal(): readonly Intent[] {
    try {
      return JSON.parse(readFileSync(this.journalFile(), "utf8")) as Intent[];
    } catch (error) {
      // The journal only helps to find transaction hashes again: without it they are recorded as unknown.
      if (error instanceof SyntaxError || (error instanceof Error && "code" in error && error.code === "ENOENT"))
        return [];
      throw error;
    }
  }

  writeJournal(intents: readonly Intent[]): void {
    if (intents.length === 0) rmSync(this.journalFile(), { force: true });
    else replaceFile(this.journalFile(), intents);
  }

  private journalFile(): string {
    return join(this.folder, `${this.network}.journal.json`);
  }
}

/** For tests and simulations: nothing touches the disk. */
export class MemoryStore implements DeploymentStore {
  private record: string | undefined;
  private journal = "[]";

  read(): DeploymentRecord | undefined {
    return this.record === undefined ? undefined : (JSON.parse(this.record) as DeploymentRecord);
  }

  write(record: DeploymentRecord): void {
    this.record = JSON.stringify(record);
  }

  readJournal(): readonly Intent[] {
    return JSON.parse(this.journal) as Intent[];
  }

  writeJournal(intents: readonly Intent[]): void {
    this.journal = JSON.stringify(intents);
  }
}

/** Replaces a file in one step. */
export function replaceFile(file: string, content: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${String(process.pid)}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(content, null, 2)}\n`);
  renameSync(temporary, file);
}
