/** The database of a program: the one that `DATABASE_URL` names, otherwise an embedded one of the project. */
import path from "node:path";
import { fileURLToPath } from "node:url";

import { connectDatabase, type ConnectOptions } from "./connect.js";
import type { Database } from "./database.js";
import { openEmbedded, runningEmbedded, type EmbeddedServer } from "./embedded/server.js";
import type { PermanentError } from "../protocol/errors.js";
import { assertSchema, migrate } from "./migrate.js";

export interface OpenOptions extends Omit<ConnectOptions, "url"> {
  /** What `DATABASE_URL` says; unset or empty: the embedded server. */
  readonly databaseUrl: string | undefined;
  /** Of the embedded server; `data/postgres` of the project by default. */
  readonly folder?: string;
  /** Of the embedded server: false only for tests and throw-away worlds. */
  readonly isDurable?: boolean;
  /** `apply` what is missing, or only `check`. By default a server of our own is migrated and anybody else's is checked. */
  readonly migrations?: "apply" | "check";
}

export interface OpenDatabase {
  readonly database: Database;
  readonly source: "url" | "embedded";
  /** Further pools on it, for example in another role. The caller closes them. */
  readonly connect: (options?: Omit<ConnectOptions, "url">) => Database;
  /** Why an embedded server is not there now, as far as is known. */
  readonly trouble: () => PermanentError | undefined;
  /** Closes `database` and leaves the embedded server, which stops when nobody else uses it. */
  close(): Promise<void>;
}

const DATA_FOLDER = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), "data", "postgres");
/** A migration may rewrite a table, and waits for another process that does. */
const MIGRATION_TIMEOUT_MS = 10 * 60_000;

/**
 * Starts what must be started and makes sure of the schema.
 * @throws RetryableError DB_UNAVAILABLE; PermanentError SCHEMA_…, EMBEDDED_…, DB_URL_INVALID, DB_REFUSED.
 */
export async function openDatabase(options: OpenOptions): Promise<OpenDatabase> {
  const { databaseUrl = "", folder = DATA_FOLDER, isDurable = true, migrations, ...session } = options;
  const server = databaseUrl === "" ? await openEmbedded({ folder, isDurable }) : undefined;
  const url = server?.url() ?? databaseUrl;
  try {
    await settleSchema(url, migrations ?? (server === undefined ? "check" : "apply"));
  } catch (error) {
    await server?.close();
    throw error;
  }
  return opened(url, server, session);
}

export interface ObservedDatabase extends Pick<OpenDatabase, "database" | "close"> {
  /** Which one it is, for people; without credentials. */
  readonly shown: string;
}

/**
 * For who only looks: nothing is started, migrated or held. @returns what it is called when it is an embedded one that does not run.
 * @throws RetryableError DB_UNAVAILABLE; PermanentError SCHEMA_…, DB_URL_INVALID, DB_REFUSED.
 */
export async function observeDatabase(
  options: Omit<OpenOptions, "migrations" | "isDurable">,
): Promise<ObservedDatabase | { readonly database: undefined; readonly shown: string }> {
  const { databaseUrl = "", folder = DATA_FOLDER, ...session } = options;
  const url = databaseUrl === "" ? runningEmbedded(folder) : databaseUrl;
  const shown = databaseUrl === "" ? `embedded in ${folder}` : `DATABASE_URL (${shownUrl(databaseUrl)})`;
  if (url === undefined) return { database: undefined, shown };
  await settleSchema(url, "check");
  const database = connectDatabase({ ...session, url });
  return { database, shown, close: () => database.close() };
}

/** Host and name: everything else of an address may be a secret. */
function shownUrl(text: string): string {
  return URL.canParse(text) ? `${new URL(text).host}${new URL(text).pathname}` : "not an address";
}

async function settleSchema(url: string, how: "apply" | "check"): Promise<void> {
  const timeouts = { statementTimeoutMs: MIGRATION_TIMEOUT_MS, lockTimeoutMs: MIGRATION_TIMEOUT_MS };
  const database = connectDatabase({ url, maxConnections: 1, applicationName: "cantilever schema", ...timeouts });
  try {
    if (how === "apply") await migrate(database);
    else await assertSchema(database);
  } finally {
    await database.close();
  }
}

function opened(url: string, server: EmbeddedServer | undefined, session: Omit<ConnectOptions, "url">): OpenDatabase {
  const connect = (own: Omit<ConnectOptions, "url"> = {}): Database => connectDatabase({ ...own, url });
  const database = connect(session);
  return {
    database,
    source: server === undefined ? "url" : "embedded",
    connect,
    trouble: () => server?.trouble,
    close: async () => {
      await database.close();
      await server?.close();
    },
  };
}
