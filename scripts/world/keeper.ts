/** The deviation stabilizer's keeper as the program that an operator runs, over HTTP. */
import { join } from "node:path";

import { PermanentError } from "../../protocol/errors.js";
import { Child, ROOT } from "./child.js";
import { WORLD_NETWORK, type WorldChain } from "./chain.js";

/** What the keeper says when it ends. */
export interface KeeperReport {
  readonly executions: number;
  readonly skips: Readonly<Record<string, number>>;
  readonly errors: number;
  readonly gasPerExecution: { readonly p50: number; readonly max: number };
}

interface LogLine {
  readonly level?: string;
  readonly event?: string;
  readonly error?: string;
}

export class StabilizerKeeper {
  /** What went wrong, as the keeper's log names it. */
  readonly errors: string[] = [];
  readonly #child: Child;
  #lastOutput = "";
  #stopping = false;

  constructor(chain: WorldChain, rpcUrl: string) {
    this.#child = new Child({
      script: "keepers/main.ts",
      args: ["deviation-stabilizer", "--network", WORLD_NETWORK, "--execute", "--json"],
      env: {
        LOCALHOST_RPC_URL: rpcUrl,
        KEEPER_POLL_MS: "100",
        KEEPER_LOG_FORMAT: "json",
        KEEPER_DATA_FOLDER: join(ROOT, "data", "world", "keepers"),
        KEEPER_DEPLOYMENTS_FOLDER: chain.deploymentsFolder,
      },
      onOutputLine: (line) => {
        this.#lastOutput = line;
      },
      onErrorLine: (line) => {
        this.#note(line);
      },
    });
  }

  /** @throws PermanentError KEEPER_GONE when the program has ended by itself. */
  assertRunning(): void {
    if (this.#child.exitCode === undefined || this.#stopping) return;
    throw new PermanentError(
      "KEEPER_GONE",
      `the keeper ended with code ${this.#child.exitCode}: ${this.#child.lastErrorLines.at(-1) ?? "no last word"}`,
      "run it by hand to see more: npm run keeper -- deviation-stabilizer --network localhost",
    );
  }

  /** Ends the program and answers with its report; undefined when it gave none. */
  async stop(): Promise<KeeperReport | undefined> {
    this.#stopping = true;
    await this.#child.stop();
    try {
      const report = JSON.parse(this.#lastOutput) as Partial<KeeperReport>;
      if (report.executions === undefined) return undefined;
      return {
        executions: report.executions,
        skips: report.skips ?? {},
        errors: report.errors ?? 0,
        gasPerExecution: report.gasPerExecution ?? { p50: 0, max: 0 },
      };
    } catch {
      return undefined;
    }
  }

  #note(line: string): void {
    try {
      const { level, event, error } = JSON.parse(line) as LogLine;
      if (level === "error") this.errors.push(`keeper: ${event ?? "error"}${error === undefined ? "" : `: ${error}`}`);
    } catch {
      // A line that is no log record (a runtime warning) says nothing about the keeper's work.
    }
  }
}
