/** The end of a run of the local world: the JSON object of the command. */
import { spreadFigures, type SpreadFigures } from "../stats/spread.js";
import type { Series } from "../stats/distribution.js";
import type { BridgeFigures, BridgeKeepers } from "./bridge/figures.js";
import type { ChainEnd, ChainFigures, SystemFigures } from "./chainFigures.js";
import type { CopiesReport, KeeperReport } from "./copies.js";
import { REPORTER, STABILIZER } from "./keepers.js";
import type { RoundsReport } from "./rounds.js";
import type { CollateralFigures } from "./solana/worldExchange.js";
import { REDEEMER, type TbtcFigures } from "./tbtc/worldTbtc.js";

type KeepersFigures = Readonly<Record<string, KeeperReport & { readonly rounds?: RoundsReport }>>;

/** What a further chain says of itself. */
export interface FurtherChain extends ChainFigures, SystemFigures {
  /** Stabilizer and price rounds of this chain. */
  readonly keepers: KeepersFigures;
}

/** The figures of the system at the top are those of the first chain. */
export interface WorldFigures extends SystemFigures {
  readonly ok: boolean;
  readonly seconds: number;
  readonly speed: number;
  readonly seed: number;
  readonly volume: number;
  readonly chains: Readonly<Record<string, ChainFigures | FurtherChain>>;
  /** By pair, the first chain against the second; only where both run. */
  readonly spreadBps?: Readonly<Record<string, SpreadFigures>>;
  readonly bridge?: BridgeFigures;
  readonly keepers: KeepersFigures;
  readonly services?: { readonly postgres?: string; readonly solana?: string };
  /** The exchange on collateral vaults; its clock and prices are those of the Solana cluster. */
  readonly collateral?: CollateralFigures;
  /** Only with tBTC v1; its keeper is among `keepers`. */
  readonly tbtc?: Omit<TbtcFigures, "keeper">;
  readonly errors: readonly string[];
}

export interface SummaryInput {
  readonly speed: number;
  readonly seed: number;
  readonly volume: number;
  readonly seconds: number;
  /** By name, the first one first. */
  readonly chains: ReadonlyMap<string, ChainEnd>;
  readonly spreads: ReadonlyMap<string, Series>;
  readonly bridge: BridgeFigures | undefined;
  readonly bridgeKeepers: BridgeKeepers;
  /** Undefined when keepers were left out. */
  readonly reporter: CopiesReport | undefined;
  readonly postgresUrl: string | undefined;
  readonly collateral: CollateralFigures | undefined;
  readonly tbtc: TbtcFigures | undefined;
  readonly errors: readonly string[];
}

/** What of a run decides whether it went well. */
export interface Outcome {
  readonly errors: readonly string[];
  readonly chains: readonly {
    readonly attacks: readonly { readonly profitUsd: number }[];
    readonly rounds: Pick<RoundsReport, "lost" | "duplicates">;
  }[];
  readonly bridge: { readonly conservation: { readonly violations: number } } | undefined;
  readonly collateral:
    | {
        readonly violations: number;
        readonly keepers?: { readonly "collateral-monitor": { readonly discrepancies: readonly string[] } } | undefined;
      }
    | undefined;
  readonly tbtc?: { readonly liquidated: number; readonly keeper?: unknown } | undefined;
}

/**
 * Nothing failed, nobody gained by an attack, no round was lost or brought twice, all that the bridge minted is locked, all collateral is
 * where the ledgers say, and no deposit was liquidated that a keeper looks after.
 */
export function isSound({ errors, chains, bridge, collateral, tbtc }: Outcome): boolean {
  return (
    errors.length === 0 &&
    chains.every(({ attacks, rounds }) => {
      const isInVain = attacks.every(({ profitUsd }) => profitUsd < 0);
      return isInVain && rounds.lost === 0 && rounds.duplicates === 0;
    }) &&
    (bridge?.conservation.violations ?? 0) === 0 &&
    (collateral?.violations ?? 0) === 0 &&
    (collateral?.keepers?.["collateral-monitor"].discrepancies.length ?? 0) === 0 &&
    (tbtc?.keeper === undefined || tbtc.liquidated === 0)
  );
}

/** Builds the figures. */
export function summarize(input: SummaryInput): WorldFigures {
  const { errors, collateral, tbtc, postgresUrl, bridge, reporter } = input;
  const [home, ...further] = input.chains;
  if (home === undefined) throw new Error("a world has a chain");
  const [name, first] = home;
  const services = {
    ...(postgresUrl === undefined ? {} : { postgres: postgresUrl }),
    ...(collateral === undefined ? {} : { solana: collateral.rpc }),
  };
  const ends = [...input.chains.values()].map(({ figures, rounds }) => ({ attacks: figures.attacks.list, rounds }));
  const spreads = [...input.spreads].map(([pair, series]) => [pair, spreadFigures(series)] as const);
  const { pegs, refills, rebalanceLatencyBlocks, stabilizer, ...reserves } = first.system;
  return {
    ok: isSound({ errors, chains: ends, bridge, collateral, tbtc }),
    seconds: input.seconds,
    speed: input.speed,
    seed: input.seed,
    volume: input.volume,
    chains: {
      [name]: first.figures,
      ...Object.fromEntries(further.map(([each, end]) => [each, ownOf(end, reporter)])),
    },
    ...(spreads.length === 0 ? {} : { spreadBps: Object.fromEntries(spreads) }),
    ...(bridge === undefined ? {} : { bridge }),
    rebalanceLatencyBlocks,
    keepers: {
      ...keepersOf(first, reporter),
      ...input.bridgeKeepers,
      ...(tbtc?.keeper === undefined ? {} : { [REDEEMER]: tbtc.keeper }),
    },
    stabilizer,
    ...(Object.keys(services).length === 0 ? {} : { services }),
    ...(collateral === undefined ? {} : { collateral }),
    ...(tbtc === undefined ? {} : { tbtc: withoutKeeper(tbtc) }),
    pegs,
    refills,
    ...reserves,
    errors,
  };
}

function withoutKeeper({ keeper: _, ...figures }: TbtcFigures): Omit<TbtcFigures, "keeper"> {
  return figures;
}

function ownOf(end: ChainEnd, reporter: CopiesReport | undefined): FurtherChain {
  return { ...end.figures, ...end.system, keepers: keepersOf(end, reporter) };
}

/** Copies, skips and kills of the reporter are those of its processes, which serve all chains. */
function keepersOf(end: ChainEnd, reporter: CopiesReport | undefined): KeepersFigures {
  const { rounds, stabilizer, gasPerRound } = end;
  const executions = rounds.onChain - rounds.byOthers;
  return {
    ...(stabilizer === undefined ? {} : { [STABILIZER]: stabilizer }),
    ...(reporter === undefined
      ? {}
      : { [REPORTER]: { ...reporter, executions, gasPerExecution: gasPerRound, rounds } }),
  };
}
