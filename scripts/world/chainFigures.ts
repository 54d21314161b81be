/** What a run of the local world says of one chain, once the keepers have ended. */
import type { Database } from "../../db/database.js";
import type { ReservesReport } from "../../protocol/reservesReport.js";
import { BAND_BPS } from "../sim/result.js";
import { absolutePercentiles, percentile, shareWithin, type Percentiles } from "../stats/distribution.js";
import type { ChainRun } from "./chainRun.js";
import type { CopiesReport, KeeperReport } from "./copies.js";
import { gasFigures } from "./gas.js";
import { readPegs, type WorldPegs } from "./pegs.js";
import type { RoundsReport } from "./rounds.js";

interface WorldPoolFigures {
  readonly address: string;
  readonly kind: "public";
  readonly blockEnds: number;
  readonly inBandShare: number;
  readonly deviationBps: Percentiles;
  readonly executions: number;
  readonly volumeIn: Readonly<Record<string, string>>;
}

export interface ChainFigures {
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

/** What the system did on a chain: of the first chain at the top of the answer, of a further one beside its pools. */
export interface SystemFigures extends ReservesReport {
  readonly rebalanceLatencyBlocks: {
    readonly episodes: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  };
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
}

/** All of it, and what keepers did there. */
export interface ChainEnd {
  readonly figures: ChainFigures;
  readonly system: SystemFigures;
  readonly rounds: RoundsReport;
  /** Undefined when they were left out. */
  readonly stabilizer: KeeperReport | undefined;
  readonly gasPerRound: KeeperReport["gasPerExecution"];
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

/** Asks the chain for what is known at its end only. `database`: where the reporter's outbox is; `copies`: of the chain's stabilizer. */
export async function endOf(
  run: ChainRun,
  database: Database | undefined,
  copies: CopiesReport | undefined,
): Promise<ChainEnd> {
  const { chain, recorder, market, reserves, firstBlock } = run;
  // What was on its way has arrived while the keepers ended.
  await run.rounds.look(await chain.rpc.blockNumber());
  const latencies = recorder.pools.flatMap((pool) => pool.latency.latencies).sort((a, b) => a - b);
  return {
    figures: figuresOf(run),
    system: {
      rebalanceLatencyBlocks: {
        episodes: latencies.length,
        p50: percentile(latencies, 0.5),
        p99: percentile(latencies, 0.99),
        max: percentile(latencies, 1),
      },
      stabilizer: {
        inventoryChangeXauWei: recorder.ledger.atOracle.sumXauWei.toString(),
        lossMaxXauWei: recorder.ledger.atOracle.lossMaxXauWei.toString(),
        inventoryChangeAtMarketXauWei: recorder.ledger.atMarket.sumXauWei.toString(),
        markToMarketXauWei: (await recorder.markToMarketXauWei(market.prices)).toString(),
        haltedBlocks: Math.max(0, ...HALTED.map((reason) => copies?.skips[reason] ?? 0)),
      },
      pegs: await readPegs(chain, firstBlock),
      refills: reserves.refills,
      ...(await reserves.report()),
    },
    rounds: await run.rounds.report(database),
    stabilizer:
      copies === undefined
        ? undefined
        : {
            ...copies,
            executions: recorder.pools.reduce((sum, pool) => sum + pool.executions, 0),
            gasPerExecution: gasFigures(recorder.gasPerExecution),
          },
    gasPerRound: gasFigures(run.rounds.gasPerRound),
  };
}

function figuresOf({ chain, blocks, market, recorder, rounds, attacks: { results } }: ChainRun): ChainFigures {
  const pools = recorder.pools.map((pool): [string, WorldPoolFigures] => [
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
  ]);
  return {
    rpc: chain.rpc.url,
    blocks,
    trades: market.trades,
    feedRounds: rounds.onChain,
    attacks: {
      attempted: results.length,
      profitable: results.filter((attack) => attack.profitUsd >= 0).length,
      list: results.map(({ name, profitUsd }) => ({ name, profitUsd: Math.round(profitUsd * 1e6) / 1e6 })),
    },
    pools: Object.fromEntries(pools),
  };
}
