import { expect } from "chai";

import { DEPOSIT_TERM_SECONDS } from "../../../protocol/tbtc/constants.js";
import { depositTokenId, tbtcAbi } from "../../../protocol/tbtc/contracts.js";
import { DepositState } from "../../../protocol/tbtc/states.js";
import type { Deposit, Route } from "../../../scripts/tbtc/scenario.js";
import { answerOf } from "../../helpers/tbtcAnswer.js";
import { createTbtcChain, type TbtcChain } from "../../helpers/tbtcChain.js";

const TBTC = 10n ** 18n;
const LOT_SAT = 10_000_000n;
const LOT_WEI = TBTC / 10n;
/** 0.05 %. */
const FEE_WEI = LOT_WEI / 2_000n;
const STRAY_WEI = TBTC / 500n;
/** 124 % for deposits opened at 0.032. */
const COURTESY_PRICE = 2_666n * 10n ** 13n;

describe("tBTC v1, what a redemption costs", () => {
  let site: TbtcChain;
  /** TDT with the vending machine, and with the user. */
  let sold: Deposit;
  let held: Deposit;

  before(async () => {
    site = await createTbtcChain();
    const { scenario, roles } = site;
    sold = await scenario.open({ lotSat: LOT_SAT });
    held = await scenario.open({ lotSat: LOT_SAT, holder: "user", funder: roles.user });
    await scenario.giveTbtc(roles.redeemer, 3n * TBTC);
    await scenario.giveTbtc(roles.user, STRAY_WEI);
  });
  beforeEach(() => site.keep());
  afterEach(() => site.giveBack());
  after(() => site.close());

  async function balance(of: string): Promise<bigint> {
    return site.scenario.contracts.token.balanceOf(of);
  }

  async function courtesy(...deposits: Deposit[]): Promise<void> {
    await site.scenario.setPrice(COURTESY_PRICE);
    for (const { address } of deposits) await site.scenario.courtesyCall(address);
  }

  /** Redeems with an allowance of exactly the cost, after trying with one wei less. `backWei`: what the same transaction returns of it. */
  async function redeemFor(deposit: Deposit, route: Route, costWei: bigint, backWei = 0n): Promise<void> {
    const { scenario, roles } = site;
    const from = roles.redeemer;
    expect(await scenario.cost(deposit.address, from, route)).to.equal(costWei);
    if (costWei > 0n) {
      const short = scenario.requestRedemption(deposit, { from, route, approveWei: costWei - 1n });
      expect(await answerOf(short)).to.equal("TBTC_ALLOWANCE_OR_BALANCE_SHORT");
    }
    const before = await balance(from);
    await scenario.requestRedemption(deposit, { from, route, approveWei: costWei });
    expect(before - (await balance(from))).to.equal(costWei - backWei);
    expect(await scenario.state(deposit.address)).to.equal(DepositState.AWAITING_WITHDRAWAL_SIGNATURE);
  }

  it("lot and fee through the vending machine while ACTIVE", () =>
    redeemFor(sold, "vending-machine", LOT_WEI + FEE_WEI));

  it("the lot alone while ACTIVE when the redeemer owns the fee rebate", async () => {
    const { scenario, roles, world } = site;
    const transfer = tbtcAbi.ownershipToken.encodeFunctionData("transferFrom", [
      roles.deployer,
      roles.redeemer,
      depositTokenId(sold.address),
    ]);
    await scenario.send(roles.deployer, world.addresses.feeRebateToken, transfer);
    await redeemFor(sold, "vending-machine", LOT_WEI);
  });

  it("nothing directly while ACTIVE: refused to anyone but the owner", async () => {
    for (const deposit of [sold, held]) {
      const attempt = site.scenario.requestRedemption(deposit, {
        from: site.roles.redeemer,
        route: "direct",
        approveWei: 2n * LOT_WEI,
      });
      expect(await answerOf(attempt)).to.equal("TBTC_NOT_REDEEMABLE_YET");
    }
  });

  it("nothing through the vending machine for a deposit that a user holds, ACTIVE or called", async () => {
    const { scenario, roles } = site;
    const attempt = (): Promise<string> =>
      answerOf(scenario.requestRedemption(held, { from: roles.redeemer, approveWei: 2n * LOT_WEI }));
    expect(await attempt()).to.equal("TBTC_NOT_OWNED_BY_VENDING_MACHINE");
    await courtesy(held);
    expect(await attempt()).to.equal("TBTC_NOT_OWNED_BY_VENDING_MACHINE");
  });

  for (const route of ["vending-machine", "direct"] as const) {
    it(`the lot in COURTESY_CALL, ${route}`, async () => {
      await courtesy(sold);
      await redeemFor(sold, route, LOT_WEI);
    });

    it(`the lot at the end of the term, ${route}`, async () => {
      await site.chain.advance(DEPOSIT_TERM_SECONDS);
      await redeemFor(sold, route, LOT_WEI);
    });
  }

  it("the lot directly in COURTESY_CALL of a user's deposit, of which the user gets all but the fee", async () => {
    await courtesy(held);
    const before = await balance(site.roles.user);
    await redeemFor(held, "direct", LOT_WEI);
    expect((await balance(site.roles.user)) - before).to.equal(LOT_WEI - FEE_WEI);
  });

  it("less directly by what lies in the deposit by mistake", async () => {
    const { scenario, roles } = site;
    await scenario.transferTbtc(roles.user, sold.address, STRAY_WEI);
    await courtesy(sold);
    await redeemFor(sold, "direct", LOT_WEI - STRAY_WEI);
  });

  it("the whole lot through the vending machine, which gives the new owner what lies in the deposit by mistake", async () => {
    const { scenario, roles } = site;
    await scenario.transferTbtc(roles.user, sold.address, STRAY_WEI);
    await courtesy(sold);
    await redeemFor(sold, "vending-machine", LOT_WEI, STRAY_WEI);
  });

  it("no fee while ACTIVE when what lies in the deposit covers it", async () => {
    await site.scenario.transferTbtc(site.roles.user, sold.address, STRAY_WEI);
    await redeemFor(sold, "vending-machine", LOT_WEI, STRAY_WEI - FEE_WEI);
  });

  it("the lot of an over-funded deposit, whose surplus is the redeemer's", async () => {
    const { scenario, roles } = site;
    const utxoSat = LOT_SAT + 54_321n;
    const deposit = await scenario.open({ lotSat: LOT_SAT, utxoSat });
    await courtesy(deposit);
    await redeemFor(deposit, "vending-machine", LOT_WEI);
    const redemption = await scenario.redemption(deposit.address);
    expect(redemption.utxoSat).to.equal(utxoSat);
    expect(redemption.requester).to.equal(roles.redeemer);
  });

  it("10.005 TBTC for a lot of 10 BTC while ACTIVE and 10 after its courtesy call", async () => {
    const { scenario, roles } = site;
    const deposit = await scenario.open({ lotSat: 1_000_000_000n });
    expect(await scenario.cost(deposit.address, roles.redeemer, "vending-machine")).to.equal(10_005n * 10n ** 15n);
    await courtesy(deposit);
    expect(await scenario.cost(deposit.address, roles.redeemer, "vending-machine")).to.equal(10n * TBTC);
  });
});
