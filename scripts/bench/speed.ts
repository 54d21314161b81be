/** How fast the simulator is, and where its time goes: whole days of the cUSDT/cUSDC pool alone, as the speed goal names it. */
import { simulate, type Simulation } from "../sim/engine.js";

/** Figures of `npm run bench -- sim`. Times of one block are means over the day at 5x. */
export interface SpeedReport {
  readonly swapMs: number;
  readonly blockMs: number;
  readonly day1xSeconds: number;
  readonly day5xSeconds: number;
  /** Shares of the day at 5x, seconds. */
  readonly phases5xSeconds: Readonly<Record<string, number>>;
}

const EMPTY_HOURS = 2;

async function day(volume: number, capitalUsd: number, hours = 24): Promise<Simulation> {
  return simulate({
    hours,
    volume,
    seed: 1,
    flow: "regime",
    blockSeconds: 2,
    policy: "cantilever",
    profile: "target",
    pools: ["cUSDT/cUSDC"],
    capitalUsd,
  });
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}

/** Runs two simulated days and a nearly empty stretch; takes about a minute and a half on two cores. */
export async function measureSpeed(): Promise<SpeedReport> {
  const five = await day(5, 1_000_000);
  const one = await day(1, 500_000);
  const empty = await day(0.01, 500_000, EMPTY_HOURS);
  const { times } = five;
  const trades = five.pools.reduce((sum, pool) => sum + pool.trades, 0);
  const known = times.setupMs + times.sendMs + times.mineMs + times.callMs + times.receiptMs;
  return {
    swapMs: Math.round(((times.sendMs + times.mineMs) / trades) * 1000) / 1000,
    blockMs: Math.round((empty.times.mineMs / empty.blocks) * 1000) / 1000,
    day1xSeconds: seconds(one.times.totalMs),
    day5xSeconds: seconds(times.totalMs),
    phases5xSeconds: {
      deployment: seconds(times.setupMs),
      transactionsSent: seconds(times.sendMs),
      blocksMade: seconds(times.mineMs),
      reads: seconds(times.callMs),
      receipts: seconds(times.receiptMs),
      marketKeeperFeeds: seconds(times.totalMs - known),
    },
  };
}
