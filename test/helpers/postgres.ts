/** A real PostgreSQL for tests: one server per process, started when the first suite asks, stopped after the last. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { connectDatabase, type ConnectOptions } from "../../db/connect.js";
import type { Database } from "../../db/database.js";
import { openEmbedded, type EmbeddedServer } from "../../db/embedded/server.js";
import { migrate } from "../../db/migrate.js";

export interface TestDatabase {
  readonly name: string;
  /** With the password of the test server's superuser. */
  readonly url: string;
  /** As the superuser. */
  readonly database: Database;
  /** Another pool on it, in a role or with other timeouts; closed after the suite. */
  readonly connect: (options?: Omit<ConnectOptions, "url">) => Database;
}

export interface TestPostgres {
  /** A new database with all migrations. */
  testDatabase(): Promise<TestDatabase>;
  /** A new database with nothing in it. */
  emptyDatabase(): Promise<TestDatabase>;
  /** Kills the server and starts it again on the same port, in which every connection is lost. Takes about 0.1 s. */
  restartServer(how?: "fast" | "immediate" | "kill"): Promise<void>;
}

const TEMPLATE = "cantilever_template";

interface Shared {
  readonly server: EmbeddedServer;
  readonly admin: Database;
  readonly folder: string;
}

let shared: Promise<Shared> | undefined;
let databases = 0;
/** Dropping one waits for a checkpoint of the server: one after the other, and nobody waits for it. */
let dropped: Promise<unknown> = Promise.resolve();

/** To be called in the body of a `describe`: everything made through the result is gone after that suite. */
export function usePostgres(): TestPostgres {
  const ends: (() => Promise<unknown>)[] = [];

  before("PostgreSQL", async function () {
    let root = this.test?.parent;
    while (root?.parent !== undefined) root = root.parent;
    if (shared === undefined) root?.afterAll("PostgreSQL", stop);
    await start();
  });
  after("databases of this suite", async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const create = async (template: string): Promise<TestDatabase> => {
    const { server, admin } = await start();
    databases += 1;
    const name = `test_${String(databases)}`;
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`);
    ends.push(() => {
      // What could not be dropped goes with the server.
      const drop = () => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`).catch(() => undefined);
      dropped = dropped.then(drop);
      return Promise.resolve();
    });
    const url = server.url(name);
    const connect = (options: Omit<ConnectOptions, "url"> = {}): Database => {
      const database = connectDatabase({ ...options, url });
      ends.push(() => database.close());
      return database;
    };
    return { name, url, connect, database: connect() };
  };
  return {
    testDatabase: () => create(TEMPLATE),
    emptyDatabase: () => create("template0"),
    restartServer: async (how) => {
      await dropped;
      await (await start()).server.restart(how);
    },
  };
}

function start(): Promise<Shared> {
  shared ??= startServer();
  return shared;
}

/**
 * A server with a migrated template.
 * @param build what fills the template.
 * @param folder of the server; removed with it.
 * @throws what starting or migrating throws; nothing runs or is left behind then, so that the process can end.
 */
export async function startServer(
  build: (template: Database) => Promise<unknown> = migrate,
  folder = mkdtempSync(path.join(tmpdir(), "cantilever-postgres-")),
): Promise<Shared> {
  // Whatever happens to the hooks, the folder goes with the process, and the server's leash ends the server.
  process.once("exit", () => {
    rmSync(folder, { recursive: true, force: true });
  });
  const server = await openEmbedded({ folder, isDurable: false });
  const admin = connectDatabase({ url: server.url(), maxConnections: 2 });
  const running: Shared = { server, admin, folder };
  try {
    await admin.query(`CREATE DATABASE ${TEMPLATE}`);
    const template = connectDatabase({ url: server.url(TEMPLATE) });
    try {
      await build(template);
    } finally {
      await template.close();
    }
  } catch (error) {
    await end(running);
    throw error;
  }
  return running;
}

async function stop(): Promise<void> {
  // A start that failed has failed its suites and has cleaned up.
  const running = await shared?.catch(() => undefined);
  shared = undefined;
  if (running === undefined) return;
  // What has not been dropped yet goes with the folder.
  await end(running);
}

async function end({ admin, server, folder }: Shared): Promise<void> {
  await admin.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
