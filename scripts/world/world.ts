/** Boots, runs and ends the local world. */
import { join } from "node:path";

import { PermanentError } from "../../protocol/errors.js";
import { Rng } from "../market/rng.js";
import { ATTACKS, type AttackContext, type AttackResult } from "./attacks.js";
import { BLOCK_SECONDS, deployWorld, shownPath, startNode, type WorldChain } from "./chain.js";
import { recordFile } from "../../protocol/addresses.js";
import { openWorldDatabase, type WorldDatabase } from "./database.js";
import { signedFeeds, type WorldFeed } from "./feeds.js";
import { WorldKeepers } from "./keepers.js";
import { openPools, referencePrices, WorldMarket } from "./market.js";
import { readPegs } from "./pegs.js";
import { Recorder } from "./recorder.js";
import { PriceSources, SOURCES } from "./priceSources.js";
import { WorldReserves } from "./reserves.js";
import { Rounds } from "./rounds.js";
import { summarize, type WorldFigures } from "./summary.js";
import { WorldExchange } from "./solana/worldExchange.js";
import { usd, type Terminal } from "./terminal.js";

export interface WorldOptions {
  /** Milliseconds of running, counted from the first block after the deployment; undefined: until interrupted. */
  readonly forMs?: number;
  readonly speed: number;
  readonly volume: number;
  readonly seed: number;
  readonly port: number;
  readonly without: ReadonlySet<string>;
}

const POLL_MS = 60;
/** No new block for so long means that the node no longer works. */
const STALLED_MS = 30_000;
/** Blocks between the end of one attack and the next, and before the first. */
const ATTACK_PAUSE_BLOCKS = 2;
const FIRST_ATTACK_BLOCKS = 3;

/** Runs the world until its time is over or `signal` aborts; always ends every child. */
export async function runWorld(options: WorldOptions, terminal: Terminal, signal: AbortSignal): Promise<WorldFigures> {
  const started = Date.now();
  const running = await startNode(options.port);
  let chain: WorldChain | undefined;
  let postgres: WorldDatabase | undefined;
  let keepers: WorldKeepers | undefined;
  let sources: PriceSources | undefined;
  let exchange: WorldExchange | undefined;
  try {
    terminal.line(terminal.paint("cyan", "Cantilever, the local world"));
    terminal.line(`  chain 138    ${running.url}  (a block every ${BLOCK_SECONDS} seconds)`);
    terminal.line(
      `  market       volume ${options.volume}×, seed ${options.seed}; speed ${options.speed}: one second carries ${options.speed} s of trades, outside prices and feed heartbeats, blocks stay ${BLOCK_SECONDS} s`,
    );
    chain = await deployWorld(running, () => undefined);
    terminal.line(`  addresses    ${shownPath(recordFile("localhost", chain.deploymentsFolder))}`);
    const rng = new Rng(options.seed);
    const feeds = signedFeeds(chain);
    sources = await PriceSources.open(chain, feeds, rng);
    const start = referencePrices(chain);
    sources.look(start, start);
    if (!options.without.has("keepers")) {
      postgres = await openWorldDatabase();
      terminal.line(`  postgres     ${postgres.shownUrl}`);
      terminal.line(`  prices       ${sources.url}  (${SOURCES} outside sources of ${feeds.length} feeds)`);
      const kills = !options.without.has("kills");
      const stabilizer = !options.without.has("stabilizer");
      keepers = await WorldKeepers.start({
        chain,
        postgres,
        sources,
        terminal,
        speed: options.speed,
        stabilizer,
        kills,
      });
      showKeepers(keepers, kills, terminal);
      await keepers.ready(signal);
    } else terminal.line("  keepers      left out: nobody reports prices, nobody stabilizes");
    if (!options.without.has("solana")) {
      const { speed, seed } = options;
      exchange = await WorldExchange.start({ speed, seed, postgres }, terminal);
      terminal.line(
        `  solana       ${exchange.url}  (collateral vaults and an exchange; its clock runs ${options.speed} times as fast)`,
      );
      if (postgres !== undefined)
        terminal.line(
          "               collateral-crank liquidates and pays out, collateral-monitor compares every account",
        );
    }
    terminal.line(`  ready after ${((Date.now() - started) / 1000).toFixed(1)} s; Ctrl-C ends it`);
    terminal.line();
    const world = await World.open(options, chain, { keepers, postgres, sources, exchange }, feeds, rng, terminal);
    exchange?.run();
    await world.run(signal);
    return await world.figures();
  } finally {
    await keepers?.stop();
    await exchange?.stop();
    await sources?.close();
    await postgres?.close();
    chain?.provider.destroy();
    await running.node.stop();
  }
}

/** Who works, and how to look at it. */
function showKeepers(keepers: WorldKeepers, kills: boolean, terminal: Terminal): void {
  for (const { keeper, statusUrls } of keepers.copies)
    terminal.line(`  keeper       ${keeper}: ${statusUrls.join(", ")}`);
  const killed = kills ? "; every few seconds the copy of one that leads is killed" : "";
  terminal.line(`               two copies each, one leads; a second reporter co-signs every round${killed}`);
  for (const { keeper } of keepers.copies) {
    const file = shownPath(join(keepers.folder, `${keeper}.env`));
    terminal.line(`               (set -a; . ${file}; npm run keeper -- ${keeper} doctor --network localhost)`);
  }
}

/** What runs beside the chain; undefined where it was left out. */
interface WorldParts {
  readonly keepers: WorldKeepers | undefined;
  readonly postgres: WorldDatabase | undefined;
  readonly sources: PriceSources;
  readonly exchange: WorldExchange | undefined;
}

class World {
  readonly #waiting = new Set<{ until: number; resolve: () => void; reject: (reason: Error) => void }>();
  readonly #attacks: AttackResult[] = [];
  readonly #errors: string[] = [];
  #attacking: Promise<void> | undefined;
  #nextAttack = 0;
  #nextAttackBlock: number;
  #startedAt = Date.now();
  #ended = false;

  private constructor(
    private readonly options: WorldOptions,
    private readonly chain: WorldChain,
    private readonly parts: WorldParts,
    private readonly terminal: Terminal,
    private readonly market: WorldMarket,
    private readonly recorder: Recorder,
    private readonly rounds: Rounds,
    private readonly reserves: WorldReserves,
    private readonly firstBlock: number,
  ) {
    this.#nextAttackBlock = firstBlock + FIRST_ATTACK_BLOCKS;
  }

  static async open(
    options: WorldOptions,
    chain: WorldChain,
    parts: WorldParts,
    feeds: readonly WorldFeed[],
    rng: Rng,
    terminal: Terminal,
  ): Promise<World> {
    const pools = await openPools(chain, rng, options.volume);
    const market = new WorldMarket(
      chain,
      pools,
      terminal,
      rng,
      options.speed,
      options.volume,
      !options.without.has("market"),
    );
    const block = await chain.rpc.blockNumber();
    const recorder = new Recorder(chain, pools, terminal, referencePrices(chain), block);
    await recorder.begin();
    const rounds = new Rounds(chain, feeds, parts.keepers?.payer, options.speed, terminal);
    rounds.punctualFrom(block);
    const reserves = new WorldReserves(chain, terminal);
    return new World(options, chain, parts, terminal, market, recorder, rounds, reserves, block + 1);
  }

  /** Until the time is over or the signal aborts. @throws PermanentError RPC_GONE, NODE_STALLED, KEEPER_GONE */
  async run(signal: AbortSignal): Promise<void> {
    this.#startedAt = Date.now();
    let lastBlockAt = Date.now();
    try {
      while (!signal.aborted && !this.#timeOver()) {
        const head = await this.chain.rpc.blockNumber();
        if (head === this.recorder.lastBlock) {
          if (Date.now() - lastBlockAt > STALLED_MS) {
            throw new PermanentError("NODE_STALLED", `no new block for ${STALLED_MS / 1000} s`, "start again");
          }
          await new Promise((resolve) => setTimeout(resolve, POLL_MS));
          continue;
        }
        lastBlockAt = Date.now();
        await this.#catchUp(head);
        this.parts.keepers?.assertRunning();
        this.parts.exchange?.assertRunning();
      }
    } finally {
      await this.#end();
    }
  }

  async figures(): Promise<WorldFigures> {
    const { keepers, exchange } = this.parts;
    const [keeperReports, collateral] = await Promise.all([keepers?.stop(), exchange?.end()]);
    const { terminal, market, recorder, rounds, options } = this;
    // What was on its way has arrived while the keepers ended.
    await rounds.look(await this.chain.rpc.blockNumber());
    const seconds = Math.round((Date.now() - this.#startedAt) / 1000);
    const errors = [...this.#errors, ...(keepers?.errors ?? []), ...(exchange?.errors ?? [])];
    return summarize({
      options,
      chain: this.chain,
      seconds,
      blocks: recorder.lastBlock - this.firstBlock + 1,
      market,
      recorder,
      keeperReports,
      rounds: await rounds.report(this.parts.postgres?.database),
      gasPerRound: rounds.gasPerRound,
      postgresUrl: this.parts.postgres?.shownUrl,
      collateral,
      attacks: this.#attacks,
      errors,
      pegs: await readPegs(this.chain, this.firstBlock),
      reserves: await this.reserves.report(),
      refills: this.reserves.refills,
      markToMarketXauWei: await recorder.markToMarketXauWei(market.prices),
      terminal,
    });
  }

  #timeOver(): boolean {
    return this.options.forMs !== undefined && Date.now() - this.#startedAt >= this.options.forMs;
  }

  /** Every block up to `head`, in order; the market moves with each. */
  async #catchUp(head: number): Promise<void> {
    for (let block = this.recorder.lastBlock + 1; block <= head; block++) {
      await this.recorder.look(block, this.market.prices);
      await this.reserves.look(block);
      await this.market.step(block);
      this.parts.sources.look(this.market.prices, this.market.outside.references());
      await this.rounds.look(block);
      this.#wake(block);
      this.#attack(block);
    }
  }

  #attack(block: number): void {
    if (this.options.without.has("attacker") || this.#attacking !== undefined || block < this.#nextAttackBlock) return;
    const attack = ATTACKS[this.#nextAttack % ATTACKS.length];
    this.#nextAttack += 1;
    if (attack === undefined) return;
    this.#attacking = attack(this.#attackContext())
      .then((result) => {
        if (result === undefined) return;
        this.#attacks.push(result);
        const colour = result.profitUsd < 0 ? "magenta" : "red";
        this.terminal.event(
          this.recorder.lastBlock,
          "attack",
          colour,
          `${result.name}: ${usd(result.profitUsd)} for the attacker; ${result.note}`,
        );
      })
      .catch((error: unknown) => {
        if (!this.#ended) this.#errors.push(error instanceof Error ? error.message : String(error));
      })
      .finally(() => {
        this.#attacking = undefined;
        this.#nextAttackBlock = this.recorder.lastBlock + ATTACK_PAUSE_BLOCKS;
      });
  }

  #attackContext(): AttackContext {
    const { chain, market, recorder } = this;
    return {
      chain,
      pools: recorder.pools,
      market,
      waitBlocks: (count) =>
        new Promise<void>((resolve, reject) => {
          if (this.#ended) reject(new Error("the world has ended"));
          else this.#waiting.add({ until: recorder.lastBlock + count, resolve, reject });
        }),
    };
  }

  #wake(block: number): void {
    for (const waiter of this.#waiting) {
      if (block < waiter.until) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }

  /** No attack is left half-way in this process; what it has open stays open on a chain that ends as well. */
  async #end(): Promise<void> {
    this.#ended = true;
    for (const waiter of this.#waiting) waiter.reject(new Error("the world has ended"));
    this.#waiting.clear();
    await this.#attacking;
  }
}
