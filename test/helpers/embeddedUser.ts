/**
 * A process of its own that uses an embedded server, for tests that need several of them or kill them. Run as a program it opens the
 * server of its first argument, says where it is, and then answers each line of its input: SQL with rows, `close` by leaving.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

import { connectDatabase } from "../../db/connect.js";
import { openEmbedded, type EmbeddedOptions } from "../../db/embedded/server.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface Answer {
  readonly port?: number;
  readonly uid?: number;
  readonly rows?: readonly unknown[];
  readonly error?: string;
}

export interface OsUser {
  readonly uid: number;
  readonly gid: number;
}

export class EmbeddedUser {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
  ) {}

  /** Starts it; `as` needs root. */
  static start(options: EmbeddedOptions, as?: OsUser): EmbeddedUser {
    const child = spawn(
      process.execPath,
      ["--import", "tsx", fileURLToPath(import.meta.url), JSON.stringify(options)],
      {
        ...as,
        ...{ cwd: ROOT, stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, HOME: "/nonexistent" } },
      },
    );
    return new EmbeddedUser(
      child,
      createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator](),
    );
  }

  /** What it says next; its first word is about the start. */
  async answer(): Promise<Answer> {
    const line = await this.lines.next();
    return line.done === true ? { error: "ENDED" } : (JSON.parse(line.value) as Answer);
  }

  async query(sql: string): Promise<readonly unknown[]> {
    this.child.stdin?.write(`${sql}\n`);
    const { rows, error } = await this.answer();
    if (rows === undefined) throw new Error(`${sql}: ${String(error)}`);
    return rows;
  }

  /** Leaves as a program should. */
  async close(): Promise<void> {
    const ended = once(this.child, "exit");
    this.child.stdin?.write("close\n");
    await ended;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await ended;
  }
}

async function serve(options: EmbeddedOptions, input: Interface): Promise<void> {
  const say = (answer: Answer): void => {
    process.stdout.write(
      `${JSON.stringify(answer, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))}\n`,
    );
  };
  try {
    const server = await openEmbedded(options);
    const database = connectDatabase({ url: server.url() });
    say({ port: server.port, uid: process.getuid?.() ?? -1 });
    for await (const line of input) {
      if (line === "close") break;
      try {
        say({ rows: await database.query(line) });
      } catch (error) {
        say({ error: codeOf(error) });
      }
    }
    await database.close();
    await server.close();
  } catch (error) {
    say({ error: codeOf(error) });
  }
  input.close();
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : String(error);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await serve(JSON.parse(process.argv[2] ?? "{}") as EmbeddedOptions, createInterface({ input: process.stdin }));
}
