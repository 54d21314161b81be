import { p2wpkh } from "@scure/btc-signer";
import { expect } from "chai";
import { computeAddress, getBytes, id, SigningKey } from "ethers";

import type { BitcoinSide } from "../../../keepers/courtesy-call-redeemer/adapters/tbtc/settle.js";
import { tbtcSigning } from "../../../keepers/courtesy-call-redeemer/adapters/tbtc/signing.js";
import { openChildSigner } from "../../../keepers/courtesy-call-redeemer/bitcoin/childSigner.js";
import { FOLLOW_UP_POLICY } from "../../../keepers/courtesy-call-redeemer/bitcoin/followUp.js";
import { redeemerGuard } from "../../../keepers/courtesy-call-redeemer/guard.js";
import { PAYMENT_POINTS } from "../../../keepers/courtesy-call-redeemer/store.js";
import type { Action } from "../../../keepers/kit/policy/action.js";
import { tbtcAbi } from "../../../protocol/tbtc/contracts.js";
import { DepositState } from "../../../protocol/tbtc/states.js";
import { prefixedOutputScript, satToBytes8 } from "../../../protocol/tbtc/units.js";
import { rawTransaction } from "../../../scripts/tbtc/bitcoin.js";
import type { Deposit } from "../../../scripts/tbtc/scenario.js";
import { type BitcoinRig, createBitcoinRig, LEAVE_OUT_MS } from "../../helpers/bitcoinRig.js";
import type { TestDatabase } from "../../helpers/postgres.js";
import { usePostgres } from "../../helpers/postgres.js";
import { startTbtcNode, type TbtcNode } from "../../helpers/tbtcNode.js";
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
const MINUTE = 60n;
const HOUR = 60n * MINUTE;
const OWNER = new SigningKey(id("redeemer"));
const SCRIPT = p2wpkh(getBytes(OWNER.compressedPublicKey)).script;
/** The rate at which the first payment is too slow, satoshis per virtual byte. */
const DEAR = 400;
const SERVERS = 3;

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
    bitcoin = await createBitcoinRig(SERVERS);
    bitcoin.chain.mine(1, { place: [rawTransaction(node.scenario.funding(deposit).transaction)] });
    await node.ask("evm_setAutomine", false);
  });
  afterEach(async () => {
    node.proxy.fault = () => undefined;
    await bitcoin.close();
    await node.ask("evm_setAutomine", true);
    await node.giveBack();
  });
  after(() => node.close());

  async function sideOf(rig: BitcoinRig): Promise<BitcoinSide> {
    const key = { address: computeAddress(OWNER), signDigest: (digest: string) => Promise.resolve(OWNER.sign(digest)) };
    return { servers: rig.servers, childSigner: await openChildSigner(key, SCRIPT), policy: FOLLOW_UP_POLICY };
  }

  async function start(
    options: { at?: (point: Point) => void; side?: BitcoinSide; patienceMs?: number } = {},
  ): Promise<Redeemer> {
    const { side, ...rest } = options;
    return startRedeemer(node, database.database, {
      bitcoin: side ?? (await sideOf(bitcoin)),
      script: SCRIPT,
      ...rest,
    });
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
  const waiting = (): string[] => bitcoin.chain.mempool.all.map(({ txid }) => txid);
  const troubles = (redeemer: Redeemer): unknown[] =>
    redeemer.logged.events().flatMap(({ event, trouble }) => (event === "settle.trouble" ? [trouble] : []));

  async function effects(): Promise<Record<string, string[]>> {
    const rows = await database.database.query<{ key: string; state: string }>(
      "select effect_key as key, state from keeper_outbox where effect_key like 'settle:%' order by id",
    );
    const found: Record<string, string[]> = {};
    for (const { key, state: how } of rows) {
      const step = key.split(":").slice(3, 4).join(":");
      found[step] = [...(found[step] ?? []), how];
    }
    return found;
  }

  async function payments(): Promise<{ kind: string; id: string }[]> {
    return [
      ...(await database.database.query<{ kind: string; id: string }>(
        "select kind, id from keeper_rescue_payment order by ordinal",
      )),
    ];
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
    const transaction = [
      "submit.before-commit",
      "submit.after-commit",
      "send.before",
      "send.after-reply",
      "settle.before-commit",
      "settle.after-commit",
    ] as const;
    const handing = [...PAYMENT_POINTS, "handed-over"] as const;
    const armed = new Set<Point | "handed-over">();
    const deaths: string[] = [];
    const dying = (at: Point | "handed-over"): void => {
      if (armed.delete(at)) throw new Killed(at);
    };
    const side = await sideOf(bitcoin);
    const { servers } = bitcoin;
    const broadcast = servers.broadcast.bind(servers);
    servers.broadcast = async (raw) => {
      const result = await broadcast(raw);
      dying("handed-over");
      return result;
    };
    let redeemer = await start({ side, at: dying });
    await redeem(redeemer);
    /** Blocks until it is done and every armed point has killed once; each death is followed by another process. */
    const goOn = async (isDone: () => Promise<boolean> | boolean): Promise<void> => {
      for (let turn = 0; turn < 60; turn += 1) {
        try {
          await redeemer.step();
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
          deaths.push(error.message);
          redeemer = await start({ side, at: dying });
          continue;
        }
        if (armed.size === 0 && (await isDone())) return;
        await node.mine();
      }
      throw new Error(`still not done; not reached: ${[...armed].join(", ")}`);
    };
    await signs();
    for (const point of [...handing, ...transaction]) armed.add(point);
    await goOn(async () => (await effects())["provide-signature"]?.[0] === "final");
    expect(await state()).to.equal(DepositState.AWAITING_WITHDRAWAL_PROOF);
    for (const remote of bitcoin.remote) remote.satPerVbyte = DEAR;
    await later(HOUR);
    for (const point of handing) armed.add(point);
    await goOn(() => waiting().length === 2);
    bitcoin.chain.mine(6, { satPerVbyte: DEAR });
    for (const point of transaction) armed.add(point);
    await goOn(async () => (await effects())["prove"]?.[0] === "final");
    expect(deaths).to.have.members([...handing, ...transaction, ...handing, ...transaction]);
    expect(await state()).to.equal(DepositState.REDEEMED);
    // Every step once on either chain, no gas for one that was refused.
    expect(await effects()).to.deep.equal({ "provide-signature": ["final"], prove: ["final"] });
    const { system } = node.scenario.contracts;
    expect(await system.queryFilter(system.filters.GotRedemptionSignature(deposit.address))).to.have.length(1);
    expect((await payments()).map(({ kind }) => kind)).to.deep.equal(["payment", "child"]);
    for (const { id: txid } of await payments()) expect(bitcoin.chain.heightOf(txid)).to.be.greaterThan(0);
    expect(waiting()).to.deep.equal([]);
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
    const over = redeemer.logged
      .events()
      .flatMap(({ event, trouble }) => (event === "settle.trouble-over" ? [trouble] : []));
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
    const data = tbtcAbi.deposit.encodeFunctionData("provideRedemptionSignature", [v, r, s]);
    const fees = { maxFeePerGas: `0x${(900n * GWEI).toString(16)}`, maxPriorityFeePerGas: `0x${GWEI.toString(16)}` };
    await node.ask("eth_sendTransaction", {
      from: node.roles.rival,
      to: deposit.address,
      data,
      gas: "0x30d40",
      ...fees,
    });
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
    expect(
      redeemer.logged.events().some(({ event, stage }) => event === "settle.stage" && stage === "signed"),
    ).to.equal(true);
    await redeemer.step();
    expect(steps(redeemer)).to.deep.equal(["provide-signature:1"]);
    expect(waiting()).to.have.length(1);
  });

  it("REDEEM-42 just before it signs a step of a settlement the nodes run the very call, and refuse what the contract would", async () => {
    const redeemer = await start();
    await redeem(redeemer);
    await signs();
    const client = node.client({ timeoutMs: 20_000 });
    const signing = tbtcSigning(node.world.addresses, prefixedOutputScript(SCRIPT), MAX_FEE_SAT);
    const token = { address: node.world.addresses.token, symbol: "TBTC", decimals: 18 };
    const guard = redeemerGuard({ client, account: node.roles.redeemer, site: { token, signing } });
    const ask = async (name: string, args: Action["args"], target = deposit.address): Promise<string> => {
      const call = { key: "", to: "", data: "", valueWei: 0n, maxFeePerGasWei: 0n, validUntilBlock: 0 };
      const intent = { ...call, action: { name, args, target }, gasLimit: 300_000n };
      return (await guard(intent, await client.head()))?.check ?? "ok";
    };
    const { digest, utxoSat, feeSat } = await node.scenario.redemption(deposit.address);
    const { r, s, v } = node.scenario.signerKey(deposit.keep).sign(digest);
    const name = "Deposit.provideRedemptionSignature";
    expect(await ask(name, { v: BigInt(v), r, s })).to.equal("ok");
    expect(await ask(name, { v: BigInt(55 - v), r, s })).to.equal("argument");
    expect(await ask(name, { v: BigInt(v), r, s }, deposit.keep)).to.equal("argument");
    const raise = (newFeeSat: bigint): Promise<string> =>
      ask("Deposit.increaseRedemptionFee", {
        previousOutputValue: satToBytes8(utxoSat - feeSat),
        newOutputValue: satToBytes8(utxoSat - newFeeSat),
      });
    const data = tbtcAbi.deposit.encodeFunctionData("provideRedemptionSignature", [v, r, s]);
    await others(() => node.scenario.send(node.roles.rival, deposit.address, data));
    expect(await raise(2n * feeSat)).to.equal("argument");
    await later(4n * HOUR);
    expect(await raise(2n * feeSat)).to.equal("ok");
    expect(await raise(3n * feeSat)).to.equal("argument");
  });
});
