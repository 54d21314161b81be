import { expect } from "chai";
import fc from "fast-check";

import { FAULT_POINTS, type FaultPoint } from "../../../../../keepers/kit/outbox/faultPoints.js";
import type { SolanaHead } from "../../../../../keepers/kit/solana/cluster.js";
import type { Database } from "../../../../../db/database.js";
import type { ConfirmationDepths } from "../../../../../scripts/validator/blocks.js";
import type { RequestFault } from "../../../../../scripts/validator/cluster.js";
import type { SendFault } from "../../../../../scripts/validator/delivery.js";
import { fromBytes } from "../../../../../scripts/validator/wire.js";
import { FailingDatabase } from "../../../../helpers/failingDatabase.js";
import { usePostgres } from "../../../../helpers/postgres.js";
import { Killed, SolanaRig, type RigProcess } from "../../../../helpers/solanaRig.js";
import { seedOf } from "../../../../helpers/seed.js";

type Step =
  | { readonly do: "submit"; readonly key: number; readonly validBlocks: bigint }
  | { readonly do: "batch" | "tick" | "upkeep" | "restart" | "usurp" | "replay" }
  | { readonly do: "cliff"; readonly offset: bigint }
  | { readonly do: "pass"; readonly slots: number }
  | { readonly do: "fork"; readonly depth: number; readonly redeliver: boolean }
  | { readonly do: "sends"; readonly faults: readonly (SendFault | undefined)[] }
  | { readonly do: "requests"; readonly faults: readonly (RequestFault | undefined)[] }
  | { readonly do: "kill"; readonly point: FaultPoint }
  | { readonly do: "haunt"; readonly submit: boolean }
  | { readonly do: "database"; readonly mode: FailingDatabase["mode"] };

const KEYS = 6;
const BATCH = 3;
/** Set by `npm run test:keepers -- --all-kills`. */
const RUNS = process.env["CANTILEVER_ALL_KILLS"] === "1" ? 60 : 8;
/** Blocks that may be dropped: all that are not confirmed. */
const DEEPEST = 3;
const DRAIN_ROUNDS = 80;

const sendFault: fc.Arbitrary<SendFault | undefined> = fc.constantFrom<(SendFault | undefined)[]>(
  undefined,
  { kind: "drop" },
  { kind: "drop" },
  { kind: "drop" },
  { kind: "refuse" },
  { kind: "lose-reply" },
  { kind: "delay", slots: 2 },
  { kind: "delay", slots: 147 },
  { kind: "delay", slots: 148 },
  { kind: "duplicate", slots: 3 },
  { kind: "duplicate", slots: 140 },
);
const weighted = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });
const of = <K extends Step["do"]>(kind: K) => fc.constant(kind);
const step = fc.oneof(
  weighted(5, fc.record({ do: of("submit"), key: fc.nat(KEYS - 1), validBlocks: fc.constantFrom(3n, 1_000_000n) })),
  weighted(10, fc.record({ do: fc.constantFrom("tick", "tick", "tick", "upkeep", "batch", "restart", "usurp") })),
  weighted(2, fc.record({ do: of("pass"), slots: fc.constantFrom(1, 2, 5, 40, 170) })),
  // The keeper looks just before or after the newest bytes expire, and then every packet that was ever on its way arrives once more.
  weighted(6, fc.record({ do: of("cliff"), offset: fc.constantFrom(-1n, 0n, 1n, 2n, 3n, 4n, 6n, 8n) })),
  weighted(3, fc.record({ do: of("replay") })),
  weighted(3, fc.record({ do: of("fork"), depth: fc.integer({ min: 1, max: DEEPEST }), redeliver: fc.boolean() })),
  weighted(4, fc.record({ do: of("sends"), faults: fc.array(sendFault, { minLength: 1, maxLength: 8 }) })),
  weighted(
    1,
    fc.record({
      do: of("requests"),
      faults: fc.array(fc.constantFrom<(RequestFault | undefined)[]>(undefined, "refuse", "lose-reply", "unhealthy"), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  ),
  weighted(3, fc.record({ do: of("kill"), point: fc.constantFrom(...FAULT_POINTS) })),
  weighted(2, fc.record({ do: of("haunt"), submit: fc.boolean() })),
  weighted(1, fc.record({ do: of("database"), mode: fc.constantFrom("well", "gone", "silent-commit") })),
);

/** How soon blocks are confirmed and finalized: with 1 and 1 the last block that takes a hash is open when the one before it is final. */
const depths = fc.constantFrom(
  { confirmedBlocks: DEEPEST, finalizedBlocks: 6 },
  { confirmedBlocks: DEEPEST, finalizedBlocks: 3 },
  { confirmedBlocks: 1, finalizedBlocks: 1 },
  { confirmedBlocks: 2, finalizedBlocks: 2 },
);

describe("SolanaOutbox, as a model", () => {
  const postgres = usePostgres();

  it("SOL-11 does every effect exactly once or never, never twice, whatever happens", () => hold(false));
  it("SOL-11 holds with a remote signer as well", () => hold(true));

  const hold = async (remote: boolean): Promise<void> => {
    const { database } = await postgres.testDatabase();
    const seed = seedOf(1);
    const seen = { seed, finals: 0, cancelled: 0, kills: 0, renewed: 0, unwound: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), depths, async (steps, depth) => {
        const world = await World.open(database, remote, depth);
        try {
          for (const one of steps) {
            await world.take(one);
            for (const key of world.keys) expect(Number(world.rig.times(key)), key).to.be.at.most(1);
          }
          await world.drain();
          for (const key of world.keys) {
            const rows = await world.rows(key);
            for (const { state } of rows) expect(["final", "cancelled"], key).to.include(state);
            const isFinal = rows.some(({ state }) => state === "final");
            expect(world.rig.times(key), key).to.equal(isFinal ? 1n : 0n);
            seen.finals += isFinal ? 1 : 0;
            seen.cancelled += isFinal ? 0 : 1;
            seen.renewed += rows.filter(({ attempts }) => attempts > 1).length;
          }
          seen.kills += world.kills;
          seen.unwound += world.unwound;
        } finally {
          await world.rig.stop();
        }
      }),
      { numRuns: RUNS, seed },
    );
    // The property is not empty.
    expect(seen.finals, JSON.stringify(seen)).to.be.above(RUNS);
    expect(seen.kills + seen.renewed + seen.unwound, JSON.stringify(seen)).to.be.above(RUNS / 4);
  };
});

/** A cluster, a database, and one process after the other, the last but one still haunting. */
class World {
  readonly keys = new Set<string>();
  kills = 0;
  unwound = 0;
  private keeper: RigProcess | undefined;
  private ghost: { readonly keeper: RigProcess; readonly head: SolanaHead } | undefined;
  private dieAt: FaultPoint | undefined;
  private batches = 0;
  /** Every packet that ever left a process. */
  private readonly sent: Uint8Array[] = [];
  private readonly sends: (SendFault | undefined)[] = [];
  private readonly requests: (RequestFault | undefined)[] = [];

  private constructor(
    readonly rig: SolanaRig,
    private readonly real: Database,
    private readonly db: FailingDatabase,
    private readonly remote: boolean,
  ) {
    const { faults } = rig;
    faults.send = () => this.sends.shift();
    faults.request = () => this.requests.shift();
  }

  static async open(real: Database, remote: boolean, depth: ConfirmationDepths): Promise<World> {
    const db = new FailingDatabase(real);
    return new World(await SolanaRig.start(db, depth), real, db, remote);
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case "pass":
        this.rig.advance(step.slots);
        return;
      case "cliff":
        await this.approach(step.offset);
        await this.alive((keeper) => keeper.upkeep());
        this.replay();
        return;
      case "replay":
        this.replay();
        return;
      case "tick":
        this.rig.advance(1);
        await this.alive((keeper) => keeper.upkeep());
        return;
      case "upkeep":
        await this.alive((keeper) => keeper.upkeep());
        return;
      case "fork": {
        const { cluster } = this.rig;
        const depth = Math.min(step.depth, cluster.bank.blocks.droppable);
        if (depth > 0) cluster.fork(depth, step.redeliver);
        return;
      }
      case "sends":
        this.sends.push(...step.faults);
        return;
      case "requests":
        this.requests.push(...step.faults);
        return;
      case "kill":
        this.dieAt = step.point;
        return;
      case "database":
        this.db.mode = step.mode;
        return;
      case "restart":
        this.keeper = undefined;
        return;
      case "usurp":
        await this.usurp();
        return;
      case "haunt":
        await this.haunt(step.submit);
        return;
      case "submit": {
        const key = `k${String(step.key)}`;
        this.keys.add(key);
        await this.alive(async (keeper) => {
          const head = await this.rig.head();
          const validUntilBlock = head.blockHeight + step.validBlocks;
          return keeper.outbox.submit(this.rig.intent(key, { validUntilBlock }), head);
        });
        return;
      }
      case "batch": {
        this.batches += 1;
        const keys = Array.from({ length: BATCH }, (_, index) => `b${String(this.batches)}-${String(index)}`);
        for (const key of keys) this.keys.add(key);
        await this.alive((keeper) => keeper.submit(...keys));
      }
    }
  }

  /** A leader gets every packet that was ever on its way. */
  private replay(): void {
    for (const bytes of this.sent) this.rig.cluster.bank.deliver(fromBytes(bytes));
  }

  /** Time passes until the newest bytes of an open row are so many blocks past the last height at which they were promised. */
  private async approach(offset: bigint): Promise<void> {
    const [row] = await this.real.query<{ last: string | null }>(
      `SELECT max((terms ->> 'lastValidBlockHeight')::bigint)::text AS last
       FROM keeper_attempt a JOIN keeper_outbox o ON o.id = a.outbox_id WHERE chain_id = $1 AND state = 'signed'`,
      [this.rig.chainId],
    );
    if (row?.last == null) return;
    const missing = BigInt(row.last) + offset - this.rig.cluster.bank.blocks.open.height;
    if (missing > 0n) this.rig.advance(Number(missing));
  }

  /** Everything works again, for long enough. */
  async drain(): Promise<void> {
    this.db.mode = "well";
    this.sends.length = 0;
    this.requests.length = 0;
    this.dieAt = undefined;
    this.keeper = undefined;
    for (let round = 0; round < DRAIN_ROUNDS; round += 1) {
      await this.alive((keeper) => keeper.upkeep());
      if (round > 20 && this.isIdle) break;
      this.rig.advance(round < 20 ? 1 : 20);
    }
    // What was delayed arrives, and what is confirmed becomes final.
    this.rig.advance(200);
    await this.alive((keeper) => keeper.upkeep());
  }

  private get isIdle(): boolean {
    return this.keeper?.outbox.pending().length === 0;
  }

  rows(key: string): Promise<readonly { readonly state: string; readonly attempts: number }[]> {
    return this.real.query(
      `SELECT state, (SELECT count(*) FROM keeper_attempt WHERE outbox_id = o.id)::integer AS attempts
       FROM keeper_outbox o WHERE chain_id = $1 AND effect_key = $2`,
      [this.rig.chainId, key],
    );
  }

  /** Another process takes the lease while the old one lives on with what it knows. */
  private async usurp(): Promise<void> {
    const { keeper } = this;
    if (keeper === undefined) return;
    try {
      this.ghost = { keeper, head: await this.rig.head() };
      this.keeper = undefined;
      await this.alive((fresh) => fresh.upkeep());
    } catch (error) {
      if (!isExpected(error)) throw error;
    }
  }

  private async haunt(submit: boolean): Promise<void> {
    if (this.ghost === undefined) return;
    const { keeper, head } = this.ghost;
    try {
      if (submit) await keeper.outbox.submit(this.rig.intent("k0"), head);
      else await keeper.outbox.upkeep(head);
    } catch (error) {
      if (!(error instanceof Killed) && !isExpected(error)) throw error;
    }
  }

  /** One call of a process; a new process when the last one is dead. */
  private async alive(work: (keeper: RigProcess) => Promise<unknown>): Promise<void> {
    try {
      this.keeper ??= await this.rig.process({ remote: this.remote });
      this.keeper.dieAt = this.dieAt;
      this.keeper.beforeSend = (bytes) => {
        this.sent.push(Buffer.from(bytes.slice(2), "hex"));
        return Promise.resolve();
      };
      await work(this.keeper);
    } catch (error) {
      if (error instanceof Killed) {
        this.kills += 1;
        this.dieAt = undefined;
        this.keeper = undefined;
        return;
      }
      if (!isExpected(error)) throw error;
    } finally {
      const events = this.keeper?.log.names() ?? [];
      this.unwound += events.filter((name) => name === "tx.unwound").length;
      this.keeper?.log.clear();
    }
  }
}

function isExpected(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return ["RPC_UNREACHABLE", "DB_UNAVAILABLE"].includes(code);
}
