/** Boots, runs and ends the local world. */
import { join } from "node:path";

import { recordFile } from "../../protocol/addresses.js";
import { SeededMarket } from "../market/outside.js";
import { Rng } from "../market/rng.js";
import { Series } from "../stats/distribution.js";
import { spreadBps } from "../stats/spread.js";
import { arbitrageGrants } from "./bridge/arbitrage.js";
import { WorldBridge } from "./bridge/bridge.js";
import {
  BLOCK_SECONDS,
  deployWorlds,
  shownPath,
  startNodes,
  type ChainName,
  type RunningNode,
  type WorldChain,
} from "./chain.js";
import { endOf, type ChainEnd } from "./chainFigures.js";
import { ChainRun } from "./chainRun.js";
import { openWorldDatabase, type WorldDatabase } from "./database.js";
import { endAll, endInOrder } from "./endAll.js";
import { signedFeeds } from "./feeds.js";
import { envFile, REPORTER, STABILIZER, stabilizerTitle, WorldKeepers } from "./keepers.js";
import { referencePrices } from "./market.js";
import { PriceSources, SOURCES } from "./priceSources.js";
import { WorldExchange } from "./solana/worldExchange.js";
import { WorldTbtc } from "./tbtc/worldTbtc.js";
import { summarize, type WorldFigures } from "./summary.js";
import { printSummary } from "./summaryText.js";
import type { Terminal } from "./terminal.js";

export interface WorldOptions {
  /** Milliseconds of running, counted from the first block after the deployment; undefined: until interrupted. */
  readonly forMs?: number;
  readonly speed: number;
  readonly volume: number;
  readonly seed: number;
  /** The first one is where everything is at home. */
  readonly chains: readonly [ChainName, ...ChainName[]];
  /** Of the first chain; each further one has the next. */
  readonly port: number;
  /** Of messages between chains, seconds that are never compressed. */
  readonly latencySeconds: number;
  readonly hasBridgeFaults: boolean;
  readonly without: ReadonlySet<string>;
  /** tBTC v1 on a chain of its own, with the keeper that rescues its deposits. */
  readonly hasTbtc: boolean;
}

const POLL_MS = 60;

/** Everything that was started so far, in the order in which it ends. */
interface Started {
  nodes: readonly RunningNode[];
  chains: readonly WorldChain[];
  postgres?: WorldDatabase;
  sources?: PriceSources;
  keepers?: WorldKeepers;
  bridge?: WorldBridge;
  exchange?: WorldExchange;
  tbtc?: WorldTbtc;
}

/** Runs the world until its time is over or `signal` aborts; always ends every child. */
export async function runWorld(options: WorldOptions, terminal: Terminal, signal: AbortSignal): Promise<WorldFigures> {
  const startedMs = Date.now();
  const started: Started = { nodes: await startNodes(options.chains, options.port), chains: [] };
  try {
    const world = await boot(options, started, terminal, signal);
    terminal.line(`  ready after ${((Date.now() - startedMs) / 1000).toFixed(1)} s; Ctrl-C ends it`);
    terminal.line();
    started.exchange?.run();
    started.tbtc?.run();
    await world.run(signal);
    const figures = await world.figures();
    printSummary(figures, terminal);
    return figures;
  } finally {
    const { keepers, bridge, exchange, tbtc, sources, postgres, chains, nodes } = started;
    await endInOrder([
      () => keepers?.stop(),
      () => bridge?.stop(),
      () => exchange?.stop(),
      () => tbtc?.stop(),
      () => sources?.close(),
      () => postgres?.close(),
      ...chains.map(({ provider }) => () => {
        provider.destroy();
      }),
      () =>
        endAll(
          nodes.map(
            ({ node }) =>
              () =>
                node.stop(),
          ),
        ),
    ]);
  }
}

async function boot(options: WorldOptions, started: Started, terminal: Terminal, signal: AbortSignal): Promise<World> {
  const { speed, volume, seed, without } = options;
  terminal.line(terminal.paint("cyan", "Cantilever, the local world"));
  for (const { chain, url } of started.nodes)
    terminal.line(`  chain ${chain.padEnd(6)} ${url}  (a block every ${BLOCK_SECONDS} seconds)`);
  terminal.line(
    `  market       volume ${volume}×, seed ${seed}; speed ${speed}: one second carries ${speed} s of trades, outside prices and feed heartbeats, blocks stay ${BLOCK_SECONDS} s`,
  );
  const hasArbitrage = trades(options);
  const [home, ...further] = await deployWorlds(started.nodes, hasArbitrage ? arbitrageGrants : undefined);
  if (home === undefined) throw new Error("a world has a chain");
  started.chains = [home, ...further];
  for (const { network, deploymentsFolder } of started.chains)
    terminal.line(`  addresses    ${shownPath(recordFile(network, deploymentsFolder))}`);
  const rng = new Rng(seed);
  const terminals = new Map(
    started.chains.map(({ name }) => [name, further.length === 0 ? terminal : terminal.of(name)]),
  );
  const sources = await PriceSources.open(home, signedFeeds(home), rng);
  started.sources = sources;
  const start = referencePrices(home);
  sources.look(start, start);
  if (!without.has("keepers")) {
    started.postgres = await openWorldDatabase();
    terminal.line(`  postgres     ${started.postgres.shownUrl}`);
    terminal.line(`  prices       ${sources.url}  (${SOURCES} outside sources of ${signedFeeds(home).length} feeds)`);
    await startKeepers(options, started, [home, ...further], terminals, rng, terminal);
  } else terminal.line("  keepers      left out: nobody reports prices, nobody stabilizes");
  if (!without.has("solana")) {
    started.exchange = await WorldExchange.start({ speed, seed, postgres: started.postgres }, terminal);
    showExchange(started.exchange, speed, started.postgres !== undefined, terminal);
  }
  if (options.hasTbtc) {
    const { postgres } = started;
    started.tbtc = await WorldTbtc.start({ home, worldChains: started.chains.length, rng, postgres, terminal });
    started.tbtc.show();
  }
  await started.bridge?.ready(signal);
  await started.tbtc?.ready(signal);
  await started.keepers?.ready(signal, [...(started.bridge?.copies ?? []), ...(started.tbtc?.mortal ?? [])]);
  return World.open(options, started, [home, ...further], sources, terminals, rng);
}

/** Whether a keeper trades between the chains. */
function trades({ chains, without }: WorldOptions): boolean {
  return chains.length > 1 && !without.has("keepers") && !without.has("arbitrage");
}

/** Starts all of them and waits for none. */
async function startKeepers(
  options: WorldOptions,
  started: Started,
  chains: readonly [WorldChain, ...WorldChain[]],
  terminals: ReadonlyMap<string, Terminal>,
  rng: Rng,
  terminal: Terminal,
): Promise<void> {
  const { speed, without, latencySeconds, hasBridgeFaults } = options;
  const { postgres, sources } = started;
  if (postgres === undefined || sources === undefined) throw new Error("keepers need a database and prices");
  const kills = !without.has("kills");
  const keepers = await WorldKeepers.start({
    ...{ chains, postgres, sources, speed, kills, stabilizer: !without.has("stabilizer") },
    terminal: terminals.get(chains[0].name) ?? terminal,
    excuses: (said) => started.bridge?.excuses(said) === true,
  });
  started.keepers = keepers;
  showKeepers(keepers, kills, terminal);
  const [home, abroad] = chains;
  if (abroad === undefined) return;
  started.bridge = await WorldBridge.start({
    ...{ home, abroad, postgres, rng, latencySeconds, terminals, folder: keepers.folder },
    ...{ hasUsers: !without.has("market"), hasArbitrage: trades(options), hasFaults: hasBridgeFaults },
  });
  const { attestors, copies } = started.bridge;
  for (const { title, statusUrls } of [...copies, ...attestors.copies])
    terminal.line(`  keeper       ${title}: ${statusUrls.join(", ")}`);
  const faulty = hasBridgeFaults ? "; messages, attestors and blocks suffer faults" : "";
  terminal.line(`               two of three sign; a message takes ${latencySeconds} s from chain to chain${faulty}`);
}

/** Who works, and how to look at it. */
function showKeepers(keepers: WorldKeepers, kills: boolean, terminal: Terminal): void {
  for (const { title, statusUrls } of keepers.copies)
    terminal.line(`  keeper       ${title}: ${statusUrls.join(", ")}`);
  const killed = kills ? "; every few seconds the copy of one that leads is killed" : "";
  terminal.line(`               of two copies one leads; a second reporter co-signs every round${killed}`);
  for (const copies of keepers.copies) {
    const file = shownPath(join(keepers.folder, envFile(copies)));
    const { keeper, network } = copies;
    terminal.line(`               (set -a; . ${file}; npm run keeper -- ${keeper} doctor --network ${network})`);
  }
}

function showExchange({ url }: WorldExchange, speed: number, hasKeepers: boolean, terminal: Terminal): void {
  terminal.line(`  solana       ${url}  (collateral vaults and an exchange; its clock runs ${speed} times as fast)`);
  if (!hasKeepers) return;
  terminal.line("               collateral-crank liquidates and pays out, collateral-monitor compares every account");
}

class World {
  readonly #spreads: ReadonlyMap<string, Series>;
  #startedAt = Date.now();

  private constructor(
    private readonly options: WorldOptions,
    private readonly parts: Started,
    private readonly outside: SeededMarket,
    private readonly sources: PriceSources,
    private readonly runs: readonly [ChainRun, ...ChainRun[]],
  ) {
    const [home, ...further] = runs;
    const pairs = further.length === 0 ? [] : home.recorder.pools.map(({ spec }) => spec.name);
    this.#spreads = new Map(pairs.map((pair) => [pair, new Series()]));
  }

  static async open(
    options: WorldOptions,
    parts: Started,
    chains: readonly [WorldChain, ...WorldChain[]],
    sources: PriceSources,
    terminals: ReadonlyMap<string, Terminal>,
    rng: Rng,
  ): Promise<World> {
    const { speed, volume, without } = options;
    const outside = new SeededMarket(rng, referencePrices(chains[0]));
    const open = (chain: WorldChain): Promise<ChainRun> => {
      const isHome = chain === chains[0];
      const terminal = terminals.get(chain.name);
      if (terminal === undefined) throw new Error(`chain ${chain.name} has no terminal`);
      return ChainRun.open({
        ...{ chain, outside, terminal, speed, volume, feeds: signedFeeds(chain), payer: parts.keepers?.payer },
        rng: isHome ? rng : rng.stream(chain.name),
        trading: !without.has("market"),
        attacked: isHome && !without.has("attacker"),
      });
    };
    const [home, ...further] = chains;
    const runs: [ChainRun, ...ChainRun[]] = [await open(home)];
    for (const chain of further) runs.push(await open(chain));
    return new World(options, parts, outside, sources, runs);
  }

  /** Until the time is over or the signal aborts. @throws PermanentError RPC_GONE, NODE_STALLED, KEEPER_GONE */
  async run(signal: AbortSignal): Promise<void> {
    this.#startedAt = Date.now();
    const { keepers, bridge, exchange, tbtc } = this.parts;
    try {
      while (!signal.aborted && !this.#timeOver()) {
        let isNew = false;
        for (const run of this.runs) {
          const hasLooked = await run.next((block) => this.#between(run, block));
          isNew ||= hasLooked;
        }
        if (!isNew) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        keepers?.assertRunning();
        bridge?.assertRunning();
        exchange?.assertRunning();
        tbtc?.assertRunning();
      }
    } finally {
      for (const { attacks } of this.runs) await attacks.end();
    }
  }

  async figures(): Promise<WorldFigures> {
    const { keepers, bridge, exchange, tbtc, postgres } = this.parts;
    // Nobody is killed any more when the others end.
    const reports = await keepers?.stop();
    const [crossed, collateral, rescues] = await Promise.all([bridge?.end(), exchange?.end(), tbtc?.end()]);
    const { speed, seed, volume } = this.options;
    const seconds = Math.round((Date.now() - this.#startedAt) / 1000);
    const ends = new Map<string, ChainEnd>();
    for (const run of this.runs) {
      const title = run === this.runs[0] ? STABILIZER : stabilizerTitle(run.chain);
      ends.set(run.chain.name, await endOf(run, postgres?.database, reports?.[title]));
    }
    return summarize({
      ...{ speed, seed, volume, seconds, collateral, tbtc: rescues, chains: ends, spreads: this.#spreads },
      bridge: crossed?.figures,
      bridgeKeepers: crossed?.keepers ?? {},
      reporter: reports?.[REPORTER],
      postgresUrl: postgres?.shownUrl,
      errors: [
        ...this.runs.flatMap(({ attacks }) => attacks.errors),
        ...(keepers?.errors ?? []),
        ...(bridge?.errors ?? []),
        ...(exchange?.errors ?? []),
        ...(tbtc?.errors ?? []),
      ],
    });
  }

  #timeOver(): boolean {
    return this.options.forMs !== undefined && Date.now() - this.#startedAt >= this.options.forMs;
  }

  /** The state of a block is known: the outside market goes on with the first chain, and what crosses is looked at. */
  async #between(run: ChainRun, block: number): Promise<void> {
    if (run === this.runs[0]) {
      this.#recordSpreads();
      this.outside.advance(BLOCK_SECONDS * this.options.speed);
      this.sources.look(this.outside.prices(), this.outside.references());
    }
    await this.parts.bridge?.look(run.chain, block);
  }

  /** Of both chains' newest blocks. While an oracle has doubts there is no price: the last spread stands. */
  #recordSpreads(): void {
    const [home, abroad] = this.runs;
    if (abroad === undefined) return;
    const there = new Map(abroad.recorder.pools.map(({ spec, state }) => [spec.name, state]));
    for (const { spec, state } of home.recorder.pools) {
      const [series, other] = [this.#spreads.get(spec.name), there.get(spec.name)];
      if (series === undefined || other === undefined) continue;
      series.push(spreadBps(state, other) ?? series.values().at(-1) ?? 0);
    }
  }
}
