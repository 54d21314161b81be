/**
 * Kills a keeper again and again, at every place between two lines, while the chain loses replies, forgets transactions and unwinds
 * blocks and the database restarts; then counts on the chain how often each effect happened.
 */
import type { Database } from "../../../db/database.js";
import type { FaultPoint } from "../../../keepers/kit/outbox/faultPoints.js";
import { enqueueJob } from "../../../db/queries/job/enqueue.js";
import { Rng } from "../../market/rng.js";
import { percentile } from "../../stats/distribution.js";
import { readClaims } from "./claims.js";
import { ROLE } from "./messages.js";
import type { CrashTarget } from "./target.js";
import { deathOf, isPlace, provocationOf, type Death, type Provocation } from "./plan.js";
import { Workers, type Worker } from "./workers.js";

export interface CrashOptions {
  readonly kills: number;
  readonly seed: number;
  readonly leaseMs: number;
  /** Starts the chain. */
  readonly start: (rng: Rng) => Promise<CrashTarget>;
  readonly say: (line: string) => void;
}

/** A PostgreSQL server that the benchmark may kill. */
export interface CrashServer {
  readonly url: string;
  readonly database: Database;
  /** Kills it without warning and starts it again on the same data. */
  restart(): Promise<void>;
}

export interface CrashReport {
  readonly kills: number;
  readonly killsBy: Readonly<Record<string, number>>;
  readonly intents: number;
  readonly executed: number;
  readonly cancelled: number;
  readonly lost: number;
  readonly duplicates: number;
  /** Effects whose end in our books is not what the chain says; 0. */
  readonly wrongClaims: number;
  readonly bumps: number;
  readonly reorgs: number;
  readonly lostReplies: number;
  readonly forgotten: number;
  readonly recoveryMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

const LEADER_MS = 20_000;
/** How often and how long a worker is tempted to die at its place, before it is killed anyway. */
const ATTEMPTS = 5;
const ATTEMPT_MS = 800;
/** A moment chosen at random is at most this far away. */
const MOMENT_MS = 400;
const DRAIN_MS = 60_000;
/** Jobs that wait, at most; there is always something to do when a worker dies. */
const WAITING_JOBS = 12;
const SHOWN_EVERY = 50;

export async function runCrashes(server: CrashServer, options: CrashOptions): Promise<CrashReport> {
  const rng = new Rng(options.seed, "crash");
  const chain = await options.start(rng.stream("chain"));
  const { url: databaseUrl } = server;
  const { leaseMs } = options;
  const workers = new Workers(chain.worker, { databaseUrl, rpcUrl: chain.url, recorder: chain.recorder, leaseMs });
  const run = new CrashRun(server, chain, workers, rng, options);
  try {
    return await run.all();
  } finally {
    await workers.end();
    await chain.stop();
  }
}

class CrashRun {
  readonly #recoveryMs: number[] = [];
  readonly #killsBy = new Map<Death, number>();
  #jobs = 0;

  constructor(
    private readonly server: CrashServer,
    private readonly chain: CrashTarget,
    private readonly workers: Workers,
    private readonly rng: Rng,
    private readonly options: CrashOptions,
  ) {}

  async all(): Promise<CrashReport> {
    this.workers.spawn();
    for (let index = 0; index < this.options.kills; index += 1) {
      await this.feed();
      // In turn with another worker that waits already, and alone: the recovery then includes the start of a process.
      if (index % 2 === 0) this.workers.spawn();
      await this.kill(deathOf(index));
      if ((index + 1) % SHOWN_EVERY === 0) this.options.say(`${String(index + 1)} kills`);
    }
    await this.workers.leader(LEADER_MS);
    return this.count();
  }

  private async kill(wanted: Death): Promise<void> {
    const leader = await this.workers.leader(LEADER_MS);
    const provocation = provocationOf(wanted, this.rng);
    if (wanted === "stopped") await this.sleepThroughALease(leader);
    else if (wanted === "postgres") await this.server.restart();
    else if (wanted === "timer") await pause(this.rng.below(MOMENT_MS));
    const diedThere = isPlace(wanted) && (await this.provoke(leader, wanted, provocation));
    if (!isPlace(wanted) && provocation.reorgDepth > 0) await this.chain.reorg(provocation.reorgDepth);
    if (!diedThere) {
      leader.signal("SIGKILL");
      await leader.child.exited;
    }
    const diedMs = performance.now();
    const death = isPlace(wanted) && !diedThere ? "timer" : wanted;
    this.#killsBy.set(death, (this.#killsBy.get(death) ?? 0) + 1);
    if (this.workers.alive.length === 0) this.workers.spawn();
    await this.workers.leader(LEADER_MS);
    this.#recoveryMs.push(performance.now() - diedMs);
  }

  /** Makes the armed worker pass its place. @returns whether it died there. */
  private async provoke(leader: Worker, place: FaultPoint, provocation: Provocation): Promise<boolean> {
    const { forgetBlocks, reorgDepth, mute, remote } = provocation;
    leader.arm({ arm: place, nth: 1 + this.rng.below(2), remote });
    this.chain.mute = mute;
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        if (forgetBlocks > 0) this.chain.forget(forgetBlocks);
        await this.feed();
        if (await leader.diesWithin(this.rng.below(MOMENT_MS))) return true;
        if (reorgDepth > 0) await this.chain.reorg(reorgDepth);
        if (await leader.diesWithin(ATTEMPT_MS)) return true;
      }
      return false;
    } finally {
      this.chain.mute = false;
    }
  }

  /** The leader sleeps until another one has taken over, and wakes up believing that it leads. */
  private async sleepThroughALease(leader: Worker): Promise<void> {
    this.workers.spawn();
    leader.signal("SIGSTOP");
    leader.leading = false;
    await this.workers.nextLeader(LEADER_MS);
    leader.signal("SIGCONT");
    await pause(this.options.leaseMs / 2);
  }

  /** Something to do, in one transaction each, in batches, and some that come too late. */
  private async feed(): Promise<void> {
    const { jobs } = await readClaims(this.server.database);
    for (let job = jobs; job < WAITING_JOBS; job += 1) {
      const kind = this.rng.below(10);
      const payload = kind === 0 ? { count: 13 } : kind === 1 ? { validBlocks: 2 } : {};
      this.#jobs += 1;
      await enqueueJob(this.server.database, ROLE, `effect-${String(this.#jobs)}`, payload);
    }
  }

  private async count(): Promise<CrashReport> {
    const deadline = performance.now() + DRAIN_MS;
    let claims = await readClaims(this.server.database);
    while ((claims.open > 0 || claims.jobs > 0) && performance.now() < deadline) {
      await pause(100);
      claims = await readClaims(this.server.database);
    }
    const counts = await this.chain.counts();
    const recoveryMs = [...this.#recoveryMs].sort((a, b) => a - b);
    let [executed, cancelled, lost, duplicates, wrongClaims] = [0, 0, 0, 0, 0];
    for (const { key, isFinal, isCancelled } of claims.effects) {
      const id = this.chain.idOf(key);
      const times = counts.get(id) ?? 0;
      counts.delete(id);
      if (times > 0) executed += 1;
      else if (isCancelled) cancelled += 1;
      else lost += 1;
      duplicates += Math.max(0, times - 1);
      if (isFinal !== (times === 1)) wrongClaims += 1;
    }
    // What happened without a row was done by nobody.
    for (const times of counts.values()) duplicates += times;
    return {
      kills: this.options.kills,
      killsBy: Object.fromEntries([...this.#killsBy].sort(([a], [b]) => a.localeCompare(b))),
      intents: claims.effects.length,
      executed,
      cancelled,
      lost: lost + claims.jobs,
      duplicates,
      wrongClaims,
      bumps: claims.bumps,
      reorgs: this.chain.reorgs,
      lostReplies: this.chain.lostReplies,
      forgotten: this.chain.forgotten,
      recoveryMs: {
        p50: Math.round(percentile(recoveryMs, 0.5)),
        p99: Math.round(percentile(recoveryMs, 0.99)),
        max: Math.round(recoveryMs.at(-1) ?? 0),
      },
    };
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
