/** The market of one chain of the local world: users and arbitrageurs, compressed in time; one transaction carries a block's trades. */
import { pairOf } from "../../protocol/params/rules.js";
import { RegimeFlow, TRADES_PER_HOUR } from "../market/flow.js";
import type { OutsideMarket, UsdPrices } from "../market/outside.js";
import { type Rng } from "../market/rng.js";
import { decodeRead, encodeRead, encodeRun, type DriverTrade } from "../sim/abi.js";
import { PoolRun, thresholdsOf, type PoolSpec } from "../sim/pool-run.js";
import { BLOCK_SECONDS, type WorldChain } from "./chain.js";
import { amount, type Terminal } from "./terminal.js";

/** A block with this many times the usual number of trades in a pool is worth a line. */
const BURST_FACTOR = 2.2;

/** The pools of a world with their flow and their state now. */
export async function openPools(chain: WorldChain, rng: Rng, volume: number): Promise<PoolRun[]> {
  const { params } = chain.loaded;
  const specs: PoolSpec[] = params.pools
    .filter((pool) => pool.kind === "public")
    .map((pool) => ({
      name: pairOf(pool),
      address: chain.deployment.address(`PmmPool:${pairOf(pool)}`),
      base: pool.base,
      quote: pool.quote,
      baseDecimals: params.tokens[pool.base].decimals,
      quoteDecimals: params.tokens[pool.quote].decimals,
      k: Number(pool.kRatio),
      feeRate: Number(pool.lpFeeBps) / 10_000,
    }));
  const addresses = specs.map((spec) => spec.address);
  const states = decodeRead(await chain.rpc.call(chain.driver, encodeRead(addresses)), specs.length);
  const pools: PoolRun[] = [];
  for (const [index, spec] of specs.entries()) {
    const state = states[index];
    if (state === undefined) continue;
    const config = await chain.contracts.limits.poolConfig(spec.address);
    pools.push(new PoolRun(spec, new RegimeFlow(rng, spec.name, volume), thresholdsOf(config), state));
  }
  return pools;
}

/** Prices at the start: the parameters' reference prices. */
export function referencePrices(chain: WorldChain): UsdPrices {
  const of = (token: keyof UsdPrices): number => Number(chain.loaded.params.oracle.tokens[token].referencePriceUsd);
  return { cUSDT: of("cUSDT"), cUSDC: of("cUSDC"), cEURT: of("cEURT"), XAU: of("XAU") };
}

export class WorldMarket {
  trades = 0;
  /** Sold by traders per pool and token, base units. */
  readonly volumeIn = new Map<string, Map<string, bigint>>();
  readonly #picks: Rng;
  readonly #usualTrades: number;
  #seconds = 0;

  constructor(
    private readonly chain: WorldChain,
    private readonly pools: readonly PoolRun[],
    /** All chains have the same one. */
    private readonly outside: OutsideMarket,
    private readonly terminal: Terminal,
    rng: Rng,
    private readonly speed: number,
    volume: number,
    private readonly trading: boolean,
  ) {
    this.#usualTrades = (TRADES_PER_HOUR * volume * BLOCK_SECONDS * speed) / 3600;
    this.#picks = rng.stream("traders");
  }

  get prices(): UsdPrices {
    return this.outside.prices();
  }

  /** One block's worth of trades, sent for the next block. */
  async step(block: number): Promise<void> {
    this.#seconds += BLOCK_SECONDS * this.speed;
    if (!this.trading) return;
    const { accounts, driver, rpc } = this.chain;
    const prices = this.prices;
    const pick = (): string => accounts.traders[this.#picks.below(accounts.traders.length)] ?? accounts.operator;
    const trades: DriverTrade[] = [];
    const shown: string[] = [];
    for (const pool of this.pools) {
      const users = pool.userTrades(this.#seconds, prices, pick);
      const arbitrage = pool.arbitrage(prices, accounts.arbitrageur);
      const all = arbitrage === undefined ? users : [...users, arbitrage];
      trades.push(...all);
      for (const trade of all) this.#count(pool, trade);
      if (users.length >= Math.max(2, BURST_FACTOR * this.#usualTrades))
        shown.push(`${users.length} trades in ${pool.spec.name}`);
      if (arbitrage !== undefined) shown.push(this.#arbitrageText(pool, arbitrage));
    }
    if (trades.length === 0) return;
    this.trades += trades.length;
    await rpc.send({ from: accounts.operator, to: driver, data: encodeRun(trades, []) });
    if (shown.length > 0) this.terminal.event(block, "market", "blue", shown.join(", "));
  }

  #arbitrageText({ spec }: PoolRun, trade: DriverTrade): string {
    const [token, decimals] = trade.sellBase ? [spec.base, spec.baseDecimals] : [spec.quote, spec.quoteDecimals];
    return `an arbitrageur sells ${amount(trade.amountIn, decimals, token === "XAU" ? 3 : 0)} ${token} into ${spec.name}`;
  }

  #count(pool: PoolRun, trade: DriverTrade): void {
    const sold = trade.sellBase ? pool.spec.base : pool.spec.quote;
    const perToken = this.volumeIn.get(pool.spec.name) ?? new Map<string, bigint>();
    perToken.set(sold, (perToken.get(sold) ?? 0n) + trade.amountIn);
    this.volumeIn.set(pool.spec.name, perToken);
  }
}
