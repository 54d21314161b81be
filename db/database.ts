/**
 * What the rest of the project sees of PostgreSQL. Statements are SQL text with `$1` parameters, one file per statement under
 * `db/queries/`; a function there takes a `Queryable`, so that it runs alone or inside somebody's transaction.
 *
 * Types on the way out: `bigint` and `numeric(78,0)` columns are JavaScript `bigint`, `integer` is `number`, `bytea` is `Buffer`,
 * `timestamptz` is `Date`, arrays are arrays of these. On the way in every value below is accepted; amounts are `bigint`, never `number`.
 */
export type SqlValue = string | number | bigint | boolean | Buffer | Date | null | readonly SqlValue[];

/** Somewhere a statement can run: a pool, or one transaction. */
export interface Queryable {
  /**
   * @throws RetryableError `DB_UNAVAILABLE` when the server is gone, restarting or full of connections, `DB_CONFLICT` after a
   * serialization failure, deadlock or lock timeout; PermanentError `DB_UNIQUE` with the constraint in `details.constraint`, `DB_CHECK`
   * likewise, `DB_STORAGE` when the disk is full, `DB_REFUSED` for everything else that the server says no to. In doubt whether a
   * commit took effect it is `DB_UNAVAILABLE`, and the caller must look.
   */
  query<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<readonly Row[]>;
}

export interface Database extends Queryable {
  /** Commits when `work` resolves, rolls back when it throws. Read committed; `work` locks what it depends on. Not nested. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Closes every connection; later calls fail with `DB_UNAVAILABLE`. */
  close(): Promise<void>;
}
