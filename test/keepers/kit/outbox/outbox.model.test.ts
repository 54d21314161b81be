import { expect } from "chai";
import fc from "fast-check";

import { FAULT_POINTS, type FaultPoint } from "../../../../keepers/kit/outbox/faultPoints.js";
import type { Escalation } from "../../../../keepers/kit/outbox/escalation.js";
import type { EvmOutbox } from "../../../../keepers/kit/outbox/evmOutbox.js";
import { FailingDatabase } from "../../../helpers/failingDatabase.js";
import { ModelChain } from "../../../helpers/modelChain.js";
import { CONFIRMATIONS, expireLeases, intentOf, openOutbox } from "../../../helpers/outboxParts.js";
import { usePostgres } from "../../../helpers/postgres.js";
import { seedOf } from "../../../helpers/seed.js";

type Step =
  | { readonly do: "submit"; readonly key: number; readonly validBlocks: number }
  | { readonly do: "batch"; readonly key: number }
  | { readonly do: "withdraw"; readonly key: number }
  | { readonly do: "tick" | "upkeep" | "mine" | "forget" | "restart" }
  | { readonly do: "reorg"; readonly depth: number }
  | { readonly do: "faults"; readonly kinds: ModelChain["faults"] }
  | { readonly do: "kill"; readonly point: FaultPoint }
  | { readonly do: "database"; readonly mode: FailingDatabase["mode"] };

const KEYS = 8;
const BATCH = 3;
const DRAIN_BLOCKS = 60;
/** Set by `npm run test:keepers -- --all-kills`. */
const RUNS = process.env["CANTILEVER_ALL_KILLS"] === "1" ? 200 : 20;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("submit"), key: fc.nat(KEYS - 1), validBlocks: fc.constantFrom(2, 1_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("batch"), key: fc.nat(KEYS - 1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("withdraw"), key: fc.nat(KEYS - 1) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constantFrom("tick", "tick", "tick", "tick", "upkeep", "mine", "forget", "restart"),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("reorg"), depth: fc.integer({ min: 1, max: CONFIRMATIONS }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("faults"),
      kinds: fc.array(fc.constantFrom("lost", "refused", "forgotten"), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("kill"), point: fc.constantFrom(...FAULT_POINTS) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("database"), mode: fc.constantFrom("well", "gone", "silent-commit") }),
  },
);

class Killed extends Error {}

describe("keepers/kit/outbox, as a model", () => {
  const postgres = usePostgres();

  for (const remote of [false, true]) {
    describe(`with a ${remote ? "remote" : "local"} signer`, () => {
      it("OUTBOX-2 OUTBOX-3 does every effect once or cancels it, whatever happens", async () => {
        const { database } = await postgres.testDatabase();
        let [finals, kills, unwound] = [0, 0, 0];
        const seed = seedOf(1);
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
            await database.query("truncate keeper_attempt, keeper_outbox, keeper_signer, keeper_lease");
            const world = await OneWorld.open(new FailingDatabase(database), remote);
            for (const one of steps) await world.take(one);
            await world.drain();
            const rows = await database.query<{ key: string; state: string }>(
              "select effect_key as key, state from keeper_outbox where effect_key like 'k%'",
            );
            const executed = new Map<string, number>();
            for (const data of world.chain.executed) executed.set(data, (executed.get(data) ?? 0) + 1);
            for (const { key, state } of rows) expect(["final", "cancelled"], `${key} is ${state}`).to.include(state);
            for (const key of new Set(rows.map((row) => row.key))) {
              const isFinal = rows.some((row) => row.key === key && row.state === "final");
              expect(executed.get(intentOf(key).data) ?? 0, key).to.equal(isFinal ? 1 : 0);
              executed.delete(intentOf(key).data);
              finals += isFinal ? 1 : 0;
            }
            expect([...executed], "nothing happened that was never written down").to.deep.equal([]);
            kills += world.kills;
            unwound += world.unwound;
          }),
          { numRuns: RUNS, seed },
        );
        // The property is not empty.
        const run = `seed ${String(seed)}`;
        expect(finals, run).to.be.above(RUNS);
        expect(kills, run).to.be.above(RUNS / 8);
        expect(unwound, run).to.be.above(RUNS / 20);
      });
    });
  }
});

/** A chain, a database, and one process after the other. */
class OneWorld {
  readonly chain = new ModelChain();
  kills = 0;
  unwound = 0;
  private outbox: EvmOutbox | undefined;
  private deadAt: FaultPoint | undefined;
  private batches = 0;

  private constructor(
    private readonly db: FailingDatabase,
    private readonly remote: boolean,
  ) {}

  static async open(db: FailingDatabase, remote: boolean): Promise<OneWorld> {
    const world = new OneWorld(db, remote);
    await world.process();
    return world;
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case "mine":
        this.chain.mine();
        return;
      case "tick":
        this.chain.mine();
        await this.alive((outbox) => outbox.upkeep(this.chain.head));
        return;
      case "forget":
        this.chain.forget();
        return;
      case "reorg":
        this.chain.reorg(step.depth);
        return;
      case "faults":
        this.chain.faults.push(...step.kinds);
        return;
      case "kill":
        this.deadAt = step.point;
        return;
      case "database":
        this.db.mode = step.mode;
        return;
      case "restart":
        this.outbox = undefined;
        return;
      case "upkeep":
        await this.alive((outbox) => outbox.upkeep(this.chain.head));
        return;
      case "submit": {
        const intent = intentOf(`k${String(step.key)}`, this.chain.head.number + step.validBlocks);
        await this.alive((outbox) => outbox.submit(intent, this.chain.head));
        return;
      }
      case "withdraw":
        await this.alive((outbox) => {
          outbox.withdraw([`k${String(step.key)}`]);
          return outbox.upkeep(this.chain.head);
        });
        return;
      case "batch": {
        this.batches += 1;
        const keys = Array.from({ length: BATCH }, (_, index) => `kb${String(this.batches)}-${String(index)}`);
        await this.alive((outbox) =>
          outbox.submitBatch(
            keys.map((key) => intentOf(key, undefined, { escalation: this.escalation })),
            this.chain.head,
          ),
        );
        return;
      }
    }
  }

  /** Due when half of the blocks to come are over. */
  private get escalation(): Escalation {
    return { mineBy: BigInt(this.chain.head.timestamp + DRAIN_BLOCKS), secondsPerAttempt: 6n };
  }

  /** Everything works again, for long enough. */
  async drain(): Promise<void> {
    this.db.mode = "well";
    this.chain.faults.length = 0;
    this.deadAt = undefined;
    this.outbox = undefined;
    for (let block = 0; block < DRAIN_BLOCKS; block += 1) {
      await this.alive((outbox) => outbox.upkeep(this.chain.head));
      this.chain.mine();
    }
  }

  /** One call of a process; a new process when the last one is dead. */
  private async alive(work: (outbox: EvmOutbox) => Promise<unknown>): Promise<void> {
    try {
      this.outbox ??= await this.process();
      await work(this.outbox);
    } catch (error) {
      if (error instanceof Killed) {
        this.kills += 1;
        this.outbox = undefined;
        return;
      }
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      if (!["RPC_UNREACHABLE", "DB_UNAVAILABLE"].includes(code)) throw error;
    }
  }

  private async process(): Promise<EvmOutbox> {
    await expireLeases(this.db);
    const { outbox } = await openOutbox(this.db, this.chain, {
      remote: this.remote,
      at: (point) => {
        if (point === "unwind.after-commit") this.unwound += 1;
        if (this.deadAt !== point) return;
        this.deadAt = undefined;
        throw new Killed(point);
      },
    });
    this.outbox = outbox;
    return outbox;
  }
}
