import { p2wpkh } from "@scure/btc-signer";
import { expect } from "chai";
import { computeAddress, getBytes, id, SigningKey } from "ethers";

import type { Database } from "../../../db/database.js";
import type { BitcoinSide } from "../../../keepers/courtesy-call-redeemer/adapters/tbtc/settle.js";
import { openChildSigner } from "../../../keepers/courtesy-call-redeemer/bitcoin/childSigner.js";
import { FOLLOW_UP_POLICY } from "../../../keepers/courtesy-call-redeemer/bitcoin/followUp.js";
import { PAYMENT_POINTS } from "../../../keepers/courtesy-call-redeemer/store.js";
import { DepositState } from "../../../protocol/tbtc/states.js";
import { rawTransaction } from "../../../scripts/tbtc/bitcoin.js";
import type { Deposit } from "../../../scripts/tbtc/scenario.js";
import { type BitcoinRig, createBitcoinRig, LEAVE_OUT_MS } from "../../helpers/bitcoinRig.js";
import type { TestDatabase } from "../../helpers/postgres.js";
import { usePostgres } from "../../helpers/postgres.js";
import { startTbtcNode, type TbtcNode } from "../../helpers/tbtcNode.js";
import { GWEI, WAD } from "./fixtures.js";
import { Killed, requestersOf, RIG_CONFIRMATIONS, startRedeemer, type Point, type Redeemer } from "./rig.js";

const LOT_SAT = 10_000_000n;
const LOT_WEI = WAD / 10n;
/** 124 % of collateral: can be called. */
const CALLABLE = 2_666n * 10n ** 13n;
const MINUTE = 60n;
const HOUR = 60n * MINUTE;
const OWNER = new SigningKey(id("redeemer"));
const SCRIPT = p2wpkh(getBytes(OWNER.compressedPublicKey)).script;
/** The rate at which the first payment is too slow, satoshis per virtual byte. */
const DEAR = 400;
const SERVERS = 3;
const ENOUGH_BLOCKS = 12;

describe("courtesy-call-redeemer, what it makes of its redemptions on the real tBTC v1 and Bitcoin", function () {
  this.timeout(240_000);
  const postgres = usePostgres();
  let node: TbtcNode;
  let deposit: Deposit;
  let database: TestDatabase;
  let bitcoin: BitcoinRig;

  before(async () => {
    node = await startTbtcNode();
    deposit = await node.scenario.open({ lotSat: LOT_SAT });
    await node.scenario.giveTbtc(node.roles.redeemer, LOT_WEI);
    await node.scenario.setPrice(CALLABLE);
    await node.scenario.courtesyCall(deposit.address);
  });
  beforeEach(async () => {
    await node.keep();
    database = await postgres.testDatabase();
    bitcoin = await fundedBitcoin();
    await node.ask("evm_setAutomine", false);
  });
  afterEach(async () => {
    node.proxy.fault = () => undefined;
    await bitcoin.close();
    await node.ask("evm_setAutomine", true);
    await node.giveBack();
  });
  after(() => node.close());

  /** Servers on a chain on which the deposit is funded. */
  async function fundedBitcoin(): Promise<BitcoinRig> {
    const rig = await createBitcoinRig(SERVERS);
    rig.chain.mine(1, { place: [rawTransaction(node.scenario.funding(deposit).transaction)] });
    return rig;
  }

  async function sideOf(rig: BitcoinRig): Promise<BitcoinSide> {
    const key = { address: computeAddress(OWNER), signDigest: (digest: string) => Promise.resolve(OWNER.sign(digest)) };
    return { servers: rig.servers, childSigner: await openChildSigner(key, SCRIPT), policy: FOLLOW_UP_POLICY };
  }

  async function start(
    options: { at?: (point: Point) => void; side?: BitcoinSide; db?: Database; patienceMs?: number } = {},
  ): Promise<Redeemer> {
    const { db = database.database, side, ...rest } = options;
    return startRedeemer(node, db, { bitcoin: side ?? (await sideOf(bitcoin)), script: SCRIPT, ...rest });
  }

  /** Redeems, and mines until that is final. */
  async function redeem(redeemer: Redeemer): Promise<void> {
    await redeemer.step();
    await blocks(redeemer, RIG_CONFIRMATIONS + 2);
    expect(await requestersOf(node, deposit.address)).to.deep.equal([node.roles.redeemer]);
    expect((await redeemer.store.load()).done.size).to.equal(1);
  }

  async function blocks(redeemer: Redeemer, count: number): Promise<void> {
    for (let block = 0; block < count; block += 1) {
      await node.mine();
      await redeemer.step();
    }
  }

  /** Somebody else's transactions, each in a block of its own. */
  async function others(work: () => Promise<unknown>): Promise<void> {
    await node.ask("evm_setAutomine", true);
    await work();
    await node.ask("evm_setAutomine", false);
  }

  async function later(seconds: bigint): Promise<void> {
    await node.ask("evm_increaseTime", Number(seconds));
    await node.mine();
  }

  const state = (): Promise<DepositState> => node.scenario.state(deposit.address);
  const signs = (): Promise<void> => others(() => node.scenario.signInKeep(deposit));
  const steps = (redeemer: Redeemer): string[] =>
    redeemer.outbox.pending().map(({ key }) => key.split(":").slice(3, 5).join(":"));
  const waiting = (rig = bitcoin): string[] => rig.chain.mempool.all.map(({ txid }) => txid);
  const troubles = (redeemer: Redeemer): unknown[] =>
    redeemer.logged.events().flatMap(({ event, trouble }) => (event === "settle.trouble" ? [trouble] : []));

  async function effects(db: Database = database.database): Promise<Record<string, string[]>> {
    const rows = await db.query<{ key: string; state: string }>(
      "select effect_key as key, state from keeper_outbox where effect_key like 'settle:%' order by id",
    );
    const found: Record<string, string[]> = {};
    for (const { key, state: how } of rows) {
      const step = key.split(":").slice(3, 4).join(":");
      found[step] = [...(found[step] ?? []), how];
    }
    return found;
  }

  async function payments(db: Database = database.database): Promise<{ kind: string; id: string }[]> {
    return [...(await db.query<{ kind: string; id: string }>("select kind, id from keeper_rescue_payment order by ordinal"))];
  }

  it("REDEEM-36 goes from the redemption to the proof: signature, payment, blocks on it, and the deposit is redeemed", async () => {
    const redeemer = await start();
    await redeem(redeemer);
    expect([steps(redeemer), waiting()]).to.deep.equal([[], []]);
    await signs();
    await redeemer.step();
    expect(steps(redeemer)).to.deep.equal(["provide-signature:1"]);
    const [payment] = waiting();
    expect(await payments()).to.deep.equal([{ kind: "payment", id: payment }]);
    await blocks(redeemer, 1);
    expect(await state()).to.equal(DepositState.AWAITING_WITHDRAWAL_PROOF);
    bitcoin.chain.mine(5);
    await blocks(redeemer, 1);
    expect(steps(redeemer)).to.deep.equal([]);
    bitcoin.chain.mine();
    await redeemer.step();
    expect(steps(redeemer)).to.deep.equal([`prove:${payment ?? ""}`]);
    await blocks(redeemer, 1);
    expect(await state()).to.equal(DepositState.REDEEMED);
    await blocks(redeemer, RIG_CONFIRMATIONS + 1);
    expect(await effects()).to.deep.equal({ "provide-signature": ["final"], prove: ["final"] });
    expect(redeemer.outbox.pending()).to.deep.equal([]);
    const stages = redeemer.logged.events().flatMap(({ event, stage }) => (event === "settle.stage" ? [stage] : []));
    expect([...new Set(stages)]).to.deep.equal(["requested", "signed", "broadcast", "confirmed", "provable"]);
    expect(troubles(redeemer)).to.deep.equal([]);
    // What is over is not looked at any more.
    const asked = bitcoin.remote[0]?.asked.length;
    await blocks(redeemer, 1);
    expect(bitcoin.remote[0]?.asked.length).to.equal(asked);
  });

  it("REDEEM-37 killed between any two lines of a settlement, whoever follows doubles nothing and forgets nothing", async () => {
    const points: readonly (readonly [Point | "broadcast", number])[] = [
      ...PAYMENT_POINTS.flatMap((point) => [[point, 1] as const, [point, 2] as const]),
      ["broadcast", 1],
      ["broadcast", 2],
      // Each once for the signature and once for the proof.
      ...(["submit.before-commit", "submit.after-commit", "send.before", "send.after-reply"] as const).flatMap(
        (point) => [[point, 1] as const, [point, 2] as const],
      ),
      ["settle.before-commit", 1],
      ["settle.after-commit", 2],
    ];
    for (const [point, nth] of points) {
      const about = `${point} ${String(nth)}`;
      await node.keep();
      const { database: db } = await postgres.testDatabase();
      const rig = await fundedBitcoin();
      try {
        let left = Number.POSITIVE_INFINITY;
        const dying = (at: Point | "broadcast"): void => {
          if (at !== point) return;
          left -= 1;
          if (left === 0) throw new Killed(about);
        };
        const side = await sideOf(rig);
        const { servers } = rig;
        const broadcast = servers.broadcast.bind(servers);
        servers.broadcast = async (raw) => {
          const result = await broadcast(raw);
          dying("broadcast");
          return result;
        };
        let redeemer = await start({ db, side, at: dying });
        await redeem(redeemer);
        left = nth;
        let deaths = 0;
        /** A step, and after a death the next process's. */
        const step = async (): Promise<void> => {
          try {
            await redeemer.step();
          } catch (error) {
            if (!(error instanceof Killed)) throw error;
            deaths += 1;
            redeemer = await start({ db, side });
            await redeemer.step();
          }
        };
        await signs();
        await step();
        await node.mine();
        await step();
        for (const remote of rig.remote) remote.satPerVbyte = DEAR;
        await later(HOUR);
        await step();
        await step();
        expect(waiting(rig), about).to.have.length(2);
        rig.chain.mine(6, { satPerVbyte: DEAR });
        await step();
        for (let block = 0; block < ENOUGH_BLOCKS; block += 1) {
          await node.mine();
          await step();
        }
        expect(deaths, about).to.equal(1);
        expect(await state(), about).to.equal(DepositState.REDEEMED);
        expect(await effects(db), about).to.deep.equal({ "provide-signature": ["final"], prove: ["final"] });
        expect((await payments(db)).map(({ kind }) => kind), about).to.deep.equal(["payment", "child"]);
        const { system } = node.scenario.contracts;
        const given = await system.queryFilter(system.filters.GotRedemptionSignature(deposit.address));
        expect(given, about).to.have.length(1);
        // One payment and one child, both in blocks.
        for (const { id: txid } of await payments(db)) expect(rig.chain.heightOf(txid), about).to.be.greaterThan(0);
        expect(waiting(rig), about).to.deep.equal([]);
      } finally {
        await rig.close();
        await node.ask("evm_setAutomine", true);
        await node.giveBack();
        await node.ask("evm_setAutomine", false);
      }
    }
  });

  it("REDEEM-38 tells that signers are late once, and goes on when they sign", async () => {
    const redeemer = await start();
    await redeem(redeemer);
    await later(90n * MINUTE);
    await redeemer.step();
    await blocks(redeemer, 2);
    expect(troubles(redeemer)).to.deep.equal(["signature-late"]);
    expect(steps(redeemer)).to.deep.equal([]);
    await later(31n * MINUTE);
    await redeemer.step();
    expect(troubles(redeemer)).to.deep.equal(["signature-late", "signature-timed-out"]);
    await signs();
    await redeemer.step();
    await blocks(redeemer, 1);
    expect(await state()).to.equal(DepositState.AWAITING_WITHDRAWAL_PROOF);
    await blocks(redeemer, 1);
    const over = redeemer.logged.events().flatMap(({ event, trouble }) => (event === "settle.trouble-over" ? [trouble] : []));
    expect(over).to.deep.equal(["signature-late", "signature-timed-out"]);
  });

  it("REDEEM-38 raises a fee when a payment is slow, each time once and twice at most, and proves what was paid last", async () => {
    const redeemer = await start({ side: { ...(await sideOf(bitcoin)), childSigner: undefined } });
    await redeem(redeemer);
    const seen: string[] = [];
    for (const round of [1, 2, 3]) {
      await signs();
      await redeemer.step();
      expect(steps(redeemer)).to.deep.equal([`provide-signature:${String(round)}`]);
      await blocks(redeemer, RIG_CONFIRMATIONS + 1);
      const [payment] = waiting();
      expect(seen).to.not.include(payment);
      seen.push(payment ?? "");
      expect(waiting()).to.have.length(1);
      await later(4n * HOUR);
      await redeemer.step();
      await redeemer.step();
      expect(steps(redeemer)).to.deep.equal(round < 3 ? [`increase-fee:${String(round)}`] : []);
      if (round === 3) break;
      await blocks(redeemer, RIG_CONFIRMATIONS + 1);
      expect(await state()).to.equal(DepositState.AWAITING_WITHDRAWAL_SIGNATURE);
    }
    expect(troubles(redeemer)).to.include("bump-impossible");
    await later(100n * MINUTE);
    await redeemer.step();
    expect(troubles(redeemer)).to.include("proof-late");
    expect(steps(redeemer)).to.deep.equal([]);
    bitcoin.chain.mine(6);
    await redeemer.step();
    await blocks(redeemer, RIG_CONFIRMATIONS + 2);
    expect(await state()).to.equal(DepositState.REDEEMED);
    expect(await effects()).to.deep.equal({
      "provide-signature": ["final", "final", "final"],
      "increase-fee": ["final", "final"],
      prove: ["final"],
    });
  });

  it("REDEEM-38 without a key of the output says what to sign by hand, and sends no child", async () => {
    const redeemer = await start({ side: { ...(await sideOf(bitcoin)), childSigner: undefined } });
    await redeem(redeemer);
    await signs();
    await redeemer.step();
    await blocks(redeemer, 1);
    for (const remote of bitcoin.remote) remote.satPerVbyte = DEAR;
    await later(HOUR);
    await redeemer.step();
    expect(troubles(redeemer)).to.deep.equal(["child-by-hand"]);
    const told = redeemer.logged.events().find(({ event }) => event === "settle.trouble");
    expect(String(told?.["detail"])).to.include(waiting()[0]);
    expect(waiting()).to.have.length(1);
    expect((await payments()).map(({ kind }) => kind)).to.deep.equal(["payment"]);
  });

  it("REDEEM-39 a server that lies is left out and told; with too few left nothing is proven or paid until one is back", async () => {
    const redeemer = await start();
    await redeem(redeemer);
    await signs();
    await redeemer.step();
    await blocks(redeemer, 1);
    bitcoin.chain.mine(6);
    const [first, second] = bitcoin.remote;
    if (first === undefined || second === undefined) throw new Error("there are three");
    const lie = ({ method }: { readonly method: string }, result: unknown): unknown =>
      method === "blockchain.transaction.get_merkle" ? { ...(result as object), pos: 0 } : result;
    first.faults = { alter: lie };
    second.faults = { isSilent: () => true };
    second.hangUp();
    await redeemer.step();
    expect(troubles(redeemer)).to.deep.equal(["bitcoin-unknown"]);
    const told = redeemer.logged.events().flatMap(({ event, state: how }) => (event === "settle.server" ? [how] : []));
    expect(told).to.have.members(["left-out", "failing"]);
    expect(steps(redeemer)).to.deep.equal([]);
    await blocks(redeemer, 2);
    expect(await state()).to.equal(DepositState.AWAITING_WITHDRAWAL_PROOF);
    expect((await payments()).map(({ kind }) => kind)).to.deep.equal(["payment"]);
    // Mended, and asked again after a while.
    first.faults = {};
    second.faults = {};
    bitcoin.clock.ms += LEAVE_OUT_MS;
    await redeemer.step();
    await blocks(redeemer, 1);
    expect(await state()).to.equal(DepositState.REDEEMED);
    expect(redeemer.logged.names()).to.include("settle.server-back");
  });

  it("REDEEM-39 with one liar among three the two others are enough", async () => {
    const redeemer = await start();
    await redeem(redeemer);
    const [first] = bitcoin.remote;
    if (first === undefined) throw new Error("there are three");
    first.faults = {
      alter: ({ method }, result) => (method === "blockchain.scripthash.get_history" ? [] : result),
    };
    await signs();
    await redeemer.step();
    await blocks(redeemer, 1);
    bitcoin.chain.mine(6);
    await redeemer.step();
    await blocks(redeemer, 1);
    expect(await state()).to.equal(DepositState.REDEEMED);
    expect(bitcoin.codes()[0]).to.equal("BTC_SERVER_HISTORY_FALSE");
  });

  it("REDEEM-39 without any server the signature is brought all the same, and people are told of the rest", async () => {
    const redeemer = await start({ side: { servers: undefined, childSigner: undefined, policy: FOLLOW_UP_POLICY } });
    await redeem(redeemer);
    await signs();
    await redeemer.step();
    expect(steps(redeemer)).to.deep.equal(["provide-signature:1"]);
    await blocks(redeemer, 2);
    expect(await state()).to.equal(DepositState.AWAITING_WITHDRAWAL_PROOF);
    expect(troubles(redeemer)).to.deep.equal(["bitcoin-unknown"]);
    expect(await payments()).to.deep.equal([]);
    // Half an hour before anybody may liquidate, time is won by a fee: the bond is worth more.
    await later(5n * HOUR + 31n * MINUTE);
    await redeemer.step();
    expect(steps(redeemer)).to.deep.equal(["increase-fee:1"]);
  });

  it("REDEEM-40 takes back what somebody else has done before it was mined, and never sends it again", async () => {
    const redeemer = await start();
    await redeem(redeemer);
    await signs();
    await redeemer.step();
    const [sent] = redeemer.outbox.pending();
    expect(steps(redeemer)).to.deep.equal(["provide-signature:1"]);
    await node.ask("hardhat_dropTransaction", sent?.hashes[0]);
    const { digest } = await node.scenario.redemption(deposit.address);
    const { r, s, v } = node.scenario.signerKey(deposit.keep).sign(digest);
    const data = node.scenario.contracts
      .deposit(deposit.address)
      .interface.encodeFunctionData("provideRedemptionSignature", [v, r, s]);
    const fees = { maxFeePerGas: `0x${(900n * GWEI).toString(16)}`, maxPriorityFeePerGas: `0x${GWEI.toString(16)}` };
    await node.ask("eth_sendTransaction", { from: node.roles.rival, to: deposit.address, data, gas: "0x30d40", ...fees });
    await node.mine();
    expect(await state()).to.equal(DepositState.AWAITING_WITHDRAWAL_PROOF);
    await redeemer.tick.run(await redeemer.client.head(), true);
    expect(redeemer.logged.names()).to.include("settle.withdrawn");
    await blocks(redeemer, RIG_CONFIRMATIONS + 5);
    expect(await effects()).to.deep.equal({ "provide-signature": ["cancelled"] });
  });

  it("REDEEM-41 a server that does not answer keeps nobody waiting: the look is taken up by a later block", async () => {
    const redeemer = await start({ patienceMs: 50 });
    await redeem(redeemer);
    for (const remote of bitcoin.remote) remote.faults = { isSilent: () => true };
    await signs();
    const stages = (): unknown[] =>
      redeemer.logged.events().flatMap(({ event, stage }) => (event === "settle.stage" ? [stage] : []));
    // Servers have five seconds to answer.
    await redeemer.step();
    expect([stages(), steps(redeemer)]).to.deep.equal([["requested"], []]);
    for (let block = 0; block < 400 && steps(redeemer).length === 0; block += 1) {
      await redeemer.step();
    }
    expect(steps(redeemer)).to.deep.equal(["provide-signature:1"]);
  });

  it("REDEEM-41 what is paused looks and tells, and neither signs nor hands anything over", async () => {
    const redeemer = await start();
    await redeem(redeemer);
    await signs();
    await redeemer.tick.run(await redeemer.client.head(), false);
    expect([steps(redeemer), waiting(), await payments()]).to.deep.equal([[], [], []]);
    expect(redeemer.logged.events().some(({ event, stage }) => event === "settle.stage" && stage === "signed")).to.equal(true);
    await redeemer.step();
    expect(steps(redeemer)).to.deep.equal(["provide-signature:1"]);
    expect(waiting()).to.have.length(1);
  });
});
