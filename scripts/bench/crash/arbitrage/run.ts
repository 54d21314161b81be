/**
 * Kills the keeper of two chains again and again while trades of two legs are open, as the process that people start; then counts on both
 * chains how often each leg happened, and compares books and balances to the unit.
 */
import { setTimeout as rest } from "node:timers/promises";
import { join } from "node:path";

import type { JsonRpcProvider } from "ethers";

import type { Database } from "../../../../db/database.js";
import { leaseOwners } from "../../../../db/queries/lease/owners.js";
import { ownerPid } from "../../../../keepers/kit/lease.js";
import { readStatus, statusPath } from "../../../../keepers/kit/statusFile.js";
import { Rng } from "../../../market/rng.js";
import { percentile } from "../../../stats/distribution.js";
import { Child } from "../../../world/child.js";
import { keeperGone } from "../../../world/copies.js";
import { holdingsBooked, legsOf, openTrades, swapsOf, type Leg } from "./count.js";

/** One chain, as the benchmark needs it. */
export interface ArbitrageChain {
  readonly network: string;
  readonly key: string;
  /** What the keeper talks to. */
  readonly url: string;
  readonly provider: JsonRpcProvider;
  /** The keeper's. */
  readonly account: string;
  readonly pool: string;
  /** Addresses by name, lower case. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly startBlock: number;
  /** A trade of somebody else, mined. Base units. */
  swap(sellBase: boolean, units: bigint): Promise<void>;
  balanceOf(token: string): Promise<bigint>;
}

export interface ArbitrageChains {
  /** Of the deployment records. */
  readonly folder: string;
  readonly chains: readonly [ArbitrageChain, ArbitrageChain];
  /** Brings new rounds when the old ones will soon be too old. */
  freshen(): Promise<void>;
  close(): Promise<void>;
}

export interface ArbitrageCrashOptions {
  readonly kills: number;
  readonly seed: number;
  readonly databaseUrl: string;
  readonly database: Database;
  readonly world: Pick<ArbitrageChains, "folder" | "chains" | "freshen">;
  readonly pair: string;
  /** Of the keeper: short ones show what happens when they pass, long ones leave the machine all the time that it needs. */
  readonly limits: { readonly leaseSeconds: number; readonly deadlineSeconds: number; readonly validBlocks: number };
  readonly say: (line: string) => void;
}

export interface ArbitrageCrashReport {
  readonly kills: number;
  /** By how far the trade was at the kill: legs with a row in an outbox, or `closed` where it had ended in the moment before. */
  readonly killsByLegsSent: Readonly<Record<string, number>>;
  readonly trades: number;
  readonly legs: number;
  /** Sales that the chains have seen. */
  readonly executed: number;
  readonly repairs: number;
  readonly dropped: number;
  /** Legs that happened more than once; 0. */
  readonly doubled: number;
  /** Legs without an end, sales that no leg names, and trades that stayed open; 0. */
  readonly forgotten: number;
  /** Balances that differ from the books, of four; 0. */
  readonly unreconciled: number;
  readonly recoveryMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

const KEEPER = "cross-chain-arbitrage";
const LOOK_MS = 5;
/** A gap that a trade closes, as base units of the stranger's sale. */
const [LEAST_SWAP, MOST_SWAP] = [250_000, 400_000];
const UNITS = 1_000_000n;
/** A trade begins, and ends, within this time, or something is wrong. */
const TRADE_MS = 240_000;
const MOMENT_MS = 600;
/** After which a stranger trades again, because what he did opened no gap. */
const PATIENCE_MS = 2_500;
const CALM_MS = 4_000;
const SHOWN_EVERY = 20;
const COPIES = 2;

export async function runArbitrageCrashes(options: ArbitrageCrashOptions): Promise<ArbitrageCrashReport> {
  const run = new ArbitrageCrashes(options);
  try {
    return await run.all();
  } finally {
    await run.end();
  }
}

class ArbitrageCrashes {
  private readonly rng: Rng;
  private readonly killsBy = new Map<string, number>();
  private readonly recoveryMs: number[] = [];
  private copies: Child[] = [];
  private sign = true;

  constructor(private readonly options: ArbitrageCrashOptions) {
    this.rng = new Rng(options.seed, "arbitrage-crash");
  }

  async all(): Promise<ArbitrageCrashReport> {
    const { kills, say, world } = this.options;
    const before = await this.holdings();
    for (let copy = 0; copy < COPIES; copy += 1) this.spawn();
    for (let index = 0; index < kills; index += 1) {
      await this.kill();
      if ((index + 1) % SHOWN_EVERY === 0) say(`${String(index + 1)} kills`);
    }
    // What a trade has left of a gap may be worth another one.
    await this.untilCalm(CALM_MS);
    await this.end();
    const [legs, swaps] = [await legsOf(this.options.database), await swapsOf(world.chains)];
    const after = await this.holdings();
    const booked = await holdingsBooked(this.options.database, world.chains, before);
    const happened = legs.map((leg) => swaps.get(leg.calldata) ?? 0);
    const executed = [...swaps.values()].reduce((sum, times) => sum + times, 0);
    const named = happened.reduce((sum, times) => sum + times, 0);
    const lost = legs.filter((leg, at) => isLost(leg, happened[at] ?? 0));
    const open = await openTrades(this.options.database);
    const recoveryMs = this.recoveryMs.toSorted((a, b) => a - b);
    for (const { trade, position, state, calldata } of lost)
      say(`no end: ${trade} leg ${String(position)}, ${state ?? "never sent"}, ${calldata}`);
    for (const [calldata] of [...swaps].filter(([name]) => !legs.some((leg) => leg.calldata === name)))
      say(`no leg: ${calldata}`);
    return {
      kills,
      killsByLegsSent: Object.fromEntries([...this.killsBy].sort(([a], [b]) => (a < b ? -1 : 1))),
      trades: new Set(legs.map(({ trade }) => trade)).size,
      legs: legs.length,
      executed,
      repairs: legs.filter(({ position }) => position > 1).length,
      dropped: legs.filter(({ dropped }) => dropped).length,
      doubled: happened.filter((times) => times > 1).length,
      forgotten: lost.length + (executed - named) + open,
      unreconciled: Object.keys(after).filter((key) => after[key] !== booked[key]).length,
      recoveryMs: { p50: percentile(recoveryMs, 0.5), p99: percentile(recoveryMs, 0.99), max: recoveryMs.at(-1) ?? 0 },
    };
  }

  async end(): Promise<void> {
    for (const copy of this.copies) copy.process.kill("SIGKILL");
    await Promise.all(this.copies.map(({ exited }) => exited));
    this.copies = [];
  }

  /** Opens a gap, waits until a trade is written down, and kills whoever leads a moment later. */
  private async kill(): Promise<void> {
    const { database, world } = this.options;
    await world.freshen();
    await this.tempt(async () => (await openTrades(database)) > 0);
    const victim = await this.leader();
    await rest(this.rng.below(MOMENT_MS));
    const legsSent = await this.legsSent();
    this.assertRunning();
    victim.process.kill("SIGKILL");
    await victim.exited;
    this.copies = this.copies.filter((copy) => copy !== victim);
    this.killsBy.set(legsSent, (this.killsBy.get(legsSent) ?? 0) + 1);
    const diedMs = performance.now();
    this.spawn();
    await this.untilCalm();
    this.recoveryMs.push(Math.round(performance.now() - diedMs));
  }

  /** Strangers trade until it is so. */
  private async tempt(isSo: () => Promise<boolean>): Promise<void> {
    const { chains } = this.options.world;
    const deadlineMs = performance.now() + TRADE_MS;
    for (;;) {
      const chain = chains[this.rng.below(chains.length) === 0 ? 0 : 1];
      const units = BigInt(LEAST_SWAP + this.rng.below(MOST_SWAP - LEAST_SWAP)) * UNITS;
      await chain.swap(this.sign, units);
      this.sign = !this.sign;
      const patienceMs = performance.now() + PATIENCE_MS;
      while (performance.now() < patienceMs) {
        this.assertRunning();
        if (await isSo()) return;
        await rest(LOOK_MS);
      }
      if (performance.now() > deadlineMs) throw new Error(`no trade begins: ${await this.lastWords()}`);
    }
  }

  /** No trade is open, and for so long none has been. */
  private async untilCalm(forMs = 0): Promise<void> {
    const deadlineMs = performance.now() + TRADE_MS;
    let calmSinceMs: number | undefined;
    for (;;) {
      this.assertRunning();
      const nowMs = performance.now();
      calmSinceMs = (await openTrades(this.options.database)) > 0 ? undefined : (calmSinceMs ?? nowMs);
      if (calmSinceMs !== undefined && nowMs - calmSinceMs >= forMs) return;
      if (nowMs > deadlineMs) throw new Error(`a trade stays open: ${await this.lastWords()}`);
      await rest(LOOK_MS * 10);
    }
  }

  private async legsSent(): Promise<string> {
    const open = (await legsOf(this.options.database)).filter(({ isOpen }) => isOpen);
    return open.length === 0 ? "closed" : String(open.filter(({ state }) => state !== null).length);
  }

  /** Whose process id is in the lease. */
  private async leader(): Promise<Child> {
    const deadlineMs = performance.now() + TRADE_MS;
    for (;;) {
      this.assertRunning();
      const pids = (await leaseOwners(this.options.database, `${KEEPER}:`)).map(ownerPid);
      const found = this.copies.find(({ process: { pid } }) => pid !== undefined && pids.includes(pid));
      if (found !== undefined) return found;
      if (performance.now() > deadlineMs) throw new Error(`nobody leads: ${await this.lastWords()}`);
      await rest(LOOK_MS);
    }
  }

  /** @throws PermanentError KEEPER_GONE when a copy has ended by itself: whatever follows would measure another thing. */
  private assertRunning(): void {
    const gone = this.copies.find(({ exitCode }) => exitCode !== undefined);
    if (gone !== undefined) throw keeperGone("a copy", KEEPER, gone, this.options.world.chains[0].network);
  }

  private spawn(): void {
    const { world, databaseUrl, pair, limits } = this.options;
    const [home, away] = world.chains;
    const env = {
      LOCALHOST_RPC_URL: home.url,
      LOCALHOST651940_RPC_URL: away.url,
      DATABASE_URL: databaseUrl,
      KEEPER_DEPLOYMENTS_FOLDER: world.folder,
      KEEPER_DATA_FOLDER: join(world.folder, "data"),
      KEEPER_POLL_MS: "20",
      KEEPER_LOG_LEVEL: "warn",
      KEEPER_LOG_FORMAT: "json",
      KEEPER_LEASE_SECONDS: String(limits.leaseSeconds),
      KEEPER_CONFIRMATIONS: "1",
      ARBITRAGE_PAIRS: pair,
      ARBITRAGE_LOCAL_ACCOUNT: home.account,
      // Both chains run ahead of the clock by as many blocks as they have made.
      ARBITRAGE_MAX_SKEW_SECONDS: "86400",
      ARBITRAGE_COOLDOWN_SECONDS: "0",
      ARBITRAGE_DAILY_LOSS_XAU: "1000",
      KEEPER_MAX_LOSS_XAU: "100000",
      ARBITRAGE_LOW_SHARE_BPS: "0",
      // Blocks come twenty times as fast as elsewhere, and each is a second.
      ARBITRAGE_DEADLINE_SECONDS: String(limits.deadlineSeconds),
      ARBITRAGE_VALID_BLOCKS: String(limits.validBlocks),
    };
    const args = [KEEPER, "--network", home.network, "--execute", "--json"];
    this.copies.push(new Child({ script: "keepers/main.ts", args, env }));
  }

  private async holdings(): Promise<Readonly<Record<string, bigint>>> {
    const found: Record<string, bigint> = {};
    for (const chain of this.options.world.chains)
      for (const token of Object.keys(chain.tokens)) found[`${chain.key}:${token}`] = await chain.balanceOf(token);
    return found;
  }

  /** What the copies said last, and what they are waiting for. */
  private async lastWords(): Promise<string> {
    const { database, world } = this.options;
    const control = await database.query<{ network: string; state: string; reason: string }>(
      "SELECT network, state, reason FROM keeper_control",
    );
    const running = world.chains.map(({ network }) =>
      readStatus(statusPath(join(world.folder, "data"), KEEPER, network)),
    );
    const open = (await legsOf(database)).filter(({ isOpen }) => isOpen);
    const said = this.copies.flatMap(({ lastErrorLines }) => lastErrorLines.slice(-2));
    return JSON.stringify({ control, open, skips: running.map((status) => status?.skips), said });
  }
}

/** What the books say of a leg is not what happened. */
function isLost({ state, dropped }: Leg, times: number): boolean {
  if (dropped) return times > 0 || state !== null;
  if (state === "final") return times === 0;
  return (state !== "reverted" && state !== "cancelled") || times > 0;
}
