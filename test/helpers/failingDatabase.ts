/** A real database that can be lost: gone, or with answers to commits that never arrive. */
import type { Database, Queryable, SqlValue } from "../../db/database.js";
import { RetryableError } from "../../protocol/errors.js";

export class FailingDatabase implements Database {
  /** gone: nothing is reached. silent-commit: transactions are committed and the answer is lost. */
  mode: "well" | "gone" | "silent-commit" = "well";

  constructor(private readonly real: Database) {}

  query<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<readonly Row[]> {
    return this.mode === "gone" ? Promise.reject(unavailable()) : this.real.query<Row>(sql, values);
  }

  async transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    if (this.mode === "gone") throw unavailable();
    const result = await this.real.transaction(work);
    if (this.mode === "silent-commit") throw unavailable();
    return result;
  }

  close(): Promise<void> {
    return this.real.close();
  }
}

function unavailable(): RetryableError {
  return new RetryableError("DB_UNAVAILABLE", "the test has taken the database away");
}
