/**
 * The simulation: block after block, in the order in which a block's transactions run: users, arbitrageurs, price reports, the
 * stabilizer, a flash swing. Blocks without a transaction are made in one request, because nothing can have changed in them.
 */
import { pairOf } from "../../protocol/params/rules.js";
import { BUCKETS } from "../../protocol/reserveLens.js";
import type { ReservesReport } from "../../protocol/reservesReport.js";
import { tokenNames } from "../../protocol/params/schema.js";
import { OneSidedFlow, RegimeFlow } from "../market/flow.js";
import {
  ReplayedMarket,
  SeededMarket,
  type MarketToken,
  type OutsideMarket,
  type UsdPrices,
} from "../market/outside.js";
import { Rng } from "../market/rng.js";
import {
  decodeRead,
  encodeRead,
  encodeRun,
  OBSERVED_TOPIC,
  TRADE_FAILED_TOPIC,
  type DriverTrade,
  type PoolState,
} from "./abi.js";
import type { SimReceipt, SimTransaction } from "./chain.js";
import { FlashSwings } from "./flash.js";
import { SimKeeper } from "./keeper.js";
import { simParams, type SimOptions } from "./options.js";
import { SimPeg } from "./peg.js";
import { ASKED_EVERY, assertAgrees, CHECKED_EVERY, stateAfter, unexpectedOrders, type Curve } from "./mirror.js";
import { SimRefills } from "./refills.js";
import { PoolRun, thresholdsOf, type PoolSpec } from "./pool-run.js";
import { Reports } from "./reports.js";
import type { SimWorld } from "./setup.js";
import { StabilizerLedger, type LedgerToken } from "./stabilizer-ledger.js";
import { withWorlds, type SimWorlds, type TakeWorld } from "./worlds.js";

/** ICapitalBuckets.Bucket.RESERVE. */
const RESERVE = BUCKETS.indexOf("E");
/** Points kept of slowly changing curves for the report. */
const CURVE_POINTS = 600;

/** Called with the share of the work that is done, 0 to 1. */
export type Progress = (share: number) => void;

/** Values over time for the report: hours, then the value. */
export interface Curves {
  readonly atOracleXau: [number, number][];
  readonly atMarketXau: [number, number][];
  readonly capitalUsd: [number, number][];
}

/** Where the time went, milliseconds. */
export interface SimTimes {
  setupMs: number;
  totalMs: number;
  sendMs: number;
  mineMs: number;
  callMs: number;
  receiptMs: number;
}

/** Everything a finished simulation knows. */
export interface Simulation {
  readonly options: SimOptions;
  readonly blocks: number;
  /** Number of the first simulated block. */
  readonly firstBlock: number;
  readonly pools: readonly PoolRun[];
  readonly keeper: SimKeeper;
  readonly ledger: StabilizerLedger;
  readonly flash: FlashSwings;
  readonly peg: SimPeg;
  readonly refills: SimRefills;
  /** Tiers, P, T and buckets at the end. */
  readonly reserves: ReservesReport;
  readonly reports: Reports;
  readonly curves: Curves;
  readonly failedTrades: number;
  readonly markToMarketXauWei: bigint;
  readonly times: SimTimes;
  readonly interrupted: boolean;
}

/**
 * Runs one simulation from deployment to the last block. An aborted `signal` ends it after the current block. With `worlds` the
 * deployment is that of an earlier run where there was one.
 */
export async function simulate(
  options: SimOptions,
  progress?: Progress,
  signal?: AbortSignal,
  worlds?: SimWorlds,
): Promise<Simulation> {
  return withWorlds((own) => (worlds ?? own).use((take) => simulateIn(take, options, progress, signal)));
}

async function simulateIn(
  take: TakeWorld,
  options: SimOptions,
  progress?: Progress,
  signal?: AbortSignal,
): Promise<Simulation> {
  const started = performance.now();
  const world = await take(simParams(options));
  const setupMs = performance.now() - started;
  const run = new SimChainRun(options, world);
  await run.prepare();
  const planned = plannedBlocks(options);
  let done = 0;
  while (done < planned && signal?.aborted !== true) {
    await run.block(done);
    done += 1;
    if (done % 200 === 0) progress?.(done / planned);
  }
  const simulation = await run.finish(done, { started, setupMs });
  progress?.(1);
  return simulation;
}

/** Blocks of a whole run. */
export function plannedBlocks(options: SimOptions): number {
  return Math.round((options.hours * 3600) / options.blockSeconds);
}

/** Somebody of outside who acts on the chain: after the stabilizer and the refiller, before a flash swing. */
export interface ChainActor {
  /** What goes into the next block; asked once per block. */
  transactions(): readonly SimTransaction[];
  /** What became of it, in the same order. */
  settle(receipts: readonly SimReceipt[]): void;
}

/** What tells one of several chains from the others. The outside market and the readings of its feeds are those of all. */
export interface ChainPlace {
  /** Names the random streams of its own, its traders and its flash swings; undefined: those of a chain alone. */
  readonly label: string | undefined;
  /** Direction of a one-sided flow. */
  readonly sellsBase: boolean;
  /** Blocks by which price rounds arrive later here. */
  readonly lagBlocks: number;
  readonly actor: ChainActor;
}

/** One chain of a simulation, block by block. */
export class SimChainRun {
  readonly #market: OutsideMarket;
  readonly #pools: PoolRun[] = [];
  readonly #readData: string;
  readonly #tokens: readonly LedgerToken[];
  readonly #specs: readonly PoolSpec[];
  readonly #ledger: StabilizerLedger;
  readonly #reports: Reports;
  readonly #peg: SimPeg;
  readonly #refills: SimRefills;
  readonly #start: UsdPrices;
  readonly #traders: Rng;
  readonly #traces: Curves = { atOracleXau: [], atMarketXau: [], capitalUsd: [] };
  /** What the trades of a pool depend on. */
  readonly #curves = new Map<PoolRun, Curve>();
  readonly #graceBlocks: number;
  readonly #own: Rng;
  #pricesBefore: UsdPrices;
  #holdingsBefore: ReadonlyMap<LedgerToken["name"], bigint> = new Map();
  #keeper!: SimKeeper;
  #flash!: FlashSwings;
  #firstBlock = 0;
  #lastRoundBlock = 0;
  /** Blocks at the end of the chain's future that are known to be empty and not yet made. */
  #quiet = 0;
  /** Blocks whose trades were computed, for the share that is checked. */
  #computed = 0;
  /** Block-ends after which the keeper could be asked, for the same reason. */
  #ended = 0;
  #failedTrades = 0;

  constructor(
    private readonly options: SimOptions,
    private readonly world: SimWorld,
    private readonly place?: ChainPlace,
  ) {
    const rng = new Rng(options.seed);
    this.#own = place?.label === undefined ? rng : rng.stream(place.label);
    const { loaded, deployment } = world;
    const { params } = loaded;
    const reference = (token: keyof UsdPrices): number => Number(params.oracle.tokens[token].referencePriceUsd);
    this.#start = {
      cUSDT: reference("cUSDT"),
      cUSDC: reference("cUSDC"),
      cEURT: reference("cEURT"),
      XAU: reference("XAU"),
    };
    this.#pricesBefore = this.#start;
    this.#market =
      options.priceRows === undefined
        ? new SeededMarket(rng, this.#start)
        : new ReplayedMarket(options.priceRows, this.#start);
    this.#traders = this.#own.stream("traders");
    this.#graceBlocks = params.oracle.graceBlocks;
    this.#specs = params.pools
      .filter((pool) => pool.kind === "public" && (options.pools ?? [pairOf(pool)]).includes(pairOf(pool)))
      .map((pool) => ({
        name: pairOf(pool),
        address: deployment.address(`PmmPool:${pairOf(pool)}`),
        base: pool.base,
        quote: pool.quote,
        baseDecimals: params.tokens[pool.base].decimals,
        quoteDecimals: params.tokens[pool.quote].decimals,
        k: Number(pool.kRatio),
        feeRate: Number(pool.lpFeeBps) / 10_000,
      }));
    // XAU is the measure of everything; a token without a traded pool is neither priced nor spent.
    const inUse = new Set<MarketToken>(["XAU", ...this.#specs.flatMap((spec) => [spec.base, spec.quote])]);
    this.#tokens = tokenNames
      .filter((name) => inUse.has(name))
      .map((name) => ({ name, address: deployment.token(name), decimals: params.tokens[name].decimals }));
    this.#readData = encodeRead(this.#specs.map((spec) => spec.address));
    const holders = [deployment.address("Stabilizer"), ...Object.values(deployment.meshPools())];
    this.#ledger = new StabilizerLedger(this.#tokens, holders, this.#start);
    const sender = world.accounts.operator;
    const pegged = this.#tokens.map((token) => token.name);
    this.#peg = new SimPeg(world.chain, deployment, params, pegged, sender);
    this.#refills = new SimRefills(world.chain, deployment, sender, this.#tokens);
    this.#reports = new Reports(
      { params, deployment, tokens: inUse, sender, ...(place === undefined ? {} : { lagBlocks: place.lagBlocks }) },
      this.#start,
      rng,
    );
  }

  async prepare(): Promise<void> {
    const { world, options } = this;
    const { chain, deployment, contracts, accounts } = world;
    const states = decodeRead(await chain.call(world.driver, this.#readData), this.#specs.length);
    for (const [index, spec] of this.#specs.entries()) {
      const state = states[index];
      if (state === undefined) continue;
      const config = await contracts.limits.poolConfig(spec.address);
      const flow =
        options.flow === "one-sided"
          ? new OneSidedFlow(options.volume, options.blockSeconds, this.place?.sellsBase)
          : new RegimeFlow(this.#own, spec.name, options.volume);
      const pool = new PoolRun(spec, flow, thresholdsOf(config), state);
      const contract = contracts.pool(spec.name);
      const [k, lpFeeRate, mtFeeRate] = await Promise.all([
        contract._K_(),
        contract._LP_FEE_RATE_(),
        contract.mtFeeRate(),
      ]);
      this.#pools.push(pool);
      this.#curves.set(pool, { k, lpFeeRate, mtFeeRate });
    }
    this.#keeper = new SimKeeper(
      chain,
      {
        keeper: world.loaded.params.roles.keeper ?? accounts.operator,
        stabilizer: deployment.address("Stabilizer"),
        lens: deployment.address("PegLens"),
        oracle: deployment.address("XAUOracle"),
      },
      new Map(this.#pools.map((pool) => [pool.spec.address.toLowerCase(), pool])),
      this.#tokens,
      this.#ledger,
    );
    const attacker = { owner: accounts.attacker, contract: world.attackerContract };
    this.#flash = new FlashSwings(
      chain,
      this.#pools,
      attacker,
      this.#tokens,
      this.#start,
      this.#own,
      options.hours * 3600,
    );
    this.#firstBlock = chain.head.number + 1;
    this.#holdingsBefore = await this.#holdings();
    this.#pricesBefore = this.#market.prices();
  }

  /** What is known of each pool at the end of the newest block, with the anchors that count in the next one. */
  get states(): readonly { readonly pool: PoolRun; readonly state: PoolState; readonly curve: Curve }[] {
    return this.#pools.flatMap((pool) => {
      const curve = this.#curves.get(pool);
      if (curve === undefined) return [];
      const { state } = pool;
      return [{ pool, curve, state: this.#isGraceOver ? { ...state, anchorPrevious: state.anchorNew } : state }];
    });
  }

  /** The rounds that the feeds have. */
  get rounds(): ReturnType<Reports["rounds"]> {
    return this.#reports.rounds();
  }

  /** Whether pegs of these tokens are lost. */
  isHalted(token: MarketToken): boolean {
    return this.#peg.states.get(token) === "HALTED";
  }

  /** Number of the newest block, put off or not. */
  get blockNumber(): number {
    return this.world.chain.head.number + this.#quiet;
  }

  /** Timestamp of the newest block, put off or not. */
  get timestamp(): number {
    return this.#timestampBefore();
  }

  /** What a finished or interrupted run of `done` blocks knows. */
  async finish(done: number, { started, setupMs }: { started: number; setupMs: number }): Promise<Simulation> {
    const { options } = this;
    await this.#flush();
    const markToMarketXauWei =
      this.#ledger.valueAt(await this.#holdings(), this.#market.prices()) -
      this.#ledger.valueAt(new Map(this.#holdingsBefore), this.#pricesBefore);
    return {
      options,
      blocks: done,
      firstBlock: this.#firstBlock,
      pools: this.#pools,
      keeper: this.#keeper,
      ledger: this.#ledger,
      flash: this.#flash,
      peg: this.#peg,
      refills: this.#refills,
      reserves: await this.#refills.report(),
      reports: this.#reports,
      curves: this.#traces,
      failedTrades: this.#failedTrades,
      markToMarketXauWei,
      times: { ...this.world.chain.times, setupMs, totalMs: performance.now() - started },
      interrupted: done < plannedBlocks(options),
    };
  }

  /** One block: the `index`-th, ending at (index + 1) block times. */
  async block(index: number): Promise<void> {
    await this.#block(index);
    const everyCurve = Math.max(1, Math.floor(plannedBlocks(this.options) / CURVE_POINTS));
    if ((index + 1) % everyCurve === 0) this.#trace(index + 1);
  }

  async #block(index: number): Promise<void> {
    const { options } = this;
    const endsAt = (index + 1) * options.blockSeconds;
    this.#market.advance(options.blockSeconds);
    const prices = this.#market.prices();

    const trades = this.#trades(endsAt, prices);
    const rounds = this.#reports.transactions(this.#timestampBefore());
    const poke = this.#peg.transaction();
    const execution = this.#keeper.transaction();
    const refill = this.#refills.transaction();
    const acts = this.place?.actor.transactions() ?? [];
    const swing = await this.#flashAt(endsAt);
    const transactions: SimTransaction[] = [];
    const traded = this.#pools.filter((pool) => trades.some((trade) => trade.pool === pool.spec.address));
    // Alone in its block, the market's transaction sees the block's end, if it is not known without it.
    const others = [poke, execution, refill, ...acts, swing].filter((transaction) => transaction !== undefined);
    const alone = rounds.length === 0 && others.length === 0;
    const computed = alone && traded.length > 0 ? this.#compute(traded, trades, endsAt) : undefined;
    const observed = alone && (computed === undefined || this.#computed % CHECKED_EVERY === 0) ? traded : [];
    if (trades.length > 0) {
      const addresses = observed.map((pool) => pool.spec.address);
      const { accounts, driver } = this.world;
      transactions.push({ from: accounts.operator, to: driver, data: encodeRun(trades, addresses) });
    }
    transactions.push(...rounds, ...others);

    if (transactions.length === 0 && !this.#mustAsk && !this.#isAttentive && !this.#isRefillDue) {
      this.#quiet += 1;
    } else {
      await this.#flush();
      const hashes = await this.world.chain.mine(transactions);
      const receipts: SimReceipt[] = [];
      for (const hash of hashes) receipts.push(await this.world.chain.receipt(hash));
      const market = trades.length > 0 ? receipts.shift() : undefined;
      this.#failedTrades += market === undefined ? 0 : failuresIn(market);
      await this.#settle(receipts, { rounds, poke, execution, refill, acts, swing }, prices);
      if (receipts.length > 0)
        this.#update(this.#pools, await this.world.chain.call(this.world.driver, this.#readData));
      else if (market !== undefined) await this.#takeOver(market, traded, observed, computed);
      await this.#endBlock();
    }
    this.#reports.look(endsAt, prices, this.#market.references());
  }

  /** Whether a peg may need a poke. */
  get #isAttentive(): boolean {
    const block = this.world.chain.head.number + this.#quiet + 1;
    return this.#peg.isAttentive(block, this.#pools, this.#market.prices(), this.#market.references());
  }

  /** Whether a refill may be possible at the end of the next block. */
  get #isRefillDue(): boolean {
    if (this.options.policy !== "cantilever") return false;
    return this.#refills.isDue(this.#timestampBefore() + this.options.blockSeconds);
  }

  /** Whether the keeper has to be asked at the end of the next block even if nothing happens in it. */
  get #mustAsk(): boolean {
    if (this.options.policy !== "cantilever") return false;
    const acting = this.#pools.filter((pool) => pool.mayActAfter(this.#quiet + 1));
    return acting.length > 0 && !this.#keeper.hasAnswered(acting, this.world.chain.head.number);
  }

  /** The states behind the trades, while only rounds and trades can change them and one anchor counts. */
  #compute(
    traded: readonly PoolRun[],
    trades: readonly DriverTrade[],
    endsAt: number,
  ): Map<PoolRun, PoolState> | undefined {
    if (!this.#isGraceOver || !this.#reports.isFresh(endsAt)) return undefined;
    const computed = new Map<PoolRun, PoolState>();
    for (const pool of traded) {
      const curve = this.#curves.get(pool);
      const own = trades.filter((trade) => trade.pool === pool.spec.address);
      const state = curve === undefined || pool.state.ratioWad === 0n ? undefined : stateAfter(pool.state, own, curve);
      if (state === undefined) return undefined;
      computed.set(pool, state);
    }
    this.#computed += 1;
    return computed;
  }

  /** What a block with the market's transaction alone has left behind. */
  async #takeOver(
    market: SimReceipt,
    traded: readonly PoolRun[],
    observed: readonly PoolRun[],
    computed: ReadonlyMap<PoolRun, PoolState> | undefined,
  ): Promise<void> {
    const { chain, driver } = this.world;
    if (!market.ok) throw new Error(`the market's transaction failed in block ${chain.head.number}`);
    // A trade that the contract refused for reasons of its own: nothing computed counts.
    const refused = failuresIn(market) > 0;
    if (observed.length > 0) this.#update(observed, observedIn(market));
    else if (refused) this.#update(this.#pools, await chain.call(driver, this.#readData));
    for (const pool of traded) {
      const state = computed?.get(pool);
      if (state === undefined || refused) continue;
      if (observed.length > 0) assertAgrees(pool.spec.name, chain.head.number, state, pool.state);
      else pool.update(state);
    }
  }

  get #isGraceOver(): boolean {
    return this.world.chain.head.number + this.#quiet + 1 - this.#lastRoundBlock > this.#graceBlocks;
  }

  #timestampBefore(): number {
    return this.world.chain.head.timestamp + this.#quiet * this.options.blockSeconds;
  }

  #trades(endsAt: number, prices: UsdPrices): DriverTrade[] {
    const { accounts } = this.world;
    const pick = (): string => accounts.traders[this.#traders.below(accounts.traders.length)] ?? accounts.operator;
    const graceOver = this.#isGraceOver;
    const trades: DriverTrade[] = [];
    for (const pool of this.#pools) {
      if (graceOver) pool.endGrace();
      trades.push(...pool.userTrades(endsAt, prices, pick));
      const arbitrage = this.options.outsiders === false ? undefined : pool.arbitrage(prices, accounts.arbitrageur);
      if (arbitrage !== undefined) trades.push(arbitrage);
    }
    return trades;
  }

  /** The swing due now; before it is planned the chain must have reached the block before. */
  async #flashAt(endsAt: number): Promise<SimTransaction | undefined> {
    if (!this.#flash.isDue(endsAt)) return undefined;
    await this.#flush();
    return this.#flash.plan();
  }

  async #settle(
    receipts: readonly SimReceipt[],
    sent: {
      rounds: readonly SimTransaction[];
      poke: SimTransaction | undefined;
      execution: SimTransaction | undefined;
      refill: SimTransaction | undefined;
      acts: readonly SimTransaction[];
      swing: SimTransaction | undefined;
    },
    prices: UsdPrices,
  ): Promise<void> {
    const block = this.world.chain.head.number;
    const rest = [...receipts];
    if (sent.rounds.length > 0) {
      this.#reports.settle(rest.splice(0, sent.rounds.length));
      this.#lastRoundBlock = block;
    }
    const poke = sent.poke === undefined ? undefined : rest.shift();
    if (poke !== undefined) this.#peg.settle(poke, block);
    const execution = sent.execution === undefined ? undefined : rest.shift();
    if (execution !== undefined) {
      const acted = await this.#keeper.settle(execution, block, prices);
      await this.#peg.executed(acted, prices);
      for (const pool of acted) this.#flash.executed(pool, block);
      this.#refills.touched();
    }
    const refill = sent.refill === undefined ? undefined : rest.shift();
    if (refill !== undefined) this.#refills.settle(refill, block);
    if (sent.acts.length > 0) this.place?.actor.settle(rest.splice(0, sent.acts.length));
    const swing = sent.swing === undefined ? undefined : rest.shift();
    if (swing !== undefined) await this.#flash.settle(swing, block, prices);
  }

  /** Takes over the states of some pools as the driver told them. */
  #update(pools: readonly PoolRun[], data: string): void {
    const states = decodeRead(data, pools.length);
    pools.forEach((pool, index) => {
      const state = states[index];
      if (state !== undefined) pool.update(state);
    });
  }

  /** Records the newest block's end and asks the keeper. */
  async #endBlock(): Promise<void> {
    for (const pool of this.#pools) pool.record(this.world.chain.head.number, 1);
    this.#peg.passed(1);
    await this.#peg.observe(this.#isAttentive);
    if (this.options.policy !== "cantilever") return;
    await this.#refills.observe();
    const mayAct = this.#pools.some((pool) => pool.mayAct);
    this.#ended += 1;
    if (!mayAct && this.#ended % ASKED_EVERY !== 0) return;
    await this.#keeper.observe();
    if (!mayAct && this.#keeper.hasOrders) throw unexpectedOrders(this.world.chain.head.number);
  }

  /** Makes the empty blocks that were put off. */
  async #flush(): Promise<void> {
    if (this.#quiet === 0) return;
    const first = this.world.chain.head.number + 1;
    await this.world.chain.skip(this.#quiet);
    for (const pool of this.#pools) pool.record(first, this.#quiet);
    this.#peg.passed(this.#quiet);
    this.#keeper.passed(this.#quiet, first - 1);
    this.#quiet = 0;
  }

  #trace(done: number): void {
    const hours = (done * this.options.blockSeconds) / 3600;
    this.#traces.atOracleXau.push([hours, Number(this.#ledger.atOracle.sumXauWei) / 1e18]);
    this.#traces.atMarketXau.push([hours, Number(this.#ledger.atMarket.sumXauWei) / 1e18]);
    this.#traces.capitalUsd.push([hours, Number(this.#ledger.usedUnits()) / 1e6]);
  }

  /** Everything the stabilizer holds, its own balances and the mesh, and E, with which it exchanges. Token base units. */
  async #holdings(): Promise<Map<LedgerToken["name"], bigint>> {
    const { contracts, deployment } = this.world;
    const holders = [deployment.address("Stabilizer"), ...Object.values(deployment.meshPools())];
    const held = new Map<LedgerToken["name"], bigint>();
    for (const token of this.#tokens) {
      const handle = contracts.token(token.name);
      for (const holder of holders)
        held.set(token.name, (held.get(token.name) ?? 0n) + (await handle.balanceOf(holder)));
      const reserve = await contracts.buckets.bucketUnits(RESERVE, deployment.token(token.name));
      held.set(token.name, (held.get(token.name) ?? 0n) + reserve);
    }
    return held;
  }
}

/** Trades of the market that a pool refused. */
function failuresIn(receipt: SimReceipt): number {
  return receipt.logs.filter((log) => log.topics[0] === TRADE_FAILED_TOPIC).length;
}

/** The driver's own report of the states after its trades. */
function observedIn(receipt: SimReceipt): string {
  const log = receipt.logs.find((entry) => entry.topics[0] === OBSERVED_TOPIC);
  if (log === undefined) throw new Error("the market's transaction failed: MarketDriver.run gave no report");
  return log.data;
}
