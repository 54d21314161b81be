/** The local world's PostgreSQL: the embedded server of the project's data folder, with databases of their own for each world. */
import { join } from "node:path";

import { connectDatabase } from "../../db/connect.js";
import type { Database } from "../../db/database.js";
import { openEmbedded, type EmbeddedServer } from "../../db/embedded/server.js";
import { migrate } from "../../db/migrate.js";
import { ROOT } from "./child.js";

export interface WorldDatabase {
  /** With the password: for keepers' environments only. */
  readonly url: string;
  /** Without it. */
  readonly shownUrl: string;
  readonly database: Database;
  /** Another one on the same server, for those who must not share one. It ends with this one. */
  another(): Promise<WorldDatabase>;
  close(): Promise<void>;
}

const PREFIX = "world_";

/** A new chain needs a new database: what was sent on another one says nothing about this one. */
export async function openWorldDatabase(): Promise<WorldDatabase> {
  const server = await openEmbedded({ folder: join(ROOT, "data", "world", "postgres"), isDurable: false });
  const admin = connectDatabase({ url: server.url(), maxConnections: 1 });
  const opened: Opened[] = [];
  const close = async (): Promise<void> => {
    for (const { database } of opened) await database.close();
    for (const { name } of opened) await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.close();
    await server.close();
  };
  const open = async (): Promise<WorldDatabase> => {
    const each = await openOne(server, admin, opened.length);
    opened.push(each);
    const { database, url, shownUrl } = each;
    return { url, shownUrl, database, another: open, close };
  };
  try {
    for (const left of await abandoned(admin)) await admin.query(`DROP DATABASE IF EXISTS ${left}`);
    return await open();
  } catch (error) {
    await close();
    throw error;
  }
}

interface Opened {
  readonly name: string;
  readonly url: string;
  readonly shownUrl: string;
  readonly database: Database;
}

async function openOne(server: EmbeddedServer, admin: Database, number: number): Promise<Opened> {
  const name = `${PREFIX}${String(process.pid)}_${String(Date.now())}${String(number)}`;
  await admin.query(`CREATE DATABASE ${name}`);
  const url = server.url(name);
  const database = connectDatabase({ url });
  try {
    await migrate(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  const { host } = new URL(url);
  return { name, url, shownUrl: `postgres://${host}/${name}`, database };
}

/** Databases of worlds that were killed: nobody is connected to them. */
async function abandoned(admin: Database): Promise<readonly string[]> {
  const rows = await admin.query<{ name: string }>(
    `SELECT datname::text AS name FROM pg_database d
      WHERE datname LIKE $1 AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datid = d.oid)`,
    [`${PREFIX.replace("_", "\\_")}%`],
  );
  return rows.map(({ name }) => name).filter((name) => /^world_\d+_\d+$/.test(name));
}
