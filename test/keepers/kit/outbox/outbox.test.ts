import { expect } from "chai";

import type { Database } from "../../../../db/database.js";
import { killSigner, reviveSigner } from "../../../../db/queries/outbox/signer.js";
import type { AtFaultPoint } from "../../../../keepers/kit/outbox/faultPoints.js";
import { encodeIntended, type EncodeAction } from "../../../../keepers/kit/policy/action.js";
import type { SigningGuard } from "../../../../keepers/kit/policy/guard.js";
import { refuse, type PolicyRefusal } from "../../../../keepers/kit/policy/types.js";
import { RetryableError } from "../../../../protocol/errors.js";
import { canonicalJson } from "../../../../keepers/kit/policy/canonical.js";
import { ModelChain } from "../../../helpers/modelChain.js";
import {
  CONFIRMATIONS,
  expireLeases,
  intentOf,
  openOutbox,
  OUTBOX_SIGNER,
  REPLACE_AFTER_BLOCKS,
} from "../../../helpers/outboxParts.js";
import { openGate } from "../../../helpers/openGate.js";
import { usePostgres } from "../../../helpers/postgres.js";
import { FailingDatabase } from "../../../helpers/failingDatabase.js";

describe("keepers/kit/outbox", () => {
  const postgres = usePostgres();
  let db: Database;
  let chain: ModelChain;

  const fresh = async () => (await postgres.testDatabase()).database;
  beforeEach(async () => {
    db = await fresh();
    chain = new ModelChain();
  });

  const dataOf = (key: string) => intentOf(key).data;
  const states = async () =>
    Object.fromEntries(
      (await db.query<{ key: string; state: string }>("select effect_key as key, state from keeper_outbox")).map(
        ({ key, state }) => [key, state],
      ),
    );

  it("OUTBOX-1 has stored the bytes before anybody sees them", async () => {
    const seen: number[] = [];
    const { outbox } = await openOutbox(db, chain, {
      at: async (point) => {
        if (point !== "send.before") return;
        const [row] = await db.query<{ count: number }>("select count(*)::integer as count from keeper_attempt");
        seen.push(row?.count ?? 0);
      },
    });
    await outbox.submit(intentOf("a"), chain.head);
    expect(seen).to.deep.equal([1]);
    expect(await states()).to.deep.equal({ a: "signed" });
  });

  it("does an effect once, tells it once, and calls it final when it is deep enough", async () => {
    const { outbox } = await openOutbox(db, chain);
    expect(await outbox.submit(intentOf("a"), chain.head)).to.include({ accepted: true, nonce: 0, broadcast: true });
    expect(outbox.pending()).to.have.length(1);
    chain.mine();
    const [settled, ...others] = await outbox.upkeep(chain.head);
    expect(settled).to.include({ key: "a", kind: "mined", nonce: 0, block: 1 });
    expect(others).to.deep.equal([]);
    expect(outbox.pending()).to.deep.equal([]);
    for (let block = 0; block < CONFIRMATIONS; block += 1) {
      expect(await states()).to.deep.equal({ a: "mined" });
      chain.mine();
      expect(await outbox.upkeep(chain.head)).to.deep.equal([]);
    }
    expect(await states()).to.deep.equal({ a: "final" });
    expect(chain.executed).to.deep.equal([dataOf("a")]);
  });

  it("RPC-9 settles each effect as deep as its own value asks", async () => {
    const { outbox } = await openOutbox(db, chain, { confirmations: ({ key }) => (key === "small" ? 1 : 4) });
    await outbox.submitBatch([intentOf("small"), intentOf("large")], chain.head);
    const ends: string[] = [];
    for (let block = 0; block < 5; block += 1) {
      chain.mine();
      await outbox.upkeep(chain.head);
      ends.push(
        Object.entries(await states())
          .flatMap(([key, state]) => (state === "final" ? [key] : []))
          .sort()
          .join(),
      );
    }
    expect(ends).to.deep.equal(["", "small", "small", "small", "large,small"]);
  });

  it("OUTBOX-5 refuses a key that is open or done, and takes it again after it was cancelled", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.submit(intentOf("a", 2), chain.head);
    expect(await outbox.submit(intentOf("a"), chain.head)).to.deep.equal({ accepted: false, refusal: "in-flight" });
    chain.forget();
    for (let block = 0; block < 4; block += 1) {
      chain.mine();
      await outbox.upkeep(chain.head);
    }
    // Mined, but not deep enough: the chain could still take it back.
    expect(await outbox.submit(intentOf("a"), chain.head)).to.deep.equal({ accepted: false, refusal: "in-flight" });
    for (let block = 0; block < CONFIRMATIONS; block += 1) {
      chain.mine();
      await outbox.upkeep(chain.head);
    }
    expect(await states()).to.deep.equal({ a: "cancelled" });
    expect(chain.executed).to.deep.equal([]);
    expect(await outbox.submit(intentOf("a"), chain.head)).to.include({ accepted: true, nonce: 1 });
    for (let block = 0; block <= CONFIRMATIONS; block += 1) {
      chain.mine();
      await outbox.upkeep(chain.head);
    }
    expect(await outbox.submit(intentOf("a"), chain.head)).to.deep.equal({ accepted: false, refusal: "done" });
    expect(chain.executed).to.deep.equal([dataOf("a")]);
  });

  it("OUTBOX-7 gives a batch consecutive nonces, or nothing of it happens", async () => {
    const { outbox } = await openOutbox(db, chain, { window: 14 });
    const batch = Array.from({ length: 13 }, (_, index) => intentOf(`b${String(index)}`));
    expect(await outbox.submitBatch(batch, chain.head)).to.include({ accepted: true, nonce: 0 });
    expect(outbox.pending().map(({ nonce }) => nonce)).to.deep.equal(batch.map((_, index) => index));
    const second = [intentOf("c"), intentOf("b3")];
    expect(await outbox.submitBatch([intentOf("c"), intentOf("d")], chain.head)).to.include({ refusal: "window" });
    chain.mine();
    await outbox.upkeep(chain.head);
    expect(chain.executed).to.deep.equal(batch.map(({ data }) => data));
    expect(await outbox.submitBatch(second, chain.head)).to.include({ accepted: false });
    expect(await states()).to.not.have.any.keys("c");
    expect(await outbox.submit(intentOf("c"), chain.head)).to.include({ accepted: true, nonce: 13 });
  });

  it("replaces by blocks, at least 12.5 % dearer, and settles by any hash it ever issued", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.submit(intentOf("a"), chain.head);
    const first = outbox.pending()[0]?.hashes[0] ?? "";
    // The node keeps the first bytes, and its replacement is lost on the way.
    for (let block = 0; block < REPLACE_AFTER_BLOCKS; block += 1) {
      chain.forget();
      chain.mine();
    }
    await outbox.upkeep(chain.head);
    expect(outbox.pending()[0]?.hashes).to.have.length(2);
    const fees = await db.query<{ fee: string }>(
      "select terms ->> 'maxFeePerGasWei' as fee from keeper_attempt order by ordinal",
    );
    const [before = 0n, after = 0n] = fees.map(({ fee }) => BigInt(fee));
    expect(after * 8n >= before * 9n).to.equal(true);
    const raw = await db.query<{ raw: Buffer }>("select raw from keeper_attempt where hash = $1", [first]);
    chain.forget();
    await chain.request("eth_sendRawTransaction", [`0x${raw[0]?.raw.toString("hex") ?? ""}`]);
    chain.mine();
    expect((await outbox.upkeep(chain.head))[0]).to.include({ kind: "mined", hash: first });
  });

  it("OUTBOX-9 sends everything again, not the lowest nonce alone, when a node has forgotten what it took", async () => {
    const { outbox } = await openOutbox(db, chain, { window: 14 });
    const batch = Array.from({ length: 8 }, (_, index) => intentOf(`b${String(index)}`));
    await outbox.submitBatch(batch, chain.head);
    chain.forget();
    for (let block = 0; block < REPLACE_AFTER_BLOCKS; block += 1) {
      chain.mine();
      await outbox.upkeep(chain.head);
    }
    chain.mine();
    expect(chain.executed).to.deep.equal(batch.map(({ data }) => data));
  });

  it("OUTBOX-9 sends everything again at once, when a block was replaced", async () => {
    const { outbox } = await openOutbox(db, chain, { window: 14 });
    await outbox.submit(intentOf("a"), chain.head);
    chain.mine();
    await outbox.upkeep(chain.head);
    const batch = ["b", "c", "d"].map((key) => intentOf(key));
    await outbox.submitBatch(batch, chain.head);
    chain.reorg(1);
    chain.forget();
    await outbox.upkeep(chain.head);
    chain.mine();
    expect(chain.executed).to.deep.equal([dataOf("a"), ...batch.map(({ data }) => data)]);
  });

  it("brings back what a reorganisation took, with the same bytes, also long after it counted as final", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.submit(intentOf("a"), chain.head);
    const [hash] = outbox.pending()[0]?.hashes ?? [];
    chain.mine();
    await outbox.upkeep(chain.head);
    chain.reorg(1);
    expect(chain.executed).to.deep.equal([]);
    await outbox.upkeep(chain.head);
    expect(await states()).to.deep.equal({ a: "signed" });
    chain.mine();
    await outbox.upkeep(chain.head);
    for (let block = 0; block <= CONFIRMATIONS; block += 1) {
      chain.mine();
      await outbox.upkeep(chain.head);
    }
    expect(await states()).to.deep.equal({ a: "final" });
    chain.reorg(CONFIRMATIONS + 5);
    expect(chain.executed).to.deep.equal([]);
    await expireLeases(db);
    const next = await openOutbox(db, chain);
    await next.outbox.upkeep(chain.head);
    expect(next.outbox.pending()[0]?.hashes).to.deep.equal([hash]);
    chain.mine();
    expect(chain.executed).to.deep.equal([dataOf("a")]);
  });

  it("OUTBOX-6 signs nothing more once somebody else has used the key, in any process, until a person says so", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.submit(intentOf("a"), chain.head);
    chain.forget();
    // Another program with the same key takes the nonce.
    const other = await openOutbox(await fresh(), chain);
    await other.outbox.submit(intentOf("theirs"), chain.head);
    const kinds: string[] = [];
    for (let block = 0; block < 3; block += 1) {
      chain.mine();
      kinds.push(...(await outbox.upkeep(chain.head)).map(({ kind }) => kind));
    }
    expect(kinds).to.deep.equal(["foreign"]);
    expect(await outbox.submit(intentOf("b"), chain.head)).to.deep.equal({ accepted: false, refusal: "foreign-nonce" });
    await expireLeases(db);
    const next = await openOutbox(db, chain);
    expect(await next.outbox.submit(intentOf("b"), chain.head)).to.include({ refusal: "foreign-nonce" });
    await reviveSigner(db, "138", next.outbox.sender, BigInt(chain.used));
    expect(await next.outbox.submit(intentOf("b"), chain.head)).to.include({ accepted: true, nonce: 1 });
  });

  it("OUTBOX-6 replaces nothing either once the account is killed, and goes on sending what it has", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.submit(intentOf("a"), chain.head);
    await killSigner(db, "138", outbox.sender, "a test");
    for (let block = 0; block <= REPLACE_AFTER_BLOCKS; block += 1) {
      chain.forget();
      chain.mine();
      await outbox.upkeep(chain.head);
    }
    expect(outbox.pending()[0]?.hashes).to.have.length(1);
    chain.mine();
    expect(chain.executed).to.deep.equal([dataOf("a")]);
  });

  it("signs nothing new while a hole in the nonces cannot be filled", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.upkeep(chain.head);
    await db.query("UPDATE keeper_signer SET next_nonce = 1");
    await expireLeases(db);
    const next = await openOutbox(db, chain);
    const dear = { ...chain.head, nextBaseFeeWei: 10n ** 12n };
    expect(await next.outbox.upkeep(dear)).to.deep.equal([]);
    const intent = { ...intentOf("a"), maxFeePerGasWei: 10n ** 13n };
    expect(await next.outbox.submit(intent, dear)).to.deep.equal({ accepted: false, refusal: "fee-ceiling" });
    expect(await next.outbox.submit(intentOf("a"), chain.head)).to.include({ accepted: true, nonce: 1 });
    await next.outbox.upkeep(chain.head);
    chain.mine();
    expect(chain.used).to.equal(2);
  });

  it("OUTBOX-6 finds a foreign nonce at its start, before it signs", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.upkeep(chain.head);
    const other = await openOutbox(await fresh(), chain);
    await other.outbox.submit(intentOf("theirs"), chain.head);
    chain.mine();
    await expireLeases(db);
    const next = await openOutbox(db, chain);
    expect(await next.outbox.submit(intentOf("a"), chain.head)).to.include({ refusal: "foreign-nonce" });
  });

  it("refuses to work on another chain that carries the same id", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.upkeep(chain.head);
    await db.query("update keeper_signer set genesis_hash = '0xother'");
    await expireLeases(db);
    const next = await openOutbox(db, chain);
    const failure = await next.outbox.upkeep(chain.head).catch((error: unknown) => error);
    expect(failure).to.have.property("code", "WRONG_GENESIS");
  });

  it("OUTBOX-4 writes nothing under a lease that has moved on", async () => {
    const old = await openOutbox(db, chain);
    await old.outbox.submit(intentOf("a"), chain.head);
    await expireLeases(db);
    const next = await openOutbox(db, chain);
    expect(old.lease.held, "it does not know yet").to.not.equal(undefined);
    expect(await old.outbox.submit(intentOf("b"), chain.head)).to.deep.equal({
      accepted: false,
      refusal: "not-leading",
    });
    expect(old.lease.claimed).to.equal(false);
    expect(await old.outbox.upkeep(chain.head)).to.deep.equal([]);
    expect(await next.outbox.submit(intentOf("b"), chain.head)).to.include({ accepted: true, nonce: 1 });
    expect(next.outbox.pending().map(({ key }) => key)).to.deep.equal(["a", "b"]);
  });

  it("takes nothing that the policy refuses, and keeps nothing of it", async () => {
    const gate = openGate({ authorize: () => Promise.resolve({ ok: false, check: "amount", message: "too much" }) });
    const { outbox } = await openOutbox(db, chain, { gate });
    expect(await outbox.submit(intentOf("a"), chain.head)).to.deep.equal({ accepted: false, refusal: "policy" });
    expect(await states()).to.deep.equal({});
    const [signer] = await db.query<{ next: bigint }>("select next_nonce as next from keeper_signer");
    expect(signer?.next).to.equal(0n);
  });

  it("SIGN-21 asks the guard before every signature but that of a no-op, and signs nothing against it", async () => {
    const asked: string[] = [];
    let answer: PolicyRefusal | undefined | RetryableError = refuse("price", "set by the test");
    const guard: SigningGuard = ({ key }) => {
      asked.push(key);
      return answer instanceof RetryableError ? Promise.reject(answer) : Promise.resolve(answer);
    };
    const { outbox } = await openOutbox(db, chain, { guard });
    expect(await outbox.submit(intentOf("a"), chain.head)).to.deep.equal({ accepted: false, refusal: "policy" });
    expect(await states()).to.deep.equal({});
    answer = new RetryableError("NO_QUORUM", "set by the test");
    expect(await outbox.submit(intentOf("a"), chain.head).catch((error: unknown) => error)).to.equal(answer);
    answer = undefined;
    await outbox.submit(intentOf("a", chain.head.number + REPLACE_AFTER_BLOCKS + 2), chain.head);
    expect(asked).to.deep.equal(["a", "a", "a"]);
    const wait = async (blocks: number): Promise<number | undefined> => {
      for (let block = 0; block < blocks; block += 1) {
        chain.forget();
        chain.mine();
      }
      await outbox.upkeep(chain.head);
      return outbox.pending()[0]?.hashes.length;
    };
    // Better paid bytes are new bytes; what was sent is sent on.
    answer = refuse("price", "set by the test");
    expect(await wait(REPLACE_AFTER_BLOCKS)).to.equal(1);
    answer = new RetryableError("NO_QUORUM", "set by the test");
    expect(await wait(1)).to.equal(1);
    // What came too late is replaced by nothing, whatever the guard would say.
    expect(asked).to.have.length(5);
    expect(await wait(1)).to.equal(2);
    expect(asked).to.have.length(5);
  });

  it("takes nothing new while it is paused, and goes on with what is in flight", async () => {
    let paused = false;
    const { outbox } = await openOutbox(db, chain, {
      stop: (_, what) => Promise.resolve(paused && what === "new" ? "paused" : undefined),
    });
    await outbox.submit(intentOf("a"), chain.head);
    paused = true;
    expect(await outbox.submit(intentOf("b"), chain.head)).to.deep.equal({ accepted: false, refusal: "paused" });
    for (let block = 0; block < REPLACE_AFTER_BLOCKS; block += 1) {
      chain.forget();
      chain.mine();
    }
    await outbox.upkeep(chain.head);
    expect(outbox.pending()[0]?.hashes).to.have.length(2);
  });

  it("goes on watching and sending what it knows while the database is gone, and signs nothing", async () => {
    const failing = new FailingDatabase(db);
    const { outbox } = await openOutbox(failing, chain);
    await outbox.submit(intentOf("a"), chain.head);
    chain.forget();
    failing.mode = "gone";
    const failure = await outbox.submit(intentOf("b"), chain.head).catch((error: unknown) => error);
    expect(failure).to.have.property("code", "DB_UNAVAILABLE");
    for (let block = 0; block < REPLACE_AFTER_BLOCKS; block += 1) {
      chain.mine();
      await outbox.upkeep(chain.head);
    }
    expect(outbox.pending()[0]?.hashes, "no new bytes").to.have.length(1);
    chain.mine();
    await outbox.upkeep(chain.head);
    expect(chain.executed, "the stored bytes were sent again").to.deep.equal([dataOf("a")]);
    failing.mode = "well";
    await outbox.upkeep(chain.head);
    expect(await states()).to.deep.equal({ a: "mined" });
    expect(await outbox.submit(intentOf("b"), chain.head)).to.include({ accepted: true, nonce: 1 });
  });

  it("signs again what a remote signer was about to sign when the process died, at the same nonce", async () => {
    const died = new Error("killed");
    const { outbox } = await openOutbox(db, chain, {
      remote: true,
      at: (point) => {
        if (point === "submit.after-remote-signature") throw died;
      },
    });
    expect(await outbox.submit(intentOf("a"), chain.head).catch((error: unknown) => error)).to.equal(died);
    expect(await states()).to.deep.equal({ a: "assigned" });
    await expireLeases(db);
    const next = await openOutbox(db, chain, { remote: true });
    await next.outbox.upkeep(chain.head);
    chain.mine();
    expect(chain.executed).to.deep.equal([dataOf("a")]);
    expect(await states()).to.deep.equal({ a: "signed" });
  });

  it("SIGN-20 signs after a crash the bytes of the stored action, and nothing when somebody has changed row or action", async () => {
    const wanted = intentOf("a");
    const action = { name: "send", args: { note: "a", amount: 2n ** 200n } };
    const encode: EncodeAction = (asked) => (canonicalJson(asked) === canonicalJson(action) ? wanted : undefined);
    const died = new Error("killed");
    const gate = openGate({ encode: (intended) => encodeIntended(encode, OUTBOX_SIGNER, intended) });
    const open = (at?: AtFaultPoint) =>
      openOutbox(db, chain, { remote: true, gate, ...(at === undefined ? {} : { at }) });
    const { outbox } = await open((point) => {
      if (point === "submit.after-remote-signature") throw died;
    });
    const submitted = outbox.submit({ ...wanted, action }, chain.head);
    expect(await submitted.catch((error: unknown) => error)).to.equal(died);
    const changes = [
      `UPDATE keeper_outbox SET intent = jsonb_set(intent, '{data}', '"0x00"')`,
      `UPDATE keeper_outbox SET intent = jsonb_set(intent, '{to}', '"${OUTBOX_SIGNER}"')`,
      `UPDATE keeper_outbox SET action = jsonb_set(action, '{args,amount}', '"int:1"')`,
      `UPDATE keeper_outbox SET action = jsonb_set(action, '{name}', '"no-op"')`,
      `UPDATE keeper_outbox SET action = NULL`,
    ];
    const [kept] = await db.query<{ intent: string; action: string }>("SELECT intent, action FROM keeper_outbox");
    for (const change of changes) {
      await db.query(change);
      await expireLeases(db);
      const next = await open();
      await next.outbox.upkeep(chain.head);
      expect(await states(), change).to.deep.equal({ a: "assigned" });
      await db.query("UPDATE keeper_outbox SET intent = $1, action = $2", [kept?.intent ?? "", kept?.action ?? ""]);
    }
    await expireLeases(db);
    const next = await open();
    await next.outbox.upkeep(chain.head);
    chain.mine();
    expect(chain.executed).to.deep.equal([dataOf("a")]);
  });

  it("fills a nonce that nothing of ours uses with a transaction that does nothing", async () => {
    const { outbox } = await openOutbox(db, chain);
    await outbox.upkeep(chain.head);
    await db.query("update keeper_signer set next_nonce = 2");
    await expireLeases(db);
    const next = await openOutbox(db, chain);
    await next.outbox.submit(intentOf("a"), chain.head);
    await next.outbox.upkeep(chain.head);
    chain.mine();
    expect(chain.used).to.equal(3);
    expect(chain.executed).to.deep.equal([dataOf("a")]);
  });
});
