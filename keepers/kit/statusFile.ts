/** What a running keeper says about itself, in a file that `status` reads. Best effort: a failing write changes nothing else. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import type { HealthReport } from "./health.js";
import type { InFlight } from "./submitter.js";

const statusSchema = z.object({
  writtenAt: z.iso.datetime(),
  pid: z.number(),
  execute: z.boolean(),
  sender: z.string().optional(),
  healthy: z.boolean(),
  lastBlock: z.number().optional(),
  lastError: z.string().optional(),
  inFlight: z.array(
    z.object({ key: z.string(), nonce: z.number(), hashes: z.array(z.string()), sinceBlock: z.number() }),
  ),
  executions: z.number(),
  skips: z.record(z.string(), z.number()),
  stopped: z.boolean(),
});

export type KeeperStatus = z.infer<typeof statusSchema>;

export interface StatusFacts {
  readonly execute: boolean;
  readonly sender: string | undefined;
  readonly health: HealthReport;
  readonly inFlight: readonly InFlight[];
  readonly executions: number;
  readonly skips: Readonly<Record<string, number>>;
  readonly stopped: boolean;
}

/** Path of a keeper's status file. */
export function statusPath(folder: string, keeper: string, network: string): string {
  return join(folder, `${keeper}-${network}.status.json`);
}

/** Writes the status, whole or not at all. Never throws. */
export function writeStatus(path: string, facts: StatusFacts): void {
  const status = {
    writtenAt: new Date().toISOString(),
    pid: process.pid,
    execute: facts.execute,
    sender: facts.sender,
    healthy: facts.health.healthy,
    lastBlock: facts.health.lastBlock,
    lastError: facts.health.lastError,
    inFlight: facts.inFlight,
    executions: facts.executions,
    skips: facts.skips,
    stopped: facts.stopped,
  };
  try {
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(`${path}.new`, `${JSON.stringify(status)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // Insight is worth less than the work it describes.
  }
}

/** The last status a keeper wrote; undefined when there is none or it cannot be read. */
export function readStatus(path: string): KeeperStatus | undefined {
  try {
    return statusSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}

/** One line for people. A keeper that has said nothing for longer than its limit is not running, whatever it said last. */
export function describeRunning(running: KeeperStatus | undefined, staleAfterSeconds: number): string {
  if (running === undefined) return "no keeper has written a status here";
  const ageSeconds = Math.round((Date.now() - Date.parse(running.writtenAt)) / 1000);
  const silent = ageSeconds > staleAfterSeconds;
  const state = running.stopped ? "stopped" : silent ? "silent" : running.healthy ? "running" : "unhealthy";
  const mode = running.execute ? "executing" : "dry run";
  return `${state} (${mode}), last word ${String(ageSeconds)} s ago at block ${String(running.lastBlock ?? "?")}, ${String(running.executions)} executions, ${String(running.inFlight.length)} in flight`;
}
