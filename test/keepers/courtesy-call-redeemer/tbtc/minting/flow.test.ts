import { expect } from "chai";
import type { Interface } from "ethers";

import { MINT_POINTS } from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/minting/routine.js";
import { MINT_STORE_POINTS } from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/minting/store.js";
import { FAULT_POINTS } from "../../../../../keepers/kit/outbox/faultPoints.js";
import { depositTokenId, tbtcAbi } from "../../../../../protocol/tbtc/contracts.js";
import { DepositState } from "../../../../../protocol/tbtc/states.js";
import { createBitcoinRig, type BitcoinRig } from "../../../../helpers/bitcoinRig.js";
import { usePostgres, type TestDatabase } from "../../../../helpers/postgres.js";
import { startTbtcNode, type TbtcNode } from "../../../../helpers/tbtcNode.js";
import { WAD } from "../../fixtures.js";
import {
  giveCoins,
  Killed,
  openedBy,
  paymentsTo,
  publishKey,
  startMinter,
  WALLET_SCRIPT,
  type Minter,
  type MinterOptions,
  type Point,
} from "./rig.js";

/** The smallest lot that brings 0.05 TBTC. */
const LOT_SAT = 10_000_000n;
const NET_WEI = WAD / 10n - WAD / 20_000n;
const COINS_SAT = [7_000_000n, 6_000_000n];
const ROUNDS = 60;
/** As many as it takes for every step to be killed at. */
const MINTS_UNDER_KILLS = 2;
const HOUR = 3_600n;

describe("minting on the real tBTC v1", function () {
  this.timeout(240_000);
  const postgres = usePostgres();
  let node: TbtcNode;
  let bitcoin: BitcoinRig;
  let database: TestDatabase;

  before(async () => {
    node = await startTbtcNode();
  });
  beforeEach(async () => {
    await node.keep();
    database = await postgres.testDatabase();
    bitcoin = await createBitcoinRig(2);
    giveCoins(bitcoin, COINS_SAT);
  });
  afterEach(async () => {
    await node.giveBack();
    await bitcoin.close();
  });
  after(() => node.close());

  const start = (options: MinterOptions = {}, db = database): Promise<Minter> =>
    startMinter(node, bitcoin, db.database, options);
  const endings = async (db = database): Promise<Record<string, number>> => {
    const rows = await db.database.query<{ end: string; count: bigint }>(
      `select coalesce(ended_as, 'open') as end, count(*) as count from keeper_mint group by 1 order by 1`,
    );
    return Object.fromEntries(rows.map(({ end, count }) => [end, Number(count)]));
  };
  const onlyDeposit = async (): Promise<string> => {
    const [deposit, ...others] = await openedBy(node);
    expect(others).to.deep.equal([]);
    if (deposit === undefined) throw new Error("nothing was opened");
    return deposit;
  };

  /** One round of the world and then of the keeper: signers sign, both chains go on. */
  async function round(minter: Minter, world: { signers?: boolean; miners?: boolean } = {}): Promise<void> {
    await minter.step();
    for (const deposit of world.signers === false ? [] : await openedBy(node)) {
      if ((await node.scenario.state(deposit)) !== DepositState.AWAITING_SIGNER_SETUP) continue;
      const keep = await node.scenario.contracts.deposit(deposit).keepAddress();
      const key = await node.scenario.contracts.keep(keep).getPublicKey();
      if (key === "0x") await publishKey(node, deposit);
    }
    if (world.miners !== false) bitcoin.chain.mine(1);
    await node.mine();
  }

  /** Until the keeper waits for this, or has done this. */
  async function until(minter: Minter, what: string, world?: { signers?: boolean; miners?: boolean }): Promise<void> {
    for (let count = 0; count < ROUNDS; count += 1) {
      await round(minter, world);
      if (minter.counters.get(what) > 0) return;
    }
    throw new Error(`never ${what}: ${JSON.stringify(minter.counters.withPrefix(""))}`);
  }

  it("MINT-10 brings TBTC out of the bitcoin of two redemptions: one deposit, one payment, nothing lost", async () => {
    const minter = await start();
    await until(minter, "mints.minted");
    const deposit = await onlyDeposit();
    expect(await node.tbtcOf(node.roles.redeemer)).to.equal(NET_WEI);
    expect(await node.scenario.state(deposit)).to.equal(DepositState.ACTIVE);
    const { feeRebateToken, depositToken } = node.scenario.contracts;
    expect(await feeRebateToken.ownerOf(depositTokenId(deposit))).to.equal(node.roles.redeemer);
    expect(await depositToken.ownerOf(depositTokenId(deposit))).to.equal(node.world.addresses.vendingMachine);
    const keep = await node.scenario.contracts.deposit(deposit).keepAddress();
    const [txid, ...others] = paymentsTo(node, bitcoin, keep);
    expect(others).to.deep.equal([]);
    const paid = bitcoin.chain.transaction(txid ?? "");
    expect(paid?.outputs[0]?.amountSat).to.equal(LOT_SAT);
    expect(Buffer.from(paid?.outputs[1]?.script ?? []).equals(WALLET_SCRIPT)).to.equal(true);
    const outSat = (paid?.outputs ?? []).reduce((sum, { amountSat }) => sum + amountSat, 0n);
    const feeSat = COINS_SAT.reduce((sum, amountSat) => sum + amountSat, 0n) - outSat;
    expect(feeSat > 0n && feeSat <= 50_000n).to.equal(true);
    expect(await endings()).to.deep.equal({ minted: 1 });
    // Enough is there now.
    await round(minter);
    expect(await openedBy(node)).to.have.length(1);
    expect(minter.record.entries.map(({ kind }) => kind)).to.include.members([
      "mint.begun",
      "mint.funded",
      "mint.minted",
    ]);
  });

  it("MINT-11 a process that dies at any step is followed by one that opens no second deposit and pays nothing twice", async function () {
    this.timeout(900_000);
    // Replacements, reorganisations, remote keys and silent nodes are the outbox's own, and are killed there.
    const others = ["bump.", "unwind.", "submit.after-assign", "submit.after-remote", "send.after-without-reply"];
    const points = [...FAULT_POINTS, ...MINT_STORE_POINTS, ...MINT_POINTS].filter(
      (point) => !others.some((prefix) => point.startsWith(prefix)),
    );
    giveCoins(
      bitcoin,
      Array.from({ length: MINTS_UNDER_KILLS }, () => 11_000_000n),
    );
    const deaths = new Map<Point, number>();
    const passed = new Map<Point, number>();
    // At the first transaction that comes by, and at a later one of another kind.
    const at = (point: Point): void => {
      const count = (passed.get(point) ?? 0) + 1;
      passed.set(point, count);
      if (count !== 1 && count !== 4) return;
      deaths.set(point, (deaths.get(point) ?? 0) + 1);
      throw new Killed(point);
    };
    for (let wanted = 1n; wanted <= BigInt(MINTS_UNDER_KILLS); wanted += 1n) {
      const opening = { targetUnits: wanted * NET_WEI };
      let minter = await start({ at, opening });
      for (let count = 0; count < 2 * ROUNDS; count += 1) {
        try {
          await round(minter);
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
          minter = await start({ at, opening });
        }
        const ended = await endings();
        if (ended["minted"] === Number(wanted) && ended["open"] === undefined) break;
      }
    }
    expect([...deaths.keys()]).to.have.members(points);
    const deposits = await openedBy(node);
    expect(deposits).to.have.length(MINTS_UNDER_KILLS);
    for (const deposit of deposits) {
      const keep = await node.scenario.contracts.deposit(deposit).keepAddress();
      expect(paymentsTo(node, bitcoin, keep), deposit).to.have.length(1);
    }
    expect(await node.tbtcOf(node.roles.redeemer)).to.equal(BigInt(MINTS_UNDER_KILLS) * NET_WEI);
    const { minted, open, dropped = 0, ...rest } = await endings();
    expect([minted, open, rest]).to.deep.equal([MINTS_UNDER_KILLS, undefined, {}]);
    expect(dropped).to.be.lessThan(10);
  });

  it("MINT-12 signers that make no key are reported after three hours, and the fee comes back", async () => {
    const minter = await start();
    await until(minter, "mint.wait.signers", { signers: false });
    const deposit = await onlyDeposit();
    await node.chain.advance(3n * HOUR);
    await until(minter, "mints.setup-failed", { signers: false });
    expect(await node.scenario.state(deposit)).to.equal(DepositState.FAILED_SETUP);
    expect(minter.counters.get("sent.Mint.withdrawFunds")).to.equal(1);
    expect(paymentsTo(node, bitcoin, await node.scenario.contracts.deposit(deposit).keepAddress())).to.deep.equal([]);
  });

  it("MINT-13 a price that falls below the keep's level before the payment: not a satoshi is sent, and the deposit is closed", async () => {
    const minter = await start();
    await until(minter, "mint.send.key");
    await node.scenario.setPrice(2_900n * 10n ** 13n);
    await until(minter, "mint.wait.collateral-low");
    const deposit = await onlyDeposit();
    const keep = await node.scenario.contracts.deposit(deposit).keepAddress();
    await node.chain.advance(HOUR + 60n);
    await until(minter, "mint.wait.too-late-to-fund");
    // It has recovered, and two hours are not left.
    await node.scenario.setPrice(32n * 10n ** 15n);
    await round(minter);
    await node.chain.advance(2n * HOUR);
    await until(minter, "mints.unfunded");
    expect(await node.scenario.state(deposit)).to.equal(DepositState.FAILED_SETUP);
    expect(paymentsTo(node, bitcoin, keep)).to.deep.equal([]);
    // What has cost an opening today is not tried again, and people are told.
    for (let count = 0; count < 10; count += 1) await round(minter);
    expect(await openedBy(node)).to.deep.equal([deposit]);
    expect(minter.alerts).to.include("mint.unfunded mint-stuck");
  });

  it("MINT-14 closed by somebody before its payment was proven: the signers are asked for the bitcoin", async () => {
    const minter = await start();
    await until(minter, "mint.broadcast", { miners: false });
    const deposit = await onlyDeposit();
    await node.chain.advance(3n * HOUR);
    await node.mine();
    await node.scenario.notify(deposit, "notifyFundingTimedOut");
    await until(minter, "mints.aborted", { miners: false });
    const { system } = node.scenario.contracts;
    const [asked, ...others] = await system.queryFilter(system.filters.FunderAbortRequested(deposit));
    expect(others).to.deep.equal([]);
    expect(asked?.args.abortOutputScript).to.equal(`0x16${Buffer.from(WALLET_SCRIPT).toString("hex")}`);
    expect(await node.tbtcOf(node.roles.redeemer)).to.equal(0n);
  });

  it("MINT-15 a payment that is late is proven all the same, as long as nobody has closed the deposit", async () => {
    const minter = await start();
    await until(minter, "mint.broadcast", { miners: false });
    await node.chain.advance(4n * HOUR);
    for (let count = 0; count < 3; count += 1) await round(minter, { miners: false });
    expect(minter.counters.get("sent.Mint.notifyFundingTimedOut")).to.equal(0);
    await until(minter, "mints.minted");
    expect(await node.tbtcOf(node.roles.redeemer)).to.equal(NET_WEI);
  });

  it("MINT-16 a proof that somebody else was faster with: the exchange alone is left", async () => {
    const minter = await start();
    await until(minter, "mint.send.approve");
    const deposit = await onlyDeposit();
    // The rival proves with the keeper's own bytes before they are mined.
    await node.ask("evm_setAutomine", false);
    for (let count = 0; count < ROUNDS && minter.counters.get("mint.send.mint") === 0; count += 1) {
      await node.mine();
      await minter.step();
    }
    const [ours] = minter.outbox.pending();
    const { input = "" } = (await node.ask("eth_getTransactionByHash", ours?.hashes.at(-1))) as Record<string, string>;
    const { vendingMachine, deposit: depositAbi } = tbtcAbi as unknown as Record<keyof typeof tbtcAbi, Interface>;
    const [, ...proof] = vendingMachine.decodeFunctionData("unqualifiedDepositToTbtc", input) as unknown[];
    const data = depositAbi.encodeFunctionData("provideBTCFundingProof", proof);
    const gas = "0x100000";
    const gasPrice = `0x${(900n * 10n ** 9n).toString(16)}`;
    await node.ask("eth_sendTransaction", { from: node.roles.rival, to: deposit, data, gas, gasPrice });
    await node.mine();
    await node.ask("evm_setAutomine", true);
    await until(minter, "mints.minted");
    expect(minter.counters.get("sent.VendingMachine.tdtToTbtc")).to.equal(1);
    expect(await node.tbtcOf(node.roles.redeemer)).to.equal(NET_WEI);
  });

  it("MINT-17 signers that have not bonds enough for a lot may have them for a smaller one, and coins pay what they can", async () => {
    // Five ether each: 15.6 are bonded for one bitcoin, 7.8 for a half, 3.1 for a fifth.
    const poor = await startTbtcNode({ bondWei: 5n * WAD });
    const rich = await createBitcoinRig(2);
    try {
      giveCoins(rich, [130_000_000n]);
      const opening = { targetUnits: 10_000n * WAD, maxOpen: 2 };
      const minter = await startMinter(poor, rich, database.database, { opening });
      await minter.step();
      const [deposit = "", ...others] = await openedBy(poor);
      expect(others).to.deep.equal([]);
      expect(await poor.scenario.contracts.deposit(deposit).lotSizeSatoshis()).to.equal(2n * LOT_SAT);
      expect(minter.counters.get("mint.left.simulate-TBTC_OPERATORS_SHORT")).to.equal(2);
    } finally {
      await rich.close();
      await poor.close();
    }
  });

  it("MINT-22 what is not allowed to act keeps its books and signs and pays nothing", async () => {
    const minter = await start();
    await minter.step(false);
    expect(await openedBy(node)).to.deep.equal([]);
    expect(await endings()).to.deep.equal({});
  });
});
