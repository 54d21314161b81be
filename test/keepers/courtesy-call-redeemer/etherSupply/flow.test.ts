import { expect } from "chai";
import { AbiCoder, toQuantity } from "ethers";

import type { SwapConfig } from "../../../../keepers/courtesy-call-redeemer/etherSupply/settings.js";
import { APPROVAL_GAS } from "../../../../keepers/courtesy-call-redeemer/encode.js";
import { firstFees } from "../../../../keepers/kit/fees.js";
import { SWAP_STORE_POINTS } from "../../../../keepers/courtesy-call-redeemer/etherSupply/store.js";
import { encodeSwap } from "../../../../keepers/courtesy-call-redeemer/etherSupply/uniswap/calls.js";
import { SWAP } from "../../../../keepers/courtesy-call-redeemer/etherSupply/uniswap/signing.js";
import { redeemerGuard } from "../../../../keepers/courtesy-call-redeemer/guard.js";
import { FAULT_POINTS } from "../../../../keepers/kit/outbox/faultPoints.js";
import { HostileToken__factory, PlainERC20__factory } from "../../../../protocol/generated/contracts/index.js";
import { DepositState } from "../../../../protocol/tbtc/states.js";
import type { Deposit } from "../../../../scripts/tbtc/scenario.js";
import { usePostgres, type TestDatabase } from "../../../helpers/postgres.js";
import { codeOf } from "../../../helpers/rejection.js";
import { startTbtcNode, type TbtcNode } from "../../../helpers/tbtcNode.js";
import { GWEI, WAD } from "../fixtures.js";
import { FEES, Killed, startRedeemer, type Point, type Redeemer, type RigOptions } from "../rig.js";
import { FEE, openMarket, RATE_WEI, type Market, type Sold } from "./market.js";

const LOT_SAT = 10_000_000n;
const LOT_WEI = WAD / 10n;
const CALLABLE = 2_666n * 10n ** 13n;
const POSITIONS = 2;
const ROUNDS = 40;
const FEE_ON_TRANSFER = 1;
const KEEPS_ALLOWANCE = 5;
/** Measured are 150,000. */
const SWAP_GAS = 400_000n;

describe("supply with ether on the real Uniswap v3", function () {
  this.timeout(240_000);
  const postgres = usePostgres();
  let node: TbtcNode;
  let market: Market;
  let deposits: Deposit[];
  let database: TestDatabase;
  const coins = new Map<number, Sold>();
  let taxed: Sold;
  let tbtc: Sold;

  before(async () => {
    node = await startTbtcNode();
    market = await openMarket(node);
    tbtc = { address: node.world.addresses.token.toLowerCase(), decimals: 18 };
    await node.scenario.giveTbtc(node.roles.user, 60n * WAD);
    await market.pool(tbtc);
    for (const decimals of [6, 8, 18]) {
      const args = AbiCoder.defaultAbiCoder().encode(["string", "uint8"], ["TKN", decimals]);
      const coin = await market.token(PlainERC20__factory.bytecode + args.slice(2), decimals);
      await market.pool(coin);
      coins.set(decimals, coin);
    }
    taxed = await market.token(
      HostileToken__factory.bytecode + AbiCoder.defaultAbiCoder().encode(["uint8"], [18]).slice(2),
      18,
    );
    await market.pool(taxed);
    deposits = [];
    for (let count = 0; count < POSITIONS; count += 1) deposits.push(await node.scenario.open({ lotSat: LOT_SAT }));
    await node.scenario.giveTbtc(node.roles.redeemer, WAD);
    await node.chain.advance(3_600);
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
  after(async () => {
    market.close();
    await node.close();
  });

  const start = (options: RigOptions = {}): Promise<Redeemer> =>
    startRedeemer(node, database.database, { swap: market.config(), ...options });
  const endings = async (): Promise<Record<string, number>> => {
    const rows = await database.database.query<{ end: string; count: bigint }>(
      `select coalesce(ended_as, 'open') as end, count(*) as count from keeper_swap group by 1 order by 1`,
    );
    return Object.fromEntries(rows.map(({ end, count }) => [end, Number(count)]));
  };
  async function call(): Promise<void> {
    await node.ask("evm_setAutomine", true);
    await node.scenario.setPrice(CALLABLE);
    for (const { address } of deposits) await node.scenario.courtesyCall(address);
    await node.ask("evm_setAutomine", false);
  }
  async function rounds(redeemer: Redeemer, count = ROUNDS): Promise<void> {
    for (let round = 0; round < count; round += 1) {
      await redeemer.step();
      await node.mine();
    }
  }
  async function until(redeemer: Redeemer, what: string): Promise<void> {
    for (let round = 0; round < ROUNDS; round += 1) {
      await redeemer.step();
      if (redeemer.counters.get(what) > 0) return;
      await node.mine();
    }
    throw new Error(`never ${what}: ${JSON.stringify(redeemer.counters.withPrefix(""))}`);
  }

  it("ETHSUPPLY-9 with too little ether for what was called, TBTC that no rescue needs becomes ether, and the rescues go on", async () => {
    await call();
    // Two rescues and their settling may take 1.855 ether at the highest fee, and one stays in any case.
    await market.setEther((15n * WAD) / 10n);
    const redeemer = await start();
    await redeemer.step();
    expect(redeemer.counters.get("skip.over-native-budget")).to.be.greaterThan(0);
    for (const { address } of deposits) expect(await node.scenario.state(address)).to.equal(DepositState.COURTESY_CALL);
    await node.mine();
    await until(redeemer, "rescues.rescued");
    await rounds(redeemer, 4);
    for (const { address } of deposits) {
      expect(await node.scenario.state(address)).to.equal(DepositState.AWAITING_WITHDRAWAL_SIGNATURE);
    }
    const [sold = 0n, ...others] = await market.soldInto(tbtc.address);
    expect(others).to.deep.equal([]);
    // Others are in danger too and not called: no more is sold than these two need, and the gas of the swap, at 31.25 less fee and depth.
    const missingWei = 2_855n * 10n ** 15n - 1_500n * 10n ** 15n;
    expect(sold > (missingWei * WAD) / RATE_WEI).to.equal(true);
    expect(sold < (101n * missingWei * WAD) / (100n * RATE_WEI)).to.equal(true);
    expect(await node.tbtcOf(node.roles.redeemer)).to.equal(WAD - 2n * LOT_WEI - sold);
    expect(await endings()).to.deep.equal({ swapped: 1 });
    const { router } = market.uniswap.addresses;
    expect(await node.scenario.contracts.token.allowance(node.roles.redeemer, router)).to.equal(0n);
    expect(await market.etherOf()).to.satisfy((wei: bigint) => wei > (28n * WAD) / 10n && wei < (29n * WAD) / 10n);
    const kinds = redeemer.record.entries.map(({ kind }) => kind);
    expect(kinds).to.include.members(["ether.begun", "ether.sent", "ether.swapped"]);
  });

  it("ETHSUPPLY-10 wherever a process dies there is one swap in the end, and its ether", async function () {
    this.timeout(600_000);
    await market.setEther(WAD);
    const others = ["bump.", "unwind.", "submit.after-assign", "submit.after-remote", "send.after-without-reply"];
    const points = [...FAULT_POINTS, ...SWAP_STORE_POINTS].filter(
      (point) => !others.some((prefix) => point.startsWith(prefix)),
    );
    const deaths = new Set<Point>();
    const passed = new Map<Point, number>();
    // At the approval, and at the swap.
    const at = (point: Point): void => {
      const count = (passed.get(point) ?? 0) + 1;
      passed.set(point, count);
      if (count > 2 || !points.includes(point as (typeof points)[number])) return;
      deaths.add(point);
      throw new Killed(point);
    };
    let redeemer = await start({ at });
    for (let round = 0; round < 3 * ROUNDS; round += 1) {
      try {
        await redeemer.step();
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        redeemer = await start({ at });
      }
      await node.mine();
      expect((await market.soldInto(tbtc.address)).length).to.be.lessThan(2);
    }
    expect([...deaths]).to.have.members(points);
    expect(await endings()).to.deep.equal({ swapped: 1 });
    expect(await market.soldInto(tbtc.address)).to.have.length(1);
    expect(await market.etherOf()).to.satisfy((wei: bigint) => wei > (29n * WAD) / 10n && wei < (31n * WAD) / 10n);
  });

  it("ETHSUPPLY-11 a trade of the same block moves the pool's quote and not the average: nothing is sold, approved or begun", async () => {
    await market.setEther(WAD);
    const redeemer = await start();
    await node.ask("evm_setAutomine", true);
    await market.uniswap.sell(node.roles.user, tbtc.address, FEE, 2n * WAD);
    await node.ask("evm_setAutomine", false);
    await redeemer.step();
    expect(redeemer.counters.get("ether.quotes-disagree")).to.equal(1);
    expect(await endings()).to.deep.equal({});
    expect(redeemer.outbox.pending()).to.deep.equal([]);
    const [stuck] = redeemer.logged.events().filter(({ event }) => event === "ether.stuck");
    expect(stuck).to.deep.include({ why: "quotes-disagree" });
    // Put back, it goes on.
    await node.ask("evm_setAutomine", true);
    await market.uniswap.buy(node.roles.user, tbtc.address, FEE, 57n * WAD);
    await node.ask("evm_setAutomine", false);
    await rounds(redeemer, 8);
    expect(await endings()).to.deep.equal({ swapped: 1 });
    expect(redeemer.logged.names()).to.include("ether.going-on");
  });

  it("ETHSUPPLY-11 a price that is driven up pays no more than it gives, and a pool without a past is none", async () => {
    await market.setEther(WAD);
    const redeemer = await start();
    await node.ask("evm_setAutomine", true);
    await market.uniswap.buy(node.roles.user, tbtc.address, FEE, 60n * WAD);
    await node.ask("evm_setAutomine", false);
    await redeemer.step();
    expect(redeemer.counters.get("ether.quotes-disagree")).to.equal(1);
    const young = await start({ swap: market.config({ averageSeconds: 86_400 }) });
    await young.step();
    expect(young.counters.get("ether.quote-missing")).to.equal(1);
    expect(await endings()).to.deep.equal({});
  });

  it("ETHSUPPLY-12 a token that keeps a part of what is sent is found out before anything is paid for it", async () => {
    await market.setEther(WAD);
    await node.ask("evm_setAutomine", true);
    const mode = HostileToken__factory.createInterface().encodeFunctionData("setMode", [FEE_ON_TRANSFER]);
    await node.scenario.send(node.roles.user, taxed.address, mode);
    await node.ask("evm_setAutomine", false);
    const redeemer = await start({ swap: market.config({}, taxed) });
    const before = await market.etherOf();
    await rounds(redeemer, 3);
    expect(redeemer.counters.get("ether.simulate-UNISWAP_TOKEN_TAKES_FEE")).to.equal(1);
    expect(await endings()).to.deep.equal({});
    expect(await market.etherOf()).to.equal(before);
    expect(await market.unitsOf(taxed, node.roles.redeemer)).to.equal(10n * WAD);
  });

  for (const decimals of [6, 8, 18]) {
    it(`ETHSUPPLY-13 fills the wallet up to its target with a token of ${String(decimals)} decimals, and no further`, async () => {
      const coin = coins.get(decimals);
      if (coin === undefined) throw new Error("there is a coin");
      await market.setEther(WAD);
      const redeemer = await start({ swap: market.config({}, coin) });
      await rounds(redeemer, 10);
      expect(await endings()).to.deep.equal({ swapped: 1 });
      const [sold = 0n] = await market.soldInto(coin.address);
      const unit = 10n ** BigInt(decimals);
      // Two ether at 31.25 less 0.3 %, and depth.
      expect(sold >= (2n * WAD * unit) / RATE_WEI && sold <= (202n * WAD * unit) / (100n * RATE_WEI)).to.equal(true);
      expect(await market.etherOf()).to.satisfy((wei: bigint) => wei > (29n * WAD) / 10n && wei < (31n * WAD) / 10n);
      expect(await market.unitsOf(coin, node.roles.redeemer)).to.equal(10n * unit - sold);
      expect(await node.tbtcOf(node.roles.redeemer)).to.equal(WAD);
    });
  }

  it("ETHSUPPLY-14 who trades first in the block gets no more out of it than the slippage: the swap fails, and nothing is sold", async () => {
    await market.setEther(WAD);
    const { router } = market.uniswap.addresses;
    await node.ask("evm_setAutomine", true);
    const approve = node.scenario.contracts.token.interface.encodeFunctionData("approve", [router, WAD]);
    await node.scenario.send(node.roles.user, tbtc.address, approve);
    await node.ask("evm_setAutomine", false);
    const redeemer = await start();
    await until(redeemer, "sent.SwapRouter.multicall");
    const data = market.uniswap.sellData(node.roles.user, tbtc.address, FEE, WAD);
    const gasPrice = toQuantity(900n * GWEI);
    await node.ask("eth_sendTransaction", { from: node.roles.user, to: router, data, gas: "0x100000", gasPrice });
    await node.mine();
    await until(redeemer, "swaps.failed");
    expect(await market.soldInto(tbtc.address)).to.deep.equal([]);
    expect(await node.tbtcOf(node.roles.redeemer)).to.equal(WAD);
    expect(redeemer.logged.names()).to.include("ether.failed");
  });

  it("ETHSUPPLY-21 a token that replaces no allowance is sold all the same after a swap that was given up", async () => {
    await market.setEther(WAD);
    const { router } = market.uniswap.addresses;
    const hostile = HostileToken__factory.createInterface();
    await node.ask("evm_setAutomine", true);
    await node.scenario.send(node.roles.user, taxed.address, hostile.encodeFunctionData("setMode", [KEEPS_ALLOWANCE]));
    await node.ask("evm_setAutomine", false);
    const first = await start({ swap: market.config({ mostUnits: WAD / 40n }, taxed) });
    await first.step();
    expect(first.outbox.pending().map(({ key }) => key)).to.deep.equal(["ether:1:approve"]);
    await node.mine();
    // Somebody fills the wallet: the swap is not needed any more, and its approval stays.
    await market.setEther(10n * WAD);
    await rounds(first, 3);
    expect(await endings()).to.deep.equal({ "given-up": 1 });
    const token = HostileToken__factory.connect(taxed.address, node.scenario.chain.provider);
    expect(await token.allowance(node.roles.redeemer, router)).to.equal(WAD / 40n);
    await market.setEther(WAD);
    const second = await start({ swap: market.config({}, taxed) });
    await rounds(second, 40);
    expect(await endings()).to.deep.equal({ "given-up": 1, swapped: 1 });
    expect(await market.unitsOf(taxed, node.roles.redeemer)).to.be.lessThan(10n * WAD);
  });

  it("ETHSUPPLY-20 what was paid for an approval is not asked for again: with just enough gas for both, both are sent", async () => {
    const redeemer = await start();
    const { nextBaseFeeWei = 0n } = await redeemer.client.head();
    const offeredWei = firstFees(FEES, nextBaseFeeWei)?.maxFeePerGasWei ?? 0n;
    await market.setEther((APPROVAL_GAS + SWAP_GAS) * offeredWei);
    await redeemer.step();
    expect(redeemer.outbox.pending().map(({ key }) => key)).to.deep.equal(["ether:1:approve"]);
    // The price of gas stays what it is: an empty block takes an eighth from it.
    await node.ask("hardhat_setNextBlockBaseFeePerGas", toQuantity((nextBaseFeeWei * 8n) / 7n + 1n));
    await node.mine();
    await rounds(redeemer, 6);
    expect(redeemer.counters.get("ether.gas-short")).to.equal(0);
    expect(await endings()).to.deep.equal({ swapped: 1 });
  });

  it("ETHSUPPLY-15 tokens that rescues need are never sold, also when they are needed only after the approval", async () => {
    await market.setEther((15n * WAD) / 10n);
    await node.ask("evm_setAutomine", true);
    // What is left is exactly what the two positions cost.
    await node.scenario.transferTbtc(node.roles.redeemer, node.roles.user, WAD - 2n * LOT_WEI);
    await node.ask("evm_setAutomine", false);
    const redeemer = await start();
    await redeemer.step();
    expect(redeemer.outbox.pending().map(({ key }) => key)).to.deep.equal(["ether:1:approve"]);
    await node.mine();
    await call();
    await redeemer.step();
    expect(await endings()).to.deep.equal({ "given-up": 1 });
    await rounds(redeemer, 3);
    expect(redeemer.counters.get("ether.tokens-needed") + redeemer.counters.get("swaps.given-up")).to.be.greaterThan(0);
    expect(await market.soldInto(tbtc.address)).to.deep.equal([]);
  });

  it("ETHSUPPLY-17 just before a signature the nodes that must agree run the very swap, and compare what it asks for with the average", async () => {
    const redeemer = await start();
    const { client, site } = redeemer;
    const account = node.roles.redeemer;
    const { router, wrappedEther } = market.uniswap.addresses;
    const guard = redeemerGuard({ client, account, site });
    const head = await client.head();
    const look = async (leastOutWei: bigint): Promise<string> => {
      const order = { token: tbtc.address, wrappedEther, poolFee: FEE, amountUnits: WAD / 10n, leastOutWei };
      const data = encodeSwap({ ...order, deadline: BigInt(head.timestamp) + 600n, recipient: account });
      const action = { name: SWAP, args: { data } };
      const terms = { valueWei: 0n, gasLimit: 400_000n, maxFeePerGasWei: GWEI, validUntilBlock: head.number + 50 };
      const intent = { key: "ether:1:swap", action, to: router, data: "0x", ...terms };
      const refused = await guard(intent, await client.head());
      return refused === undefined ? "ok" : refused.check;
    };
    // Nothing is allowed yet: the chain would refuse it.
    expect(await look(3n * WAD)).to.equal("argument");
    await node.ask("evm_setAutomine", true);
    const approve = node.scenario.contracts.token.interface.encodeFunctionData("approve", [router, WAD]);
    await node.scenario.send(account, tbtc.address, approve);
    await node.ask("evm_setAutomine", false);
    // 3.1156 at the average less the pool's fee: 2.5 % below that is allowed.
    expect(await look(3n * WAD - WAD / 5n)).to.equal("price");
    expect(await look((3_037n * WAD) / 1_000n)).to.equal("price");
    expect(await look((3_039n * WAD) / 1_000n)).to.equal("ok");
    // The pool gives 3.1002.
    expect(await look((311n * WAD) / 100n)).to.equal("argument");
  });

  it("ETHSUPPLY-18 contracts that do not belong together, and a pool that there is not, are named before anything starts", async () => {
    const codeAt = async (changes: Partial<SwapConfig>): Promise<string> => {
      const { site } = await start({ swap: market.config(changes) });
      return codeOf(site.etherSupply?.verify() ?? Promise.resolve());
    };
    const { site } = await start();
    expect(await site.etherSupply?.verify()).to.be.a("string");
    expect(await codeAt({ poolFee: 500n })).to.equal("UNISWAP_FOREIGN");
    for (const changed of ["factory", "wrappedEther"]) {
      const addresses = { ...market.uniswap.addresses, [changed]: node.roles.user };
      expect(await codeAt({ file: market.write(addresses) }), changed).to.equal("UNISWAP_FOREIGN");
    }
  });

  it("ETHSUPPLY-16 a pool's day, a wallet that is full, and a keeper that may not act: nothing is begun", async () => {
    await market.setEther(WAD);
    const paused = await start();
    const head = await paused.client.head();
    await paused.tick.run(head, true);
    await paused.ether?.run(head, false, paused.tick.needs);
    await paused.ether?.run(head, true, undefined);
    expect(paused.counters.get("ether.needs-unknown")).to.equal(1);
    expect(await endings()).to.deep.equal({});
    await market.setEther(2n * WAD);
    await node.mine();
    await paused.step();
    expect(paused.counters.get("ether.enough")).to.equal(1);
    // A twentieth of a token a day, half of it by the keeper itself: a second swap waits for the next one.
    await market.setEther(WAD);
    const tight = await start({ swap: market.config({ mostUnits: WAD / 40n, unitsPerDay: WAD / 20n }) });
    await rounds(tight, 10);
    expect(await endings()).to.deep.equal({ swapped: 1 });
    expect(tight.counters.get("ether.enough")).to.equal(0);
    expect(tight.counters.get("ether.day-limit")).to.be.greaterThan(0);
    expect(await market.soldInto(tbtc.address)).to.deep.equal([WAD / 40n]);
  });
});
