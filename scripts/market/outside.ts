/**
 * The outside market: what one whole token is worth in USD elsewhere, second by second. It is a model of the world, not of the
 * protocol, so it uses floating point; amounts become integers when a trade is made.
 */
import type { PriceRow } from "../../protocol/priceFile.js";
import type { Rng } from "./rng.js";

/** The tokens with an outside price. */
export const MARKET_TOKENS = ["cUSDT", "cUSDC", "cEURT", "XAU"] as const;
export type MarketToken = (typeof MARKET_TOKENS)[number];
/** USD per whole token. */
export type UsdPrices = Readonly<Record<MarketToken, number>>;

const SECONDS_PER_YEAR = 365.25 * 24 * 3600;

/** Yearly volatility of EUR/USD and of gold, as a share (0.16 = 16 %). */
export const EUR_VOLATILITY_PER_YEAR = 0.07;
export const XAU_VOLATILITY_PER_YEAR = 0.16;
/** Long-run standard deviation of a stable token around its currency (1 bp), and the time in which a gap shrinks to 1/e. */
export const STABLE_NOISE = 1e-4;
export const STABLE_REVERSION_SECONDS = 600;
/** Prices at the start. */
export const START_PRICES: UsdPrices = { cUSDT: 1, cUSDC: 1, cEURT: 1.08, XAU: 2650 };

/** An outside market that can be moved forward. */
export interface OutsideMarket {
  prices(): UsdPrices;
  /** What each token is pegged to, USD: its currency or its ounce, whatever the token itself is worth. */
  references(): UsdPrices;
  /** Moves the market forward by `seconds`. */
  advance(seconds: number): void;
}

/** Ornstein-Uhlenbeck deviation around zero, stepped exactly for any step length. */
class Noise {
  readonly #rng: Rng;
  #value: number;

  constructor(rng: Rng) {
    this.#rng = rng;
    this.#value = STABLE_NOISE * rng.gaussian();
  }

  get value(): number {
    return this.#value;
  }

  advance(seconds: number): void {
    const decay = Math.exp(-seconds / STABLE_REVERSION_SECONDS);
    this.#value = this.#value * decay + STABLE_NOISE * Math.sqrt(1 - decay * decay) * this.#rng.gaussian();
  }
}

/** Logarithm of a driftless geometric Brownian motion. */
class Walk {
  readonly #rng: Rng;
  readonly #sigmaPerRootSecond: number;
  #log = 0;

  constructor(rng: Rng, volatilityPerYear: number) {
    this.#rng = rng;
    this.#sigmaPerRootSecond = volatilityPerYear / Math.sqrt(SECONDS_PER_YEAR);
  }

  get factor(): number {
    return Math.exp(this.#log);
  }

  advance(seconds: number): void {
    this.#log += this.#sigmaPerRootSecond * Math.sqrt(seconds) * this.#rng.gaussian();
  }
}

/** The seeded market: stable tokens near their currency, EUR and gold as random walks. */
export class SeededMarket implements OutsideMarket {
  readonly #start: UsdPrices;
  readonly #noise: { cUSDT: Noise; cUSDC: Noise; cEURT: Noise };
  readonly #eur: Walk;
  readonly #xau: Walk;

  constructor(rng: Rng, start: UsdPrices = START_PRICES) {
    this.#start = start;
    this.#noise = {
      cUSDT: new Noise(rng.stream("outside:cUSDT")),
      cUSDC: new Noise(rng.stream("outside:cUSDC")),
      cEURT: new Noise(rng.stream("outside:cEURT")),
    };
    this.#eur = new Walk(rng.stream("outside:EUR"), EUR_VOLATILITY_PER_YEAR);
    this.#xau = new Walk(rng.stream("outside:XAU"), XAU_VOLATILITY_PER_YEAR);
  }

  prices(): UsdPrices {
    return {
      cUSDT: this.#start.cUSDT * (1 + this.#noise.cUSDT.value),
      cUSDC: this.#start.cUSDC * (1 + this.#noise.cUSDC.value),
      cEURT: this.#start.cEURT * this.#eur.factor * (1 + this.#noise.cEURT.value),
      XAU: this.#start.XAU * this.#xau.factor,
    };
  }

  references(): UsdPrices {
    return {
      cUSDT: this.#start.cUSDT,
      cUSDC: this.#start.cUSDC,
      cEURT: this.#start.cEURT * this.#eur.factor,
      XAU: this.#start.XAU * this.#xau.factor,
    };
  }

  advance(seconds: number): void {
    if (seconds <= 0) return;
    for (const part of [this.#noise.cUSDT, this.#noise.cUSDC, this.#noise.cEURT, this.#eur, this.#xau]) {
      part.advance(seconds);
    }
  }
}

/** A market that replays a price file. A value holds until the next row; a token without a column keeps its starting price. */
export class ReplayedMarket implements OutsideMarket {
  readonly #rows: readonly PriceRow[];
  readonly #start: UsdPrices;
  readonly #firstTimestamp: number;
  #elapsedSeconds = 0;
  #row = 0;

  /** `rows` must not be empty and must be in time order, as `parsePriceFile` returns them. */
  constructor(rows: readonly PriceRow[], start: UsdPrices = START_PRICES) {
    this.#rows = rows;
    this.#start = start;
    this.#firstTimestamp = rows[0]?.timestampSeconds ?? 0;
  }

  prices(): UsdPrices {
    return { ...this.#start, ...this.#rows[this.#row]?.usd };
  }

  /** A file tells what tokens are worth, not what a euro or an ounce is: those two count as kept. */
  references(): UsdPrices {
    const { cEURT, XAU } = this.prices();
    return { ...this.#start, cEURT, XAU };
  }

  advance(seconds: number): void {
    this.#elapsedSeconds += seconds;
    for (;;) {
      const next = this.#rows[this.#row + 1];
      if (next === undefined || next.timestampSeconds - this.#firstTimestamp > this.#elapsedSeconds) return;
      this.#row += 1;
    }
  }
}
