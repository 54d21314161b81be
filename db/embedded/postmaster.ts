/** The running server of a data folder, as its `postmaster.pid` and the process table tell. */
import {
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
} from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly isReady: boolean;
}

/** What the file says; undefined without a file, or while it is being written. */
function readPidFile(data: string): (Postmaster & { readonly text: string }) | undefined {
  const file = path.join(data, "postmaster.pid");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  // Lines: pid, data folder, start time, port, socket folder, address, shared memory, state.
  const lines = text.split("\n");
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, port, isReady: lines[7]?.trim() === "ready", text };
}

/** The server that runs on this folder; undefined when none does. A number that another program has got since is not one. */
export function runningPostmaster(data: string): Postmaster | undefined {
  const file = readPidFile(data);
  return file !== undefined && worksIn(file.pid, data) ? file : undefined;
}

/** Whether a process is alive and, where the system tells, has this folder as its own: PostgreSQL always has. */
function worksIn(pid: number, data: string): boolean {
  if (!isAlive(pid)) return false;
  if (process.platform !== "linux") return true;
  try {
    return readlinkSync(`/proc/${String(pid)}/cwd`) === realpathSync(data);
  } catch (error) {
    // Another user's process does not say. Our servers run as us or, below root, as anybody, and root may look.
    return error instanceof Error && "code" in error && error.code === "EACCES";
  }
}

/** A zombie counts as dead: nobody may ever collect it, for example below a container's first process. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  try {
    const state = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    return !/^Z|^X/.test(state.slice(state.lastIndexOf(")") + 2));
  } catch {
    return process.platform !== "linux";
  }
}

/**
 * After a kill the file stays. PostgreSQL replaces it when the process is gone, but refuses to start when its number belongs to some
 * other program by now, as it does soon in containers. Only then is it moved out of the way, and only when no process of the old
 * server is left in the folder, because two servers on one folder destroy it.
 */
export function clearStalePidFile(data: string): void {
  const stale = readPidFile(data);
  if (stale === undefined || !existsInProcessTable(stale.pid) || worksIn(stale.pid, data)) return;
  if (process.platform !== "linux" || isFolderInUse(data)) return;
  const file = path.join(data, "postmaster.pid");
  const aside = `${file}.stale-${String(process.pid)}`;
  try {
    renameSync(file, aside);
    // Somebody else was faster and a server has started since: give it its file back.
    if (readFileSync(aside, "utf8") !== stale.text && !existsSync(file)) linkSync(aside, file);
    rmSync(aside);
  } catch {
    // Another process is clearing it.
  }
}

function existsInProcessTable(pid: number): boolean {
  return process.platform !== "linux" || existsSync(`/proc/${String(pid)}`);
}

function isFolderInUse(data: string): boolean {
  return readdirSync("/proc").some((name) => /^\d+$/.test(name) && worksInStrictly(Number(name), data));
}

function worksInStrictly(pid: number, data: string): boolean {
  try {
    return readlinkSync(`/proc/${String(pid)}/cwd`) === realpathSync(data);
  } catch {
    return false;
  }
}

/** Ends a server and waits. `fast` ends its connections in order, `immediate` is a crash that the next start recovers from. */
export async function stopPostmaster(data: string, how: "fast" | "immediate" | "kill"): Promise<void> {
  const running = runningPostmaster(data);
  if (running === undefined) return;
  const escalation: readonly (readonly [NodeJS.Signals, number])[] = [
    ...(how === "fast" ? ([["SIGINT", 10_000]] as const) : []),
    ...(how === "kill" ? [] : ([["SIGQUIT", 5_000]] as const)),
    ["SIGKILL", 5_000],
  ];
  for (const [signal, patienceMs] of escalation) {
    try {
      process.kill(running.pid, signal);
    } catch {
      return;
    }
    const deadline = Date.now() + patienceMs;
    while (isAlive(running.pid)) {
      if (Date.now() > deadline) break;
      await wait(10);
    }
    if (!isAlive(running.pid)) return;
  }
}
