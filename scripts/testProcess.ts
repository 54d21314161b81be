/** A process that runs tests, and everything that it has started: it ends with them, or is made to. */
import { spawn, type ChildProcess } from "node:child_process";

/** Between being asked to end and being ended. */
const GRACE_MS = 10_000;

export interface TestProcess {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly show: (text: string) => void;
  /** Whether it has told its results and has nothing left but to end. */
  readonly hasResults: (output: string) => boolean;
  /** Most that it may be silent after that. */
  readonly silentMs: number;
  readonly graceMs?: number;
}

export interface TestProcessEnd {
  readonly output: string;
  readonly code: number;
  /** It told its results and did not end. */
  readonly hangs?: true;
}

/** Leaders of the groups that run. */
const running = new Set<ChildProcess>();
let isWatched = false;

/** Hands the output on as it comes. @returns what it said, once it has ended. */
export function runTestProcess(options: TestProcess): Promise<TestProcessEnd> {
  const { args, cwd, env, signal, show, hasResults, silentMs, graceMs = GRACE_MS } = options;
  if (signal.aborted) return Promise.resolve({ output: "", code: 130 });
  watchOwnEnd();
  return new Promise((resolve, reject) => {
    // A group of its own: what it has started can be ended with it. Ctrl-C does not reach that group, so that `signal` ends it.
    const child = spawn(process.execPath, args, { cwd, env, stdio: ["ignore", "pipe", "inherit"], detached: true });
    running.add(child);
    let output = "";
    let silence: NodeJS.Timeout | undefined;
    let grace: NodeJS.Timeout | undefined;
    let hangs = false;
    const end = (): void => {
      if (grace !== undefined) return;
      toGroup(child, "SIGTERM");
      grace = setTimeout(() => {
        toGroup(child, "SIGKILL");
        // Whoever left the group may hold the pipe open.
        child.stdout.destroy();
      }, graceMs);
    };
    const settled = (): void => {
      running.delete(child);
      clearTimeout(silence);
      clearTimeout(grace);
      signal.removeEventListener("abort", end);
      // It may have gone without those that it had started.
      toGroup(child, "SIGKILL");
    };
    signal.addEventListener("abort", end, { once: true });
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text: string) => {
      output += text;
      show(text);
      if (silence === undefined && !hasResults(output)) return;
      clearTimeout(silence);
      silence = setTimeout(() => {
        hangs = true;
        end();
      }, silentMs);
    });
    child.on("error", (error) => {
      settled();
      reject(error);
    });
    child.on("close", (code) => {
      settled();
      if (signal.aborted) resolve({ output, code: 130 });
      else resolve(hangs ? { output, code: 1, hangs } : { output, code: code ?? 1 });
    });
  });
}

/** Nothing outlives this process, also when a second Ctrl-C ends it at once. */
function watchOwnEnd(): void {
  if (isWatched) return;
  isWatched = true;
  process.on("exit", () => {
    for (const child of running) toGroup(child, "SIGKILL");
  });
}

function toGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // All of it has ended.
  }
}
