/** What people see of a simulation: the table in the terminal and the HTML report. */
import { reserveRows } from "../report/reserves.js";
import { renderReport, type PoolPlot, type ReportData } from "../report/html.js";
import type { Simulation } from "./engine.js";
import { BAND_BPS, type SimFigures } from "./result.js";
import type { TwoChainFigures } from "./two-chain-result.js";

/** XAU wei as troy ounces with six digits. */
export function ounces(xauWei: string): string {
  return `${(Number(BigInt(xauWei)) / 1e18).toFixed(6)} oz`;
}

/** Base units of a 6-decimal amount as whole USD. */
export function dollars(units: string): string {
  return `${(Number(BigInt(units)) / 1e6).toLocaleString("en-US", { maximumFractionDigits: 0 })} USD`;
}

/** Rows of the table of pools, header first. */
export function poolRows(figures: SimFigures): string[][] {
  const header = ["pool", "in ±10 bps", "p50", "p99", "p99.9", "max (bps)", "executions", "trades", "volume"];
  const rows = Object.entries(figures.pools).map(([name, pool]) => [
    name,
    `${(pool.inBandShare * 100).toFixed(3)} %`,
    String(pool.deviationBps.p50),
    String(pool.deviationBps.p99),
    String(pool.deviationBps.p999),
    String(pool.deviationBps.max),
    String(pool.executions),
    String(pool.trades),
    (Number(BigInt(pool.volumeUnits)) / 1e6).toLocaleString("en-US", { maximumFractionDigits: 0 }),
  ]);
  return [header, ...rows];
}

/** Columns aligned for a terminal: the first to the left, the others to the right. */
export function alignRows(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
}

/** The other figures, label and value. */
export function figureRows(figures: SimFigures): [string, string][] {
  const { rebalanceLatencyBlocks: latency, capital, stabilizer, flash, market, peg } = figures;
  return [
    [
      "run",
      `${figures.hours} h, volume ${figures.volume}×, seed ${figures.seed}, ${figures.blocks} blocks in ${figures.wallSeconds} s`,
    ],
    [
      "rebalance latency",
      `p50 ${latency.p50}, p99 ${latency.p99}, max ${latency.max} blocks over ${latency.episodes} episodes`,
    ],
    [
      "gain at the oracle",
      `${ounces(stabilizer.inventoryChangeXauWei)}, largest fall ${ounces(stabilizer.lossMaxXauWei)}`,
    ],
    ["gain at the outside market", ounces(stabilizer.inventoryChangeAtMarketXauWei)],
    [
      "capital",
      `at most ${dollars(capital.peakUsedUnits)} in use; without capital in ${capital.exhaustedBlocks} blocks, ${capital.refills} refills`,
    ],
    ...reserveRows(figures),
    ["halted", `${stabilizer.haltedBlocks} blocks`],
    ["peg states", pegText(peg)],
    ["gas per execution", `p50 ${stabilizer.gasPerExecution.p50}, max ${stabilizer.gasPerExecution.max}`],
    [
      "flash swings",
      `${flash.attempts} attempts, ${flash.executionsCaused} executions caused, ${flash.historyChanged} histories changed, best result ${(Number(BigInt(flash.attackerProfitUnitsMax)) / 1e6).toFixed(2)} USD`,
    ],
    ["price rounds", `${market.feedRounds} accepted, ${market.feedRoundsRefused} refused`],
    ["failed trades", String(market.failedTrades)],
  ];
}

function pegText({ stateBlocks, pokes, executionsOutsideGuard }: SimFigures["peg"]): string {
  const spent = Object.entries(stateBlocks).map(([token, blocks]) => {
    const each = Object.entries(blocks).map(([state, count]) => `${state} ${count} blocks`);
    return `${token} ${each.join(", ")}`;
  });
  return `${spent.join("; ") || "all NORMAL"}; ${pokes} pokes, ${executionsOutsideGuard} executions with a price outside its guard`;
}

/** Rows of the table of spreads between two chains, header first. */
export function spreadRows(figures: TwoChainFigures): string[][] {
  const rows = Object.entries(figures.spreadBps).map(([pair, spread]) => [
    pair,
    `${(spread.within15Share * 100).toFixed(3)} %`,
    String(spread.p50),
    String(spread.p99),
    String(spread.p999),
    String(spread.max),
  ]);
  return [["spread", "below 15 bps", "p50", "p99", "p99.9", "max (bps)"], ...rows];
}

/** What the keeper between two chains did, label and value. */
export function arbitrageRows({ arbitrage }: TwoChainFigures): [string, string][] {
  return [
    [
      "arbitrage trades",
      `${arbitrage.trades}, ${arbitrage.defences} of them at an expected loss; ${arbitrage.legsFailed} legs failed, ` +
        `${arbitrage.completed} completed, ${arbitrage.unwound} unwound, ${arbitrage.void} void`,
    ],
    ["arbitrage result", `${ounces(arbitrage.resultXauWei)}, of it bridge fees ${ounces(arbitrage.bridgeFeesXauWei)}`],
    [
      "arbitrage capital",
      `at most ${dollars(arbitrage.peakUsedUnits)} in use, ${dollars(arbitrage.peakInFlightUnits)} on its way`,
    ],
    [
      "bridge",
      `latency ${arbitrage.latencySeconds} s, ${arbitrage.transfersSent} transfers sent, ${arbitrage.transfersDelivered} delivered`,
    ],
    ["gap of price rounds", `at most ${arbitrage.oracleGap.rounds} rounds, ${arbitrage.oracleGap.seconds} s`],
  ];
}

/** What the HTML report and the picture draw of one pool. */
export function poolPlots(simulation: Simulation): PoolPlot[] {
  const { options, pools, blocks, firstBlock } = simulation;
  return pools.map((pool) => ({
    name: pool.spec.name,
    deviationBps: pool.deviationBps,
    thresholdBps: pool.thresholdBps,
    executionHours: pool.executionBlocks.map((block) =>
      Math.min(((block - firstBlock + 1) * options.blockSeconds) / 3600, (blocks * options.blockSeconds) / 3600),
    ),
  }));
}

/** The whole HTML page. */
export function reportOf(simulation: Simulation, figures: SimFigures, command: string): string {
  const data: ReportData = {
    title: `Cantilever: ${figures.hours} h at ${figures.volume}×, seed ${figures.seed}`,
    command,
    hours: (simulation.blocks * simulation.options.blockSeconds) / 3600,
    bandBps: BAND_BPS,
    pools: poolPlots(simulation),
    inventoryAtOracle: simulation.curves.atOracleXau,
    inventoryAtMarket: simulation.curves.atMarketXau,
    capitalUsed: simulation.curves.capitalUsd,
    figures: figureRows(figures),
    poolTable: poolRows(figures),
  };
  return renderReport(data);
}
