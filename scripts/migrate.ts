/** `npm run migrate`: brings a database to the schema of this version. Programs only check it; their logins cannot change it. */
import { openDatabase } from "../db/open.js";
import { appliedMigrations } from "../db/queries/schema/appliedMigrations.js";
import { runCommand } from "./cli.js";

const definition = {
  command: "npm run migrate --",
  summary: "Applies the migrations that DATABASE_URL lacks (without it: the embedded server of this project).",
  flags: {},
} as const;

await runCommand(definition, async ({ say }) => {
  const opened = await openDatabase({ databaseUrl: process.env["DATABASE_URL"], migrations: "apply" });
  try {
    const count = (await appliedMigrations(opened.database))?.length ?? 0;
    say(`${opened.source === "url" ? "the database" : "the embedded database"} has all ${String(count)} migrations`);
    return { ok: true, report: { source: opened.source, migrations: count } };
  } finally {
    await opened.close();
  }
});
