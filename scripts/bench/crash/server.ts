/** A PostgreSQL of the benchmark's own, with real flushes to disk. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { connectDatabase } from "../../../db/connect.js";
import { openEmbedded } from "../../../db/embedded/server.js";
import { migrate } from "../../../db/migrate.js";
import type { CrashServer } from "./run.js";

/** Starts it, hands it to `work`, and leaves nothing behind. */
export async function withCrashServer<T>(work: (server: CrashServer) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "cantilever-crash-"));
  const server = await openEmbedded({ folder });
  const url = server.url();
  const database = connectDatabase({ url });
  try {
    await migrate(database);
    return await work({ url, database, restart: () => server.restart("kill") });
  } finally {
    await database.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
