/**
 * The keepers of the local world that keep prices: two copies of the price reporter, which serve all chains, a second reporter's co-signer,
 * and stabilizers of each chain: two copies on the first, one on the second. Every few seconds the leading copy of one that has another is
 * killed, and the other one goes on.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { localAddress } from "./accounts.js";
import { freePort, ROOT, type Child } from "./child.js";
import { rpcVariables, type WorldChain } from "./chain.js";
import { endAll } from "./endAll.js";
import { keeperGone, KeeperCopies, rest, startKeeper, type CopiesReport, type Excuses } from "./copies.js";
import type { WorldDatabase } from "./database.js";
import type { PriceSources } from "./priceSources.js";
import type { Terminal } from "./terminal.js";

export const STABILIZER = "deviation-stabilizer";
export const REPORTER = "price-reporter";
/** Every start of a process takes its share of a small machine: with two chains there are enough of them. */
const KILL_EVERY_MS = { alone: 5_000, amongMany: 10_000 } as const;
/** Between two looks whether a copy stands by. */
const STANDBY_LOOK_MS = 500;
const LOOK_MS = 50;
/** Three of the four sources each: no two reporters see quite the same. */
const SOURCES_OF = [
  [0, 1, 2],
  [1, 2, 3],
];
/** In front of nobody and behind nobody: what the market pays. */
const REPORTER_TIP_GWEI = "2";

export interface KeepersParts {
  readonly chains: readonly [WorldChain, ...WorldChain[]];
  readonly postgres: WorldDatabase;
  readonly sources: PriceSources;
  readonly terminal: Terminal;
  /** How much faster than the clock the market runs. */
  readonly speed: number;
  readonly stabilizer: boolean;
  readonly kills: boolean;
  readonly excuses: Excuses;
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
    const { chains, postgres, sources } = parts;
    const [chain, ...further] = chains;
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
    const common = { postgres, folder, worldChains: chains.length, excuses: parts.excuses };
    const begun: (() => unknown)[] = [];
    try {
      const reporter = await KeeperCopies.start({
        ...common,
        keeper: REPORTER,
        chains,
        env: {
          REPORTER_NETWORKS: further.map(({ network }) => network).join(","),
          REPORTER_LOCAL_SIGNERS: first,
          REPORTER_LOCAL_PAYER: localAddress("reporterPayer"),
          REPORTER_LOCAL_SPEED: String(Math.round(parts.speed)),
          REPORTER_SOURCES_FILE: files[0] ?? "",
          REPORTER_PEERS: peerUrl,
          KEEPER_PRIORITY_FEE_GWEI: REPORTER_TIP_GWEI,
        },
      });
      begun.push(() => reporter.stop());
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
        ...{ keeper: REPORTER, network: chain.network, flags: [], env: peerEnv },
        onError: (error) => errors.push(`co-signer: ${error}`),
      });
      begun.push(() => peer.stop());
      const copies = [reporter];
      for (const [index, each] of (parts.stabilizer ? chains : []).entries()) {
        // One copy has to do on a further chain: every process takes its time to start.
        const own = index === 0 ? {} : { title: stabilizerTitle(each), copies: 1, folder: join(folder, each.network) };
        const stabilizer = await KeeperCopies.start({ ...common, keeper: STABILIZER, chains: [each], env: {}, ...own });
        begun.push(() => stabilizer.stop());
        copies.push(stabilizer);
      }
      // Who looks at one of them looks at all chains.
      for (const each of copies) writeEnv(join(folder, envFile(each)), { ...rpcVariables(chains), ...each.env });
      return new WorldKeepers(parts, copies, peer, peerUrl, errors);
    } catch (error) {
      await endAll(begun);
      throw error;
    }
  }

  /** Where the files with the settings of a running keeper are. */
  get folder(): string {
    return dataFolder(this.parts.chains[0]);
  }

  /** The account that pays for price rounds. */
  get payer(): string {
    return localAddress("reporterPayer");
  }

  get errors(): readonly string[] {
    return [...this.copies.flatMap(({ errors }) => errors), ...this.otherErrors];
  }

  /** Until a copy of each leads; then the killing begins, of these and of `others`. @throws PermanentError KEEPER_GONE */
  async ready(signal: AbortSignal, others: readonly KeeperCopies[] = []): Promise<void> {
    await Promise.all([...this.copies.map((each) => each.led(signal)), this.#peerListens(signal)]);
    this.assertRunning();
    if (!this.parts.kills) return;
    this.#chaos = this.#killAgainAndAgain([...this.copies, ...others]).catch((error: unknown) => {
      this.otherErrors.push(`keepers: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  /** @throws PermanentError KEEPER_GONE when one has ended by itself. */
  assertRunning(): void {
    if (this.#stopping.signal.aborted) return;
    for (const each of this.copies) each.assertRunning();
    if (this.peer.exitCode !== undefined) {
      throw keeperGone("the co-signer", REPORTER, this.peer, this.parts.chains[0].network);
    }
  }

  /** Ends all of them. What each has executed is asked of the chain. */
  stop(): Promise<Readonly<Record<string, CopiesReport>>> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<Readonly<Record<string, CopiesReport>>> {
    this.#stopping.abort();
    await this.#chaos;
    const reports = await Promise.all(this.copies.map(async (each) => [each.title, await each.stop()] as const));
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
  async #killAgainAndAgain(copies: readonly KeeperCopies[]): Promise<void> {
    const { signal } = this.#stopping;
    const { chains, terminal } = this.parts;
    const mortal = copies.filter(({ hasStandby }) => hasStandby);
    const everyMs = chains.length === 1 ? KILL_EVERY_MS.alone : KILL_EVERY_MS.amongMany;
    let pauseMs: number = everyMs;
    for (let turn = 0; await rest(pauseMs, signal);) {
      const each = mortal[turn % mortal.length];
      const news = await each?.killLeader(signal);
      pauseMs = news === undefined ? STANDBY_LOOK_MS : everyMs;
      if (each === undefined || news === undefined) continue;
      turn += 1;
      const { killed, leads, ms } = news;
      terminal.event(
        await chains[0].rpc.blockNumber(),
        "keeper",
        "yellow",
        `${each.title}: copy ${killed} was killed while it led; copy ${leads} leads ${(ms / 1000).toFixed(1)} s later`,
      );
    }
  }
}

/** The stabilizer of a further chain in reports. */
export function stabilizerTitle({ name }: WorldChain): string {
  return `${STABILIZER} ${name}`;
}

/** Settings of a running keeper: a file per program and network. */
export function envFile({ keeper, network }: Pick<KeeperCopies, "keeper" | "network">): string {
  return network === "localhost" ? `${keeper}.env` : `${keeper}-${network}.env`;
}

/** For `set -a; . FILE`: its owner's only, because it holds a password. */
export function writeEnv(file: string, env: Readonly<Record<string, string>>): void {
  const lines = Object.entries(env).map(([name, value]) => `${name}='${value}'`);
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600 });
}

/** Of this world: another one has another port. */
function dataFolder(chain: WorldChain): string {
  return join(ROOT, "data", "world", `keepers-${new URL(chain.rpc.url).port}`);
}
