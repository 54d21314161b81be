/**
 * Copies of the deviation stabilizer's keeper, as the program that an operator runs, over HTTP and on one database. One leads; every few
 * seconds the leader is killed, and another one goes on.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";

import { readLease } from "../../db/queries/lease/read.js";
import { readStatus, statusPath } from "../../keepers/kit/statusFile.js";
import { PermanentError } from "../../protocol/errors.js";
import { Child, ROOT } from "./child.js";
import { WORLD_NETWORK, type WorldChain } from "./chain.js";
import type { WorldDatabase } from "./database.js";
import type { Terminal } from "./terminal.js";

/** What the copies did together. */
export interface KeeperReport {
  readonly executions: number;
  readonly skips: Readonly<Record<string, number>>;
  readonly errors: number;
  readonly gasPerExecution: { readonly p50: number; readonly max: number };
  readonly copies: number;
  /** Leaders that were killed with SIGKILL. */
  readonly kills: number;
  /** Longest time from a kill until another copy led, milliseconds; 0 without kills. */
  readonly takeOverMsMax: number;
}

interface LogLine {
  readonly level?: string;
  readonly event?: string;
  readonly error?: string;
}

const KEEPER = "deviation-stabilizer";
const COPIES = 2;
/** Short, so that one sees it; a keeper's own default is longer. */
const LEASE_SECONDS = 2;
const KILL_EVERY_MS = 7_000;
const LOOK_MS = 50;

export class StabilizerKeepers {
  /** What went wrong, as the keepers' logs name it. */
  readonly errors: string[] = [];
  #copies: Copy[] = [];
  readonly #ended: Copy[] = [];
  readonly #takeOversMs: number[] = [];
  #kills = 0;
  #chaos: Promise<void> = Promise.resolve();
  readonly #stopping = new AbortController();

  constructor(
    private readonly chain: WorldChain,
    private readonly postgres: WorldDatabase,
    private readonly terminal: Terminal,
    options: { readonly kills: boolean },
  ) {
    rmSync(dataFolder(chain), { recursive: true, force: true });
    this.#copies = Array.from({ length: COPIES }, (_, index) => this.#start(index + 1));
    if (options.kills) {
      this.#chaos = this.#killAgainAndAgain().catch((error: unknown) => {
        this.errors.push(`keepers: ${error instanceof Error ? error.message : String(error)}`);
      });
    }
  }

  /** @throws PermanentError KEEPER_GONE when one has ended by itself. */
  assertRunning(): void {
    const gone = this.#copies.find(({ child }) => child.exitCode !== undefined);
    if (gone === undefined || this.#stopping.signal.aborted) return;
    throw new PermanentError(
      "KEEPER_GONE",
      `copy ${gone.number} of the keeper ended with code ${gone.child.exitCode}: ${gone.child.lastErrorLines.at(-1) ?? "no last word"}`,
      "run it by hand to see more: npm run keeper -- deviation-stabilizer --network localhost",
    );
  }

  /** Ends all of them. `executions` is left to the caller, who asks the chain. */
  async stop(): Promise<Omit<KeeperReport, "executions" | "gasPerExecution">> {
    this.#stopping.abort();
    await this.#chaos;
    await Promise.all(this.#copies.map(({ child }) => child.stop()));
    const skips: Record<string, number> = {};
    for (const copy of [...this.#ended, ...this.#copies]) {
      for (const [reason, count] of Object.entries(copy.skips())) skips[reason] = (skips[reason] ?? 0) + count;
    }
    return {
      skips,
      errors: this.errors.length,
      copies: COPIES,
      kills: this.#kills,
      takeOverMsMax: Math.round(Math.max(0, ...this.#takeOversMs)),
    };
  }

  #start(number: number): Copy {
    return new Copy(number, this.chain, this.postgres.url, (error) => this.errors.push(`keeper ${number}: ${error}`));
  }

  async #killAgainAndAgain(): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      if (!(await rest(KILL_EVERY_MS, signal))) return;
      const leader = await this.#leader();
      if (leader === undefined) continue;
      const killedMs = performance.now();
      this.#copies = this.#copies.filter((copy) => copy !== leader);
      leader.child.process.kill("SIGKILL");
      await leader.child.exited;
      this.#kills += 1;
      this.#ended.push(leader);
      let next: Copy | undefined;
      while (next === undefined && !signal.aborted) {
        await rest(LOOK_MS, signal);
        next = await this.#leader();
      }
      if (next === undefined) return;
      const ms = performance.now() - killedMs;
      this.#takeOversMs.push(ms);
      const block = await this.chain.rpc.blockNumber();
      this.terminal.event(
        block,
        "keeper",
        "yellow",
        `copy ${leader.number} was killed while it led; copy ${next.number} leads ${(ms / 1000).toFixed(1)} s later`,
      );
      this.#copies.push(this.#start(leader.number));
    }
  }

  /** The copy that holds the lease, as the database says. */
  async #leader(): Promise<Copy | undefined> {
    const rows = await this.postgres.database.query<{ name: string }>(
      "SELECT name FROM keeper_lease WHERE name LIKE $1 AND expires_at > clock_timestamp()",
      [`${KEEPER}:%`],
    );
    const [row] = rows;
    const lease = row === undefined ? undefined : await readLease(this.postgres.database, row.name);
    return this.#copies.find(({ child }) => lease?.owner.split(":").includes(String(child.process.pid)) === true);
  }
}

/** One process. */
class Copy {
  readonly child: Child;
  readonly #folder: string;

  constructor(
    readonly number: number,
    chain: WorldChain,
    databaseUrl: string,
    onError: (error: string) => void,
  ) {
    this.#folder = join(dataFolder(chain), `copy-${String(number)}-${String(Date.now())}`);
    this.child = new Child({
      script: "keepers/main.ts",
      args: [KEEPER, "--network", WORLD_NETWORK, "--execute", "--json"],
      env: {
        LOCALHOST_RPC_URL: chain.rpc.url,
        DATABASE_URL: databaseUrl,
        KEEPER_POLL_MS: "100",
        KEEPER_LEASE_SECONDS: String(LEASE_SECONDS),
        KEEPER_LOG_FORMAT: "json",
        KEEPER_DATA_FOLDER: this.#folder,
        KEEPER_DEPLOYMENTS_FOLDER: chain.deploymentsFolder,
      },
      onErrorLine: (line) => {
        try {
          const { level, event, error } = JSON.parse(line) as LogLine;
          if (level === "error") onError(`${event ?? "error"}${error === undefined ? "" : `: ${error}`}`);
        } catch {
          // A line that is no log record (a runtime warning) says nothing about the keeper's work.
        }
      },
    });
  }

  /** Skips of the blocks in which it led. */
  skips(): Readonly<Record<string, number>> {
    return readStatus(statusPath(this.#folder, KEEPER, WORLD_NETWORK))?.skips ?? {};
  }
}

/** Of this world: another one has another port. */
function dataFolder(chain: WorldChain): string {
  return join(ROOT, "data", "world", `keepers-${new URL(chain.rpc.url).port}`);
}

/** @returns false when it is time to stop. */
async function rest(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve(!signal.aborted);
    }
  });
}
