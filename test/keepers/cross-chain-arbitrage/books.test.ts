import { setTimeout as rest } from "node:timers/promises";

import { expect } from "chai";

import type { Database } from "../../../db/database.js";
import { insertOutbox } from "../../../db/queries/outbox/insert.js";
import { bookedToday } from "../../../db/queries/arbitrage/bookedToday.js";
import { insertEntry } from "../../../db/queries/pnl/insert.js";
import type { OutboxState } from "../../../db/queries/outbox/rows.js";
import { reverseEntry } from "../../../db/queries/pnl/reverse.js";
import { Inventory } from "../../../keepers/cross-chain-arbitrage/strategies/inventory.js";
import {
  booksOf,
  endOf,
  hashesOf,
  type SeenMessage,
  type SeenPending,
  type SeenReceipt,
} from "../../../keepers/cross-chain-arbitrage/pending.js";
import { ArbitrageStore, STORE_POINTS, type StoreParts } from "../../../keepers/cross-chain-arbitrage/store.js";
import type {
  LegIntent,
  LegStatus,
  RepairIntent,
  TradeIntent,
  TransferIntent,
} from "../../../keepers/cross-chain-arbitrage/types.js";
import { Lease } from "../../../keepers/kit/lease.js";
import type { MessageState } from "../../../protocol/bridgeMessage.js";
import { capturedLog } from "../../helpers/capturedLog.js";
import { usePostgres, type TestDatabase } from "../../helpers/postgres.js";
import { codeOf } from "../../helpers/rejection.js";
import { AWAY, chain, HOME, observation, PAIR } from "./fixtures.js";

const ROLE = "cross-chain-arbitrage";
const ACCOUNT = "0x00000000000000000000000000000000000000Ac";
const POOL = "0x00000000000000000000000000000000000000aa";
const TOKENS: Readonly<Record<string, string>> = {
  cUSDT: "0x00000000000000000000000000000000000000A1",
  cUSDC: "0x00000000000000000000000000000000000000A2",
};
const MESSAGE = `0x${"ab".repeat(32)}`;
const DEADLINE = 5_000n;
const HEIGHT = 100n;

function leg(key: string, sellBase: boolean, chainId: string): LegIntent {
  const [tokenIn, tokenOut] = sellBase ? ["cUSDT", "cUSDC"] : ["cUSDC", "cUSDT"];
  return { key, chain: chainId, pool: POOL, sellBase, tokenIn, tokenOut, amountIn: 1_000n, minOut: 990n };
}

function trade(ordinal = 1n): TradeIntent {
  const key = `arbitrage:${PAIR}:${String(ordinal)}`;
  const [buy, sell] = [leg(`${key}:buy`, false, HOME), leg(`${key}:sell`, true, AWAY)];
  return { kind: "trade", key, pair: PAIR, ordinal, purpose: "gain", buy, sell, expectedXauWei: 7n, spreadRate: -9n };
}

function repair(): RepairIntent {
  const sale = leg(`arbitrage:${PAIR}:1:repair:1`, true, HOME);
  return { kind: "repair", pair: PAIR, ordinal: 1n, way: "unwind", leg: sale, resultUnits: -3n };
}

const DAY_MS = 86_400_000;
const TRANSFER: TransferIntent = {
  ...{ kind: "transfer", key: `bridge:cUSDT:${AWAY}:${HOME}:1`, token: "cUSDT", from: AWAY, to: HOME },
  ...{ amountUnits: 500n, maxFeeUnits: 5n },
};

describe("keepers/cross-chain-arbitrage, its books", () => {
  const postgres = usePostgres();
  let test: TestDatabase;
  let db: Database;
  let leases: readonly [Lease, Lease];
  let store: ArbitrageStore;

  const leaseOf = (chainId: string): Lease =>
    new Lease(db, { name: `${ROLE}:${chainId}`, ttlMs: 60_000, renewMs: 1_000 }, capturedLog().log);
  const open = (more: Partial<StoreParts> = {}): ArbitrageStore =>
    new ArbitrageStore({
      ...{ db, role: ROLE, account: ACCOUNT, chains: [HOME, AWAY], leases },
      addressOf: (token) => TOKENS[token] ?? "",
      ...more,
    });
  const begin = (of = store, intent = trade()) => of.begin(intent, 1_000n, () => DEADLINE);
  const count = async (table: string): Promise<number> =>
    Number((await db.query<{ count: bigint }>(`SELECT count(*) FROM ${table}`))[0]?.count);

  beforeEach(async () => {
    test = await postgres.testDatabase();
    db = test.database;
    used = new Map([
      [HOME, 0n],
      [AWAY, 0n],
    ]);
    leases = [leaseOf(HOME), leaseOf(AWAY)];
    for (const lease of leases) await lease.step();
    store = open();
  });

  let nonces = 0n;
  /** A row as the outbox writes it, in a state. */
  async function effect(key: string, chainId: string, state: OutboxState, block = 50n): Promise<bigint> {
    nonces += 1n;
    const id = await insertOutbox(db, {
      ...{ chainId, signer: ACCOUNT, role: ROLE, fence: 1n, policyHash: "", effectKey: key, nonce: nonces },
      ...{ intent: {}, action: {}, sinceBlock: 1n, validUntil: 200n },
    });
    if (id === undefined) throw new Error(`${key} is there`);
    const inBlock = ["mined", "final", "reverted", "cancelled"].includes(state);
    await db.query(
      "UPDATE keeper_outbox SET state = $2, mined_hash = $3, mined_block = $4, mined_block_hash = $3 WHERE id = $1",
      [id, state, inBlock ? hashOf(key) : null, inBlock ? block : null],
    );
    return id;
  }
  /** What the ledger books with the end of a row: the account pays with one token and gets another. */
  async function booked(outboxId: bigint, key: string, chainId: string, resultXauWei: bigint | null) {
    const place = { chainId, role: ROLE, signer: ACCOUNT, outboxId, effectKey: key };
    const entry = { ...place, txHash: hashOf(key), block: 50n, blockHash: "", outcome: "final" as const, resultXauWei };
    const [paid, got] = [TOKENS["cUSDC"]?.toLowerCase() ?? "", TOKENS["cUSDT"]?.toLowerCase() ?? ""];
    return db.transaction((tx) =>
      insertEntry(tx, entry, [
        { account: "own:wallet", asset: paid, amount: -1_000n, logIndex: 0 },
        { account: "out:pool", asset: paid, amount: 1_000n, logIndex: 0 },
        { account: "out:pool", asset: got, amount: -995n, logIndex: 1 },
        { account: "own:wallet", asset: got, amount: 995n, logIndex: 1 },
      ]),
    );
  }
  const heights = new Map([
    [HOME, HEIGHT],
    [AWAY, HEIGHT],
  ]);
  /** Nonces of rows that are under way are above these. */
  let used = new Map([
    [HOME, 0n],
    [AWAY, 0n],
  ]);
  const seenWith = (
    receipts: Readonly<Record<string, Partial<SeenReceipt>>> = {},
    messages: Readonly<Record<string, SeenMessage>> = {},
  ): SeenPending => ({
    heights,
    usedNonces: used,
    receipts: new Map(
      Object.entries(receipts).map(([key, receipt]) => [
        key,
        { ok: true, block: 50n, received: new Map(), messageId: undefined, ...receipt },
      ]),
    ),
    messages: new Map(Object.entries(messages)),
  });

  it("ARB-11 a trade is there with both legs or not at all, killed at any line, and a second writer adds nothing", async () => {
    for (const point of STORE_POINTS) {
      const dying = open({
        at: (reached) => (reached === point ? Promise.reject(new Error("killed")) : Promise.resolve()),
      });
      const before = await count("keeper_arbitrage_trade");
      const ordinal = BigInt(before) + 1n;
      await begin(dying, trade(ordinal)).catch(() => undefined);
      const trades = await count("keeper_arbitrage_trade");
      expect(await count("keeper_arbitrage_leg"), point).to.equal(2 * trades);
      expect(trades, point).to.equal(point === "trade.after-commit" ? before + 1 : before);
    }
    // Whoever comes next, and does not know it, is told.
    expect(await begin()).to.deep.equal({ ok: false, refusal: "stale" });
    expect(await begin(store, trade(3n))).to.deep.equal({ ok: false, refusal: "stale" });
    const both = await Promise.all([begin(store, trade(2n)), begin(open(), trade(2n))]);
    expect(both.filter(({ ok }) => ok)).to.have.length(1);
    expect(await count("keeper_arbitrage_leg")).to.equal(4);
    const { legs, tradesBegun, lastTradeAt } = await store.load();
    expect(legs.map(({ effectKey, state }) => [effectKey, state])).to.deep.equal(
      [1n, 2n].flatMap((ordinal) => [
        [trade(ordinal).buy.key, null],
        [trade(ordinal).sell.key, null],
      ]),
    );
    expect([tradesBegun.get(PAIR), lastTradeAt.get(PAIR)]).to.deep.equal([2n, 1_000n]);
  });

  it("ARB-11 nothing is written without the lead on both chains, and both orders of the chains are one book", async () => {
    const other = leaseOf(AWAY);
    expect(await begin(open({ leases: [leases[0], other] }))).to.deep.equal({ ok: false, refusal: "not-leading" });
    // Taken over while this process still believes that it leads.
    await db.query("UPDATE keeper_lease SET fence = fence + 1 WHERE name = $1", [`${ROLE}:${AWAY}`]);
    expect(await begin()).to.deep.equal({ ok: false, refusal: "not-leading" });
    expect(leases[1].held).to.equal(undefined);
    expect(await count("keeper_arbitrage_trade")).to.equal(0);
    leases = [leases[0], leaseOf(AWAY)];
    await db.query("UPDATE keeper_lease SET expires_at = now() - INTERVAL '1 hour' WHERE name = $1", [
      `${ROLE}:${AWAY}`,
    ]);
    await leases[1].step();
    expect(await begin(open({ chains: [AWAY, HOME] }))).to.deep.equal({ ok: true });
    expect((await open().load()).legs).to.have.length(2);
  });

  it("ARB-11 the keeper's role may end what was decided, and neither change nor delete it", async () => {
    await begin();
    const keeper = test.connect({ role: "keeper_rw" });
    expect(await open({ db: keeper }).dropLeg(trade().buy.key)).to.deep.equal({ ok: true });
    for (const sql of [
      "UPDATE keeper_arbitrage_leg SET min_out = 0",
      "UPDATE keeper_arbitrage_trade SET ordinal = 2",
      "UPDATE keeper_arbitrage_transfer SET amount_units = 1",
      "DELETE FROM keeper_arbitrage_leg",
      "DELETE FROM keeper_arbitrage_transfer",
    ])
      expect(await codeOf(keeper.query(sql)), sql).to.equal("DB_REFUSED");
  });

  const { buy, sell } = trade();
  const asset = TOKENS["cUSDT"]?.toLowerCase() ?? "";
  const receiptKey = `${HOME}:${hashOf(buy.key)}`;
  const cases: readonly [
    what: string,
    state: OutboxState | undefined,
    block: bigint,
    receipt: Partial<SeenReceipt> | undefined,
    status: LegStatus,
  ][] = [
    ["has no row", undefined, 0n, undefined, "planned"],
    ["has a nonce", "assigned", 0n, undefined, "sent"],
    ["is signed", "signed", 0n, undefined, "sent"],
    ["is in a block above the pinned one", "mined", HEIGHT + 1n, { block: HEIGHT + 1n }, "sent"],
    ["was mined", "mined", 50n, { received: new Map([[asset, 996n]]) }, "done"],
    ["was mined, and moved above the pinned block", "mined", 50n, { block: HEIGHT + 1n }, "sent"],
    ["was refused, and may still be taken", "mined", 50n, { ok: false }, "sent"],
    ["was mined in a block that nodes do not show", "mined", 50n, undefined, "unreadable"],
    ["was refused for good", "reverted", 50n, undefined, "failed"],
    ["was refused for good above the pinned block", "reverted", HEIGHT + 1n, undefined, "sent"],
    ["came too late", "cancelled", 50n, undefined, "failed"],
    ["lost its nonce to somebody else", "foreign", 0n, undefined, "unreadable"],
  ];
  for (const [what, state, block, receipt, status] of cases) {
    it(`ARB-12 a leg that ${what} is ${status}`, async () => {
      await begin();
      if (state !== undefined) await effect(buy.key, HOME, state, block);
      const stored = await store.load();
      const seen = seenWith(receipt === undefined ? {} : { [receiptKey]: receipt });
      const [found] = booksOf(stored, seen, 0n).trades;
      expect(found?.buy.status).to.equal(status);
      expect(found?.sell.status).to.equal("planned");
      if (status === "done") expect(found?.buy.receivedUnits).to.equal(996n);
      // A row of another chain, or of another keeper, says nothing of it.
      await effect(sell.key, HOME, "final");
      expect(booksOf(await store.load(), seen, 0n).trades[0]?.sell.status).to.equal("planned");
    });
  }

  it("ARB-12 a leg whose nonce is used while the outbox knows of no block is unreadable: a balance may contain it", async () => {
    await begin();
    await effect(buy.key, HOME, "signed");
    const status = async () => booksOf(await store.load(), seenWith(), 0n).trades[0]?.buy.status;
    expect(await status()).to.equal("sent");
    used.set(HOME, nonces + 1n);
    expect(await status()).to.equal("unreadable");
  });

  it("ARB-12 what was received counts by the books of what is final, and is unknown again once they are taken back", async () => {
    await begin();
    const id = await effect(buy.key, HOME, "final");
    expect(hashesOf(await store.load())).to.deep.equal([{ chain: HOME, hash: hashOf(buy.key) }]);
    expect(booksOf(await store.load(), seenWith(), 0n).trades[0]?.buy.status).to.equal("unreadable");
    const entry = await booked(id, buy.key, HOME, 11n);
    const stored = await store.load();
    expect(hashesOf(stored)).to.deep.equal([]);
    expect(booksOf(stored, seenWith(), 0n).trades[0]?.buy).to.include({ status: "done", receivedUnits: 995n });
    await db.transaction((tx) => reverseEntry(tx, entry));
    expect(booksOf(await store.load(), seenWith(), 0n).trades[0]?.buy.status).to.equal("unreadable");
  });

  it("ARB-12 a leg that is done but not final waits when the other one has failed: nothing is made up for twice", async () => {
    await begin();
    const id = await effect(buy.key, HOME, "mined");
    await effect(sell.key, AWAY, "reverted");
    const seen = seenWith({ [receiptKey]: { received: new Map([[asset, 996n]]) } });
    expect(booksOf(await store.load(), seen, 0n).trades[0]?.buy.status).to.equal("sent");
    await db.query("UPDATE keeper_outbox SET state = 'final' WHERE id = $1", [id]);
    expect(booksOf(await store.load(), seen, 0n).trades[0]?.buy.status).to.equal("done");
  });

  it("ARB-12 a trade closes when nothing of it can change, and a leg that has a row is never dropped", async () => {
    await begin();
    await effect(buy.key, HOME, "signed");
    const stale = { ok: false, refusal: "stale" };
    expect(await store.dropLeg(buy.key)).to.deep.equal(stale);
    expect(await store.closeTrade(PAIR, 1n)).to.deep.equal(stale);
    expect(await store.dropLeg(sell.key)).to.deep.equal({ ok: true });
    expect(booksOf(await store.load(), seenWith(), 0n).trades[0]?.sell.status).to.equal("failed");
    expect(await store.repair(repair(), 2, () => DEADLINE)).to.deep.equal({ ok: true });
    // One attempt has one key: the other way of it finds the place taken.
    expect(await store.repair({ ...repair(), way: "complete" }, 2, () => DEADLINE)).to.deep.equal(stale);
    expect(booksOf(await store.load(), seenWith(), 0n).trades[0]?.repairs).to.have.length(1);
    await db.query(
      "UPDATE keeper_outbox SET state = 'final', mined_hash = '0x01', mined_block = 50, mined_block_hash = '0x01'",
    );
    expect(await store.closeTrade(PAIR, 1n)).to.deep.equal(stale);
    await effect(repair().leg.key, HOME, "final");
    expect(await store.closeTrade(PAIR, 1n)).to.deep.equal({ ok: true });
    const { legs, tradesBegun } = await store.load();
    expect([legs.length, tradesBegun.get(PAIR)]).to.deep.equal([0, 1n]);
  });

  it("ARB-12 the day's result is that of both chains since midnight, and what nobody could value is told", async () => {
    // Not while a day ends.
    const leftMs = DAY_MS - (Date.now() % DAY_MS);
    if (leftMs < 60_000) await rest(leftMs);
    for (const [key, chainId, result] of [
      ["a", HOME, 11n],
      ["b", AWAY, -30n],
      ["c", "1", -500n],
    ] as const)
      await booked(await effect(key, chainId, "final"), key, chainId, result);
    expect((await store.load()).booked).to.deep.equal({ resultXauWei: -19n, unpriced: 0n });
    await booked(await effect("d", HOME, "final"), "d", HOME, null);
    expect((await store.load()).booked).to.deep.equal({ resultXauWei: -19n, unpriced: 1n });
    expect((await open({ account: POOL }).load()).booked.resultXauWei).to.equal(0n);
  });

  const inventoryOf = async (seen: SeenPending): Promise<readonly bigint[]> => {
    const tokens = { cUSDT: { balanceUnits: 10_000n } };
    const chains = [chain(HOME, { tokens }), chain(AWAY, { tokens })] as const;
    const inventory = new Inventory(observation({ chains, books: booksOf(await store.load(), seen, 0n) }));
    return [inventory.virtual(HOME, "cUSDT"), inventory.virtual(AWAY, "cUSDT")];
  };

  it("ARB-13 a transfer counts once: reserved until it is taken, then where it will arrive, then in the balance alone", async () => {
    expect(await store.transfer(TRANSFER, 1n, () => DEADLINE)).to.deep.equal({ ok: true });
    expect(await store.transfer(TRANSFER, 1n, () => DEADLINE)).to.deep.equal({ ok: false, refusal: "stale" });
    expect((await store.load()).transfersBegun.get(`cUSDT:${AWAY}:${HOME}`)).to.equal(1n);
    expect(await inventoryOf(seenWith())).to.deep.equal([10_500n, 9_495n]);
    const id = await effect(TRANSFER.key, AWAY, "mined");
    const receipts = { [`${AWAY}:${hashOf(TRANSFER.key)}`]: { messageId: MESSAGE } };
    const at = (source: MessageState, destination: MessageState) =>
      seenWith(receipts, { [MESSAGE]: { source, destination } });
    // Taken from the balance; on its way.
    for (const state of ["none", "accepted"] as const)
      expect(await inventoryOf(at("sent", state))).to.deep.equal([10_500n, 10_000n]);
    expect(await inventoryOf(at("sent", "cancelled"))).to.deep.equal([10_000n, 10_500n]);
    expect(await inventoryOf(at("refund-accepted", "cancelled"))).to.deep.equal([10_000n, 10_500n]);
    for (const over of [at("sent", "delivered"), at("refunded", "cancelled")])
      expect(await inventoryOf(over)).to.deep.equal([10_000n, 10_000n]);
    // What cannot be: the source does not know what its receipt shows, or nobody answers.
    for (const unknown of [at("none", "none"), seenWith(receipts), seenWith()])
      expect(booksOf(await store.load(), unknown, 0n).transfers[0]?.status).to.equal("unreadable");
    expect(booksOf(await store.load(), seenWith({ [`${AWAY}:${hashOf(TRANSFER.key)}`]: { ok: false } }), 0n).transfers)
      .to.have.length(1)
      .and.satisfy((found: { status: string }[]) => found[0]?.status === "planned");
    // Its end is written down when it stays.
    const over = at("sent", "delivered");
    const end = async (settled = over.messages) => {
      const [row] = (await store.load()).transfers;
      return row === undefined ? "gone" : endOf(row, over, settled);
    };
    expect(await end()).to.equal(undefined);
    await db.query("UPDATE keeper_outbox SET state = 'final' WHERE id = $1", [id]);
    expect(await end()).to.equal(undefined);
    expect(await store.nameTransfer(TRANSFER.key, MESSAGE)).to.deep.equal({ ok: true });
    expect(await store.nameTransfer(TRANSFER.key, `0x${"cd".repeat(32)}`)).to.deep.equal({
      ok: false,
      refusal: "stale",
    });
    expect(await end(new Map())).to.equal(undefined);
    expect(await end()).to.equal("delivered");
    expect(await store.closeTransfer(TRANSFER.key, "delivered")).to.deep.equal({ ok: true });
    expect(await end()).to.equal("gone");
    expect((await store.load()).transfersBegun.get(`cUSDT:${AWAY}:${HOME}`)).to.equal(1n);
  });

  it("ARB-13 a transfer that was never sent, or that the chain refused, is on its way no more", async () => {
    await store.transfer(TRANSFER, 1n, () => DEADLINE);
    expect(await store.dropTransfer(TRANSFER.key)).to.deep.equal({ ok: true });
    expect(await inventoryOf(seenWith())).to.deep.equal([10_000n, 10_000n]);
    const second = { ...TRANSFER, key: `bridge:cUSDT:${AWAY}:${HOME}:2` };
    expect(await store.transfer(second, 2n, () => DEADLINE)).to.deep.equal({ ok: true });
    await effect(second.key, AWAY, "reverted");
    expect(await store.dropTransfer(second.key)).to.deep.equal({ ok: false, refusal: "stale" });
    expect(await inventoryOf(seenWith())).to.deep.equal([10_000n, 10_000n]);
    const [row] = (await store.load()).transfers;
    expect(row === undefined ? undefined : endOf(row, seenWith(), new Map())).to.equal("failed");
  });

  it("an entry without a price that was taken back leaves the day's result known", async () => {
    const entry = {
      ...{ chainId: "138", role: "r", signer: "s", outboxId: 1n, effectKey: "k", txHash: "0x01", block: 1n },
      ...{ blockHash: "0x02", outcome: "final" as const, resultXauWei: null },
    };
    const unpriced = async () => (await bookedToday(db, "r", "s", ["138"])).unpriced;
    const id = await db.transaction((tx) => insertEntry(tx, entry, []));
    expect(await unpriced()).to.equal(1n);
    await db.transaction((tx) => reverseEntry(tx, id));
    expect(await unpriced()).to.equal(0n);
    await db.transaction((tx) => insertEntry(tx, { ...entry, resultXauWei: 5n }, []));
    expect(await bookedToday(db, "r", "s", ["138"])).to.deep.equal({ resultXauWei: 5n, unpriced: 0n });
  });
});

/** Any hash, told by the key. */
function hashOf(key: string): string {
  return `0x${Buffer.from(key).toString("hex").padEnd(64, "0").slice(-64)}`;
}
