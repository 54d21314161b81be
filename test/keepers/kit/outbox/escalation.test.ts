import { expect } from "chai";

import type { Database } from "../../../../db/database.js";
import type { EvmOutbox } from "../../../../keepers/kit/outbox/evmOutbox.js";
import { ModelChain } from "../../../helpers/modelChain.js";
import {
  CONFIRMATIONS,
  expireLeases,
  intentOf,
  openOutbox,
  OUTBOX_FEES,
  REPLACE_AFTER_BLOCKS,
} from "../../../helpers/outboxParts.js";
import { usePostgres } from "../../../helpers/postgres.js";

const GWEI = 10n ** 9n;
/** Blocks of the model are two seconds apart. */
const SECONDS_PER_ATTEMPT = BigInt(2 * REPLACE_AFTER_BLOCKS);
const HARD_CEILING = OUTBOX_FEES.maxFeePerGasWei;
/** Of effects: a replacement offers an eighth more. */
const CEILING = (HARD_CEILING * 8n) / 9n;
const FOREVER = 1_000_000;

describe("keepers/kit/outbox: deadlines", function () {
  this.timeout(60_000);
  const postgres = usePostgres();
  let db: Database;
  let chain: ModelChain;

  beforeEach(async () => {
    db = (await postgres.testDatabase()).database;
    chain = new ModelChain();
    // Nothing is mined before a test lowers it.
    chain.leastFeeWei = 10n ** 18n;
  });

  /** An effect that should be mined after so many attempts that are not. */
  const hurried = (key: string, attempts: bigint, ceilingWei = HARD_CEILING) =>
    intentOf(key, FOREVER, {
      maxFeePerGasWei: ceilingWei,
      escalation: {
        mineBy: BigInt(chain.head.timestamp) + attempts * SECONDS_PER_ATTEMPT,
        secondsPerAttempt: SECONDS_PER_ATTEMPT,
      },
    });

  /** What every attempt of a key has offered per gas, oldest first. */
  const offers = async (key: string): Promise<readonly bigint[]> => {
    const rows = await db.query<{ fee: string }>(
      `select a.terms ->> 'maxFeePerGasWei' as fee from keeper_attempt a join keeper_outbox o on o.id = a.outbox_id
       where o.effect_key = $1 order by a.ordinal`,
      [key],
    );
    return rows.map(({ fee }) => BigInt(fee));
  };

  const wait = async (outbox: EvmOutbox, attempts: number): Promise<void> => {
    for (let block = 0; block < attempts * REPLACE_AFTER_BLOCKS; block += 1) {
      chain.mine();
      await outbox.upkeep(chain.head);
    }
  };

  const states = async () =>
    Object.fromEntries(
      (await db.query<{ key: string; state: string }>("select effect_key as key, state from keeper_outbox")).map(
        ({ key, state }) => [key, state],
      ),
    );

  it("OUTBOX-10 climbs to the ceiling with the last attempt before the deadline, and never above it", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.submit(hurried("soon", 4n), chain.head);
    await wait(outbox, 6);
    const [first = 0n, ...later] = await offers("soon");
    expect(first).to.equal(3n * GWEI);
    expect(later).to.have.length(3);
    for (const [index, offer] of later.entries()) expect(offer > (later[index - 1] ?? first)).to.equal(true);
    expect(later.at(-1)).to.equal(CEILING);
    // At the ceiling the best attempt stays alive.
    chain.leastFeeWei = CEILING;
    chain.mine();
    expect((await outbox.upkeep(chain.head))[0]).to.include({ key: "soon", kind: "mined" });
  });

  it("OUTBOX-10 an effect's own ceiling holds, however late it is", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.submit(hurried("cheap", 0n, 20n * GWEI), chain.head);
    await wait(outbox, 3);
    expect(await offers("cheap")).to.deep.equal([3n * GWEI, 20n * GWEI]);
  });

  it("OUTBOX-10 a process that takes over hurries as much as the one before", async () => {
    const other = (await postgres.testDatabase()).database;
    const one = await openOutbox(db, chain);
    await one.outbox.submit(hurried("a", 5n), chain.head);
    const model = new ModelChain();
    model.leastFeeWei = chain.leastFeeWei;
    const undisturbed = await openOutbox(other, model);
    await undisturbed.outbox.submit(hurried("a", 5n), model.head);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await expireLeases(db);
      const { outbox } = await openOutbox(db, chain);
      await wait(outbox, 1);
      for (let block = 0; block < REPLACE_AFTER_BLOCKS; block += 1) {
        model.mine();
        await undisturbed.outbox.upkeep(model.head);
      }
    }
    const expected = await other.query<{ fee: string }>(
      "select terms ->> 'maxFeePerGasWei' as fee from keeper_attempt order by ordinal",
    );
    expect(await offers("a")).to.deep.equal(expected.map(({ fee }) => BigInt(fee)));
    expect((await offers("a")).at(-1)).to.equal(CEILING);
  });

  it("OUTBOX-10 a batch with a deadline rises together and lands in one block, and so does what stands before it", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.submit(intentOf("before"), chain.head);
    const keys = Array.from({ length: 5 }, (_, index) => `b${String(index)}`);
    await outbox.submitBatch(
      keys.map((key) => hurried(key, 3n)),
      chain.head,
    );
    await wait(outbox, 3);
    for (const key of ["before", ...keys]) expect((await offers(key)).at(-1), key).to.equal(CEILING);
    chain.leastFeeWei = CEILING;
    chain.mine();
    const settled = await outbox.upkeep(chain.head);
    expect(settled.map(({ key, kind }) => [key, kind])).to.deep.equal(["before", ...keys].map((key) => [key, "mined"]));
    expect(new Set(settled.map(({ block }) => block)).size).to.equal(1);
  });

  it("OUTBOX-10 without a deadline only the lowest nonce is replaced, by the least that nodes accept", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.submitBatch([intentOf("a"), intentOf("b")], chain.head);
    await wait(outbox, 2);
    expect(await offers("a")).to.deep.equal([3n * GWEI, (27n * GWEI) / 8n, (243n * GWEI + 63n) / 64n]);
    expect(await offers("b")).to.deep.equal([3n * GWEI]);
  });

  it("OUTBOX-11 what is not wanted any more is replaced by nothing at once, and its key is free when that is final", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.submitBatch([hurried("a", 9n), hurried("b", 9n), hurried("c", 9n)], chain.head);
    outbox.withdraw(["b", "of-nobody"]);
    await outbox.upkeep(chain.head);
    expect(outbox.pending().map(({ hashes }) => hashes.length)).to.deep.equal([1, 2, 1]);
    chain.leastFeeWei = 0n;
    for (let block = 0; block <= CONFIRMATIONS; block += 1) {
      chain.mine();
      await outbox.upkeep(chain.head);
    }
    expect(await states()).to.deep.equal({ a: "final", b: "cancelled", c: "final" });
    expect(chain.executed).to.deep.equal(["a", "c"].map((key) => intentOf(key).data));
    expect(await outbox.submit(hurried("b", 9n), chain.head)).to.include({ accepted: true, nonce: 3 });
    await outbox.upkeep(chain.head);
    expect(outbox.pending()[0]?.hashes, "wanted again").to.have.length(1);
  });

  it("OUTBOX-11 what is not wanted any more hurries only for what stands behind it", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.submitBatch([intentOf("a"), hurried("b", 2n)], chain.head);
    outbox.withdraw(["b"]);
    await wait(outbox, 4);
    for (const key of ["a", "b"]) expect(((await offers(key)).at(-1) ?? CEILING) < CEILING, key).to.equal(true);
    await outbox.submit(hurried("c", 0n), chain.head);
    await wait(outbox, 1);
    for (const key of ["a", "c"]) expect((await offers(key)).at(-1), key).to.equal(CEILING);
    expect((await offers("b")).at(-1)).to.equal(HARD_CEILING);
  });

  it("OUTBOX-11 what has risen to its ceiling is taken back like anything else", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.submit(hurried("a", 0n), chain.head);
    await wait(outbox, 2);
    expect((await offers("a")).at(-1)).to.equal(CEILING);
    outbox.withdraw(["a"]);
    await outbox.upkeep(chain.head);
    expect((await offers("a")).at(-1)).to.equal(HARD_CEILING);
    chain.leastFeeWei = HARD_CEILING;
    for (let block = 0; block <= CONFIRMATIONS; block += 1) {
      chain.mine();
      await outbox.upkeep(chain.head);
    }
    expect(await states()).to.deep.equal({ a: "cancelled" });
    expect(chain.executed).to.deep.equal([]);
  });

  it("OUTBOX-11 when the withdrawn effect was quicker it is told as done", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.submit(intentOf("a"), chain.head);
    chain.leastFeeWei = 0n;
    chain.mine();
    outbox.withdraw(["a"]);
    expect((await outbox.upkeep(chain.head))[0]).to.include({ key: "a", kind: "mined" });
    expect(chain.executed).to.deep.equal([intentOf("a").data]);
  });
});
