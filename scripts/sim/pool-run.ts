/** One pool during a simulation: its flow, what is known of its state, and what was measured. */
import { findOpportunity, type PoolView } from "../market/arbitrage.js";
import type { Flow } from "../market/flow.js";
import type { MarketToken, UsdPrices } from "../market/outside.js";
import { Series } from "../stats/distribution.js";
import { LatencyTracker, type PoolThresholds } from "../stats/latency.js";
import type { DriverTrade, PoolState } from "./abi.js";
import { BlockEnds, type TriggerConfig } from "./trigger.js";

/** Gain below which an arbitrageur does not bother, USD. */
export const ARBITRAGE_MIN_GAIN_USD = 0.1;
const WAD = 10n ** 18n;
const WAD_PER_BPS = 1e14;

export interface PoolSpec {
  readonly name: string;
  readonly address: string;
  readonly base: MarketToken;
  readonly quote: MarketToken;
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
  readonly k: number;
  readonly feeRate: number;
}

/** A pool's settings in StabilizerLimits as the simulation uses them. */
export function thresholdsOf(config: PoolSettings): PoolThresholds & TriggerConfig {
  return {
    thresholdBps: Number(config.thresholdWad) / WAD_PER_BPS,
    minBlocks: Number(config.minBlocks),
    thresholdWad: config.thresholdWad,
    fastThresholdWad: config.fastThresholdWad,
    confirmations: Number(config.confirmations),
    windowBlocks: Number(config.windowBlocks),
  };
}

type PoolSettings = Readonly<
  Record<"thresholdWad" | "fastThresholdWad" | "confirmations" | "windowBlocks" | "minBlocks", bigint>
>;

export class PoolRun {
  readonly deviationBps = new Series();
  readonly latency: LatencyTracker;
  executions = 0;
  readonly executionBlocks: number[] = [];
  /** What traders sold, in quote base units: quote as it is, base at the pool's anchor. */
  volumeUnits = 0n;
  trades = 0;
  arbitrages = 0;
  /** Whether the stabilizer could not act for want of capital when it was asked last. */
  exhausted = false;
  readonly #thresholdBps: number;
  readonly #blockEnds: BlockEnds;
  #state: PoolState;
  #view: PoolView;
  #deviation = 0;

  constructor(
    readonly spec: PoolSpec,
    readonly flow: Flow,
    thresholds: PoolThresholds & TriggerConfig,
    state: PoolState,
  ) {
    this.latency = new LatencyTracker(thresholds);
    this.#thresholdBps = thresholds.thresholdBps;
    this.#blockEnds = new BlockEnds(thresholds, state.recordedRatioWad);
    this.#state = state;
    this.#view = this.#toView(state);
    this.update(state);
  }

  /** Deviation of the newest block-end, bps, signed. */
  get deviation(): number {
    return this.#deviation;
  }

  get thresholdBps(): number {
    return this.#thresholdBps;
  }

  /** Whether the trigger may hold for the next block; without it the chain's answer is known. */
  get mayAct(): boolean {
    return this.#blockEnds.isSustained;
  }

  /** Whether it may hold after `blocks` further blocks without a trade here. */
  mayActAfter(blocks: number): boolean {
    return this.#blockEnds.isSustainedAfter(this.#state.recordedRatioWad, blocks);
  }

  get outsideThreshold(): boolean {
    return Math.abs(this.#deviation) > this.#thresholdBps;
  }

  /** Whether a ratio (1e18 = at the anchor) lies outside the threshold. */
  isOutside(ratioWad: bigint): boolean {
    return Math.abs(Number(ratioWad - WAD)) / WAD_PER_BPS > this.#thresholdBps;
  }

  get state(): PoolState {
    return this.#state;
  }

  /** Takes over what the chain says after a block. While the oracle has doubts the last known deviation stays. */
  update(state: PoolState): void {
    this.#state = state;
    this.#view = this.#toView(state);
    if (state.ratioWad !== 0n) this.#deviation = Number(state.ratioWad - WAD) / WAD_PER_BPS;
  }

  /** The previous round no longer counts. */
  endGrace(): void {
    if (this.#view.anchorPrevious !== this.#view.anchorNew) {
      this.#view = { ...this.#view, anchorPrevious: this.#view.anchorNew };
    }
  }

  /** Records the block-end for `repeats` blocks that ended like this. */
  record(block: number, repeats: number): void {
    this.#blockEnds.add(this.#state.recordedRatioWad, repeats);
    this.deviationBps.repeat(this.#deviation, repeats);
    this.latency.blockEnd(block, this.#deviation, repeats);
  }

  /** The flow's trades up to a time, valued at the outside market. */
  userTrades(untilSeconds: number, prices: UsdPrices, pickTrader: () => string): DriverTrade[] {
    const { spec } = this;
    return this.flow.take(untilSeconds).map((trade) => {
      const price = trade.sellBase ? prices[spec.base] : prices[spec.quote];
      const decimals = trade.sellBase ? spec.baseDecimals : spec.quoteDecimals;
      return this.#trade(trade.sellBase, toUnits(trade.usd / price, decimals), pickTrader());
    });
  }

  /** The arbitrageur's trade at these outside prices, or undefined. */
  arbitrage(prices: UsdPrices, trader: string): DriverTrade | undefined {
    const { spec } = this;
    if (this.#view.anchorNew === 0) return undefined;
    const scale = 10 ** (spec.quoteDecimals - spec.baseDecimals);
    const outside = (prices[spec.base] / prices[spec.quote]) * scale;
    const found = findOpportunity(this.#view, outside);
    if (found === undefined) return undefined;
    const gainUsd = (found.gainQuoteUnits / 10 ** spec.quoteDecimals) * prices[spec.quote];
    if (gainUsd < ARBITRAGE_MIN_GAIN_USD) return undefined;
    this.arbitrages += 1;
    return this.#trade(found.sellBase, BigInt(Math.floor(found.amountIn)), trader);
  }

  #trade(sellBase: boolean, amountIn: bigint, trader: string): DriverTrade {
    this.trades += 1;
    this.volumeUnits += sellBase ? (amountIn * this.#state.anchorNew) / WAD : amountIn;
    return { pool: this.spec.address, sellBase, amountIn, trader };
  }

  #toView(state: PoolState): PoolView {
    return {
      base: Number(state.baseReserve),
      quote: Number(state.quoteReserve),
      baseTarget: Number(state.baseTarget),
      quoteTarget: Number(state.quoteTarget),
      rState: state.rState,
      k: this.spec.k,
      feeRate: this.spec.feeRate,
      anchorNew: Number(state.anchorNew) / 1e18,
      anchorPrevious: Number(state.anchorPrevious) / 1e18,
    };
  }
}

/** Whole tokens as base units, at least one; at most six digits after the point come from the model. */
function toUnits(amount: number, decimals: number): bigint {
  const digits = Math.min(decimals, 9);
  const units = BigInt(Math.floor(amount * 10 ** digits)) * 10n ** BigInt(decimals - digits);
  return units > 0n ? units : 1n;
}
