/**
 * The keepers' database with a name for the state it is in. `degraded`: it cannot be asked, or cannot store; no byte is signed until it
 * can again, and what is in flight is watched from memory. A server that is gone is back with its first answer. A full disk is not: it
 * still answers and stores little things, so that only room that was really taken counts.
 */
import type { Database, Queryable, SqlValue } from "../../db/database.js";
import { takeRoom } from "../../db/queries/room/takeRoom.js";
import { CantileverError } from "../../protocol/errors.js";
import { describeError, type KeeperLog } from "./logger.js";

export interface DatabaseState {
  readonly state: "healthy" | "degraded";
  /** Code of what is wrong; null while nothing is. */
  readonly reason: string | null;
}

export class WatchedDatabase implements Database {
  private trouble: string | undefined;
  private full = false;
  private closed = false;

  /** `why`: what the supervisor of an embedded server knows about its absence. */
  constructor(
    private readonly real: Database,
    private readonly log: KeeperLog,
    private readonly why: () => CantileverError | undefined = () => undefined,
  ) {}

  get state(): DatabaseState {
    const { trouble = null } = this;
    return { state: trouble === null ? "healthy" : "degraded", reason: trouble };
  }

  query<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<readonly Row[]> {
    return this.watch(this.real.query<Row>(sql, values));
  }

  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.watch(this.real.transaction(work));
  }

  /** To be asked before anything is decided: false while nothing can be stored. Looks for room on a disk that was full. Never throws. */
  async isWritable(): Promise<boolean> {
    if (!this.full) return this.trouble === undefined;
    try {
      await this.real.transaction(takeRoom);
    } catch (error) {
      this.failed(error);
      if (codeOf(error) !== undefined) return false;
      // It may be asked and does not let us look: the next thing to store will tell.
    }
    this.full = false;
    this.healed();
    return true;
  }

  close(): Promise<void> {
    this.closed = true;
    return this.real.close();
  }

  private async watch<T>(work: Promise<T>): Promise<T> {
    try {
      const result = await work;
      if (!this.full) this.healed();
      return result;
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }

  private failed(error: unknown): void {
    const code = codeOf(error);
    if (code === undefined || this.closed) return;
    this.full ||= code === "DB_STORAGE";
    const known = this.why();
    const reason = known?.code ?? code;
    if (reason === this.trouble) return;
    this.trouble = reason;
    this.log.error("database.degraded", { ...describeError(known ?? error), fix: fixOf(known ?? error) });
  }

  private healed(): void {
    if (this.trouble === undefined) return;
    this.log.info("database.healthy", { after: this.trouble });
    this.trouble = undefined;
  }
}

/** The code of a failure that says something about the database rather than about the statement. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof CantileverError)) return undefined;
  return error.code === "DB_STORAGE" || error.code === "DB_UNAVAILABLE" ? error.code : undefined;
}

function fixOf(error: unknown): string | undefined {
  return error instanceof CantileverError ? error.fix : undefined;
}
