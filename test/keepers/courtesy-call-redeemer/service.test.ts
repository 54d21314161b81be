import { expect } from "chai";

import type { PolicyCheck } from "../../../keepers/kit/policy/types.js";
import { EARNING_POINTS } from "../../../keepers/courtesy-call-redeemer/earningStore.js";
import { STORE_POINTS } from "../../../keepers/courtesy-call-redeemer/store.js";
import { FAULT_POINTS } from "../../../keepers/kit/outbox/faultPoints.js";
import type { IRescueBounty } from "../../../protocol/generated/contracts/index.js";
import {
  connectRescueBounty,
  encodeClaim,
  encodePledge,
  encodeRescue,
  rescueBountyAbi,
} from "../../../protocol/tbtc/bounty.js";
import { tbtcAbi } from "../../../protocol/tbtc/contracts.js";
import { DepositState } from "../../../protocol/tbtc/states.js";
import { deployRescueBounty } from "../../../scripts/tbtc/bounty.js";
import type { Deposit } from "../../../scripts/tbtc/scenario.js";
import { usePostgres, type TestDatabase } from "../../helpers/postgres.js";
import { DESTINATION, startTbtcNode, type TbtcNode } from "../../helpers/tbtcNode.js";
import { GWEI, WAD } from "./fixtures.js";
import { Killed, requestersOf, RIG_CONFIRMATIONS, startRedeemer, type Point, type Redeemer } from "./rig.js";

const LOT_SAT = 10_000_000n;
const LOT_WEI = WAD / 10n;
/** 124 % of collateral: can be called. */
const CALLABLE = 2_666n * 10n ** 13n;
const BOUNTY_WEI = WAD;
/** Highest fee of these runs: a rescue and all that follows cost 0.236 ether at most, and 0.01 is to be left. */
const MAX_FEE_WEI = 100n * GWEI;
const SMALL_BOUNTY_WEI = (WAD * 245n) / 1_000n;
const DAY_SECONDS = 86_400;
/** Blocks within which a process that follows another one has done everything. */
const ENOUGH_BLOCKS = 16;

describe("courtesy-call-redeemer as a service provider on the real tBTC v1", function () {
  this.timeout(240_000);
  const postgres = usePostgres();
  let node: TbtcNode;
  let escrow: string;
  let contract: IRescueBounty;
  let agent: string;
  /** With a bounty: two that pay, and one that pays too little; and one without. */
  let paid: readonly [Deposit, Deposit];
  let small: Deposit;
  let unlisted: Deposit;
  let operator: string;
  let database: TestDatabase;

  before(async () => {
    node = await startTbtcNode();
    const { scenario, roles } = node;
    escrow = await deployRescueBounty(node.chain, roles.deployer, node.world.addresses);
    contract = connectRescueBounty(escrow, node.chain.provider);
    agent = await contract.agentOf(roles.redeemer);
    const open = () => scenario.open({ lotSat: LOT_SAT });
    paid = [await open(), await open()];
    [small, unlisted] = [await open(), await open()];
    await scenario.giveTbtc(roles.redeemer, 4n * LOT_WEI);
    await scenario.giveTbtc(roles.rival, WAD);
    operator = roles.operators[0] ?? "";
    await pledge([paid[0], paid[1]], BOUNTY_WEI);
    await pledge([small], SMALL_BOUNTY_WEI);
    await scenario.setPrice(CALLABLE);
    for (const { address } of [...paid, small, unlisted]) await scenario.courtesyCall(address);
  });
  beforeEach(async () => {
    await node.keep();
    database = await postgres.testDatabase();
    await node.ask("evm_setAutomine", false);
  });
  afterEach(async () => {
    await node.ask("evm_setAutomine", true);
    await node.giveBack();
  });
  after(() => node.close());

  const start = (more: Parameters<typeof startRedeemer>[2] = {}, db = database.database): Promise<Redeemer> =>
    startRedeemer(node, db, { mode: "service-provider", escrow, maxFeePerGasWei: MAX_FEE_WEI, ...more });
  const stateOf = (deposit: Deposit) => node.scenario.state(deposit.address);
  const idOf = (deposit: Deposit): string => deposit.address.toLowerCase();

  async function pledge(deposits: readonly Deposit[], bountyWei: bigint): Promise<void> {
    const data = encodePledge(deposits.map(({ address }) => ({ deposit: address, bountyWei })));
    await node.scenario.send(operator, escrow, data, BigInt(deposits.length) * bountyWei);
  }
  /** The chain mines what others do at once, and with it what waits. */
  async function meanwhile(work: () => Promise<unknown>): Promise<void> {
    await node.ask("evm_setAutomine", true);
    await work();
    await node.ask("evm_setAutomine", false);
  }
  async function prove(deposits: readonly Deposit[]): Promise<void> {
    await meanwhile(async () => {
      for (const deposit of deposits) {
        await node.scenario.provideSignature(deposit);
        await node.scenario.proveRedemption(deposit);
      }
    });
  }
  async function blocks(redeemer: Redeemer, count = RIG_CONFIRMATIONS + 2): Promise<void> {
    for (let block = 0; block < count; block += 1) {
      await node.mine();
      await redeemer.step();
    }
  }
  async function rescues(db = database.database): Promise<Record<string, number>> {
    const rows = await db.query<{ end: string; count: bigint }>(
      `select coalesce(ended_as, 'open') as end, count(*) as count from keeper_rescue group by 1 order by 1`,
    );
    return Object.fromEntries(rows.map(({ end, count }) => [end, Number(count)]));
  }
  async function earnings(db = database.database): Promise<Record<string, number>> {
    const rows = await db.query<{ end: string; count: bigint }>(
      `select kind || ' ' || coalesce(ended_as, 'open') as end, count(*) as count
       from keeper_rescue_earning group by 1 order by 1`,
    );
    return Object.fromEntries(rows.map(({ end, count }) => [end, Number(count)]));
  }
  /** What the escrow has ever paid out, by whom it was asked, and for which deposits it booked how often. */
  async function booked() {
    const claimed = await contract.queryFilter(contract.filters.Claimed());
    const collected = await contract.queryFilter(contract.filters.Collected());
    return {
      claims: claimed.map(({ args }) => args.deposit.toLowerCase()).sort(),
      collectedWei: collected.reduce((sum, { args }) => sum + args.amountWei, 0n),
      accounts: [...new Set(collected.map(({ args }) => args.account))],
    };
  }
  const orderOf = async (deposit: Deposit): Promise<string> =>
    encodeRescue({
      deposit: deposit.address,
      ...{ utxoSat: LOT_SAT, feeSat: 20_000n, script: DESTINATION, maxCostWei: LOT_WEI, minBountyWei: 1n },
      deadline: BigInt(await node.chain.now()) + 7n * BigInt(DAY_SECONDS),
    });
  async function rivalRescues(deposit: Deposit): Promise<void> {
    const { rival } = node.roles;
    const price = `0x${(900n * GWEI).toString(16)}`;
    const fees = { maxFeePerGas: price, maxPriorityFeePerGas: price };
    const approve = tbtcAbi.token.encodeFunctionData("approve", [escrow, LOT_WEI]);
    const { token } = node.world.addresses;
    await node.ask("eth_sendTransaction", { from: rival, to: token, data: approve, gas: "0x186a0", ...fees });
    const data = await orderOf(deposit);
    await node.ask("eth_sendTransaction", { from: rival, to: escrow, data, gas: "0x124f80", ...fees });
  }
  const skipped = (redeemer: Redeemer): Record<string, string> => {
    const decision = redeemer.record.entries.findLast(({ kind }) => kind === "decision");
    const rejected = decision?.facts["rejected"] as unknown as readonly { about: string; reason: string }[];
    return Object.fromEntries(rejected.map(({ about, reason }) => [about, reason]));
  };

  it("REDEEM-50 rescues through the escrow what is listed and pays, claims each bounty once it is proven, and has it paid out", async () => {
    const redeemer = await start();
    await redeemer.step();
    const sent = redeemer.outbox.pending();
    expect(sent.map(({ key }) => key.split(":")[0])).to.deep.equal(["approve", "rescue", "rescue"]);
    // What nobody pays for is not even looked at; what pays too little is left alone by name.
    expect(skipped(redeemer)).to.deep.equal({ [idOf(small)]: "bounty-too-small" });
    await node.mine();
    for (const deposit of paid) {
      expect(await stateOf(deposit)).to.equal(DepositState.AWAITING_WITHDRAWAL_SIGNATURE);
      expect(await requestersOf(node, deposit.address)).to.deep.equal([agent]);
    }
    for (const deposit of [small, unlisted]) expect(await stateOf(deposit)).to.equal(DepositState.COURTESY_CALL);
    expect(await node.tbtcOf(node.roles.redeemer)).to.equal(2n * LOT_WEI);
    expect(await node.scenario.contracts.token.allowance(node.roles.redeemer, escrow)).to.equal(0n);
    await blocks(redeemer);
    expect(await rescues()).to.deep.equal({ rescued: 2 });
    // Nothing is claimed before the payment in bitcoin is proven.
    expect(await earnings()).to.deep.equal({});
    await prove([paid[0]]);
    await blocks(redeemer, ENOUGH_BLOCKS);
    expect(await earnings()).to.deep.equal({ "claim done": 1, "collect done": 1 });
    await prove([paid[1]]);
    await blocks(redeemer, ENOUGH_BLOCKS);
    expect(await earnings()).to.deep.equal({ "claim done": 2, "collect done": 2 });
    expect(await booked()).to.deep.equal({
      claims: paid.map(idOf).sort(),
      collectedWei: 2n * BOUNTY_WEI,
      accounts: [node.roles.redeemer],
    });
    expect(await node.chain.provider.getBalance(escrow)).to.equal(SMALL_BOUNTY_WEI);
    const kinds = redeemer.record.entries.map(({ kind }) => kind);
    for (const kind of ["rescue.rescued", "earnings", "earning.done"]) expect(kinds).to.include(kind);
    expect(redeemer.outbox.pending()).to.deep.equal([]);
  });

  it("REDEEM-50 calls what can be called and rescues it in one transaction, with the bounty as firm as it was decided for", async () => {
    await meanwhile(async () => {
      await node.scenario.setPrice(32n * 10n ** 15n);
      for (const { address } of paid) await node.scenario.exitCourtesyCall(address);
      // One operator leaves: what he promised counts no more, although it would still be paid.
      const data = rescueBountyAbi.encodeFunctionData("announceWithdrawal", [[paid[1].address]]);
      await node.scenario.send(operator, escrow, data);
      await node.scenario.setPrice(CALLABLE);
    });
    const redeemer = await start();
    await redeemer.step();
    expect(redeemer.outbox.pending()).to.have.length(2);
    expect(skipped(redeemer)).to.include({ [idOf(paid[1])]: "bounty-too-small" });
    await node.mine();
    expect(await requestersOf(node, paid[0].address)).to.deep.equal([agent]);
    expect(await stateOf(paid[1])).to.equal(DepositState.ACTIVE);
    await blocks(redeemer);
    expect(await rescues()).to.deep.equal({ rescued: 1 });
  });

  it("REDEEM-51 another provider was faster in the same block: no failure, no token spent, and nothing of his is claimed", async () => {
    const redeemer = await start();
    await redeemer.step();
    await rivalRescues(paid[0]);
    await node.mine();
    await blocks(redeemer);
    expect(await rescues()).to.deep.equal({ "by-another": 1, rescued: 1 });
    const [lost] = redeemer.logged.events().filter(({ event }) => event === "rescue.by-another");
    expect(lost).to.include({ position: idOf(paid[0]), rescuer: node.roles.rival.toLowerCase() });
    expect(await node.tbtcOf(node.roles.redeemer)).to.equal(3n * LOT_WEI);
    expect(await redeemer.store.failedToday()).to.equal(0);
    await prove(paid);
    await blocks(redeemer, ENOUGH_BLOCKS);
    expect(await earnings()).to.deep.equal({ "claim done": 1, "collect done": 1 });
    expect(await booked()).to.deep.include({ claims: [idOf(paid[1])], collectedWei: BOUNTY_WEI });
    // Two that watch one another: whoever comes too late sees it before he sends.
    const late = await start({ account: node.roles.rival }, (await postgres.testDatabase()).database);
    await late.step();
    expect(late.outbox.pending().map(({ key }) => key)).to.deep.equal([`claim:${idOf(paid[0])}:1`]);
  });

  it("REDEEM-52 takes a rescue back whose bounty has gone before it was mined, and counts no failure when it was mined after all", async () => {
    for (const isMined of [false, true]) {
      await node.keep();
      const { database: db } = await postgres.testDatabase();
      const redeemer = await start({}, db);
      await redeemer.step();
      const hashes = redeemer.outbox.pending().flatMap((one) => one.hashes);
      for (const hash of hashes) await node.ask("hardhat_dropTransaction", hash);
      await meanwhile(async () => {
        const deposits = paid.map(({ address }) => address);
        await node.scenario.send(
          operator,
          escrow,
          rescueBountyAbi.encodeFunctionData("announceWithdrawal", [deposits]),
        );
        await node.ask("evm_increaseTime", DAY_SECONDS - 60);
        await node.mine();
        await node.ask("evm_increaseTime", 60);
        await node.scenario.send(operator, escrow, rescueBountyAbi.encodeFunctionData("withdraw", [deposits]));
      });
      if (isMined) {
        // The node finds again what it had forgotten.
        const rows = await db.query<{ raw: string }>(
          "select '0x' || encode(raw, 'hex') as raw from keeper_attempt join keeper_outbox on keeper_outbox.id = outbox_id order by nonce",
        );
        for (const { raw } of rows) await node.ask("eth_sendRawTransaction", raw);
        await node.mine();
      }
      await blocks(redeemer, ENOUGH_BLOCKS);
      expect(await rescues(db), String(isMined)).to.deep.equal({ cancelled: 2 });
      const named = redeemer.logged.events().filter(({ why }) => why === "bounty-withdrawn");
      expect(new Set(named.map(({ position }) => position))).to.deep.equal(new Set(paid.map(idOf)));
      expect(await redeemer.store.failedToday()).to.equal(0);
      expect(await node.tbtcOf(node.roles.redeemer)).to.equal(4n * LOT_WEI);
      for (const deposit of paid) expect(await stateOf(deposit)).to.equal(DepositState.COURTESY_CALL);
      expect(redeemer.outbox.pending()).to.deep.equal([]);
      await node.giveBack();
    }
  });

  it("REDEEM-53 killed between any two lines of rescue, claim and payout, whoever follows does each once and loses none", async function () {
    this.timeout(900_000);
    // A local signer leaves no row without bytes, and nothing is unwound, unanswered or replaced here: the outbox's own tests kill there.
    const elsewhere: readonly Point[] = [
      ...["submit.after-assign", "submit.after-remote-signature", "send.after-without-reply"],
      ...["bump.before-commit", "bump.after-commit", "unwind.before-commit", "unwind.after-commit"],
    ] as Point[];
    const everywhere = FAULT_POINTS.filter((point) => !elsewhere.includes(point));
    const deaths = [
      ...[...STORE_POINTS, ...everywhere].map((point) => ({ point, phase: "rescue" as const })),
      ...[...EARNING_POINTS, ...everywhere].map((point) => ({ point, phase: "claim" as const })),
      ...[...EARNING_POINTS, ...everywhere].map((point) => ({ point, phase: "payout" as const })),
    ];
    for (const { point, phase } of deaths) {
      const name = `${point} of ${phase}`;
      await node.keep();
      const { database: db } = await postgres.testDatabase();
      let isArmed = false;
      let isDead = false;
      const dying = (at: Point): void => {
        if (isArmed && at === point) isDead = true;
        if (isDead) throw new Killed(point);
      };
      let process = await start({ at: dying }, db);
      /** One head; whoever follows a dead process remembers nothing. */
      const step = async (): Promise<void> => {
        try {
          await process.step();
        } catch (error) {
          if (!(error instanceof Killed) && !isDead) throw error;
        }
        if (isDead && isArmed) {
          isArmed = false;
          process = await start({}, db);
        }
      };
      const until = async (isDone: () => Promise<boolean>): Promise<void> => {
        for (let block = 0; block < ENOUGH_BLOCKS && !(await isDone()); block += 1) {
          await step();
          await node.mine();
        }
        expect(await isDone(), name).to.equal(true);
      };
      isArmed = phase === "rescue";
      await until(async () => (await rescues(db))["rescued"] === 2 && (await rescues(db))["open"] === undefined);
      await prove(paid);
      isArmed = phase === "claim";
      if (phase === "payout") {
        await until(async () => (await contract.collectableWei(node.roles.redeemer)) === 2n * BOUNTY_WEI);
        // The receipts of the claims are not those that are meant.
        if (point.startsWith("settle.")) await until(async () => (await earnings(db))["collect open"] === 1);
        isArmed = true;
      }
      await until(async () => (await booked()).collectedWei === 2n * BOUNTY_WEI);
      await until(async () => Object.keys(await earnings(db)).every((end) => !end.endsWith("open")));
      expect(isDead, name).to.equal(true);
      for (const deposit of paid) expect(await requestersOf(node, deposit.address), name).to.deep.equal([agent]);
      expect(await node.tbtcOf(node.roles.redeemer), name).to.equal(2n * LOT_WEI);
      expect((await booked()).claims, name).to.deep.equal(paid.map(idOf).sort());
      expect(await earnings(db), name).to.include({ "claim done": 2, "collect done": 1 });
      // No transaction was for nothing.
      expect(await db.query("select 1 from keeper_outbox where state = 'reverted'"), name).to.deep.equal([]);
      await node.giveBack();
    }
  });

  it("REDEEM-54 a claim that somebody else made for us is no failure, and what it booked is paid out all the same", async () => {
    const redeemer = await start();
    await redeemer.step();
    await blocks(redeemer);
    await prove(paid);
    await redeemer.step();
    const claims = redeemer.outbox.pending();
    expect(claims.map(({ key }) => key)).to.have.members(paid.map((deposit) => `claim:${idOf(deposit)}:1`));
    // Anybody may book a bounty to its provider; who pays more comes first.
    const price = `0x${(900n * GWEI).toString(16)}`;
    const data = encodeClaim([paid[0].address]);
    const fees = { gas: "0x30d40", maxFeePerGas: price, maxPriorityFeePerGas: price };
    await node.ask("eth_sendTransaction", { from: node.roles.user, to: escrow, data, ...fees });
    await blocks(redeemer, ENOUGH_BLOCKS);
    expect(await earnings()).to.deep.equal({ "claim by-another": 1, "claim done": 1, "collect done": 1 });
    expect(await booked()).to.deep.include({ claims: paid.map(idOf).sort(), collectedWei: 2n * BOUNTY_WEI });
    expect(redeemer.logged.names()).to.include("earning.by-another");
  });

  it("REDEEM-54 a process without any books claims what the chain says is its own", async () => {
    const first = await start();
    await first.step();
    await blocks(first);
    await prove(paid);
    const { database: db } = await postgres.testDatabase();
    const next = await start({}, db);
    for (let block = 0; block < ENOUGH_BLOCKS; block += 1) {
      await next.step();
      await node.mine();
    }
    expect(await rescues(db)).to.deep.equal({});
    expect(await earnings(db)).to.deep.equal({ "claim done": 2, "collect done": 1 });
    expect(await booked()).to.deep.include({ claims: paid.map(idOf).sort(), collectedWei: 2n * BOUNTY_WEI });
  });

  it("REDEEM-54 a block with a claim in it is unwound: the same bytes claim once", async () => {
    const redeemer = await start();
    await redeemer.step();
    await blocks(redeemer);
    await prove(paid);
    await redeemer.step();
    const hashes = redeemer.outbox.pending().flatMap((one) => one.hashes);
    const snapshot = await node.ask("evm_snapshot");
    await node.mine();
    await redeemer.step();
    await node.ask("evm_revert", snapshot);
    for (const hash of hashes) await node.ask("hardhat_dropTransaction", hash).catch(() => undefined);
    await blocks(redeemer, ENOUGH_BLOCKS);
    expect((await booked()).claims).to.deep.equal(paid.map(idOf).sort());
    expect(await earnings()).to.include({ "claim done": 2, "collect done": 1 });
    const claims = await database.database.query<{ hash: string }>(
      "select mined_hash as hash from keeper_outbox where effect_key like 'claim:%' order by nonce",
    );
    expect(claims.map(({ hash }) => hash)).to.deep.equal(hashes);
  });

  it("REDEEM-55 a rescue that ends in a liquidation earns nothing here, and the lot that tBTC gives back comes home", async () => {
    const redeemer = await start();
    await redeemer.step();
    await blocks(redeemer);
    await meanwhile(async () => {
      await node.scenario.timeOutSignature(paid[0].address);
      await node.scenario.purchase(paid[0], node.roles.rival);
    });
    expect(await node.tbtcOf(agent)).to.equal(LOT_WEI);
    await blocks(redeemer, ENOUGH_BLOCKS);
    expect(await earnings()).to.deep.equal({ "recover done": 1 });
    expect(await node.tbtcOf(agent)).to.equal(0n);
    expect(await node.tbtcOf(node.roles.redeemer)).to.equal(3n * LOT_WEI);
    expect((await booked()).claims).to.deep.equal([]);
    expect(redeemer.logged.names()).to.include("rescue.lost").and.not.to.include("rescue.settled");
  });

  it("BOUNTY-9 just before it signs, the nodes say that the bounty is there, that a claim is its own, and whom an agent obeys", async () => {
    const redeemer = await start();
    await redeemer.step();
    const { site, client } = redeemer;
    const { redeemerGuard } = await import("../../../keepers/courtesy-call-redeemer/guard.js");
    const account = node.roles.redeemer;
    const guard = redeemerGuard({ client, account, site });
    const ask = async (name: string, args: Record<string, unknown>, target?: string): Promise<PolicyCheck | "ok"> => {
      const action = { name, args, ...(target === undefined ? {} : { target }) } as never;
      const fixed = { key: "", to: "", data: "", valueWei: 0n, maxFeePerGasWei: 0n, validUntilBlock: 0 } as const;
      return (await guard({ ...fixed, action, gasLimit: 1_200_000n }, await client.head()))?.check ?? "ok";
    };
    const [order] = rescueBountyAbi.decodeFunctionData("rescue", await orderOf(paid[0])) as unknown as [
      { toObject(): Record<string, unknown> },
    ];
    const rescue = (changes: Record<string, unknown>) =>
      ask("RescueBounty.rescue", { order: { ...order.toObject(), ...changes } });
    expect(await rescue({ minBountyWei: BOUNTY_WEI })).to.equal("ok");
    expect(await rescue({ minBountyWei: BOUNTY_WEI + 1n })).to.equal("price");
    expect(await rescue({ deposit: node.roles.user })).to.equal("argument");
    expect(await rescue({ deposit: unlisted.address })).to.equal("price");
    const claim = (deposit: Deposit) => ask("RescueBounty.claim", { deposits: [deposit.address] });
    expect(await claim(paid[0])).to.equal("argument");
    expect(await ask("RescueBounty.collect", { to: account })).to.equal("argument");
    await blocks(redeemer);
    expect(await rescue({ minBountyWei: BOUNTY_WEI })).to.equal("argument");
    await prove([paid[0]]);
    expect(await claim(paid[0])).to.equal("ok");
    expect(await claim(paid[1])).to.equal("argument");
    expect(await ask("RescueAgent.execute", {}, agent)).to.equal("ok");
    expect(await ask("RescueAgent.execute", {}, escrow)).to.equal("argument");
  });
});
