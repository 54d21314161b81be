/** The files of `db/migrations`: `NNNN_name.sql`, one statement each, never edited once they have left the machine. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { PermanentError } from "../protocol/errors.js";

export interface Migration {
  /** File name without `.sql`; its number decides the order. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the text with line ends as `\n`, so that a checkout on another system is the same. */
  readonly checksum: string;
}

const FILE = /^(\d{4})_[a-z0-9_]+\.sql$/;

/** All migrations in order. @throws PermanentError MIGRATION_FILE_INVALID for a name out of form, a number used twice, an empty file. */
export function readMigrations(folder = fileURLToPath(new URL("./migrations", import.meta.url))): Migration[] {
  const numbers = new Set<string>();
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const number = FILE.exec(file)?.[1];
      if (number === undefined) throw invalid(file, "expected a name like 0100_keeper_lease.sql");
      if (numbers.has(number)) throw invalid(file, `number ${number} is taken by another file`);
      numbers.add(number);
      const sql = readFileSync(`${folder}/${file}`, "utf8").replaceAll("\r\n", "\n");
      if (sql.trim() === "") throw invalid(file, "the file is empty");
      return { name: file.slice(0, -4), sql, checksum: createHash("sha256").update(sql).digest("hex") };
    });
}

function invalid(file: string, message: string): PermanentError {
  return new PermanentError("MIGRATION_FILE_INVALID", `db/migrations/${file}: ${message}`, "rename or fill the file", {
    file,
  });
}
