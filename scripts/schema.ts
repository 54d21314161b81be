/** Writes `db/schema.sql` from the migrations: part of `npm run generate`. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { dumpSchema } from "../db/dump.js";
import { openDatabase } from "../db/open.js";

const file = fileURLToPath(new URL("../db/schema.sql", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "cantilever-schema-"));
try {
  const opened = await openDatabase({ databaseUrl: undefined, folder, isDurable: false });
  try {
    writeFileSync(file, await dumpSchema(opened.database));
  } finally {
    await opened.close();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
