/** Child processes of the local world: started with a leash, watched, and ended without leaving anything behind. */
import { spawn, type ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
/** After this long a child that was asked to end is ended. */
const GRACE_MS = 6000;
/** Lines of a child's standard error that are kept to explain its end. */
const KEPT_LINES = 20;

/** A port that nobody listens on now. */
export function freePort(): Promise<number> {
  return freePorts(1);
}

/** Below those that a system gives to connections that go out: what is free now stays free until a child has started. */
const PORTS = { first: 20_000, count: 12_000 } as const;
/** A child listens seconds after it was told where. */
const given = new Set<number>();

/** The first of `count` ports in a row that nobody listens on now, and that nobody was told before. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = PORTS.first + Math.floor(Math.random() * (PORTS.count - count));
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if (ports.some((port) => given.has(port))) continue;
    const free = await Promise.all(ports.map(listensOn));
    if (free.some((port) => port === undefined)) continue;
    for (const port of ports) given.add(port);
    return first;
  }
}

/** Listens for a moment. @returns the port, or undefined when it cannot be had. */
async function listensOn(port: number): Promise<number | undefined> {
  const server = createServer();
  const listening = new Promise<boolean>((resolve) => {
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, "127.0.0.1", () => {
      resolve(true);
    });
  });
  if (!(await listening)) return undefined;
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : undefined;
}

export interface ChildOptions {
  /** Program below the root. */
  readonly script: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly onErrorLine?: (line: string) => void;
  readonly onOutputLine?: (line: string) => void;
}

/** A running child program. */
export class Child {
  readonly process: ChildProcess;
  readonly lastErrorLines: string[] = [];
  #exit: number | undefined;
  readonly #exited: Promise<number>;

  constructor(options: ChildOptions) {
    this.process = spawn(
      process.execPath,
      [
        "--import",
        "tsx",
        "--import",
        join(ROOT, "scripts", "world", "leash.mjs"),
        join(ROOT, options.script),
        ...options.args,
      ],
      {
        cwd: ROOT,
        env: { ...process.env, ...options.env },
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        // Ctrl-C at the terminal reaches the whole group; the world itself decides when its children end.
        detached: true,
      },
    );
    this.#exited = new Promise((resolve) => {
      this.process.once("exit", (code) => {
        this.#exit = code ?? 1;
        resolve(this.#exit);
      });
      this.process.once("error", () => {
        this.#exit = 1;
        resolve(1);
      });
    });
    if (this.process.stdout !== null) {
      createInterface({ input: this.process.stdout }).on("line", (line) => options.onOutputLine?.(line));
    }
    if (this.process.stderr !== null) {
      createInterface({ input: this.process.stderr }).on("line", (line) => {
        this.lastErrorLines.push(line);
        if (this.lastErrorLines.length > KEPT_LINES) this.lastErrorLines.shift();
        options.onErrorLine?.(line);
      });
    }
  }

  /** Exit code once it has ended. */
  get exitCode(): number | undefined {
    return this.#exit;
  }

  /** Resolves when the child has ended. */
  get exited(): Promise<number> {
    return this.#exited;
  }

  /** The next IPC message, or undefined when the child ends before. */
  async message(): Promise<unknown> {
    const received = new Promise((resolve) => this.process.once("message", resolve));
    return Promise.race([received, this.#exited.then(() => undefined)]);
  }

  /** Asks the child to end, then makes it. */
  async stop(): Promise<number> {
    if (this.#exit !== undefined) return this.#exit;
    this.process.kill("SIGTERM");
    const timer = setTimeout(() => this.process.kill("SIGKILL"), GRACE_MS);
    const code = await this.#exited;
    clearTimeout(timer);
    return code;
  }
}
