import { expect } from "chai";

import { describeWith, itWith } from "../../../../helpers/describeWith.js";
import { TEST_RPC_TIMEOUT_MS } from "../../../../helpers/limits.js";
import { SolanaRig, Killed, type RigProcess } from "../../../../helpers/solanaRig.js";
import { usePostgres, type TestDatabase } from "../../../../helpers/postgres.js";
import { codeOf } from "../../../../helpers/rejection.js";
import type { FaultPoint } from "../../../../../keepers/kit/outbox/faultPoints.js";
import { EFFECT_LAMPORTS, effectAddress } from "../../../../../scripts/bench/crash/solana/effect.js";
import { transferInstruction } from "../../../../../scripts/validator/instructions.js";

describeWith("ownCluster", "SolanaOutbox", () => {
  const postgres = usePostgres();
  let database: TestDatabase;
  let rig: SolanaRig;
  let keeper: RigProcess;

  before(async () => {
    database = await postgres.testDatabase();
  });
  beforeEach(async () => {
    rig = await SolanaRig.start(database.database);
    keeper = await rig.process();
  });
  afterEach(() => rig.stop());

  /** Until what happened now is final, and some slots more. */
  const runLong = (slots: number, process = keeper) => run(slots + rig.later, process);
  /** Runs the keeper for some slots, one upkeep each. */
  const run = async (slots: number, process = keeper) => {
    const settled = [];
    for (let slot = 0; slot < slots; slot += 1) {
      rig.advance(1);
      settled.push(...(await process.upkeep()));
    }
    return settled;
  };

  it("does what is asked once and tells it once, when it is confirmed", async () => {
    expect((await keeper.submit("a")).accepted).to.equal(true);
    expect(rig.times("a")).to.equal(1n);
    // LiteSVM confirms three blocks later here, surfpool with the next one.
    if (rig.later === 0) expect(await run(2)).to.deep.equal([]);
    const settled = await runLong(8);
    expect(settled.map(({ key, kind }) => [key, kind])).to.deep.equal([["a", "mined"]]);
    expect(await rig.row("a")).to.deep.equal({ state: "final", attempts: 1 });
    expect(await keeper.submit("a")).to.deep.equal({ accepted: false, refusal: "done" });
    expect(keeper.outbox.pending()).to.deep.equal([]);
  });

  it("SOL-5 stores bytes before it sends them, and sends only stored bytes", async () => {
    const stored: number[] = [];
    const elsewhere = database.connect();
    const look = async (bytes: string): Promise<void> => {
      const raw = Buffer.from(bytes.slice(2), "hex");
      stored.push((await elsewhere.query("select 1 from keeper_attempt where raw = $1", [raw])).length);
    };
    rig.faults.send = () => ({ kind: "drop" });
    keeper.beforeSend = look;
    keeper.dieAt = "submit.before-commit";
    expect(await keeper.submit("a").catch((error: unknown) => error instanceof Killed)).to.equal(true);
    expect(await rig.row("a")).to.equal(undefined);
    keeper = await rig.process();
    keeper.beforeSend = look;
    await keeper.submit("a");
    await run(5);
    rig.advance(160 + rig.later);
    await run(1);
    expect((await rig.row("a"))?.attempts).to.equal(2);
    expect(stored.length).to.be.greaterThan(3);
    expect(new Set(stored)).to.deep.equal(new Set([1]));
  });

  itWith(
    "liteSvm",
    "SOL-6 signs anew only after a finalized block above lastValidBlockHeight, never earlier",
    async () => {
      rig.faults.send = () => ({ kind: "drop" });
      await keeper.submit("a");
      const signedAt = (await rig.head()).blockHeight;
      rig.advance(135);
      for (;;) {
        await run(1);
        const head = await rig.head();
        const { attempts } = (await rig.row("a")) ?? { attempts: 0 };
        // The blockhash was one of the newest confirmed block, three below the open one.
        const lastValid = signedAt - 3n + 150n;
        expect(attempts).to.equal(head.finalizedHeight > lastValid ? 2 : 1);
        if (attempts === 2) break;
      }
      delete rig.faults.send;
      await runLong(10);
      expect(rig.times("a")).to.equal(1n);
      expect(await rig.row("a")).to.deep.equal({ state: "final", attempts: 2 });
    },
  );

  itWith("liteSvm", "SOL-6 finds bytes that were executed in the last block in which that is possible", async () => {
    // Everything sent is held back until the height that the node told has passed.
    let held = 0;
    rig.faults.send = () => (held++ === 0 ? { kind: "delay", slots: 148 } : { kind: "drop" });
    await keeper.submit("a");
    const lastValid = (await rig.head()).blockHeight - 3n + 150n;
    rig.advance(135);
    await runLong(12);
    expect(rig.times("a")).to.equal(0n);
    rig.advance(1);
    expect((await rig.head()).blockHeight).to.equal(lastValid + 1n);
    expect(rig.times("a")).to.equal(1n);
    await runLong(20);
    expect(rig.times("a")).to.equal(1n);
    expect(await rig.row("a")).to.deep.equal({ state: "final", attempts: 1 });
  });

  itWith(
    "liteSvm",
    "sends the same bytes again while they are not in a block, and after a fork that dropped them",
    async () => {
      let sends = 0;
      rig.faults.send = () => (++sends < 3 ? { kind: "drop" } : undefined);
      await keeper.submit("a");
      await run(6);
      expect(rig.times("a")).to.equal(1n);
      expect(await rig.row("a")).to.deep.equal({ state: "mined", attempts: 1 });
      await keeper.submit("b");
      await run(1);
      expect((await rig.row("b"))?.state).to.equal("mined");
      rig.cluster.fork(2, false);
      expect(rig.times("b")).to.equal(0n);
      await run(1);
      expect(keeper.log.names()).to.include("tx.unwound");
      await runLong(12);
      expect(rig.times("b")).to.equal(1n);
      expect(await rig.row("b")).to.deep.equal({ state: "final", attempts: 1 });
    },
  );

  it("asks a lost reply's signature for what became of it", async () => {
    rig.faults.send = () => ({ kind: "lose-reply" });
    await keeper.submit("a");
    await runLong(12);
    expect(rig.times("a")).to.equal(1n);
    expect(await rig.row("a")).to.deep.equal({ state: "final", attempts: 1 });
  });

  it("pays more only with bytes that replace expired ones, and never above the ceiling", async () => {
    rig.faults.send = () => ({ kind: "drop" });
    const head = await rig.head();
    await keeper.outbox.submit(rig.intent("a", { maxMicroLamportsPerUnit: 2_000n }), head);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      rig.advance(160 + rig.later);
      await keeper.upkeep();
    }
    const rows = await database.database.query<{ terms: string }>(
      `select terms ->> 'microLamportsPerUnit' as terms from keeper_attempt a join keeper_outbox o on o.id = a.outbox_id
       where chain_id = $1 order by ordinal`,
      [rig.chainId],
    );
    expect(rows.map(({ terms }) => terms)).to.deep.equal(["1000", "1500", "2000", "2000"]);
  });

  it("frees the key of an effect that came too late, when it can no longer happen", async () => {
    rig.faults.send = () => ({ kind: "drop" });
    const head = await rig.head();
    const late = rig.intent("a", { validUntilBlock: head.blockHeight + 5n });
    await keeper.outbox.submit(late, head);
    await runLong(10);
    expect(await keeper.submit("a")).to.deep.equal({ accepted: false, refusal: "in-flight" });
    rig.advance(160 + rig.later);
    expect((await keeper.upkeep()).map(({ kind }) => kind)).to.deep.equal(["cancelled"]);
    expect((await rig.row("a"))?.state).to.equal("cancelled");
    delete rig.faults.send;
    expect((await keeper.submit("a")).accepted).to.equal(true);
    await runLong(10);
    expect(rig.times("a")).to.equal(1n);
  });

  it("ends what the cluster executed and refused, and gives the key back", async () => {
    const head = await rig.head();
    const tooMuch = transferInstruction(rig.payer.address, effectAddress("a"), 10n ** 15n);
    await keeper.outbox.submit(rig.intent("a", { instructions: [tooMuch] }), head);
    const settled = await runLong(10);
    expect(settled.map(({ kind }) => kind)).to.deep.equal(["reverted"]);
    expect((await rig.row("a"))?.state).to.equal("reverted");
    expect((await keeper.submit("a")).accepted).to.equal(true);
  });

  it("SOL-7 does a batch in order, and nothing after the first failure", async () => {
    const keys = Array.from({ length: 13 }, (_, index) => `batch ${String(index)}`);
    let sends = 0;
    rig.faults.send = () => (++sends % 3 === 0 ? { kind: "drop" } : undefined);
    await keeper.submit(...keys);
    for (let slot = 0; slot < 200 && rig.times("batch 12") === 0n; slot += 1) {
      await run(1);
      const done = keys.map((key) => rig.times(key));
      expect(done.join("")).to.match(/^1*0*$/);
    }
    await runLong(10);
    expect(keys.map((key) => rig.times(key))).to.deep.equal(keys.map(() => 1n));

    delete rig.faults.send;
    const head = await rig.head();
    const bad = transferInstruction(rig.payer.address, effectAddress("y"), 10n ** 15n);
    const batch = [rig.intent("x"), rig.intent("y", { instructions: [bad] }), rig.intent("z")];
    await keeper.outbox.submitBatch(batch, head);
    const settled = await runLong(30);
    expect(settled.filter(({ key }) => "xyz".includes(key)).map(({ key, kind }) => `${key} ${kind}`)).to.deep.equal([
      "x mined",
      "y reverted",
      "z cancelled",
    ]);
    expect(rig.times("z")).to.equal(0n);
  });

  it("does two equal effects under two keys both, though their bytes could be the same", async () => {
    const instructions = [transferInstruction(rig.payer.address, effectAddress("twice"), EFFECT_LAMPORTS)];
    const first = await keeper.outbox.submit(rig.intent("one", { instructions }), await rig.head());
    const same = await keeper.outbox.submit(rig.intent("two", { instructions }), await rig.head());
    expect([first.accepted, same]).to.deep.equal([true, { accepted: false, refusal: "stale" }]);
    await run(1);
    expect((await keeper.outbox.submit(rig.intent("two", { instructions }), await rig.head())).accepted).to.equal(true);
    await runLong(10);
    expect(rig.times("twice")).to.equal(2n);
  });

  it("SOL-8 looks after everything in flight before it takes anything new", async () => {
    rig.faults.send = () => ({ kind: "drop" });
    await keeper.submit("old");
    const sent: string[] = [];
    rig.faults.send = (signature) => {
      sent.push(signature);
      return undefined;
    };
    keeper = await rig.process();
    const fresh = await keeper.submit("new");
    expect(sent.length).to.equal(2);
    expect(fresh.accepted && fresh.hash).to.equal(sent[1]);
    await runLong(10);
    expect([rig.times("old"), rig.times("new")]).to.deep.equal([1n, 1n]);
  });

  it("SOL-9 writes nothing once another process leads, and sends on what is stored", async () => {
    await keeper.submit("a");
    const usurper = await rig.process();
    expect(await keeper.submit("b")).to.deep.equal({ accepted: false, refusal: "not-leading" });
    expect(await rig.row("b")).to.equal(undefined);
    expect((await usurper.submit("b")).accepted).to.equal(true);
    await runLong(10, usurper);
    expect([rig.times("a"), rig.times("b")]).to.deep.equal([1n, 1n]);
  });

  it("SOL-9 an old leader that judged before it lost the lease adds no attempt", async () => {
    rig.faults.send = () => ({ kind: "drop" });
    await keeper.submit("a");
    rig.advance(160 + rig.later);
    const head = await rig.head();
    const usurper = await rig.process();
    delete rig.faults.send;
    await usurper.upkeep();
    expect((await rig.row("a"))?.attempts).to.equal(2);
    await keeper.outbox.upkeep(head);
    expect((await rig.row("a"))?.attempts).to.equal(2);
    await runLong(10, usurper);
    expect(rig.times("a")).to.equal(1n);
  });

  itWith("liteSvm", "SOL-10 believes no absence from a node that cannot know", async () => {
    await rig.stop();
    rig = await SolanaRig.start(database.database, { ledgerSlots: 100n });
    keeper = await rig.process();
    await keeper.submit("a");
    // The keeper was down for long: the node has forgotten the slot in which the effect happened.
    rig.advance(400);
    keeper = await rig.process();
    await keeper.upkeep();
    expect(keeper.log.names()).to.include("tx.unknowable");
    expect(await rig.row("a")).to.deep.equal({ state: "signed", attempts: 1 });
    expect(rig.times("a")).to.equal(1n);
  });

  it("refuses another cluster's node", async () => {
    const other = await SolanaRig.start(database.database);
    const wrong = await rig.process();
    // The same process, but the address leads to another cluster.
    Object.defineProperty(rig.client, "options", {
      value: { url: other.url, timeoutMs: TEST_RPC_TIMEOUT_MS, retries: 0 },
    });
    expect(await codeOf(wrong.upkeep())).to.equal("WRONG_GENESIS");
    await other.stop();
  });

  it("asks the policy in the same transaction, and signs nothing that it refuses", async () => {
    keeper = await rig.process({
      gate: { policyHash: "0x", authorize: () => Promise.resolve({ ok: false, check: "target", message: "no" }) },
    });
    expect(await keeper.submit("a")).to.deep.equal({ accepted: false, refusal: "policy" });
    expect(await rig.row("a")).to.equal(undefined);
  });

  const POINTS: readonly [FaultPoint, boolean][] = [
    ["submit.before-commit", false],
    ["submit.after-commit", false],
    ["submit.after-assign", true],
    ["submit.after-remote-signature", true],
    ["submit.before-commit", true],
    ["submit.after-commit", true],
    ["send.before", false],
    ["send.after-reply", false],
    ["send.after-without-reply", false],
    ["settle.before-commit", false],
    ["settle.after-commit", false],
    ["bump.before-commit", false],
    ["bump.after-commit", false],
    ["unwind.before-commit", false],
    ["unwind.after-commit", false],
  ];
  for (const [point, remote] of POINTS) {
    const need = point.startsWith("unwind") ? "liteSvm" : "ownCluster";
    itWith(need, `survives a death at ${point}${remote ? " with a remote signer" : ""}`, async () => {
      keeper = await rig.process({ remote });
      keeper.dieAt = point;
      const faults = rig.faults;
      if (point === "send.after-without-reply") faults.send = () => ({ kind: "lose-reply" });
      if (point.startsWith("bump")) faults.send = () => ({ kind: "drop" });
      let died = false;
      const live = async (work: () => Promise<unknown>): Promise<void> => {
        if (died) return;
        try {
          await work();
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
          died = true;
        }
      };
      await live(() => keeper.submit("a"));
      await live(() => run(1));
      if (point.startsWith("unwind")) rig.cluster.fork(2, false);
      if (point.startsWith("bump")) rig.advance(160 + rig.later);
      await live(() => run(1));
      expect(died).to.equal(true);
      delete faults.send;
      keeper = await rig.process({ remote });
      await keeper.upkeep();
      await keeper.submit("a");
      await runLong(12);
      expect(rig.times("a")).to.equal(1n);
      expect((await rig.row("a"))?.state).to.equal("final");
    });
  }
});
