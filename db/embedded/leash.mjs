// Started beside every embedded server: stops it when no process uses it any more, however the last one ended. Users hold a shared
// advisory lock; whoever gets it alone may stop the server.
// Arguments: port, process number of the server, password file, number of the lock. The parent waits for nothing.
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

import pg from "pg";

const [port, serverPid, passwordFile, lock] = process.argv.slice(2);
const CHECK_EVERY_MS = 500;
/** Time for the first user to attach. */
const HEAD_START_MS = 2_000;
/** A server that has not answered for so long is none of ours any more, whatever has its number. */
const FAILURES_MAX = 60;

function isServerAlive() {
  try {
    process.kill(Number(serverPid), 0);
    return true;
  } catch {
    return false;
  }
}

async function stopIfUnused() {
  const client = new pg.Client({
    host: "127.0.0.1",
    port: Number(port),
    user: "postgres",
    password: readFileSync(passwordFile, "utf8"),
    database: "postgres",
    application_name: "cantilever leash",
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows: file } = await client.query("SELECT pg_read_file('postmaster.pid') AS text");
    if (Number(file[0].text.split("\n")[0]) !== Number(serverPid)) process.exit(0); // a later server, with a leash of its own
    failures = 0;
    while (isServerAlive()) {
      const { rows } = await client.query("SELECT pg_try_advisory_lock($1) AS alone", [lock]);
      if (rows[0].alone) process.kill(Number(serverPid), "SIGINT");
      await wait(CHECK_EVERY_MS);
    }
  } finally {
    client.end().catch(() => {});
  }
}

let failures = 0;
await wait(HEAD_START_MS);
while (isServerAlive() && failures < FAILURES_MAX) {
  failures += 1;
  await stopIfUnused().catch(() => {});
  await wait(CHECK_EVERY_MS);
}
process.exit(0);
