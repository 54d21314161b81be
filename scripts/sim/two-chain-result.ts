/** Figures of a simulation of two chains, as the JSON contract of the commands names them. */
import { rounded } from "../stats/distribution.js";
import { spreadFigures, type SpreadFigures } from "../stats/spread.js";
import { figuresOf, worstOf, type SimFigures } from "./result.js";
import type { TwoChainSimulation } from "./two-chains.js";

export interface ArbitrageFigures {
  readonly latencySeconds: number;
  readonly roundLagBlocks: number;
  /** Of each token on each chain, USD. */
  readonly capitalUsd: number;
  /** Micro-USD at the starting prices: most that was missing on both chains together, and most on its way. */
  readonly peakUsedUnits: string;
  readonly peakInFlightUnits: string;
  readonly trades: number;
  /** Of them, made at an expected loss to keep the rule. */
  readonly defences: number;
  readonly legsFailed: number;
  readonly completed: number;
  readonly unwound: number;
  readonly void: number;
  /** Closed trades, bridge fees and gas, at the oracle. */
  readonly resultXauWei: string;
  /** Change of everything the keeper holds, on its way included, at the oracle's last values. */
  readonly inventoryChangeXauWei: string;
  readonly bridgeFeesXauWei: string;
  readonly transfersSent: number;
  readonly transfersDelivered: number;
  readonly oracleGap: { readonly rounds: number; readonly seconds: number };
  readonly skips: Readonly<Record<string, number>>;
}

/** Pools by `chain:pair`; every other figure at the top is the worse of the two chains', whose own are under `chains`. */
export interface TwoChainFigures extends Record<string, unknown> {
  readonly ok: boolean;
  readonly pools: SimFigures["pools"];
  readonly spreadBps: Readonly<Record<string, SpreadFigures>>;
  readonly arbitrage: ArbitrageFigures;
  readonly chains: Readonly<Record<string, SimFigures>>;
}

export function twoChainFigures(simulation: TwoChainSimulation, names: readonly [string, string]): TwoChainFigures {
  const { options, two, arbitrage, bridge } = simulation;
  const { books } = arbitrage;
  const each = simulation.chains.map(figuresOf);
  const chains = Object.fromEntries(each.map((figures, index) => [names[index] ?? "", figures]));
  const pools = Object.entries(chains).flatMap(([chain, figures]) =>
    Object.entries(figures.pools).map(([pair, pool]) => [`${chain}:${pair}`, pool] as const),
  );
  const spreads = [...simulation.spreadBps].map(([pair, series]) => [pair, spreadFigures(series)] as const);
  return {
    ...worstOf(each),
    ok: each.every(({ ok }) => ok),
    hours: options.hours,
    volume: options.volume,
    seed: options.seed,
    wallSeconds: rounded(Math.round(simulation.totalMs / 100) / 10),
    pools: Object.fromEntries(pools),
    spreadBps: Object.fromEntries(spreads),
    arbitrage: {
      latencySeconds: two.latencySeconds,
      roundLagBlocks: two.lagBlocks,
      capitalUsd: two.capitalUsd,
      peakUsedUnits: books.peakUsedMicroUsd.toString(),
      peakInFlightUnits: books.peakInFlightMicroUsd.toString(),
      ...arbitrage.counts,
      resultXauWei: books.resultXauWei.toString(),
      inventoryChangeXauWei: books.inventoryChangeXauWei().toString(),
      bridgeFeesXauWei: books.bridgeFeesXauWei.toString(),
      transfersSent: bridge.sent,
      transfersDelivered: bridge.delivered,
      oracleGap: { rounds: Number(arbitrage.maxGapRounds), seconds: Number(arbitrage.maxGapSeconds) },
      skips: { ...arbitrage.skips },
    },
    chains,
  };
}
