/** Copies of one keeper, as the program that an operator runs, over HTTP and on one database. One leads, the others stand by. */
import { join } from "node:path";

import { leaseOwners } from "../../db/queries/lease/owners.js";
import { ownerPid } from "../../keepers/kit/lease.js";
import { readStatus, statusPath } from "../../keepers/kit/statusFile.js";
import { PermanentError } from "../../protocol/errors.js";
import { Child, freePorts } from "./child.js";
import { rpcVariables } from "./chain.js";
import type { WorldDatabase } from "./database.js";

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

/** What copies know of it: what was executed is asked of the chain. */
export type CopiesReport = Omit<KeeperReport, "executions" | "gasPerExecution">;

export interface Takeover {
  readonly killed: number;
  readonly leads: number;
  readonly ms: number;
}

interface LogLine {
  readonly level?: string;
  readonly event?: string;
  readonly network?: string;
  readonly code?: string;
  readonly error?: string;
}

/** What a keeper said was an error. */
export interface LoggedError {
  readonly keeper: string;
  readonly network: string;
  readonly event: string;
  readonly code: string;
}

/** As many as it takes for another one to take over. */
const COPIES = 2;
/** Short, so that one sees it; a keeper's own default is longer. */
const LEASE_SECONDS = 2;
const LOOK_MS = 50;
/** Between two looks of a keeper at a chain's head: with two chains there are many keepers. */
const POLL_MS = { alone: 100, amongMany: 250 } as const;
/** Nobody leading for so long after a kill is a failure. */
const TAKEOVER_LIMIT_MS = 60_000;

/** A chain as keepers are told of it. */
export interface ServedChain {
  readonly network: string;
  readonly deploymentsFolder: string;
  readonly rpc: { readonly url: string };
  readonly loaded: { readonly params: { readonly chainId: number } };
}

/** What the processes of one keeper are started with. */
export interface KeeperSetup {
  readonly keeper: string;
  /** What it is called here when several of its name run; else as the program. */
  readonly title?: string;
  /** Those that it serves from one process, the one of its `--network` first. */
  readonly chains: readonly [ServedChain, ...ServedChain[]];
  readonly copies?: number;
  /** Chains of the world. */
  readonly worldChains: number;
  readonly postgres: WorldDatabase;
  /** Folder for their data. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether what it logs as an error is what a fault of the world must lead to now. */
  readonly excuses?: Excuses;
}

export type Excuses = (said: LoggedError) => boolean;

export class KeeperCopies {
  /** What went wrong, as the keeper's logs name it. */
  readonly errors: string[] = [];
  #copies: readonly Copy[];
  readonly #ended: Copy[] = [];
  readonly #takeOversMs: number[] = [];
  #kills = 0;

  private constructor(
    private readonly setup: KeeperSetup,
    private readonly ports: readonly number[],
  ) {
    this.#copies = ports.map((_, index) => this.#start(index + 1));
  }

  static async start(setup: KeeperSetup): Promise<KeeperCopies> {
    const ports: number[] = [];
    // Each chain that it serves has a status of its own, at the next port.
    while (ports.length < (setup.copies ?? COPIES)) ports.push(await freePorts(setup.chains.length));
    return new KeeperCopies(setup, ports);
  }

  get keeper(): string {
    return this.setup.keeper;
  }

  get title(): string {
    return this.setup.title ?? this.setup.keeper;
  }

  /** Another copy goes on when the leading one dies. */
  get hasStandby(): boolean {
    return this.ports.length > 1;
  }

  get network(): string {
    return this.setup.chains[0].network;
  }

  /** Where each of them tells how it is. */
  get statusUrls(): readonly string[] {
    return this.ports.map((port) => `http://127.0.0.1:${String(port)}/status`);
  }

  /** What an operator sets to look at them with `doctor`. It holds the database's password. */
  get env(): Readonly<Record<string, string>> {
    return environment(this.setup, this.setup.folder);
  }

  /** Until each of its chains has one of them that leads. @throws PermanentError KEEPER_GONE */
  async led(signal: AbortSignal): Promise<void> {
    while (!(await this.#leads()) && !signal.aborted) {
      this.assertRunning();
      await rest(LOOK_MS, signal);
    }
  }

  /** Kills the only copy there is and starts it anew; `led` says when it works again. */
  async restart(): Promise<void> {
    const [only] = this.#copies;
    if (only === undefined) return;
    await this.#kill(only);
    this.#copies = [...this.#copies, this.#start(only.number)];
  }

  /** @throws PermanentError KEEPER_GONE when one has ended by itself. */
  assertRunning(): void {
    const gone = this.#copies.find(({ child }) => child.exitCode !== undefined);
    if (gone !== undefined)
      throw keeperGone(`copy ${gone.number} of ${this.title}`, this.keeper, gone.child, this.network);
  }

  /**
   * Kills the copy that leads, waits for another one to lead everywhere, and starts the dead one anew. @returns undefined while nobody leads
   * or nobody stands by; when nobody leads after the kill, that is an error.
   */
  async killLeader(signal: AbortSignal): Promise<Takeover | undefined> {
    const leader = await this.#leader(this.setup.chains[0]);
    if (leader === undefined || !(await this.#isStoodBy(leader))) return undefined;
    const killedMs = performance.now();
    await this.#kill(leader);
    let next: Copy | undefined;
    // Also when it is time to stop: what was begun is measured to its end.
    while (next === undefined && performance.now() - killedMs < TAKEOVER_LIMIT_MS) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      if (await this.#leads()) next = await this.#leader(this.setup.chains[0]);
    }
    const ms = performance.now() - killedMs;
    this.#takeOversMs.push(ms);
    if (!signal.aborted) this.#copies = [...this.#copies, this.#start(leader.number)];
    if (next === undefined) {
      this.errors.push(
        `${this.title}: nobody leads ${String(TAKEOVER_LIMIT_MS / 1000)} s after copy ${leader.number} was killed`,
      );
      return undefined;
    }
    return { killed: leader.number, leads: next.number, ms };
  }

  /** Ends all of them. */
  async stop(): Promise<CopiesReport> {
    await Promise.all(this.#copies.map(({ child }) => child.stop()));
    const skips: Record<string, number> = {};
    for (const copy of [...this.#ended, ...this.#copies]) {
      for (const [reason, count] of Object.entries(copy.skips())) skips[reason] = (skips[reason] ?? 0) + count;
    }
    return {
      skips,
      errors: this.errors.length,
      copies: this.ports.length,
      kills: this.#kills,
      takeOverMsMax: Math.round(Math.max(0, ...this.#takeOversMs)),
    };
  }

  #start(number: number): Copy {
    const port = this.ports[number - 1] ?? 0;
    return new Copy(number, this.setup, port, (error) => this.errors.push(`${this.title} ${number}: ${error}`));
  }

  async #kill(copy: Copy): Promise<void> {
    this.#copies = this.#copies.filter((each) => each !== copy);
    copy.child.process.kill("SIGKILL");
    await copy.child.exited;
    this.#kills += 1;
    this.#ended.push(copy);
  }

  /** Another one is there that could lead at once, not one that is only starting. */
  async #isStoodBy(leader: Copy): Promise<boolean> {
    for (const copy of this.#copies) if (copy !== leader && (await copy.answers())) return true;
    return false;
  }

  async #leads(): Promise<boolean> {
    const leaders = await Promise.all(this.setup.chains.map((chain) => this.#leader(chain)));
    return leaders.every((leader) => leader !== undefined);
  }

  /** The copy that holds the lease of a chain, as the database says. */
  async #leader({ loaded }: ServedChain): Promise<Copy | undefined> {
    const prefix = `${this.keeper}:${String(loaded.params.chainId)}:`;
    const [owner] = await leaseOwners(this.setup.postgres.database, prefix);
    const pid = owner === undefined ? undefined : ownerPid(owner);
    return this.#copies.find(({ child }) => pid !== undefined && child.process.pid === pid);
  }
}

/** One process. */
class Copy {
  readonly child: Child;
  readonly #folder: string;
  /** Of each chain that it serves. */
  readonly #statusUrls: readonly string[];

  constructor(
    readonly number: number,
    private readonly setup: KeeperSetup,
    httpPort: number,
    onError: (error: string) => void,
  ) {
    this.#statusUrls = setup.chains.map((_, index) => `http://127.0.0.1:${String(httpPort + index)}/status`);
    this.#folder = join(setup.folder, `copy-${String(number)}-${String(Date.now())}`);
    this.child = startKeeper({
      ...{ keeper: setup.keeper, network: setup.chains[0].network, flags: ["--execute"], onError },
      ...(setup.excuses === undefined ? {} : { excuses: setup.excuses }),
      env: { ...environment(setup, this.#folder), KEEPER_HTTP_PORT: String(httpPort) },
    });
  }

  /** It has passed its checks on all its chains and works, or stands by. */
  async answers(): Promise<boolean> {
    const answers = await Promise.all(
      this.#statusUrls.map((url) =>
        fetch(url).then(
          () => true,
          () => false,
        ),
      ),
    );
    return answers.every(Boolean);
  }

  /** Skips of the blocks in which it led, on all its chains. */
  skips(): Readonly<Record<string, number>> {
    const sums: Record<string, number> = {};
    for (const { network } of this.setup.chains) {
      const { skips = {} } = readStatus(statusPath(this.#folder, this.setup.keeper, network)) ?? {};
      for (const [reason, count] of Object.entries(skips)) sums[reason] = (sums[reason] ?? 0) + count;
    }
    return sums;
  }
}

/** A keeper as a child process. */
export interface KeeperChild {
  readonly keeper: string;
  readonly network: string;
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Gets what it logs as an error and nobody excuses. */
  readonly onError: (error: string) => void;
  readonly excuses?: Excuses;
  /** Gets what it prints for programs: its report, at the end. */
  readonly onOutputLine?: (line: string) => void;
}

export function startKeeper({ keeper, network, flags, env, onError, excuses, onOutputLine }: KeeperChild): Child {
  return new Child({
    script: "keepers/main.ts",
    args: [keeper, "--network", network, "--json", ...flags],
    env,
    ...(onOutputLine === undefined ? {} : { onOutputLine }),
    onErrorLine: (line) => {
      try {
        const { level, event = "error", network: where = network, code = "", error } = JSON.parse(line) as LogLine;
        if (level !== "error" || excuses?.({ keeper, network: where, event, code }) === true) return;
        onError(`${event}${error === undefined ? "" : `: ${error}`}`);
      } catch {
        // A line that is no log record (a runtime warning) says nothing about the keeper's work.
      }
    },
  });
}

export function keeperGone(who: string, keeper: string, child: Child, network: string): PermanentError {
  return new PermanentError(
    "KEEPER_GONE",
    `${who} ended with code ${child.exitCode}: ${child.lastErrorLines.at(-1) ?? "no last word"}`,
    `run it by hand to see more: npm run keeper -- ${keeper} --network ${network}`,
  );
}

/** What every keeper of the world is told. */
function environment({ chains, postgres, env, worldChains }: KeeperSetup, dataFolder: string): Record<string, string> {
  return {
    ...rpcVariables(chains),
    DATABASE_URL: postgres.url,
    KEEPER_POLL_MS: String(worldChains === 1 ? POLL_MS.alone : POLL_MS.amongMany),
    KEEPER_LEASE_SECONDS: String(LEASE_SECONDS),
    KEEPER_LOG_FORMAT: "json",
    KEEPER_DATA_FOLDER: dataFolder,
    KEEPER_DEPLOYMENTS_FOLDER: chains[0].deploymentsFolder,
    ...env,
  };
}

/** @returns false when it is time to stop. */
export async function rest(ms: number, signal: AbortSignal): Promise<boolean> {
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
