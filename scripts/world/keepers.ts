/**
 * The keepers of the local world: two copies of the deviation stabilizer, two of the price reporter, and a second reporter's co-signer.
 * Every few seconds the leading copy of one of them is killed, and the other one goes on.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { developmentAccounts } from "../../protocol/params/rules.js";
import { freePort, ROOT, type Child } from "./child.js";
import type { WorldChain } from "./chain.js";
import { keeperGone, KeeperCopies, rest, startKeeper, type CopiesReport } from "./copies.js";
import type { WorldDatabase } from "./database.js";
import type { PriceSources } from "./priceSources.js";
import type { Terminal } from "./terminal.js";

export const STABILIZER = "deviation-stabilizer";
export const REPORTER = "price-reporter";
const KILL_EVERY_MS = 5_000;
const LOOK_MS = 50;
/** Three of the four sources each: no two reporters see quite the same. */
const SOURCES_OF = [
  [0, 1, 2],
  [1, 2, 3],
];
/** Number of the development account that pays for rounds; it has no other office. */
const PAYER = 16;
/** In front of nobody and behind nobody: what the market pays. */
const REPORTER_TIP_GWEI = "2";

export interface KeepersParts {
  readonly chain: WorldChain;
  readonly postgres: WorldDatabase;
  readonly sources: PriceSources;
  readonly terminal: Terminal;
  /** How much faster than the clock the market runs. */
  readonly speed: number;
  readonly stabilizer: boolean;
  readonly kills: boolean;
}

export class WorldKeepers {
  readonly #stopping = new AbortController();
  #chaos: Promise<void> = Promise.resolve();
  #stopped: Promise<Readonly<Record<string, CopiesReport>>> | undefined;

  private constructor(
    private readonly parts: KeepersParts,
    readonly copies: readonly KeeperCopies[],
    private readonly peer: Child,
    private readonly peerUrl: string,
    /** What the co-signer's log calls an error, and what went wrong with the killing. */
    private readonly otherErrors: string[],
  ) {}

  /** Starts every process; `ready` says when they work. */
  static async start(parts: KeepersParts): Promise<WorldKeepers> {
    const { chain, postgres, sources } = parts;
    const folder = dataFolder(chain);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const files = SOURCES_OF.map((chosen, index) => {
      const file = join(folder, `sources-${String(index + 1)}.json`);
      sources.writeFile(file, chosen);
      return file;
    });
    const [first = "", second = ""] = chain.loaded.params.reporters.addresses;
    const peerPort = await freePort();
    const peerUrl = `http://127.0.0.1:${String(peerPort)}`;
    const common = { chain, postgres, folder };
    const reporter = await KeeperCopies.start({
      ...common,
      keeper: REPORTER,
      env: {
        REPORTER_LOCAL_SIGNERS: first,
        REPORTER_LOCAL_PAYER: developmentAccounts()[PAYER]?.address ?? "",
        REPORTER_LOCAL_SPEED: String(Math.round(parts.speed)),
        REPORTER_SOURCES_FILE: files[0] ?? "",
        REPORTER_PEERS: peerUrl,
        KEEPER_PRIORITY_FEE_GWEI: REPORTER_TIP_GWEI,
      },
    });
    const errors: string[] = [];
    const peerEnv = {
      ...reporter.env,
      REPORTER_DUTY: "cosign",
      REPORTER_LOCAL_SIGNERS: second,
      REPORTER_SOURCES_FILE: files[1] ?? "",
      REPORTER_PEERS: "",
      REPORTER_LISTEN_PORT: String(peerPort),
      KEEPER_DATA_FOLDER: join(folder, "co-signer"),
    };
    const peer = startKeeper({
      ...{ keeper: REPORTER, flags: [], env: peerEnv },
      onError: (error) => errors.push(`co-signer: ${error}`),
    });
    const stabilizer = parts.stabilizer ? [await KeeperCopies.start({ ...common, keeper: STABILIZER, env: {} })] : [];
    const copies = [reporter, ...stabilizer];
    for (const each of copies) writeEnv(join(folder, `${each.keeper}.env`), each.env);
    return new WorldKeepers(parts, copies, peer, peerUrl, errors);
  }

  /** Where the files with the settings of a running keeper are. */
  get folder(): string {
    return dataFolder(this.parts.chain);
  }

  /** The account that pays for price rounds. */
  get payer(): string {
    return developmentAccounts()[PAYER]?.address ?? "";
  }

  get errors(): readonly string[] {
    return [...this.copies.flatMap(({ errors }) => errors), ...this.otherErrors];
  }

  /** Until a copy of each leads; then the killing begins. @throws PermanentError KEEPER_GONE */
  async ready(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.copies.map((each) => each.led(signal)), this.#peerListens(signal)]);
    this.assertRunning();
    if (!this.parts.kills) return;
    this.#chaos = this.#killAgainAndAgain().catch((error: unknown) => {
      this.otherErrors.push(`keepers: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  /** @throws PermanentError KEEPER_GONE when one has ended by itself. */
  assertRunning(): void {
    if (this.#stopping.signal.aborted) return;
    for (const each of this.copies) each.assertRunning();
    if (this.peer.exitCode !== undefined) throw keeperGone("the co-signer", REPORTER, this.peer);
  }

  /** Ends all of them. What each has executed is asked of the chain. */
  stop(): Promise<Readonly<Record<string, CopiesReport>>> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<Readonly<Record<string, CopiesReport>>> {
    this.#stopping.abort();
    await this.#chaos;
    const reports = await Promise.all(this.copies.map(async (each) => [each.keeper, await each.stop()] as const));
    await this.peer.stop();
    return Object.fromEntries(reports);
  }

  /** Without its signature no round is complete. */
  async #peerListens(signal: AbortSignal): Promise<void> {
    const listens = (): Promise<boolean> =>
      fetch(this.peerUrl).then(
        () => true,
        () => false,
      );
    while (!signal.aborted && !(await listens())) {
      this.assertRunning();
      await rest(LOOK_MS, signal);
    }
  }

  /** In turns, so that each of them lives long enough to work. */
  async #killAgainAndAgain(): Promise<void> {
    const { signal } = this.#stopping;
    const { chain, terminal } = this.parts;
    for (let turn = 0; await rest(KILL_EVERY_MS, signal); turn += 1) {
      const each = this.copies[turn % this.copies.length];
      const news = await each?.killLeader(signal);
      if (each === undefined || news === undefined) continue;
      const { killed, leads, ms } = news;
      terminal.event(
        await chain.rpc.blockNumber(),
        "keeper",
        "yellow",
        `${each.keeper}: copy ${killed} was killed while it led; copy ${leads} leads ${(ms / 1000).toFixed(1)} s later`,
      );
    }
  }
}

/** For `set -a; . FILE`: its owner's only, because it holds a password. */
function writeEnv(file: string, env: Readonly<Record<string, string>>): void {
  const lines = Object.entries(env).map(([name, value]) => `${name}='${value}'`);
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600 });
}

/** Of this world: another one has another port. */
function dataFolder(chain: WorldChain): string {
  return join(ROOT, "data", "world", `keepers-${new URL(chain.rpc.url).port}`);
}
