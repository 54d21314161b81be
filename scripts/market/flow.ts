/**
 * Order flow of one pool: a marked Poisson process with log-normal sizes and a direction that is lopsided for a while, or a constant
 * one-sided drain. The figures are those of the peg targets (docs/peg-results.md, "The market").
 */
import type { Rng } from "./rng.js";

/** Trades per hour and pool at volume 1. */
export const TRADES_PER_HOUR = 200;
/** Mean size of a trade in USD; with TRADES_PER_HOUR this is 50,000 USD per hour. */
export const MEAN_TRADE_USD = 250;
/** Standard deviation of the logarithm of a size. */
export const SIZE_SIGMA = 1;
/** Probability that a trade buys base, per regime. */
export const BUY_SHARES: readonly number[] = [0.5, 0.8, 0.2];
/** Mean time in one regime, seconds. */
export const REGIME_DWELL_SECONDS = 20 * 60;
/** Constant one-sided flow at volume 1, USD per minute (50,000 per hour). */
export const ONE_SIDED_USD_PER_MINUTE = 833;

export type FlowKind = "regime" | "one-sided";

/** One user trade. `usd` is the value of what is sold, at the outside market. */
export interface UserTrade {
  readonly atSeconds: number;
  /** True: sells base for quote; false: buys base with quote. */
  readonly sellBase: boolean;
  readonly usd: number;
}

/** A source of trades in time order. */
export interface Flow {
  /** All trades with `atSeconds` below `untilSeconds` that were not returned before. */
  take(untilSeconds: number): UserTrade[];
  /** Time of the next trade, seconds from the start. */
  nextAtSeconds(): number;
}

/** The regime-switching flow. `volume` multiplies the number of trades, not their size. */
export class RegimeFlow implements Flow {
  readonly #sizes: Rng;
  readonly #directions: Rng;
  readonly #times: Rng;
  readonly #regimes: Rng;
  readonly #meanGapSeconds: number;
  #regime: number;
  #regimeEndsAt: number;
  #nextAt: number;

  constructor(rng: Rng, label: string, volume: number) {
    this.#times = rng.stream(`${label}:times`);
    this.#sizes = rng.stream(`${label}:sizes`);
    this.#directions = rng.stream(`${label}:directions`);
    this.#regimes = rng.stream(`${label}:regimes`);
    this.#meanGapSeconds = 3600 / (TRADES_PER_HOUR * volume);
    this.#regime = this.#regimes.below(BUY_SHARES.length);
    this.#regimeEndsAt = this.#regimes.exponential(REGIME_DWELL_SECONDS);
    this.#nextAt = this.#times.exponential(this.#meanGapSeconds);
  }

  nextAtSeconds(): number {
    return this.#nextAt;
  }

  take(untilSeconds: number): UserTrade[] {
    const trades: UserTrade[] = [];
    while (this.#nextAt < untilSeconds) {
      trades.push(this.#tradeAt(this.#nextAt));
      this.#nextAt += this.#times.exponential(this.#meanGapSeconds);
    }
    return trades;
  }

  #tradeAt(atSeconds: number): UserTrade {
    while (atSeconds >= this.#regimeEndsAt) {
      // A switch always changes the regime: one of the other two, with equal chance.
      this.#regime = (this.#regime + 1 + this.#regimes.below(BUY_SHARES.length - 1)) % BUY_SHARES.length;
      this.#regimeEndsAt += this.#regimes.exponential(REGIME_DWELL_SECONDS);
    }
    const buyShare = BUY_SHARES[this.#regime] ?? 0.5;
    const logMean = Math.log(MEAN_TRADE_USD) - (SIZE_SIGMA * SIZE_SIGMA) / 2;
    return {
      atSeconds,
      sellBase: this.#directions.uniform() >= buyShare,
      usd: Math.exp(logMean + SIZE_SIGMA * this.#sizes.gaussian()),
    };
  }
}

/** The constant drain: in every block the same amount of base is sold, or bought. */
export class OneSidedFlow implements Flow {
  readonly #stepSeconds: number;
  readonly #usdPerStep: number;
  #step = 0;

  constructor(
    volume: number,
    stepSeconds: number,
    private readonly sellBase = true,
  ) {
    this.#stepSeconds = stepSeconds;
    this.#usdPerStep = (ONE_SIDED_USD_PER_MINUTE * volume * stepSeconds) / 60;
  }

  nextAtSeconds(): number {
    return this.#step * this.#stepSeconds;
  }

  take(untilSeconds: number): UserTrade[] {
    const trades: UserTrade[] = [];
    while (this.nextAtSeconds() < untilSeconds) {
      trades.push({ atSeconds: this.nextAtSeconds(), sellBase: this.sellBase, usd: this.#usdPerStep });
      this.#step += 1;
    }
    return trades;
  }
}
