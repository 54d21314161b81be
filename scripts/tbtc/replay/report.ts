/** What a replay says: what was saved of what would have been lost, by how much it was in time, and what it cost. */
import { minBigint } from "../../../protocol/math.js";
import { LIQUIDATE_BELOW_BPS } from "../../../protocol/tbtc/constants.js";
import { satToTbtcWei } from "../../../protocol/tbtc/units.js";
import { bestRescue } from "./omniscient.js";
import type { Course, Fate, Played } from "./play.js";
import type { EthBtcRow } from "./prices.js";
import type { ReplayDeposit, ReplayWorld } from "./world.js";

/** What left the keeper's account. */
export interface Spent {
  readonly units: bigint;
  readonly wei: bigint;
  readonly gas: bigint;
  readonly transactions: number;
  readonly failed: number;
}

/** One keep of the operator that is looked after. */
export interface KeepReport {
  readonly deposit: string;
  readonly keep: string;
  readonly lotSat: bigint;
  /** Of its three members, how many are the operator. */
  readonly ownMembers: bigint;
  readonly fate: Fate;
  readonly fateWithout: Fate;
  readonly lowestHealthBps: bigint;
  readonly atSeconds?: number;
  readonly healthBps?: bigint;
  readonly windowSeconds?: number;
  /** What the operator lost here, and would have lost without the keeper. */
  readonly lostWei: bigint;
  readonly lostWithoutWei: bigint;
}

export interface ReplayReport {
  /** Played to its end, not stopped by somebody. */
  readonly isWhole: boolean;
  readonly seed: number;
  readonly mode: string;
  readonly rows: number;
  readonly hours: number;
  readonly turns: number;
  readonly keeps: readonly KeepReport[];
  readonly fates: Readonly<Record<Fate, number>>;
  /** What the operator would have lost without the keeper, lost with it, and so was saved. */
  readonly endangeredWei: bigint;
  readonly lostWei: bigint;
  readonly savedWei: bigint;
  /** Saved with the same money by whoever knows the history before. */
  readonly omniscientWei: bigint;
  /** What was saved as a share of what would have been lost, and of what the omniscient one saves; rounded down, all of it where there is nothing to save. */
  readonly savedBps: bigint;
  readonly ofOmniscientBps: bigint;
  /** Smallest of all rescues of the keeper; null where it made none, or where no window ran. */
  readonly smallestMargin: { readonly windowSeconds: number | null; readonly aboveLiquidationBps: bigint | null };
  readonly wallet: { readonly tbtcUnits: bigint };
  readonly used: {
    readonly tbtcUnits: bigint;
    /** Of that above the lots: what redeeming early cost. */
    readonly tbtcFeeUnits: bigint;
    readonly bitcoinFeeSat: bigint;
    readonly gas: bigint;
    readonly etherWei: bigint;
    readonly transactions: number;
    readonly failed: number;
  };
}

export interface ReportParts {
  readonly world: Pick<ReplayWorld, "deposits" | "walletUnits">;
  readonly rows: readonly EthBtcRow[];
  readonly seed: number;
  readonly mode: string;
  readonly without: Played;
  readonly played: Played;
  readonly spent: Spent;
}

/** Goal: of what the omniscient one saves. */
export const SAVED_GOAL_BPS = 9_800n;
const ALL_BPS = 10_000n;
const SECONDS_PER_HOUR = 3_600;

export function replayReport({ world, rows, seed, mode, without, played, spent }: ReportParts): ReplayReport {
  const keeps = world.deposits
    .filter(({ ownMembers }) => ownMembers > 0n)
    .map((deposit) => keepOf(deposit, played, without));
  const sum = (value: (keep: KeepReport) => bigint): bigint => keeps.reduce((total, keep) => total + value(keep), 0n);
  const endangeredWei = sum(({ lostWithoutWei }) => lostWithoutWei);
  const lostWei = sum(({ lostWei: lost }) => lost);
  const savedWei = endangeredWei - lostWei;
  const losses = keeps.map(({ deposit, lotSat, lostWithoutWei }) => ({
    about: deposit,
    costUnits: satToTbtcWei(lotSat),
    valueWei: lostWithoutWei,
  }));
  const omniscientWei = bestRescue(losses, world.walletUnits).valueWei;
  const rescued = keeps.filter(({ fate }) => fate === "rescued");
  const rescuedUnits = rescued.reduce((total, { lotSat }) => total + satToTbtcWei(lotSat), 0n);
  const windows = rescued.flatMap(({ windowSeconds }) => windowSeconds ?? []);
  const healths = rescued.flatMap(({ healthBps }) => healthBps ?? []);
  const [firstHealth] = healths;
  const fees = rescued.map(({ deposit }) => played.courses.get(deposit)?.feeSat ?? 0n);
  return {
    isWhole: played.isWhole && without.isWhole,
    ...{ seed, mode, rows: rows.length, turns: played.turns, keeps, fates: fatesOf(keeps) },
    hours: ((rows.at(-1)?.timestampSeconds ?? 0) - (rows[0]?.timestampSeconds ?? 0)) / SECONDS_PER_HOUR,
    ...{ endangeredWei, lostWei, savedWei, omniscientWei },
    savedBps: shareBps(savedWei, endangeredWei),
    ofOmniscientBps: shareBps(savedWei, omniscientWei),
    smallestMargin: {
      windowSeconds: windows.length === 0 ? null : Math.min(...windows),
      aboveLiquidationBps:
        firstHealth === undefined ? null : healths.reduce(minBigint, firstHealth) - LIQUIDATE_BELOW_BPS,
    },
    wallet: { tbtcUnits: world.walletUnits },
    used: {
      tbtcUnits: spent.units,
      tbtcFeeUnits: spent.units - rescuedUnits,
      bitcoinFeeSat: fees.reduce((total, fee) => total + fee, 0n),
      gas: spent.gas,
      etherWei: spent.wei,
      transactions: spent.transactions,
      failed: spent.failed,
    },
  };
}

/** Rounded down. Nothing of nothing is all of it; a loss where none was to be is none. */
function shareBps(part: bigint, whole: bigint): bigint {
  if (whole === 0n) return part < 0n ? 0n : ALL_BPS;
  return (part * ALL_BPS) / whole;
}

function fatesOf(keeps: readonly KeepReport[]): Record<Fate, number> {
  const fates: Record<Fate, number> = { safe: 0, rescued: 0, "by-another": 0, lost: 0 };
  for (const { fate } of keeps) fates[fate] += 1;
  return fates;
}

function keepOf(deposit: ReplayDeposit, played: Played, without: Played): KeepReport {
  const { address, keep, lotSat, ownMembers } = deposit;
  const course = courseOf(played, address);
  const { feeSat: _, ...shown } = course;
  return {
    ...{ deposit: address, keep, lotSat, ownMembers, ...shown },
    fateWithout: courseOf(without, address).fate,
    lostWei: lossOf(deposit, played),
    lostWithoutWei: lossOf(deposit, without),
  };
}

/** The operator's share of what the signers did not get back, rounded down. */
function lossOf({ address, bondWei, members, ownMembers }: ReplayDeposit, { courses, returned }: Played): bigint {
  if (courses.get(address)?.fate !== "lost") return 0n;
  const lostWei = bondWei - (returned.get(address) ?? 0n);
  return (lostWei * ownMembers) / BigInt(members.length);
}

function courseOf({ courses }: Played, address: string): Course {
  return courses.get(address) ?? { fate: "safe", lowestHealthBps: 0n };
}
