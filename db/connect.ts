/** `Database` over a pool of connections to one server. */
import { Socket } from "node:net";

import pg from "pg";

import { PermanentError } from "../protocol/errors.js";
import { decoderOf, encodeValue } from "./codecs.js";
import type { Database, Queryable, SqlValue } from "./database.js";
import { isConnectionUsable, toDatabaseError, unavailable } from "./pgErrors.js";
import type { DatabaseRole } from "./roles.js";

export interface ConnectOptions {
  /** `postgres://…`, with credentials: never logged. */
  readonly url: string;
  /** Every session works in this group role. */
  readonly role?: DatabaseRole;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
  readonly maxConnections?: number;
  /** To connect, or to get a connection of the pool. */
  readonly connectTimeoutMs?: number;
  /** For one statement. */
  readonly statementTimeoutMs?: number;
  /** To wait for one lock; shorter than the statement's, so that the error says what it was. */
  readonly lockTimeoutMs?: number;
  /** After which the server ends a transaction that says nothing. */
  readonly idleInTransactionTimeoutMs?: number;
}

/** The server answers a statement that takes too long; a server that hangs answers nothing, and this much later we stop waiting. */
const GRACE_MS = 1_000;
/** A connection that does not close politely is cut. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Opens nothing yet: the first statement connects. @throws PermanentError DB_URL_INVALID.
 */
export function connectDatabase(options: ConnectOptions): Database {
  return new PgDatabase(options);
}

type Statement = pg.QueryConfig<(string | Buffer | null)[]> & { queryMode: "extended" };

/** Extended protocol always: the server then refuses two statements in one text. */
function statement(text: string, values: readonly SqlValue[] = []): Statement {
  return { text, values: values.map(encodeValue), queryMode: "extended" };
}

class PgDatabase implements Database {
  private readonly pool: pg.Pool;
  private readonly sockets = new Set<Socket>();
  private closing: Promise<void> | undefined;

  constructor(options: ConnectOptions) {
    this.pool = new pg.Pool(poolConfig(options, () => this.openSocket()));
    // Without listeners a connection that breaks while idle, or while its statement has already failed, would end the process.
    this.pool.on("error", ignore);
    this.pool.on("connect", (client) => client.on("error", ignore));
  }

  async query<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<readonly Row[]> {
    return this.withClient(async (client) => (await client.query<Row>(statement(sql, values))).rows);
  }

  async transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.withClient(async (client) => {
      await client.query("BEGIN");
      const tx = new Transaction(client);
      let result: T;
      try {
        result = await work(tx);
        await tx.end();
      } catch (error) {
        await tx.end();
        throw new WorkFailed(error, tx.isUsable && (await rollback(client)));
      }
      const { command } = await client.query("COMMIT");
      if (command === "ROLLBACK") throw new WorkFailed(abortedEarlier(), true);
      return result;
    });
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  /** Runs `work` on a connection of its own, gives it back, or throws it away when it cannot be trusted any more. */
  private async withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    if (this.closing !== undefined) throw unavailable("closed");
    let client: pg.PoolClient;
    try {
      client = await this.pool.connect();
    } catch (error) {
      throw toDatabaseError(error);
    }
    try {
      const result = await work(client);
      client.release();
      return result;
    } catch (error) {
      if (error instanceof WorkFailed) {
        client.release(!error.isClientUsable);
        throw error.reason;
      }
      client.release(!isConnectionUsable(error));
      throw toDatabaseError(error);
    }
  }

  private openSocket(): Socket {
    const socket = new Socket();
    this.sockets.add(socket);
    socket.once("close", () => this.sockets.delete(socket));
    return socket;
  }

  private async closeAll(): Promise<void> {
    const cut = setTimeout(() => {
      for (const socket of this.sockets) socket.destroy();
    }, CLOSE_TIMEOUT_MS);
    try {
      await this.pool.end();
    } finally {
      clearTimeout(cut);
    }
  }
}

/** Statements of one transaction, one after another even when the caller starts several at once. */
class Transaction implements Queryable {
  private last: Promise<unknown> = Promise.resolve();
  private ended = false;
  /** Whether the connection can carry the rollback. */
  isUsable = true;

  constructor(private readonly client: pg.PoolClient) {}

  async query<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<readonly Row[]> {
    if (this.ended) throw new PermanentError("DB_REFUSED", "a statement came after its transaction had ended");
    const run = this.last.then(async () => (await this.client.query<Row>(statement(sql, values))).rows);
    this.last = run.catch(ignore);
    try {
      return await run;
    } catch (error) {
      const known = toDatabaseError(error);
      if (known !== error && !isConnectionUsable(error)) this.isUsable = false;
      throw known;
    }
  }

  /** Takes no further statements and waits for those that run. */
  async end(): Promise<void> {
    this.ended = true;
    await this.last;
  }
}

/** What the caller's work threw. A connection that could not roll back is thrown away: the server then rolls back itself. */
class WorkFailed extends Error {
  constructor(
    readonly reason: unknown,
    readonly isClientUsable: boolean,
  ) {
    super("work failed");
  }
}

async function rollback(client: pg.PoolClient): Promise<boolean> {
  return client.query("ROLLBACK").then(
    () => true,
    () => false,
  );
}

/** PostgreSQL answers a COMMIT after a failed statement with a silent ROLLBACK. */
function abortedEarlier(): PermanentError {
  return new PermanentError(
    "DB_REFUSED",
    "the transaction was rolled back, because the work went on after one of its statements had failed",
    "let the error of a statement end the work; to expect a conflict use ON CONFLICT",
  );
}

function poolConfig(options: ConnectOptions, stream: () => Socket): pg.PoolConfig {
  const { connectTimeoutMs = 3_000, statementTimeoutMs = 10_000 } = options;
  const { url, given } = splitUrl(options.url);
  const session = {
    ...(options.role === undefined ? {} : { role: options.role }),
    statement_timeout: statementTimeoutMs,
    lock_timeout: options.lockTimeoutMs ?? Math.min(5_000, statementTimeoutMs),
    idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMs ?? 15_000,
    client_min_messages: "warning",
    timezone: "UTC",
    datestyle: "ISO",
    bytea_output: "hex",
  };
  const ours = Object.entries(session).map(([name, value]) => `-c ${name}=${String(value)}`);
  return {
    connectionString: url,
    application_name: options.applicationName ?? "cantilever",
    options: [...given, ...ours].join(" "),
    max: options.maxConnections ?? 8,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: statementTimeoutMs + GRACE_MS,
    keepAlive: true,
    stream,
    types: { getTypeParser: decoderOf },
  };
}

/** The address without `options`: those of the session are added to them, and would otherwise be replaced by them. */
function splitUrl(text: string): { url: string; given: string[] } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^postgres(?:ql)?:$/.test(url.protocol)) {
    throw new PermanentError(
      "DB_URL_INVALID",
      "the address of the database is not one; expected postgres://user:password@host:port/name",
      "correct DATABASE_URL",
    );
  }
  const given = url.searchParams.getAll("options");
  url.searchParams.delete("options");
  return { url: url.toString(), given };
}

function ignore(): void {
  // The statement that runs, or the next one, gets the error.
}
