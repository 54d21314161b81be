/** Figures of a simulation as the JSON contract of the commands names them, and the worst of several runs. */
import type { ReservesReport } from "../../protocol/reservesReport.js";
import { absolutePercentiles, percentile, rounded, shareWithin, type Percentiles } from "../stats/distribution.js";
import type { Simulation } from "./engine.js";
import type { PegTransition } from "./peg.js";

/** The band in which the peg counts as held. */
export const BAND_BPS = 10;

export interface PoolFigures {
  readonly blockEnds: number;
  readonly inBandShare: number;
  readonly deviationBps: Percentiles;
  readonly executions: number;
  /** What traders sold, in quote base units. */
  readonly volumeUnits: string;
  readonly suppressedByCooldownBlocks: number;
  readonly trades: number;
  readonly arbitrages: number;
}

export interface SimFigures extends ReservesReport {
  readonly ok: boolean;
  readonly hours: number;
  readonly volume: number;
  readonly seed: number;
  readonly blocks: number;
  readonly wallSeconds: number;
  readonly pools: Readonly<Record<string, PoolFigures>>;
  readonly rebalanceLatencyBlocks: {
    readonly episodes: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
    /** Episodes that ended inside the threshold by themselves. */
    readonly voidEpisodes: number;
  };
  readonly capital: {
    /** Micro-USD at the starting prices. */
    readonly peakUsedUnits: string;
    /** Refills of the stabilizer's bucket (B) out of the reserve (E), and how many of them failed. */
    readonly refills: number;
    readonly refillsReverted: number;
    /** How often a pool ran out of capital and would have asked for one. */
    readonly refillsWanted: number;
    readonly exhaustedBlocks: number;
  };
  readonly stabilizer: {
    readonly inventoryChangeXauWei: string;
    readonly lossMaxXauWei: string;
    readonly inventoryChangeAtMarketXauWei: string;
    readonly markToMarketXauWei: string;
    readonly haltedBlocks: number;
    readonly executionsReverted: number;
    readonly gasPerExecution: { readonly p50: number; readonly max: number };
    readonly skips: Readonly<Record<string, number>>;
  };
  readonly flash: {
    readonly attempts: number;
    readonly executionsCaused: number;
    readonly historyChanged: number;
    /** Micro-USD at the outside market. */
    readonly attackerProfitUnitsMax: string;
    readonly failed: number;
    readonly blockEndShiftBpsMax: number;
  };
  readonly peg: {
    /** State of each token at the end. */
    readonly states: Readonly<Record<string, string>>;
    /** Blocks that ended in a state other than NORMAL, per token. */
    readonly stateBlocks: Readonly<Record<string, Readonly<Record<string, number>>>>;
    readonly transitions: readonly PegTransition[];
    readonly pokes: number;
    /** Executions on a pool one of whose tokens the oracle of that block priced outside its guard. Target 0. */
    readonly executionsOutsideGuard: number;
    /** Executions while only the outside market stood there, in the block before the round that tells. */
    readonly executionsAheadOfFeed: number;
  };
  readonly market: { readonly failedTrades: number; readonly feedRounds: number; readonly feedRoundsRefused: number };
}

/** All figures of one simulation. */
export function figuresOf(simulation: Simulation): SimFigures {
  const { options, pools, keeper, ledger, flash, peg, refills, reports } = simulation;
  const latencies = pools.flatMap((pool) => pool.latency.latencies).sort((a, b) => a - b);
  const gas = [...keeper.gasUsed].sort((a, b) => a - b);
  return {
    ok: !simulation.interrupted,
    hours: options.hours,
    volume: options.volume,
    seed: options.seed,
    blocks: simulation.blocks,
    wallSeconds: Math.round(simulation.times.totalMs / 100) / 10,
    pools: Object.fromEntries(
      pools.map((pool) => [
        pool.spec.name,
        {
          blockEnds: pool.deviationBps.length,
          inBandShare: shareWithin(pool.deviationBps, BAND_BPS),
          deviationBps: absolutePercentiles(pool.deviationBps),
          executions: pool.executions,
          volumeUnits: pool.volumeUnits.toString(),
          suppressedByCooldownBlocks: pool.latency.suppressedBlocks,
          trades: pool.trades,
          arbitrages: pool.arbitrages,
        },
      ]),
    ),
    rebalanceLatencyBlocks: {
      episodes: latencies.length,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      max: percentile(latencies, 1),
      voidEpisodes: pools.reduce((sum, pool) => sum + pool.latency.voidEpisodes, 0),
    },
    capital: {
      peakUsedUnits: ledger.peakUsedUnits.toString(),
      refills: refills.made.length,
      refillsReverted: refills.reverted,
      refillsWanted: keeper.refillsWanted,
      exhaustedBlocks: keeper.exhaustedBlocks,
    },
    stabilizer: {
      inventoryChangeXauWei: ledger.atOracle.sumXauWei.toString(),
      lossMaxXauWei: ledger.atOracle.lossMaxXauWei.toString(),
      inventoryChangeAtMarketXauWei: ledger.atMarket.sumXauWei.toString(),
      markToMarketXauWei: simulation.markToMarketXauWei.toString(),
      haltedBlocks: keeper.haltedBlocks,
      executionsReverted: keeper.reverted,
      gasPerExecution: { p50: percentile(gas, 0.5), max: percentile(gas, 1) },
      skips: { ...keeper.skips },
    },
    flash: {
      attempts: flash.figures.attempts,
      executionsCaused: flash.figures.executionsCaused,
      historyChanged: flash.figures.historyChanged,
      attackerProfitUnitsMax: (flash.figures.profitUnitsMax ?? 0n).toString(),
      failed: flash.figures.failed,
      blockEndShiftBpsMax: rounded(flash.figures.blockEndShiftBpsMax),
    },
    peg: {
      states: Object.fromEntries(peg.states),
      stateBlocks: Object.fromEntries(peg.stateBlocks),
      transitions: peg.transitions,
      pokes: peg.pokes,
      executionsOutsideGuard: peg.executionsOutsideGuard,
      executionsAheadOfFeed: peg.executionsAheadOfFeed,
    },
    ...simulation.reserves,
    market: {
      failedTrades: simulation.failedTrades,
      feedRounds: reports.accepted,
      feedRoundsRefused: reports.refused,
    },
  };
}

/** Keys of which the smallest value is the worst; of all other numbers it is the largest. */
const SMALLEST_IS_WORST = new Set([
  "inBandShare",
  "within15Share",
  "resultXauWei",
  "inventoryChangeXauWei",
  "inventoryChangeAtMarketXauWei",
  "markToMarketXauWei",
  "blockEnds",
  "blocks",
]);
/** What a worst value says nothing about. */
const NOT_COMPARED = new Set([
  "ok",
  "hours",
  "volume",
  "seed",
  "skips",
  "states",
  "stateBlocks",
  "transitions",
  "reserves",
  "buckets",
  "bucketUnits",
  "chains",
  "latencySeconds",
  "roundLagBlocks",
  "capitalUsd",
]);
const DECIMAL = /^-?\d+$/;

/** The worst figure of each kind over the runs, in the shape of one run. */
export function worstOf(runs: readonly object[]): Record<string, unknown> {
  return worstObject(runs as readonly Record<string, unknown>[]);
}

function worstObject(objects: readonly Record<string, unknown>[]): Record<string, unknown> {
  const worst: Record<string, unknown> = {};
  for (const key of Object.keys(objects[0] ?? {})) {
    if (NOT_COMPARED.has(key)) continue;
    worst[key] = worstValue(
      key,
      objects.map((object) => object[key]),
    );
  }
  return worst;
}

function worstValue(key: string, values: readonly unknown[]): unknown {
  const [first] = values;
  if (typeof first === "object" && first !== null) return worstObject(values as readonly Record<string, unknown>[]);
  const smallest = SMALLEST_IS_WORST.has(key);
  if (typeof first === "string" && DECIMAL.test(first)) {
    const amounts = (values as string[]).map((text) => BigInt(text));
    return amounts.reduce((a, b) => (a < b === smallest ? a : b)).toString();
  }
  const numbers = values as number[];
  return smallest ? Math.min(...numbers) : Math.max(...numbers);
}
