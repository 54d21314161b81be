/**
 * Run as a program: an outbox on an embedded server whose disk fills up, first its data, then its log of changes too, and gets room
 * again. Argument: the folder where a small file system is mounted. Prints one JSON object of what was seen.
 */
import { randomBytes } from "node:crypto";
import { appendFileSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";

import { openDatabase } from "../../db/open.js";
import type { AlertMessage } from "../../keepers/kit/alerts/alert.js";
import { AlertDesk } from "../../keepers/kit/alerts/desk.js";
import { alertingLog } from "../../keepers/kit/alerts/rules.js";
import { WatchedDatabase } from "../../keepers/kit/databaseWatch.js";
import { CantileverError } from "../../protocol/errors.js";
import { capturedLog } from "./capturedLog.js";
import { ModelChain } from "./modelChain.js";
import { CONFIRMATIONS, intentOf, openOutbox, REPLACE_AFTER_BLOCKS } from "./outboxParts.js";

const PATIENCE_MS = 120_000;
const [, , disk = ""] = process.argv;
const filler = path.join(disk, "filler");
const told: AlertMessage[] = [];
const options = { keeper: "k", network: "n", repeatMs: 3_600_000, settleMs: 1, perHour: 99, attempts: 1 };
const desk = new AlertDesk(
  [{ name: "test", send: (message) => Promise.resolve(void told.push(message)) }],
  { ...options, timeoutMs: 1_000, retryMs: 1 },
  capturedLog().log,
);
const log = alertingLog(capturedLog().log, desk);
const folder = path.join(disk, "postgres");
const opened = await openDatabase({ databaseUrl: "", folder, isDurable: false });
const db = new WatchedDatabase(opened.database, log, opened.trouble);
const chain = new ModelChain();
let signatures = 0;
const { outbox, lease } = await openOutbox(db, chain, {
  log,
  writable: () => db.state.state === "healthy",
  onSign: () => (signatures += 1),
});

/** Too large for what is left of a page. */
const later = { ...intentOf("later"), data: `0x${randomBytes(6_000).toString("hex")}` };

/** One block as a keeper lives it. @returns what became of the wish to do `later`. */
async function block(): Promise<string> {
  chain.mine();
  await lease.step().catch(() => undefined);
  await outbox.upkeep(chain.head);
  if (!(await db.isWritable())) return "held";
  try {
    const submission = await outbox.submit(later, chain.head);
    return submission.accepted ? "accepted" : submission.refusal;
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): string {
  return error instanceof CantileverError ? error.code : String(error);
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; !(await holds()); await wait(50, true)) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
  }
}

function fill(): void {
  for (const piece of [1 << 20, 1 << 12]) {
    try {
      for (;;) appendFileSync(filler, Buffer.alloc(piece));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
    }
  }
}

await outbox.submit(intentOf("early"), chain.head);
chain.forget(); // the node has lost it: only who watches sends it again
const signedBefore = signatures;
fill();
const dataFull = [await block()];
for (let more = 0; more < REPLACE_AFTER_BLOCKS; more += 1) dataFull.push(await block());
const stateDataFull = db.state;
const executedDataFull = chain.executed.length;

// The segment of the log of changes that is in use ends, and the next one has no room: the server stops with a panic.
await opened.database.query("SELECT pg_switch_wal()");
await until("the server is gone", async () => {
  const code = await opened.database.query("CREATE TABLE more (id bigint)").then(() => "stored", codeOf);
  return code === "DB_UNAVAILABLE";
});
const logFull: string[] = [];
await until("the supervisor says why", async () => {
  logFull.push(await block());
  return db.state.reason === "EMBEDDED_DISK_FULL";
});
const stateLogFull = db.state;
const signedMeanwhile = signatures - signedBefore;

rmSync(filler);
const after: string[] = [];
await until("it goes on by itself", async () => {
  after.push(await block());
  return after.at(-1) === "accepted";
});
for (let more = 0; more <= CONFIRMATIONS + 1; more += 1) await block();
const rows = await db.query("SELECT effect_key AS key, state FROM keeper_outbox ORDER BY nonce");
desk.review();
await wait(5);
desk.review();
await desk.close();
process.stdout.write(
  JSON.stringify({
    ...{ dataFull, stateDataFull, executedDataFull, logFull: [...new Set(logFull)], stateLogFull, signedMeanwhile },
    // How many blocks were held until the server was back is its own business.
    ...{ after: [...new Set(after)].filter((answer) => answer !== "held"), stateAfter: db.state, rows },
    executed: chain.executed.map((data) =>
      data === later.data ? "later" : data === intentOf("early").data ? "early" : data,
    ),
    alerts: told.map(({ kind, state }) => `${state} ${kind}`),
  }),
);
await lease.stop();
await opened.close();
