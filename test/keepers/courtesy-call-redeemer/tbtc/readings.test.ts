import { expect } from "chai";
import { toBeHex } from "ethers";

import type { TbtcRescue } from "../../../../keepers/courtesy-call-redeemer/adapters/tbtc/tbtc.js";
import { allowedEffects } from "../../../../keepers/courtesy-call-redeemer/strategies/modes.js";
import type { Position, Reading, Stage } from "../../../../keepers/courtesy-call-redeemer/types.js";
import {
  COURTESY_PERIOD_SECONDS,
  FUNDING_TIMEOUT_SECONDS,
  SIGNATURE_TIMEOUT_SECONDS,
} from "../../../../protocol/tbtc/constants.js";
import { satToTbtcWei } from "../../../../protocol/tbtc/units.js";
import type { Deposit } from "../../../../scripts/tbtc/scenario.js";
import { attachToNode, serveChain } from "../../../helpers/localNode.js";
import { codeOf } from "../../../helpers/rejection.js";
import { startTbtcNode, type TbtcNode } from "../../../helpers/tbtcNode.js";

const TBTC = 10n ** 18n;
const LOT_SAT = 10_000_000n;
/** 1e-5 BTC per ETH. */
const STEP = 10n ** 13n;
const CALLABLE = 2_666n * STEP;
const SEVERE = 2_340n * STEP;

/** Instead of the code of the medianizer, over its storage: `age()` says what is in slot 2, as Maker's does; all else is `peek()`. */
const TELLS_AGE = "0x60003560e01c63262a9dff1460205760005460005260015460205260406000f35b60025460005260206000f3";

describe("courtesy-call-redeemer, readings of tBTC v1", () => {
  let site: TbtcNode;
  let deposit: Deposit;
  let rescue: TbtcRescue;

  before(async () => {
    site = await startTbtcNode();
    deposit = await site.scenario.open({ lotSat: LOT_SAT });
    await site.scenario.giveTbtc(site.roles.redeemer, TBTC);
  });
  beforeEach(async () => {
    await site.keep();
    ({ rescue } = site.rescue());
  });
  afterEach(() => site.giveBack());
  after(() => site.close());

  function positionOf({ address, members, lotSat }: Deposit): Position {
    return { id: address.toLowerCase(), operators: members, sizeUnits: satToTbtcWei(lotSat) };
  }

  async function look(of = deposit): Promise<Reading> {
    const [reading] = await rescue.read([positionOf(of)], await site.block());
    if (reading === undefined) throw new Error("one reading per position");
    return reading;
  }

  it("TBTC-4 names the stage of every state, and a health where one can be lost only", async () => {
    const { scenario, roles, chain } = site;
    const stages: [string, Stage, boolean][] = [];
    const note = async (name: string, of: Deposit): Promise<void> => {
      const { stage, healthBps, wasLost } = await look(of);
      stages.push([name, stage, healthBps !== undefined]);
      expect(wasLost === true, name).to.equal(name === "LIQUIDATED");
    };
    const opened = await scenario.create({ lotSat: LOT_SAT });
    await note("AWAITING_SIGNER_SETUP", opened);
    await scenario.publishKey(opened);
    await note("AWAITING_BTC_FUNDING_PROOF", opened);
    await site.keep();
    await chain.advance(FUNDING_TIMEOUT_SECONDS + 1n);
    await scenario.notify(opened.address, "notifyFundingTimedOut");
    await note("FAILED_SETUP", opened);
    await site.giveBack();
    rescue = site.rescue().rescue;
    await note("ACTIVE", deposit);
    await scenario.setPrice(CALLABLE);
    await scenario.courtesyCall(deposit.address);
    await note("COURTESY_CALL", deposit);
    await site.keep();
    await scenario.requestRedemption(deposit, { from: roles.redeemer });
    await note("AWAITING_WITHDRAWAL_SIGNATURE", deposit);
    await scenario.provideSignature(deposit);
    await note("AWAITING_WITHDRAWAL_PROOF", deposit);
    await scenario.proveRedemption(deposit);
    await note("REDEEMED", deposit);
    await site.giveBack();
    rescue = site.rescue().rescue;
    await scenario.expireCourtesyCall(deposit.address);
    await note("LIQUIDATION_IN_PROGRESS", deposit);
    await scenario.purchase(deposit, roles.redeemer);
    await note("LIQUIDATED", deposit);
    expect(stages).to.deep.equal([
      ["AWAITING_SIGNER_SETUP", "setup", false],
      ["AWAITING_BTC_FUNDING_PROOF", "setup", false],
      ["FAILED_SETUP", "closed", false],
      ["ACTIVE", "open", true],
      ["COURTESY_CALL", "called", true],
      ["AWAITING_WITHDRAWAL_SIGNATURE", "rescuing", false],
      ["AWAITING_WITHDRAWAL_PROOF", "rescuing", false],
      ["REDEEMED", "closed", false],
      ["LIQUIDATION_IN_PROGRESS", "liquidating", false],
      ["LIQUIDATED", "closed", false],
    ]);
  });

  it("TBTC-5 health is the contract's percentage with two digits more, at any price", async () => {
    const { scenario } = site;
    const contract = scenario.contracts.deposit(deposit.address);
    for (const price of [777n, 2_340n, 2_350n, 2_666n, 2_667n, 3_200n, 9_999n, 123_457n]) {
      await scenario.setPrice(price * STEP + price);
      const { healthBps } = await look();
      expect((healthBps ?? -1n) / 100n).to.equal(await contract.collateralizationPercentage());
    }
    await scenario.setPrice(3_200n * STEP);
    expect((await look()).healthBps).to.equal(15_000n);
  });

  it("TBTC-5 a deposit can be called and liquidated exactly where its thresholds say so", async () => {
    const { scenario } = site;
    const seen: [bigint, boolean, boolean][] = [];
    for (const price of [2_667n, 2_666n, 2_350n, 2_340n]) {
      await scenario.setPrice(price * STEP);
      const { healthBps = 0n, thresholds } = await look();
      seen.push([price, healthBps < thresholds.callBelowBps, healthBps < thresholds.liquidateBelowBps]);
    }
    expect(seen).to.deep.equal([
      [2_667n, false, false],
      [2_666n, true, false],
      [2_350n, true, false],
      [2_340n, true, true],
    ]);
  });

  it("TBTC-5 without a price there is no health, and a called deposit is still called", async () => {
    const { scenario } = site;
    await scenario.setPrice(CALLABLE);
    await scenario.courtesyCall(deposit.address);
    await scenario.setPrice(CALLABLE, false);
    const { stage, healthBps, graceEndsAt, loss } = await look();
    expect([stage, healthBps]).to.deep.equal(["called", undefined]);
    expect(graceEndsAt === undefined).to.equal(false);
    expect(loss.kind === "auction" && loss.debtWei).to.equal(0n);
  });

  it("TBTC-6 the window ends six hours after the last courtesy call, as its event dates it", async () => {
    const { scenario, chain } = site;
    const calledAt = async (): Promise<bigint> => {
      const { system } = scenario.contracts;
      const events = await system.queryFilter(system.filters.CourtesyCalled(deposit.address));
      return events.at(-1)?.args.timestamp ?? 0n;
    };
    expect((await look()).graceEndsAt).to.equal(undefined);
    await scenario.setPrice(CALLABLE);
    await scenario.courtesyCall(deposit.address);
    const first = await calledAt();
    expect((await look()).graceEndsAt).to.equal(first + COURTESY_PERIOD_SECONDS);
    await scenario.setPrice(3_200n * STEP);
    await scenario.exitCourtesyCall(deposit.address);
    expect((await look()).graceEndsAt, "left").to.equal(undefined);
    await chain.advance(1_000n);
    await scenario.setPrice(CALLABLE);
    await scenario.courtesyCall(deposit.address);
    const second = await calledAt();
    expect(second > first).to.equal(true);
    expect((await look()).graceEndsAt, "called again").to.equal(second + COURTESY_PERIOD_SECONDS);
  });

  it("TBTC-6 the end of a window is unknown where storage is not laid out as known", async () => {
    const { scenario } = site;
    await scenario.setPrice(CALLABLE);
    await scenario.courtesyCall(deposit.address);
    site.proxy.fault = ({ method }) =>
      method === "eth_getStorageAt" ? { kind: "answer", body: { result: `0x${"00".repeat(31)}07` } } : undefined;
    const { stage, graceEndsAt } = await look();
    site.proxy.fault = () => undefined;
    expect([stage, graceEndsAt]).to.deep.equal(["called", undefined]);
  });

  it("TBTC-7 what is at stake is the bond, the lot at the price, and an auction that starts at 66 %", async () => {
    const { scenario } = site;
    await scenario.setPrice(CALLABLE);
    const { loss } = await look();
    const bondWei = await scenario.contracts.keep(deposit.keep).checkBondAmount();
    const price = await scenario.contracts.system.fetchBitcoinPrice({ from: deposit.address });
    expect(loss).to.deep.equal({
      kind: "auction",
      collateralWei: bondWei,
      debtWei: LOT_SAT * price,
      takerCostWei: 10n ** 16n,
      startBps: 6_600n,
      restLostBps: 5_000n,
    });
    await scenario.setPrice(SEVERE);
    await scenario.liquidate(deposit.address);
    const startWei = await scenario.contracts.deposit(deposit.address).auctionValue();
    expect(startWei).to.equal((bondWei * 6_600n) / 10_000n);
  });

  it("TBTC-8 reads at the block it is asked for, whatever came after", async () => {
    const { scenario } = site;
    const before = await site.block();
    await scenario.setPrice(CALLABLE);
    await scenario.courtesyCall(deposit.address);
    const [reading] = await rescue.read([positionOf(deposit)], before);
    expect([reading?.stage, reading?.healthBps]).to.deep.equal(["open", 15_000n]);
    expect((await look()).stage).to.equal("called");
  });

  it("TBTC-8 asks another node when one does not know the block, and fails when none does", async () => {
    const { url, close } = await serveChain();
    const behind = await attachToNode(url);
    try {
      const client = site.client({ url: `${behind.proxy.url},${site.proxy.url}`, timeoutMs: 20_000 });
      const both = site.rescue({ client }).rescue;
      const [reading] = await both.read([positionOf(deposit)], await site.block());
      expect([reading?.stage, reading?.healthBps]).to.deep.equal(["open", 15_000n]);
      expect(behind.proxy.count("eth_call")).to.be.greaterThan(0);
      const unknown = { number: 7, hash: `0x${"ab".repeat(32)}`, timestamp: 0n };
      expect(await codeOf(both.read([positionOf(deposit)], unknown))).to.equal("RPC_UNREACHABLE");
    } finally {
      await behind.close();
      await close();
    }
  });

  it("TBTC-9 an end on a branch that is gone was none", async () => {
    const { scenario, roles } = site;
    await scenario.setPrice(CALLABLE);
    await scenario.courtesyCall(deposit.address);
    await site.keep();
    await scenario.requestRedemption(deposit, { from: roles.redeemer });
    await scenario.provideSignature(deposit);
    await scenario.proveRedemption(deposit);
    expect((await look()).stage).to.equal("closed");
    await site.giveBack();
    await site.mine(20);
    expect((await look()).stage).to.equal("called");
    await site.mine(20);
    expect((await look()).stage).to.equal("called");
  });

  it("says that a position is closed where no deposit is", async () => {
    const [reading] = await rescue.read(
      [{ id: `0x${"de".repeat(20)}`, operators: [], sizeUnits: TBTC }],
      await site.block(),
    );
    expect(reading?.stage).to.equal("closed");
  });

  it("keeps the clock of signatures apart from that of courtesy", async () => {
    const { scenario, roles, chain } = site;
    await scenario.setPrice(CALLABLE);
    await scenario.courtesyCall(deposit.address);
    await scenario.requestRedemption(deposit, { from: roles.redeemer });
    await chain.advance(SIGNATURE_TIMEOUT_SECONDS);
    const { stage, graceEndsAt } = await look();
    expect([stage, graceEndsAt]).to.deep.equal(["rescuing", undefined]);
  });

  it("AAVE-21 goes by no price that its medianizer says is too old; what was called is rescued all the same", async () => {
    const { scenario, world } = site;
    const { medianizer } = world.addresses;
    const own = { kind: "own", addresses: new Set(deposit.members.map((member) => member.toLowerCase())) } as const;
    const allowed = (reading: Reading) => allowedEffects(reading, "preemptive", own, 13_000n);
    const tellAge = (writtenAt: bigint) => site.ask("hardhat_setStorageAt", medianizer, "0x2", toBeHex(writtenAt, 32));
    await scenario.setPrice(CALLABLE);
    // Nobody says how old it is: nothing is held against it.
    expect((await look()).priced).to.deep.equal({ at: undefined, isStale: false });
    const { timestamp } = await site.block();
    await site.ask("hardhat_setCode", medianizer, TELLS_AGE);
    await tellAge(timestamp - 80_000n);
    await site.mine();
    const fresh = await look();
    expect(fresh.priced).to.deep.equal({ at: timestamp - 80_000n, isStale: false });
    expect(allowed(fresh)).to.have.property("effects");
    await tellAge(timestamp - 90_000n);
    await site.mine();
    const stale = await look();
    expect([stale.priced?.isStale, stale.healthBps]).to.deep.equal([true, undefined]);
    expect(allowed(stale)).to.deep.equal({ about: stale.position.id, reason: "price-stale" });
    await scenario.courtesyCall(deposit.address);
    expect(allowed(await look())).to.deep.equal({ effects: ["rescue"] });
    // A number that is no time is none.
    await tellAge(2n ** 32n);
    await site.mine();
    expect((await look()).priced).to.deep.equal({ at: undefined, isStale: false });
  });
});
