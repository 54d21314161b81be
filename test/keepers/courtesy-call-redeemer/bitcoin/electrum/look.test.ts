import { expect } from "chai";

import { lookAtBitcoin } from "../../../../../keepers/courtesy-call-redeemer/bitcoin/electrum/look.js";
import { chainOf, scripthashOf } from "../../../../../keepers/courtesy-call-redeemer/bitcoin/electrum/claim.js";
import type { PaymentSight } from "../../../../../keepers/courtesy-call-redeemer/bitcoin/facts.js";
import { hasWork, parseHeader } from "../../../../../keepers/courtesy-call-redeemer/bitcoin/header.js";
import { redemptionProof } from "../../../../../keepers/courtesy-call-redeemer/bitcoin/proof.js";
import { signedChild, planChild } from "../../../../../keepers/courtesy-call-redeemer/bitcoin/child.js";
import { mineHeader, rawTransaction } from "../../../../../scripts/tbtc/bitcoin.js";
import type { Question } from "../../../../../scripts/tbtc/electrum/server.js";
import { type BitcoinRig, createBitcoinRig, LEAVE_OUT_MS } from "../../../../helpers/bitcoinRig.js";
import { codeOf } from "../../../../helpers/rejection.js";
import { keySigner } from "../../../../helpers/psbtSigner.js";
import {
  factsOf,
  FEE_SAT,
  FUNDING,
  OWNER_KEY,
  paymentOf,
  requestOf,
  signatureOf,
} from "../../../../helpers/redemptionSample.js";

const GENESIS =
  "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";
const FIRST = paymentOf(requestOf(FEE_SAT));
const SECOND = paymentOf(requestOf(2n * FEE_SAT));
const FACTS = factsOf(0n);
const BOTH = [requestOf(FEE_SAT), requestOf(2n * FEE_SAT)];
const BUMPED = factsOf(0n, {
  requests: BOTH,
  depositSignatures: new Map(BOTH.map((one) => [one.digest, signatureOf(one)])),
});

type Lie = (rig: BitcoinRig) => (question: Question, result: unknown) => unknown;

const on =
  (method: string, change: (result: never, params: readonly unknown[]) => unknown): Lie =>
  () =>
  (question, result) =>
    question.method === method ? change(result as never, question.params) : result;

const flipped = (hex: string): string => (hex.startsWith("00") ? "01" : "00") + hex.slice(2);
/** A header like it, without work. */
function idle(hex: string): string {
  for (let nonce = 0; ; nonce += 1) {
    const raw = hex.slice(0, 152) + nonce.toString(16).padStart(8, "0");
    if (!hasWork(parseHeader(`0x${raw}`))) return raw;
  }
}

/** What a server can lie about a payment in a block, and what it is then called. */
const LIES: Readonly<Record<string, readonly [Lie, string]>> = {
  "a node of the merkle path": [
    on("blockchain.transaction.get_merkle", (path: { merkle: string[] }) => ({
      ...path,
      merkle: path.merkle.map(flipped),
    })),
    "BTC_SERVER_MERKLE_FALSE",
  ],
  "the place in the block": [
    on("blockchain.transaction.get_merkle", (path: { pos: number }) => ({ ...path, pos: path.pos ^ 1 })),
    "BTC_SERVER_MERKLE_FALSE",
  ],
  "the block, by naming one that is deeper": [
    on("blockchain.scripthash.get_history", (list: { tx_hash: string; height: number }[]) =>
      list.map((entry) => (entry.tx_hash === FIRST.txid ? { ...entry, height: entry.height - 1 } : entry)),
    ),
    "BTC_SERVER_REFUSED",
  ],
  "the height that a path is for": [
    on("blockchain.transaction.get_merkle", (path: { block_height: number }) => ({
      ...path,
      block_height: path.block_height - 1,
    })),
    "BTC_SERVER_HEIGHT_FALSE",
  ],
  "its tip, which is not there": [
    on("blockchain.headers.subscribe", (tip: { height: number }) => ({ ...tip, height: tip.height + 5 })),
    "BTC_SERVER_HEIGHT_FALSE",
  ],
  "its tip, which is not the last of its headers": [
    (rig) => (question, result) =>
      question.method === "blockchain.headers.subscribe"
        ? { height: rig.chain.height, hex: rig.chain.block(1)?.header.slice(2) }
        : result,
    "BTC_SERVER_HEIGHT_FALSE",
  ],
  "the order of headers": [
    on("blockchain.block.headers", (chunk: { hex: string }) => ({
      ...chunk,
      hex: chunk.hex.slice(0, 160) + (chunk.hex.slice(160).match(/.{160}/g) ?? []).reverse().join(""),
    })),
    "BTC_SERVER_HEADERS_UNLINKED",
  ],
  "a header with a link of its own": [
    on("blockchain.block.headers", (chunk: { hex: string }) => ({
      ...chunk,
      hex:
        chunk.hex.slice(0, -160) + mineHeader(`0x${"ab".repeat(32)}`, `0x${"cd".repeat(32)}`, 1_700_000_000).slice(2),
    })),
    "BTC_SERVER_HEADERS_UNLINKED",
  ],
  "the work in its tip": [
    on("blockchain.headers.subscribe", (tip: { hex: string }) => ({ ...tip, hex: idle(tip.hex) })),
    "BTC_SERVER_WORK_MISSING",
  ],
  "the form of a header": [
    on("blockchain.block.headers", (chunk: { hex: string }) => ({ ...chunk, hex: `${chunk.hex}00` })),
    "BTC_SERVER_MALFORMED",
  ],
  "the length of its headers": [
    on("blockchain.block.headers", (chunk: { hex: string }) => ({ ...chunk, hex: "0".repeat(8_000_000) })),
    "BTC_SERVER_MALFORMED",
  ],
  "the payment, which it hides": [
    on("blockchain.scripthash.get_history", (list: { tx_hash: string }[]) =>
      list.filter((entry) => entry.tx_hash !== FIRST.txid),
    ),
    "BTC_SERVER_HISTORY_FALSE",
  ],
  "the payment, which it says is in no block": [
    on("blockchain.scripthash.get_history", (list: { tx_hash: string }[]) =>
      list.map((entry) => (entry.tx_hash === FIRST.txid ? { ...entry, height: 0 } : entry)),
    ),
    "BTC_SERVER_HISTORY_FALSE",
  ],
};

describe("courtesy-call-redeemer/bitcoin/electrum/look", () => {
  let rig: BitcoinRig;
  afterEach(() => rig.close());

  async function start(count = 3, agreeing = 2): Promise<void> {
    rig = await createBitcoinRig(count, { agreeing });
    rig.chain.mine(1, { place: [rawTransaction(FUNDING)] });
  }
  const sight = async (facts = FACTS): Promise<PaymentSight> => (await lookAtBitcoin(rig.servers, facts)).payment;
  const lie = (at: number, make: Lie): void => {
    const remote = rig.remote[at];
    if (remote !== undefined) remote.faults.alter = make(rig);
  };

  it("BTC-12 sees a payment come: nowhere, in some mempools, in all, in a block, provable", async () => {
    await start();
    expect(await sight()).to.deep.equal({ kind: "unseen" });
    // One server has another mempool.
    const alone = rig.chain.fork();
    alone.mempool.submit(FIRST.raw);
    rig.remote[0]?.follow(alone);
    expect(await sight()).to.deep.equal({ kind: "mempool", txid: FIRST.txid, child: undefined, isPartial: true });
    rig.remote[0]?.follow(rig.chain);
    expect(await rig.servers.broadcast(FIRST.raw)).to.deep.include({ refused: [] });
    expect(await sight()).to.deep.equal({ kind: "mempool", txid: FIRST.txid, child: undefined, isPartial: false });
    for (let depth = 1; depth <= 6; depth += 1) {
      rig.chain.mine();
      const seen = await sight();
      if (seen.kind !== "confirmed") throw new Error(seen.kind);
      expect([seen.height, seen.headers.length]).to.deep.equal([2, depth]);
      expect(redemptionProof(FIRST, seen.path, seen.headers, FACTS.relay).ok).to.equal(depth === 6);
    }
    expect(rig.codes()).to.deep.equal([undefined, undefined, undefined]);
  });

  for (const [what, [make, code]] of Object.entries(LIES)) {
    it(`BTC-12 finds out who lies about ${what}, and goes on without it`, async () => {
      await start();
      rig.chain.mempool.submit(FIRST.raw);
      rig.chain.mine(4);
      const honest = await sight();
      lie(1, make);
      expect(await sight()).to.deep.equal(honest);
      expect(rig.codes()).to.deep.equal([undefined, code, undefined]);
      if (code === "BTC_SERVER_REFUSED") return;
      // Left out: not asked again before its time is over, and heard again after that.
      rig.remote[1]?.asked.splice(0);
      await sight();
      expect(rig.remote[1]?.asked).to.deep.equal([]);
      if (rig.remote[1] !== undefined) rig.remote[1].faults = {};
      rig.clock.ms += LEAVE_OUT_MS;
      expect(await sight()).to.deep.equal(honest);
      expect(rig.codes()).to.deep.equal([undefined, undefined, undefined]);
    });

    it(`BTC-12 of two servers of which one lies about ${what}, nothing is believed`, async () => {
      await start(2);
      rig.chain.mempool.submit(FIRST.raw);
      rig.chain.mine(4);
      lie(0, make);
      expect((await sight()).kind).to.equal("unknown");
    });
  }

  it("BTC-12 finds a transaction that is not the one that was asked for", async () => {
    await start();
    const stranger = paymentOf(requestOf(FEE_SAT + 1n));
    rig.chain.mempool.submit(stranger.raw);
    lie(
      2,
      on("blockchain.transaction.get", () => FIRST.raw),
    );
    expect(await sight()).to.deep.equal({ kind: "foreign", txid: stranger.txid, isConfirmed: false });
    expect(rig.codes()).to.deep.equal([undefined, undefined, "BTC_SERVER_TX_FALSE"]);
  });

  it("BTC-12 takes an answer over which it stumbles itself as a failure of that one server", async () => {
    await start();
    rig.chain.mempool.submit(FIRST.raw);
    rig.chain.mine(4);
    const honest = await sight();
    const [client] = rig.clients;
    const stumble = (): Promise<never> => Promise.reject(new RangeError("Maximum call stack size exceeded"));
    if (client !== undefined) client.history = stumble;
    expect(await sight()).to.deep.equal(honest);
    expect(rig.codes()).to.deep.equal(["BTC_SERVER_UNREADABLE", undefined, undefined]);
  });

  it("BTC-12 one server makes up no foreign payment, and its chain of headers no block", async () => {
    await start();
    // A payment with a signature of nobody; only this server shows it.
    const made = paymentOf(requestOf(FEE_SAT + 1n));
    lie(0, () => ({ method }, result) => {
      if (method === "blockchain.scripthash.get_history") return [{ tx_hash: made.txid, height: 0 }];
      return method === "blockchain.transaction.get" ? made.raw : result;
    });
    expect(await sight()).to.deep.equal({ kind: "unseen" });
    // A branch with more work on which the payment is: one server is not enough.
    const alone = rig.chain.fork();
    alone.mempool.submit(FIRST.raw);
    alone.mine(9);
    rig.remote[1]?.follow(alone);
    expect((await sight()).kind).to.equal("unknown");
  });

  it("BTC-12 believes no chain that is far easier than the epochs that the relay knows", async () => {
    await start();
    rig.chain.mempool.submit(FIRST.raw);
    rig.chain.mine(6);
    const relay = { currentDifficulty: 4n, previousDifficulty: 5n };
    expect(await sight(factsOf(0n, { relay }))).to.deep.equal({ kind: "unknown", reason: "too-few-servers" });
    expect(rig.codes()).to.deep.equal(Array(3).fill("BTC_SERVER_WORK_MISSING"));
  });

  it("BTC-12 takes a block of difficulty 1 where the network has such, and nothing easier", async () => {
    await start();
    const [client] = rig.clients;
    if (client === undefined) throw new Error("no server");
    // The first block of the public chain has difficulty 1.
    lie(
      0,
      on("blockchain.block.headers", () => ({ count: 1, hex: GENESIS })),
    );
    const rules = { currentDifficulty: 100n, previousDifficulty: 100n };
    expect((await chainOf(client, 0, 0, { ...rules, hasEasyBlocks: true })).headers).to.have.length(1);
    expect(await codeOf(chainOf(client, 0, 0, { ...rules, hasEasyBlocks: false }))).to.equal("BTC_SERVER_WORK_MISSING");
    lie(0, () => (_, result) => result);
    expect(await codeOf(chainOf(client, 0, 0, { ...rules, hasEasyBlocks: true }))).to.equal("BTC_SERVER_WORK_MISSING");
  });

  it("BTC-12 says that it does not know when too few answer, and gives nobody up for being slow", async () => {
    await start();
    rig.chain.mempool.submit(FIRST.raw);
    for (const remote of rig.remote.slice(1)) remote.faults.hangsUp = () => true;
    expect(await sight()).to.deep.equal({ kind: "unknown", reason: "too-few-servers" });
    expect(rig.servers.standings().map(({ state }) => state)).to.deep.equal(["ok", "failing", "failing"]);
    for (const remote of rig.remote) remote.faults = {};
    rig.clock.ms += 120_000;
    expect((await sight()).kind).to.equal("mempool");
  });

  it("BTC-20 a server that answers late, though in time for each question, holds no look, and rests before it is asked again", async () => {
    rig = await createBitcoinRig(3, { timeoutMs: 30_000, deadlineMs: 5_000 });
    rig.chain.mine(1, { place: [rawTransaction(FUNDING)] });
    const [slow] = rig.remote;
    if (slow === undefined) throw new Error("there are servers");
    slow.faults.delayMs = ({ method }) => (method === "blockchain.scripthash.get_history" ? 25_000 : 0);
    const startedMs = performance.now();
    expect(await sight()).to.deep.equal({ kind: "unseen" });
    expect(performance.now() - startedMs < 20_000).to.equal(true);
    expect(rig.servers.standings().map(({ state, code }) => [state, code])).to.deep.equal([
      ["failing", "BTC_SERVER_SLOW"],
      ["ok", undefined],
      ["ok", undefined],
    ]);
    const asked = slow.asked.length;
    expect(await sight()).to.deep.equal({ kind: "unseen" });
    expect(slow.asked).to.have.length(asked);
    slow.faults = {};
    rig.clock.ms += 60_000;
    expect(await sight()).to.deep.equal({ kind: "unseen" });
    expect(rig.codes()).to.deep.equal([undefined, undefined, undefined]);
  });

  it("BTC-20 many looks at once are no reason to call a server slow", async () => {
    rig = await createBitcoinRig(3, { timeoutMs: 30_000, deadlineMs: 2_000 });
    rig.chain.mine(1, { place: [rawTransaction(FUNDING)] });
    // One question at a time, as a server does that has others to serve.
    for (const remote of rig.remote) {
      let free = 0;
      remote.faults.delayMs = ({ method }) => {
        if (method !== "blockchain.scripthash.get_history") return 0;
        const now = performance.now();
        free = Math.max(free, now) + 100;
        return free - now;
      };
    }
    const looks = await Promise.all(Array.from({ length: 40 }, sight));
    for (const look of looks) expect(look).to.deep.equal({ kind: "unseen" });
    expect(rig.codes()).to.deep.equal([undefined, undefined, undefined]);
  });

  it("BTC-20 headers that end before the tip are a lie, and not asked for one by one", async () => {
    await start();
    rig.chain.mempool.submit(FIRST.raw);
    rig.chain.mine(4);
    const honest = await sight();
    lie(
      0,
      on("blockchain.block.headers", (chunk: { hex: string }) => ({ count: 1, hex: chunk.hex.slice(0, 160) })),
    );
    expect(await sight()).to.deep.equal(honest);
    expect(rig.codes()).to.deep.equal(["BTC_SERVER_HEIGHT_FALSE", undefined, undefined]);
  });

  it("BTC-12 remembers who failed while another one is asked again", async () => {
    await start(4);
    rig.chain.mempool.submit(FIRST.raw);
    rig.chain.mine(3);
    lie(1, LIES["the payment, which it hides"]?.[0] ?? (() => (_, result) => result));
    const [, , , last] = rig.remote;
    if (last !== undefined) last.faults.hangsUp = () => true;
    expect((await sight()).kind).to.equal("confirmed");
    const standings = rig.servers.standings().map(({ state }) => state);
    expect(standings).to.deep.equal(["ok", "left-out", "ok", "failing"]);
  });

  it("BTC-13 follows the branch with more work, and accuses nobody who is on the other one", async () => {
    await start();
    const other = rig.chain.fork();
    rig.chain.mempool.submit(FIRST.raw);
    rig.chain.mine(2);
    other.mine(3);
    rig.remote[0]?.follow(other);
    rig.remote[1]?.follow(other);
    // Two servers know of a heavier branch, where the payment is not.
    expect(await sight()).to.deep.equal({ kind: "unseen" });
    other.mempool.submit(FIRST.raw);
    other.mine(1);
    // There it is in a later block.
    const seen = await sight();
    expect(seen.kind === "confirmed" && seen.height).to.equal(5);
    // One of them is behind: that is no lie either.
    rig.chain.mine(9);
    rig.remote[0]?.follow(rig.chain);
    const again = await sight();
    expect(again.kind === "confirmed" && again.height).to.equal(2);
    expect(rig.codes()).to.deep.equal([undefined, undefined, undefined]);
  });

  it("BTC-13 after a reorganisation shows the block that is best now, with a path of its own", async () => {
    await start();
    rig.chain.mempool.submit(FIRST.raw);
    rig.chain.mine(3);
    const before = await sight();
    rig.chain.reorganize(3);
    expect(await sight()).to.deep.equal({ kind: "mempool", txid: FIRST.txid, child: undefined, isPartial: false });
    rig.chain.mine(6);
    const after = await sight();
    if (before.kind !== "confirmed" || after.kind !== "confirmed") throw new Error("not confirmed");
    expect([before.height, after.height]).to.deep.equal([2, 6]);
    expect(redemptionProof(FIRST, after.path, after.headers, FACTS.relay).ok).to.equal(true);
    expect(redemptionProof(FIRST, before.path, after.headers, FACTS.relay).ok).to.equal(false);
  });

  it("BTC-13 finds whichever variant was confirmed", async () => {
    for (const variant of [FIRST, SECOND]) {
      await start();
      rig.chain.mempool.submit(FIRST.raw);
      if (variant === SECOND) rig.chain.mempool.submit(SECOND.raw);
      rig.chain.mine(6);
      const seen = await sight(BUMPED);
      expect(seen.kind === "confirmed" && seen.txid).to.equal(variant.txid);
      if (variant === FIRST) await rig.close();
    }
  });

  it("BTC-13 sees the child that pays, with its fee, whoever else pays to the same script", async () => {
    await start();
    rig.chain.mempool.submit(FIRST.raw);
    const planned = planChild(FIRST, 400_000n, undefined, { rateMultipleBps: 15_000n, maxShareBps: 200n });
    if (!planned.ok) throw new Error(planned.reason);
    const child = await signedChild(planned.plan, keySigner(OWNER_KEY));
    rig.chain.mempool.submit(child.raw);
    const seen = await sight();
    expect(seen.kind === "mempool" && seen.child).to.deep.include({ txid: child.txid, feeSat: planned.plan.feeSat });
    // One server alone does not make one up.
    rig.chain.mempool.remove(child.txid);
    lie(0, () => ({ method }, result) => {
      if (method === "blockchain.scripthash.get_mempool") return [{ tx_hash: child.txid, height: 0 }];
      return method === "blockchain.transaction.get" ? child.raw : result;
    });
    const without = await sight();
    expect(without.kind === "mempool" && without.child).to.equal(undefined);
  });

  it("takes the middle of what servers estimate, so that one cannot move it far", async () => {
    await start();
    rig.remote.forEach((remote, index) => (remote.satPerVbyte = [1, 20, 90_000][index] ?? 0));
    expect(await rig.servers.nextBlockRate()).to.equal(20_000n);
    for (const remote of rig.remote) remote.satPerVbyte = undefined;
    expect(await rig.servers.nextBlockRate()).to.equal(undefined);
  });

  it("names scripts as the protocol does", async () => {
    await start(1, 1);
    // From the Electrum protocol's documentation: the script of 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa.
    const script = Buffer.from("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac", "hex");
    expect(scripthashOf(script)).to.equal("8b01df4e368ea28f8dc0423bcf7a4923e3a12d307c875e47a0cfbf90b5c39161");
  });
});
