/** The local world's PostgreSQL: the embedded server of the project's data folder, with a database of its own for each world. */
import { join } from "node:path";

import { connectDatabase } from "../../db/connect.js";
import type { Database } from "../../db/database.js";
import { openEmbedded } from "../../db/embedded/server.js";
import { migrate } from "../../db/migrate.js";
import { ROOT } from "./child.js";

export interface WorldDatabase {
  /** With the password: for keepers' environments only. */
  readonly url: string;
  /** Without it. */
  readonly shownUrl: string;
  readonly database: Database;
  close(): Promise<void>;
}

const PREFIX = "world_";

/** A new chain needs a new database: what was sent on another one says nothing about this one. */
export async function openWorldDatabase(): Promise<WorldDatabase> {
  const server = await openEmbedded({ folder: join(ROOT, "data", "world", "postgres"), isDurable: false });
  const admin = connectDatabase({ url: server.url(), maxConnections: 1 });
  const name = `${PREFIX}${String(process.pid)}_${String(Date.now())}`;
  try {
    for (const left of await abandoned(admin)) await admin.query(`DROP DATABASE IF EXISTS ${left}`);
    await admin.query(`CREATE DATABASE ${name}`);
    const url = server.url(name);
    const database = connectDatabase({ url });
    await migrate(database);
    const { host } = new URL(url);
    return {
      url,
      shownUrl: `postgres://${host}/${name}`,
      database,
      close: async () => {
        await database.close();
        await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
        await admin.close();
        await server.close();
      },
    };
  } catch (error) {
    await admin.close();
    await server.close();
    throw error;
  }
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
