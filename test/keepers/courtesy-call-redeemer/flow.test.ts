import { expect } from "chai";
import { zeroPadValue } from "ethers";

import { FOLLOW_UP_GAS } from "../../../keepers/courtesy-call-redeemer/adapters/tbtc/gas.js";
import { tbtcSigning } from "../../../keepers/courtesy-call-redeemer/adapters/tbtc/signing.js";
import { failedCondition } from "../../../keepers/courtesy-call-redeemer/condition.js";
import { redeemerGuard } from "../../../keepers/courtesy-call-redeemer/guard.js";
import { keysOf, STORE_POINTS } from "../../../keepers/courtesy-call-redeemer/store.js";
import { FAULT_POINTS } from "../../../keepers/kit/outbox/faultPoints.js";
import type { Action } from "../../../keepers/kit/policy/action.js";
import { tbtcAbi } from "../../../protocol/tbtc/contracts.js";
import { DepositState } from "../../../protocol/tbtc/states.js";
import { prefixedOutputScript, satToBytes8 } from "../../../protocol/tbtc/units.js";
import type { Deposit } from "../../../scripts/tbtc/scenario.js";
import type { TestDatabase } from "../../helpers/postgres.js";
import { usePostgres } from "../../helpers/postgres.js";
import { DESTINATION, startTbtcNode, type TbtcNode } from "../../helpers/tbtcNode.js";
import { GWEI, WAD } from "./fixtures.js";
import {
  Killed,
  MAX_FEE_SAT,
  requestersOf,
  RIG_CONFIRMATIONS,
  startRedeemer,
  type Point,
  type Redeemer,
} from "./rig.js";

const LOT_SAT = 10_000_000n;
const LOT_WEI = WAD / 10n;
/** 124 % of collateral: can be called. */
const CALLABLE = 2_666n * 10n ** 13n;
const POSITIONS = 12;
/** Blocks within which a process that follows another one has done everything. */
const ENOUGH_BLOCKS = 10;

describe("courtesy-call-redeemer on the real tBTC v1", function () {
  this.timeout(180_000);
  const postgres = usePostgres();
  let node: TbtcNode;
  let deposits: Deposit[];
  /** Ten times as large as the others, and not called. */
  let large: Deposit;
  let database: TestDatabase;

  before(async () => {
    node = await startTbtcNode();
    deposits = [];
    for (let count = 0; count < POSITIONS; count += 1) deposits.push(await node.scenario.open({ lotSat: LOT_SAT }));
    await node.scenario.giveTbtc(node.roles.redeemer, BigInt(POSITIONS) * LOT_WEI);
    const [lot] = await node.scenario.giveTbtc(node.roles.rival, WAD);
    if (lot === undefined) throw new Error("the rival's token comes from a lot");
    large = lot;
    await node.scenario.setPrice(CALLABLE);
    for (const { address } of deposits) await node.scenario.courtesyCall(address);
  });
  beforeEach(async () => {
    await node.keep();
    database = await postgres.testDatabase();
    await node.ask("evm_setAutomine", false);
  });
  afterEach(async () => {
    node.proxy.fault = () => undefined;
    await node.ask("evm_setAutomine", true);
    await node.giveBack();
  });
  after(() => node.close());

  const endings = async (): Promise<Record<string, number>> => {
    const rows = await database.database.query<{ end: string; count: bigint }>(
      `select coalesce(ended_as, 'open') as end, count(*) as count from keeper_rescue group by 1 order by 1`,
    );
    return Object.fromEntries(rows.map(({ end, count }) => [end, Number(count)]));
  };
  const stateOf = (deposit: Deposit) => node.scenario.state(deposit.address);

  /** Blocks until everything that was begun has ended. */
  async function finish(redeemer: Redeemer, blocks = RIG_CONFIRMATIONS + 2): Promise<void> {
    for (let block = 0; block < blocks; block += 1) {
      await node.mine();
      await redeemer.step();
    }
  }

  it("REDEEM-17 redeems twelve called deposits in one block, behind one approval of exactly what they cost", async () => {
    const redeemer = await startRedeemer(node, database.database);
    await redeemer.step();
    const sent = redeemer.outbox.pending();
    expect(sent).to.have.length(POSITIONS + 1);
    const [first = 0] = sent.map(({ nonce }) => nonce);
    expect(sent.map(({ nonce }) => nonce)).to.deep.equal(sent.map((_, index) => first + index));
    await node.mine();
    const blocks = new Set<string>();
    for (const { hashes } of sent) {
      const receipt = (await node.ask("eth_getTransactionReceipt", hashes[0])) as Record<string, string>;
      expect(receipt["status"]).to.equal("0x1");
      blocks.add(receipt["blockNumber"] ?? "");
    }
    expect(blocks.size).to.equal(1);
    for (const deposit of deposits) {
      expect(await stateOf(deposit)).to.equal(DepositState.AWAITING_WITHDRAWAL_SIGNATURE);
      expect(await requestersOf(node, deposit.address)).to.deep.equal([node.roles.redeemer]);
    }
    const { vendingMachine, token } = {
      vendingMachine: node.world.addresses.vendingMachine,
      token: node.scenario.contracts.token,
    };
    expect(await token.balanceOf(node.roles.redeemer)).to.equal(0n);
    expect(await token.allowance(node.roles.redeemer, vendingMachine)).to.equal(0n);
    await finish(redeemer);
    expect(await endings()).to.deep.equal({ rescued: POSITIONS });
    expect(redeemer.outbox.pending()).to.deep.equal([]);
    // Every decision is on record with its inputs, and what followed from it.
    const kinds = redeemer.record.entries.map(({ kind }) => kind);
    for (const kind of ["decision", "batch", "tx.mined", "rescue.rescued"]) expect(kinds).to.include(kind);
  });

  it("REDEEM-18 somebody else was faster in the same block: no failure, and what the others need is spent on them", async () => {
    const redeemer = await startRedeemer(node, database.database);
    await redeemer.step();
    const [lost, ...others] = deposits;
    if (lost === undefined) throw new Error("there are deposits");
    // The rival pays more per gas, and comes first.
    await rivalRedeems(lost, 900n * GWEI);
    await node.mine();
    await finish(redeemer);
    expect(await endings()).to.deep.equal({ "by-another": 1, rescued: POSITIONS - 1 });
    expect(await requestersOf(node, lost.address)).to.deep.equal([node.roles.rival]);
    for (const other of others) expect(await requestersOf(node, other.address)).to.deep.equal([node.roles.redeemer]);
    expect(await node.tbtcOf(node.roles.redeemer)).to.equal(LOT_WEI);
    expect(await redeemer.store.failedToday()).to.equal(0);
    expect(redeemer.logged.names()).to.include("rescue.by-another");
  });

  it("REDEEM-19 takes back what is not mined yet once its deposit has left the state it was in", async () => {
    const redeemer = await startRedeemer(node, database.database);
    await redeemer.step();
    const [taken] = deposits;
    if (taken === undefined) throw new Error("there are deposits");
    // The node forgets all that was sent; meanwhile somebody else redeems one of them.
    for (const { hashes } of redeemer.outbox.pending()) await node.ask("hardhat_dropTransaction", hashes[0]);
    await rivalRedeems(taken, 900n * GWEI);
    await node.mine();
    const head = await redeemer.client.head();
    await redeemer.tick.run(head, true);
    const withdrawn = redeemer.logged.events().filter(({ event }) => event === "rescue.withdrawn");
    expect(withdrawn.map(({ position }) => position)).to.deep.equal([taken.address.toLowerCase()]);
    await finish(redeemer, RIG_CONFIRMATIONS + 6);
    expect(await endings()).to.deep.equal({ "by-another": 1, rescued: POSITIONS - 1 });
    const cancelled = await database.database.query<{ key: string }>(
      "select effect_key as key from keeper_outbox where state = 'cancelled'",
    );
    expect(cancelled.map(({ key }) => key)).to.deep.equal(
      keysOf({ position: taken.address.toLowerCase(), ordinal: 1n, steps: 1 }),
    );
  });

  it("REDEEM-20 killed between any two lines, under load, whoever follows redeems every deposit once and loses none", async () => {
    // A local signer leaves no row without bytes, and nothing is unwound or unanswered here: the outbox's own tests kill there.
    const elsewhere: readonly Point[] = [
      "submit.after-assign",
      "submit.after-remote-signature",
      "send.after-without-reply",
      "unwind.before-commit",
      "unwind.after-commit",
    ];
    const points = [...STORE_POINTS, ...FAULT_POINTS].filter((point) => !elsewhere.includes(point));
    const reached = new Set<Point>();
    for (const point of points) {
      await node.keep();
      const { database: db } = await postgres.testDatabase();
      // What happens to each transaction dies the third time: in the midst of a batch.
      let left = point.startsWith("rescues.") || point.startsWith("submit.") ? 1 : 3;
      const dying = (at: Point): void => {
        if (at !== point) return;
        left -= 1;
        if (left > 0) return;
        reached.add(point);
        throw new Killed(point);
      };
      const first = await startRedeemer(node, db, { at: dying });
      try {
        await first.step();
        if (point.startsWith("bump.")) {
          for (let block = 0; block < 4; block += 1) {
            for (const { hashes } of first.outbox.pending()) await node.ask("hardhat_dropTransaction", hashes.at(-1));
            await node.mine();
            await first.step();
          }
        }
        await node.mine();
        await first.step();
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
      }
      const next = await startRedeemer(node, db);
      await next.step();
      for (let block = 0; block < ENOUGH_BLOCKS; block += 1) {
        await node.mine();
        await next.step();
        if ((await next.store.load()).open.length === 0) break;
      }
      for (const deposit of deposits) {
        expect(await requestersOf(node, deposit.address), `${point}: ${deposit.address}`).to.deep.equal([
          node.roles.redeemer,
        ]);
      }
      expect(await node.tbtcOf(node.roles.redeemer), point).to.equal(0n);
      const open = await db.query("select 1 from keeper_rescue where ended_as is null");
      expect(open, point).to.deep.equal([]);
      const rescued = await db.query("select 1 from keeper_rescue where ended_as = 'rescued'");
      expect(rescued, point).to.have.length(POSITIONS);
      await node.giveBack();
    }
    expect([...reached]).to.have.members(points);
  });

  it("REDEEM-21 after a reorganisation that took the block of a batch the same bytes redeem everything once", async () => {
    const redeemer = await startRedeemer(node, database.database);
    await redeemer.step();
    const snapshot = await node.ask("evm_snapshot");
    await node.mine();
    await redeemer.step();
    const hashes = (await database.database.query<{ hash: string }>("select hash from keeper_attempt order by 1")).map(
      ({ hash }) => hash,
    );
    // The block is gone, and so is what waited for it.
    await node.ask("evm_revert", snapshot);
    for (const hash of hashes) await node.ask("hardhat_dropTransaction", hash).catch(() => undefined);
    await node.mine();
    await redeemer.step();
    await node.mine();
    await redeemer.step();
    await finish(redeemer);
    expect(await endings()).to.deep.equal({ rescued: POSITIONS });
    for (const deposit of deposits)
      expect(await requestersOf(node, deposit.address)).to.deep.equal([node.roles.redeemer]);
    const after = await database.database.query<{ hash: string }>("select hash from keeper_attempt order by 1");
    expect(after.map(({ hash }) => hash)).to.deep.equal(hashes);
  });

  it("REDEEM-22 what a node has dropped is sent again, and then replaced by better paid bytes until it is mined", async () => {
    const redeemer = await startRedeemer(node, database.database);
    await redeemer.step();
    for (let block = 0; block < 4; block += 1) {
      for (const { hashes } of redeemer.outbox.pending()) {
        await node.ask("hardhat_dropTransaction", hashes.at(-1)).catch(() => undefined);
      }
      await node.mine();
      await redeemer.step();
    }
    expect(redeemer.outbox.pending().every(({ hashes }) => hashes.length > 1)).to.equal(true);
    // What was dropped again is sent again after as many blocks.
    await finish(redeemer, RIG_CONFIRMATIONS + 6);
    expect(await endings()).to.deep.equal({ rescued: POSITIONS });
  });

  it("REDEEM-23 signs nothing more once somebody else has used the key", async () => {
    const redeemer = await startRedeemer(node, database.database);
    await redeemer.step();
    for (const { hashes } of redeemer.outbox.pending()) await node.ask("hardhat_dropTransaction", hashes[0]);
    await node.ask("eth_sendTransaction", { from: node.roles.redeemer, to: node.roles.redeemer, gas: "0x5208" });
    for (let block = 0; block < 4; block += 1) {
      await node.mine();
      for (const { hashes } of redeemer.outbox.pending()) {
        await node.ask("hardhat_dropTransaction", hashes.at(-1)).catch(() => undefined);
      }
      await redeemer.tick.upkeep(await redeemer.client.head());
    }
    expect(redeemer.logged.names()).to.include("tx.foreign-nonce");
    const before = (await database.database.query("select 1 from keeper_attempt")).length;
    await node.mine();
    await redeemer.step();
    expect(await database.database.query("select 1 from keeper_attempt")).to.have.length(before);
  });

  it("REDEEM-24 while two nodes do not agree on a deposit nothing is signed, and then everything is", async () => {
    const client = node.client({ url: `${node.url},${node.proxy.url}`, quorum: 2, timeoutMs: 20_000 });
    const redeemer = await startRedeemer(node, database.database, { client });
    // One of the two says of every deposit that it is not called.
    node.proxy.fault = ({ method, params }) => {
      const data = method === "eth_call" ? (params[0] as { readonly data?: string }).data : undefined;
      return data === CURRENT_STATE ? { kind: "answer", body: { result: `0x${"04".padStart(64, "0")}` } } : undefined;
    };
    const failure = await redeemer.step().then(
      () => "none",
      (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : "another"),
    );
    expect(failure).to.equal("NO_QUORUM");
    expect(redeemer.outbox.pending()).to.deep.equal([]);
    expect(await database.database.query("select 1 from keeper_attempt")).to.deep.equal([]);
    node.proxy.fault = () => undefined;
    for (const endpoint of client.endpoints) endpoint.quarantine.good();
    const next = await startRedeemer(node, database.database);
    await next.step();
    await finish(next);
    expect(await endings()).to.include({ rescued: POSITIONS });
  });

  it("REDEEM-64 what a lying node made it believe to be a deposit keeps no other from being rescued, whatever it says of itself", async () => {
    // Before all others in the books.
    const fake = `0x${"fa".padStart(40, "0")}`;
    const { system, depositToken } = node.world.addresses;
    const { selector } = tbtcAbi.deposit.getFunction("keepAddress");
    // Its own keep; to all other questions one word, or less than a word: called, in a state that is none, too short.
    for (const [word, length] of [
      ["08", "20"],
      ["63", "20"],
      ["08", "01"],
    ] as const) {
      await node.keep();
      const { database: db } = await postgres.testDatabase();
      const put = (answer: string): Promise<unknown> =>
        node.ask("hardhat_setCode", fake, `0x60003560e01c63${selector.slice(2)}14601957${answer}5b3060005260206000f3`);
      await put("600860005260206000f3");
      const pad = (address: string): string => zeroPadValue(address, 32);
      node.proxy.fault = async ({ method, params }) => {
        if (method === "eth_getLogs") {
          const logs = (await node.ask(method, ...params)) as { readonly topics: readonly string[] }[];
          const topics = [CREATED, pad(fake), pad(fake), pad(system)];
          const found = logs.find((log) => log.topics[0] === CREATED);
          return { kind: "answer", body: { result: found === undefined ? logs : [...logs, { ...found, topics }] } };
        }
        const { to, data = "" } = (params[0] ?? {}) as { readonly to?: string; readonly data?: string };
        const isAsked = data.startsWith(EXISTS) && data.endsWith(fake.slice(2));
        return method === "eth_call" && isAsked && to?.toLowerCase() === depositToken.toLowerCase()
          ? { kind: "answer", body: { result: pad("0x01") } }
          : undefined;
      };
      const before = await startRedeemer(node, db);
      await before.watchlist.discover();
      expect(before.watchlist.has(fake)).to.equal(true);
      const redeemer = await startRedeemer(node, db);
      node.proxy.fault = () => undefined;
      await put(`60${word}60005260${length}6000f3`);
      await redeemer.step();
      expect(redeemer.outbox.pending(), `${word} ${length}`).to.have.length(POSITIONS + 1);
      expect(redeemer.counters.get("skip.unreadable")).to.equal(word === "08" && length === "20" ? 1 : 0);
      // The system tells its price to none but its own deposits.
      expect(redeemer.logged.names()).to.not.include("rescue.price-offline");
      await node.giveBack();
    }
  });

  it("REDEEM-25 says what it cannot cover, how much is missing and until when, and covers what it can", async () => {
    await node.ask("evm_setAutomine", true);
    // Four lots and a half are left.
    const keepWei = (9n * LOT_WEI) / 2n;
    await node.scenario.transferTbtc(node.roles.redeemer, node.roles.user, BigInt(POSITIONS) * LOT_WEI - keepWei);
    await node.ask("evm_setAutomine", false);
    const redeemer = await startRedeemer(node, database.database);
    await redeemer.step();
    const [alert] = redeemer.logged.events().filter(({ event }) => event === "rescue.exhausted");
    expect(alert).to.include({ shortfall: "0.75", uncovered: 8 });
    expect(alert?.["deadlines"]).to.have.length(8);
    await finish(redeemer);
    expect(await endings()).to.deep.equal({ rescued: 4 });
    expect(await node.tbtcOf(node.roles.redeemer)).to.equal(LOT_WEI / 2n);
    // With more of it the rest is done.
    await node.ask("evm_setAutomine", true);
    await node.scenario.transferTbtc(node.roles.user, node.roles.redeemer, BigInt(POSITIONS) * LOT_WEI - keepWei);
    await node.ask("evm_setAutomine", false);
    await redeemer.step();
    // The gas of settling the first four is set aside.
    const decisions = redeemer.record.entries.filter(({ kind }) => kind === "decision");
    const onItsWay = decisions.at(-1)?.facts["onItsWay"] as unknown as readonly { readonly followUpGas: bigint }[];
    expect(onItsWay.map(({ followUpGas }) => followUpGas)).to.deep.equal([1, 2, 3, 4].map(() => FOLLOW_UP_GAS));
    await finish(redeemer);
    expect(await endings()).to.deep.equal({ rescued: POSITIONS });
    expect(redeemer.logged.names()).to.include("rescue.covered");
  });

  it("REDEEM-26 calls what can be called and redeems it in the same block, where the mode allows it and nowhere else", async () => {
    await node.ask("evm_setAutomine", true);
    await node.scenario.setPrice(32n * 10n ** 15n);
    for (const { address } of deposits) await node.scenario.exitCourtesyCall(address);
    await node.scenario.setPrice(CALLABLE);
    await node.ask("evm_setAutomine", false);
    const watching = await startRedeemer(node, database.database, { mode: "courtesy" });
    await watching.step();
    expect(watching.outbox.pending()).to.deep.equal([]);
    const redeemer = await startRedeemer(node, database.database, { mode: "self-courtesy" });
    await redeemer.step();
    // Deposits of other sizes can be called as well: together they take all that is there.
    const decision = redeemer.record.entries.find(({ kind }) => kind === "decision");
    const chosen = decision?.facts["chosen"] as unknown as readonly {
      readonly position: string;
      readonly effect: string;
      readonly costUnits: bigint;
    }[];
    expect(chosen.map(({ effect }) => effect)).to.deep.equal(chosen.map(() => "call-and-rescue"));
    expect(chosen.reduce((sum, { costUnits }) => sum + costUnits, 0n)).to.equal(BigInt(POSITIONS) * LOT_WEI);
    expect(redeemer.outbox.pending()).to.have.length(1 + 2 * chosen.length);
    await node.mine();
    for (const { position } of chosen) {
      expect(await requestersOf(node, position)).to.deep.equal([node.roles.redeemer]);
    }
    expect(await node.tbtcOf(node.roles.redeemer)).to.equal(0n);
    await finish(redeemer);
    expect(await endings()).to.deep.equal({ rescued: chosen.length });
  });

  it("REDEEM-59 watching everybody it tells what is called, and does nothing", async () => {
    const redeemer = await startRedeemer(node, database.database, { mode: "watch", operators: "*" });
    await redeemer.step();
    const told = redeemer.logged.events().filter(({ event }) => event === "rescue.called");
    expect(told.map(({ position }) => position)).to.have.members(deposits.map(({ address }) => address.toLowerCase()));
    expect(redeemer.outbox.pending()).to.deep.equal([]);
  });

  it("REDEEM-60 another key on the same books begins effects of its own, whatever became of those of the key before", async () => {
    const before = await startRedeemer(node, database.database);
    await before.step();
    for (const { hashes } of before.outbox.pending()) await node.ask("hardhat_dropTransaction", hashes[0]);
    // Half of what the old key signed has come to an end, the other half never will.
    const [done] = deposits;
    await database.database.query(
      `update keeper_outbox set state = 'final', mined_hash = '0x00' where effect_key like $1`,
      [`rescue:${done?.address.toLowerCase() ?? ""}:%`],
    );
    await database.database.query("update keeper_outbox set state = 'foreign' where effect_key like 'approve:%'");
    const next = await startRedeemer(node, database.database, { account: node.roles.rival });
    await next.step();
    // It has ten lots.
    expect(next.outbox.pending()).to.have.length(11);
    await node.mine();
    const requesters = await Promise.all(deposits.map(({ address }) => requestersOf(node, address)));
    expect(requesters.flat()).to.deep.equal(Array.from({ length: 10 }, () => node.roles.rival));
    for (let block = 0; block < RIG_CONFIRMATIONS + 1; block += 1) {
      await node.mine();
      await next.step();
    }
    const rows = await database.database.query<{ count: bigint }>(
      "select count(*) as count from keeper_rescue where account = $1 and ended_as = 'rescued'",
      [node.roles.rival.toLowerCase()],
    );
    expect(rows[0]?.count).to.equal(10n);
  });

  it("REDEEM-61 a copy that leads again looks at once, whatever it saw before it stood by", async () => {
    const [called] = deposits;
    if (called === undefined) throw new Error("there are deposits");
    await node.ask("evm_setAutomine", true);
    await node.scenario.setPrice(32n * 10n ** 15n);
    for (const { address } of deposits) await node.scenario.exitCourtesyCall(address);
    const first = await startRedeemer(node, database.database, { cooldownMs: 600_000 });
    await first.step();
    await first.step();
    expect(first.counters.get("cooldown")).to.equal(1);
    const second = await startRedeemer(node, database.database, { cooldownMs: 600_000 });
    expect(await first.lease.step()).to.equal(false);
    await first.step();
    await node.scenario.setPrice(CALLABLE);
    await node.scenario.courtesyCall(called.address);
    await node.ask("evm_setAutomine", false);
    await second.lease.stop();
    expect(await first.lease.step()).to.equal(true);
    await first.step();
    expect(first.outbox.pending()).to.have.length(2);
    await node.mine();
    expect(await stateOf(called)).to.equal(DepositState.AWAITING_WITHDRAWAL_SIGNATURE);
  });

  it("REDEEM-32 just before it signs it asks the nodes: a genuine deposit in the right state, a sane fee, enough of both", async () => {
    const [deposit, other] = deposits;
    if (deposit === undefined || other === undefined) throw new Error("there are deposits");
    const { redeemer: account } = node.roles;
    const client = node.client({ timeoutMs: 20_000 });
    const signing = tbtcSigning(node.world.addresses, prefixedOutputScript(DESTINATION), MAX_FEE_SAT);
    const token = { address: node.world.addresses.token, symbol: "TBTC", decimals: 18 };
    const guard = redeemerGuard({ client, account, site: { token, signing } });
    const ask = async (action: Action, gasLimit = 800_000n): Promise<string> => {
      const intent = { ...UNSIGNED, action, gasLimit };
      return (await guard(intent, await client.head()))?.check ?? "ok";
    };
    const script = prefixedOutputScript(DESTINATION);
    const redeem = (id: string, feeSat: bigint): Action => {
      const args = { deposit: id, outputValue: satToBytes8(LOT_SAT - feeSat), redeemerOutputScript: script };
      return { name: "VendingMachine.tbtcToBtc", args };
    };
    expect(await ask(redeem(deposit.address, 2_000n))).to.equal("ok");
    expect(await ask(redeem(deposit.address, MAX_FEE_SAT))).to.equal("ok");
    for (const feeSat of [1_999n, 0n, MAX_FEE_SAT + 1n])
      expect(await ask(redeem(deposit.address, feeSat))).to.equal("price");
    // Known to the keeper or not: the system has no token for it.
    for (const stranger of [deposit.keep, node.roles.user, node.world.addresses.token]) {
      expect(await ask(redeem(stranger, 2_000n)), stranger).to.equal("argument");
      expect(await ask({ name: "Deposit.notifyCourtesyCall", args: {}, target: stranger }), stranger).to.equal(
        "argument",
      );
    }
    // It was called already.
    expect(await ask({ name: "Deposit.notifyCourtesyCall", args: {}, target: deposit.address })).to.equal("argument");
    const approve = (value: bigint): Action => ({ name: "Token.approve", args: { spender: deposit.address, value } });
    expect(await ask(approve(BigInt(POSITIONS) * LOT_WEI))).to.equal("ok");
    expect(await ask(approve(BigInt(POSITIONS) * LOT_WEI + 1n))).to.equal("balance");
    expect(await ask(redeem(deposit.address, 2_000n), 10n ** 22n)).to.equal("balance");
    await rivalRedeems(other, 900n * GWEI);
    await node.mine();
    expect(await ask(redeem(other.address, 2_000n))).to.equal("argument");
  });

  it("REDEEM-35 what a day may cost ends everything else, after as much as it allows", async () => {
    // Half of a day's limit at once: five of twelve.
    const redeemer = await startRedeemer(node, database.database, { tokenUnitsPerDay: WAD });
    await finish(redeemer, 16);
    expect((await endings())["rescued"]).to.equal(5);
    expect(await node.tbtcOf(node.roles.redeemer)).to.equal(BigInt(POSITIONS - 5) * LOT_WEI);
    const refused = redeemer.logged
      .events()
      .filter(({ event, check }) => event === "outbox.refused" && check === "daily-amount");
    expect(refused).to.not.deep.equal([]);
    // Another day.
    await database.database.query("delete from keeper_policy_meter");
    const next = await startRedeemer(node, database.database);
    await finish(next, 10);
    expect((await endings())["rescued"]).to.equal(POSITIONS);
    for (const deposit of deposits)
      expect(await requestersOf(node, deposit.address)).to.deep.equal([node.roles.redeemer]);
  });

  it("REDEEM-58 a rescue that is too much for a day even alone makes way for the others, and is tried again", async () => {
    await node.ask("evm_setAutomine", true);
    await node.scenario.courtesyCall(large.address);
    await node.ask("evm_setAutomine", false);
    const id = large.address.toLowerCase();
    const redeemer = await startRedeemer(node, database.database, { tokenUnitsPerDay: WAD });
    await finish(redeemer, 20);
    expect((await endings())["rescued"]).to.equal(5);
    expect(await stateOf(large)).to.equal(DepositState.COURTESY_CALL);
    const left = redeemer.logged.events().filter(({ event, about }) => event === "rescue.left" && about === id);
    expect(left.map(({ reason }) => reason)).to.include("not-submitted");
    expect(redeemer.counters.get("skip.put-aside")).to.be.greaterThan(0);
    // Another day with more of everything.
    await database.database.query("delete from keeper_policy_meter");
    const next = await startRedeemer(node, database.database, { tokenUnitsPerDay: 10n * WAD });
    await node.ask("evm_setAutomine", true);
    await node.scenario.transferTbtc(node.roles.rival, node.roles.redeemer, WAD);
    await node.ask("evm_setAutomine", false);
    await finish(next, 10);
    expect((await endings())["rescued"]).to.equal(POSITIONS + 1);
  });

  it("REDEEM-35 rescues that the chain refuses though their simulations pass pause the keeper, and lost races do not", async () => {
    const redeemer = await startRedeemer(node, database.database);
    const condition = failedCondition(() => redeemer.store.failedToday(), POSITIONS);
    expect(await condition.look()).to.deep.equal({ say: "good" });
    await redeemer.step();
    // The approval goes, and with it everything behind it.
    const [approval] = redeemer.outbox.pending();
    redeemer.outbox.withdraw([approval?.key ?? ""]);
    await redeemer.tick.upkeep(await redeemer.client.head());
    await node.mine();
    await redeemer.tick.upkeep(await redeemer.client.head());
    await node.mine(RIG_CONFIRMATIONS);
    await redeemer.step();
    expect(await endings()).to.include({ failed: POSITIONS });
    expect(await condition.look()).to.include({ say: "pause" });
    await finish(redeemer, RIG_CONFIRMATIONS + 4);
    expect(await endings()).to.deep.equal({ failed: POSITIONS, rescued: POSITIONS });
  });

  async function rivalRedeems(deposit: Deposit, priceWei: bigint): Promise<void> {
    const { rival } = node.roles;
    const { rescue } = node.rescue();
    const block = await node.block();
    const position = { id: deposit.address.toLowerCase(), operators: deposit.members, sizeUnits: LOT_WEI };
    const [reading] = await rescue.read([position], block);
    if (reading === undefined) throw new Error("one reading per position");
    const [action] = await rescue.options(reading, rival, block);
    const { token, vendingMachine } = node.world.addresses;
    const approve = node.scenario.contracts.token.interface.encodeFunctionData("approve", [vendingMachine, LOT_WEI]);
    const fees = { maxFeePerGas: `0x${priceWei.toString(16)}`, maxPriorityFeePerGas: `0x${priceWei.toString(16)}` };
    await node.ask("eth_sendTransaction", { from: rival, to: token, data: approve, gas: "0x186a0", ...fees });
    for (const { to, data } of action?.calls ?? []) {
      await node.ask("eth_sendTransaction", { from: rival, to, data, gas: "0xc3500", ...fees });
    }
  }
});

const CREATED = tbtcAbi.keepFactory.getEvent("BondedECDSAKeepCreated").topicHash;
/** Selector of the token's exists(uint256). */
const EXISTS = tbtcAbi.ownershipToken.getFunction("exists").selector;
/** Selector of currentState(). */
const CURRENT_STATE = "0x0c3f6acf";

/** What a guard does not look at. */
const UNSIGNED = { key: "", to: "", data: "", valueWei: 0n, maxFeePerGasWei: 0n, validUntilBlock: 0 } as const;
