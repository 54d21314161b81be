/** The end of a run of the local world: the JSON object of the command, and the table for people. */
import { absolutePercentiles, percentile, shareWithin, type Percentiles } from "../stats/distribution.js";
import { BAND_BPS } from "../sim/result.js";
import type { ReservesReport } from "../../protocol/reservesReport.js";
import { reserveRows } from "../report/reserves.js";
import { alignRows, ounces } from "../sim/show.js";
import type { AttackResult } from "./attacks.js";
import type { WorldChain } from "./chain.js";
import type { CopiesReport, KeeperReport } from "./copies.js";
import { REPORTER, STABILIZER } from "./keepers.js";
import type { WorldMarket } from "./market.js";
import type { WorldPegs } from "./pegs.js";
import type { Recorder } from "./recorder.js";
import type { RoundsReport } from "./rounds.js";
import type { CollateralFigures } from "./solana/worldExchange.js";
import { usd, type Terminal } from "./terminal.js";
import type { WorldOptions } from "./world.js";

interface WorldPoolFigures {
  readonly address: string;
  readonly kind: "public";
  readonly blockEnds: number;
  readonly inBandShare: number;
  readonly deviationBps: Percentiles;
  readonly executions: number;
  readonly volumeIn: Readonly<Record<string, string>>;
}

export interface WorldFigures extends ReservesReport {
  readonly ok: boolean;
  readonly seconds: number;
  readonly speed: number;
  readonly seed: number;
  readonly volume: number;
  readonly chains: Readonly<
    Record<
      string,
      {
        readonly rpc: string;
        readonly blocks: number;
        readonly trades: number;
        readonly feedRounds: number;
        readonly attacks: {
          readonly attempted: number;
          readonly profitable: number;
          readonly list: readonly { readonly name: string; readonly profitUsd: number }[];
        };
        readonly pools: Readonly<Record<string, WorldPoolFigures>>;
      }
    >
  >;
  readonly rebalanceLatencyBlocks: {
    readonly episodes: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  };
  readonly keepers: Readonly<Record<string, KeeperReport & { readonly rounds?: RoundsReport }>>;
  readonly services?: { readonly postgres?: string; readonly solana?: string };
  /** The exchange on collateral vaults; its clock and prices are those of the Solana cluster. */
  readonly collateral?: CollateralFigures;
  readonly stabilizer: {
    readonly inventoryChangeXauWei: string;
    readonly lossMaxXauWei: string;
    readonly inventoryChangeAtMarketXauWei: string;
    readonly markToMarketXauWei: string;
    readonly haltedBlocks: number;
  };
  /** Each token's peg at the end, and every change of its state during the run. */
  readonly pegs: WorldPegs;
  /** Refills of the buckets out of E. */
  readonly refills: number;
  readonly errors: readonly string[];
}

export interface SummaryInput {
  readonly options: WorldOptions;
  readonly chain: WorldChain;
  readonly seconds: number;
  readonly blocks: number;
  readonly market: WorldMarket;
  readonly recorder: Recorder;
  readonly rounds: RoundsReport;
  readonly gasPerRound: readonly number[];
  /** By keeper; undefined when they were left out. */
  readonly keeperReports: Readonly<Record<string, CopiesReport>> | undefined;
  readonly postgresUrl: string | undefined;
  readonly collateral: CollateralFigures | undefined;
  readonly attacks: readonly AttackResult[];
  readonly errors: readonly string[];
  readonly pegs: WorldPegs;
  readonly reserves: ReservesReport;
  readonly refills: number;
  readonly markToMarketXauWei: bigint;
  readonly terminal: Terminal;
}

/** Reasons by which the keeper's skips say that something has stopped the stabilizer. */
const HALTED = [
  "paused",
  "oracle-unavailable",
  "anchor-disagrees",
  "history-unavailable",
  "pool-unreadable",
  "peg-halted",
  "price-outside-guard",
];

/** What of a run decides whether it went well. */
export interface Outcome {
  readonly errors: readonly string[];
  readonly attacks: readonly Pick<AttackResult, "profitUsd">[];
  readonly rounds: Pick<RoundsReport, "lost" | "duplicates">;
  readonly collateral:
    | {
        readonly violations: number;
        readonly keepers?: { readonly "collateral-monitor": { readonly discrepancies: readonly string[] } } | undefined;
      }
    | undefined;
}

/** Nothing failed, nobody gained by an attack, no round was lost or brought twice, and all collateral is where the ledgers say. */
export function isSound({ errors, attacks, rounds, collateral }: Outcome): boolean {
  return (
    errors.length === 0 &&
    !attacks.some(({ profitUsd }) => profitUsd >= 0) &&
    rounds.lost === 0 &&
    rounds.duplicates === 0 &&
    (collateral?.violations ?? 0) === 0 &&
    (collateral?.keepers?.["collateral-monitor"].discrepancies.length ?? 0) === 0
  );
}

/** Builds the figures and prints the table. */
export function summarize(input: SummaryInput): WorldFigures {
  const { options, recorder, market, attacks, keeperReports, rounds } = input;
  const pools = Object.fromEntries(
    recorder.pools.map((pool): [string, WorldPoolFigures] => [
      pool.spec.name,
      {
        address: pool.spec.address,
        kind: "public",
        blockEnds: pool.deviationBps.length,
        inBandShare: shareWithin(pool.deviationBps, BAND_BPS),
        deviationBps: absolutePercentiles(pool.deviationBps),
        executions: pool.executions,
        volumeIn: Object.fromEntries(
          [pool.spec.base, pool.spec.quote].map((token) => [
            token,
            (market.volumeIn.get(pool.spec.name)?.get(token) ?? 0n).toString(),
          ]),
        ),
      },
    ]),
  );
  const profitable = attacks.filter((attack) => attack.profitUsd >= 0).length;
  const latencies = recorder.pools.flatMap((pool) => pool.latency.latencies).sort((a, b) => a - b);
  const { [STABILIZER]: stabilizer, [REPORTER]: reporter } = keeperReports ?? {};
  const { errors, collateral, postgresUrl } = input;
  const services = {
    ...(postgresUrl === undefined ? {} : { postgres: postgresUrl }),
    ...(collateral === undefined ? {} : { solana: collateral.rpc }),
  };
  const figures: WorldFigures = {
    ok: isSound({ errors, attacks, rounds, collateral }),
    seconds: input.seconds,
    speed: options.speed,
    seed: options.seed,
    volume: options.volume,
    chains: {
      "138": {
        rpc: input.chain.rpc.url,
        blocks: input.blocks,
        trades: market.trades,
        feedRounds: input.rounds.onChain,
        attacks: {
          attempted: attacks.length,
          profitable,
          list: attacks.map(({ name, profitUsd }) => ({ name, profitUsd: Math.round(profitUsd * 1e6) / 1e6 })),
        },
        pools,
      },
    },
    rebalanceLatencyBlocks: {
      episodes: latencies.length,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      max: percentile(latencies, 1),
    },
    keepers: {
      ...(stabilizer === undefined
        ? {}
        : {
            [STABILIZER]: {
              ...stabilizer,
              executions: recorder.pools.reduce((sum, pool) => sum + pool.executions, 0),
              gasPerExecution: gasFigures(recorder.gasPerExecution),
            },
          }),
      ...(reporter === undefined
        ? {}
        : {
            [REPORTER]: {
              ...reporter,
              executions: rounds.onChain - rounds.byOthers,
              gasPerExecution: gasFigures(input.gasPerRound),
              rounds,
            },
          }),
    },
    stabilizer: {
      inventoryChangeXauWei: recorder.ledger.atOracle.sumXauWei.toString(),
      lossMaxXauWei: recorder.ledger.atOracle.lossMaxXauWei.toString(),
      inventoryChangeAtMarketXauWei: recorder.ledger.atMarket.sumXauWei.toString(),
      markToMarketXauWei: input.markToMarketXauWei.toString(),
      haltedBlocks: Math.max(0, ...HALTED.map((reason) => stabilizer?.skips[reason] ?? 0)),
    },
    ...(Object.keys(services).length === 0 ? {} : { services }),
    ...(collateral === undefined ? {} : { collateral }),
    pegs: input.pegs,
    refills: input.refills,
    ...input.reserves,
    errors,
  };
  print(figures, input);
  return figures;
}

function gasFigures(gas: readonly number[]): KeeperReport["gasPerExecution"] {
  const sorted = [...gas].sort((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), max: percentile(sorted, 1) };
}

function print(figures: WorldFigures, { terminal, attacks }: SummaryInput): void {
  const chain = figures.chains["138"];
  if (chain === undefined) return;
  terminal.line();
  terminal.line(
    `${chain.blocks} blocks, ${chain.trades} trades, ${chain.feedRounds} price rounds in ${figures.seconds} s`,
  );
  const rows = Object.entries(chain.pools).map(([name, pool]) => [
    name,
    `${(pool.inBandShare * 100).toFixed(2)} %`,
    String(pool.deviationBps.p50),
    String(pool.deviationBps.p99),
    String(pool.deviationBps.max),
    String(pool.executions),
  ]);
  for (const line of alignRows([["pool", "in ±10 bps", "p50", "p99", "max (bps)", "executions"], ...rows])) {
    terminal.line(line);
  }
  const { stabilizer } = figures;
  terminal.line(
    `stabilizer: ${ounces(stabilizer.inventoryChangeXauWei)} gained at the oracle, ${ounces(stabilizer.inventoryChangeAtMarketXauWei)} at the market, largest fall ${ounces(stabilizer.lossMaxXauWei)}`,
  );
  const states = Object.entries(figures.pegs.tokens).map(([token, { state }]) => `${token} ${state}`);
  terminal.line(`pegs: ${states.join(", ")}; ${figures.pegs.transitions.length} changes of state`);
  for (const [label, text] of reserveRows(figures)) terminal.line(`${label}: ${text}`);
  terminal.line(`refills: ${figures.refills}`);
  for (const [name, keeper] of Object.entries(figures.keepers)) {
    const skips = Object.entries(keeper.skips).map(([reason, count]) => `${reason} ${count}`);
    terminal.line(`${name}: ${keeper.executions} executions, skips: ${skips.join(", ") || "none"}`);
    if (keeper.rounds !== undefined) terminal.line(`  ${roundsText(keeper.rounds)}`);
    if (keeper.kills === 0) continue;
    const seconds = (keeper.takeOverMsMax / 1000).toFixed(1);
    terminal.line(`  killed ${keeper.kills} times while it led; another copy led at most ${seconds} s later`);
  }
  if (figures.collateral !== undefined) for (const line of collateralLines(figures.collateral)) terminal.line(line);
  for (const attack of attacks) terminal.line(`attack: ${attack.name}: ${usd(attack.profitUsd)}`);
  for (const error of figures.errors) terminal.line(terminal.paint("red", `error: ${error}`));
}

function collateralLines(collateral: CollateralFigures): readonly string[] {
  const { users, positionsOpened, positionsSettled, positionsLiquidated, withdrawalsExecuted, checks, violations } =
    collateral;
  const vaults =
    `collateral vaults: ${users} users, ${positionsOpened} positions opened, ${positionsSettled} settled, ${positionsLiquidated} liquidated, ` +
    `${withdrawalsExecuted} delayed withdrawals paid; ledgers and tokens compared ${checks} times, ${violations} differences`;
  if (collateral.keepers === undefined) return [vaults];
  const { "collateral-crank": crank, "collateral-monitor": monitor } = collateral.keepers;
  const listed = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ") || "none";
  return [
    vaults,
    `collateral-crank: ${crank.executions} executions (${listed(crank.executed)}), skips: ${listed(crank.skips)}`,
    `collateral-monitor: ${monitor.passes} passes, ${monitor.events} events, ${monitor.discrepancies.length} discrepancies`,
  ];
}

function roundsText(rounds: RoundsReport): string {
  const { onChain, byOthers, feeds, feedsInOneBlock, latestByBlocks, lost, duplicates } = rounds;
  const carried = byOthers === 0 ? "" : `, ${byOthers} of them brought by somebody else`;
  return (
    `${onChain} rounds of ${feeds} feeds on the chain${carried}; up to ${feedsInOneBlock} in one block, ` +
    `at most ${latestByBlocks} blocks late; ${lost} lost, ${duplicates} sent twice`
  );
}
