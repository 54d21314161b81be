import { globSync, readFileSync } from "node:fs";

import { expect } from "chai";
import { getBytes } from "ethers";

import { FUNDING_TIMEOUT_SECONDS, SIGNER_SETUP_TIMEOUT_SECONDS } from "../../../protocol/tbtc/constants.js";
import { tbtcAbi } from "../../../protocol/tbtc/contracts.js";
import {
  asTbtcRevert,
  TBTC_REVERTS,
  TbtcImpossible,
  TbtcMisconfigured,
  TbtcMovedOn,
  TbtcNotYet,
  tbtcRevert,
} from "../../../protocol/tbtc/reverts.js";
import { DepositState } from "../../../protocol/tbtc/states.js";
import { satToBytes8 } from "../../../protocol/tbtc/units.js";
import type { Deposit } from "../../../scripts/tbtc/scenario.js";
import { answerOf } from "../../helpers/tbtcAnswer.js";
import { createTbtcChain, type TbtcChain } from "../../helpers/tbtcChain.js";

/** Where the sources lie of what the system consists of. */
const PACKAGES = [
  "@keep-network/tbtc",
  "@keep-network/keep-ecdsa",
  "@keep-network/sortition-pools",
  "@summa-tx/relay-sol",
  "openzeppelin-solidity",
];
const TBTC = 10n ** 18n;
const LOT_SAT = 1_000_000n;
const COURTESY_PRICE = 2_666n * 10n ** 13n;

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("expected a revert");
}

describe("tBTC v1, what it refuses and what that means", () => {
  let site: TbtcChain;
  let deposit: Deposit;

  before(async () => {
    site = await createTbtcChain();
    deposit = await site.scenario.open({ lotSat: LOT_SAT });
    await site.scenario.giveTbtc(site.roles.redeemer, TBTC / 10n);
    await site.scenario.setPrice(COURTESY_PRICE);
    await site.scenario.courtesyCall(deposit.address);
  });
  beforeEach(() => site.keep());
  afterEach(() => site.giveBack());
  after(() => site.close());

  const redeem = (changes: { feeSat?: bigint; script?: Uint8Array; approveWei?: bigint } = {}): Promise<unknown> =>
    site.scenario.requestRedemption(deposit, { from: site.roles.redeemer, ...changes });

  it("tells the four kinds of refusal apart", async () => {
    const { scenario } = site;
    const tooLow = asTbtcRevert(await thrownBy(redeem({ feeSat: 1_999n })), "redeeming");
    expect(tooLow).to.be.instanceOf(TbtcMisconfigured).and.include({ code: "TBTC_FEE_TOO_LOW" });
    const tooEarly = asTbtcRevert(
      await thrownBy(scenario.notify(deposit.address, "notifyCourtesyCallExpired")),
      "reporting",
    );
    expect(tooEarly).to.be.instanceOf(TbtcNotYet).and.include({ code: "TBTC_COURTESY_RUNS" });
    await scenario.requestRedemption(deposit, { from: site.roles.redeemer });
    const lost = asTbtcRevert(await thrownBy(redeem({ approveWei: TBTC })), "redeeming");
    expect(lost).to.be.instanceOf(TbtcMovedOn).and.include({ code: "TBTC_NOT_OWNED_BY_VENDING_MACHINE" });
    const lostDirectly = asTbtcRevert(
      await thrownBy(
        scenario.requestRedemption(deposit, { from: site.roles.redeemer, route: "direct", approveWei: TBTC }),
      ),
      "redeeming",
    );
    expect(lostDirectly).to.be.instanceOf(TbtcMovedOn).and.include({ code: "TBTC_ALREADY_REDEEMING" });
    const wrongFee = scenario.proveRedemption(deposit, { feeSat: LOT_SAT / 2n });
    const never = asTbtcRevert(await thrownBy(wrongFee), "proving");
    expect(never).to.be.instanceOf(TbtcImpossible).and.include({ code: "TBTC_PROOF_WRONG_FEE" });
    expect(await answerOf(scenario.notify(deposit.address, "withdrawFunds"))).to.equal("TBTC_FUNDS_LOCKED");
    expect(asTbtcRevert(never, "again")).to.equal(never);
  });

  it("leaves other errors alone", () => {
    const error = new Error("socket hang up");
    expect(tbtcRevert(error, "reading")).to.equal(undefined);
    expect(asTbtcRevert(error, "reading")).to.equal(error);
    expect(tbtcRevert({ data: "0x" }, "reading")).to.equal(undefined);
  });

  it("refuses fees out of bounds, scripts it does not know and what is not paid for", async () => {
    expect(await answerOf(redeem({ feeSat: 1_999n }))).to.equal("TBTC_FEE_TOO_LOW");
    expect(await answerOf(redeem({ feeSat: LOT_SAT / 2n }))).to.equal("TBTC_FEE_TOO_HIGH");
    expect(await answerOf(redeem({ approveWei: 0n }))).to.equal("TBTC_ALLOWANCE_OR_BALANCE_SHORT");
    const { scenario, roles, world } = site;
    const approve = tbtcAbi.token.encodeFunctionData("approve", [world.addresses.vendingMachine, TBTC]);
    await scenario.send(roles.redeemer, world.addresses.token, approve);
    for (const script of [`0x225120${"22".repeat(32)}`, `0x0014${"11".repeat(20)}`]) {
      const data = tbtcAbi.vendingMachine.encodeFunctionData("tbtcToBtc", [
        deposit.address,
        satToBytes8(LOT_SAT - 20_000n),
        script,
      ]);
      const attempt = scenario.send(roles.redeemer, world.addresses.vendingMachine, data);
      expect(await answerOf(attempt)).to.equal("TBTC_SCRIPT_UNSUPPORTED");
    }
  });

  it("pays to each of the four kinds of script", async () => {
    for (const hex of [
      `0014${"11".repeat(20)}`,
      `0020${"22".repeat(32)}`,
      `76a914${"11".repeat(20)}88ac`,
      `a914${"11".repeat(20)}87`,
    ]) {
      await site.keep();
      await redeem({ script: getBytes(`0x${hex}`) });
      await site.scenario.provideSignature(deposit);
      await site.scenario.proveRedemption(deposit);
      expect(await site.scenario.state(deposit.address)).to.equal(DepositState.REDEEMED);
      await site.giveBack();
    }
  });

  it("answers no price without a live feed, or to anyone but a deposit", async () => {
    const { scenario } = site;
    const { system } = scenario.contracts;
    expect(await answerOf(system.fetchBitcoinPrice())).to.equal("TBTC_PRICE_CALLER");
    await scenario.setPrice(COURTESY_PRICE, false);
    expect(await answerOf(system.fetchBitcoinPrice({ from: deposit.address }))).to.equal("TBTC_PRICE_OFFLINE");
    const contract = scenario.contracts.deposit(deposit.address);
    expect(await answerOf(contract.collateralizationPercentage())).to.equal("TBTC_PRICE_OFFLINE");
  });

  it("says that somebody else was first", async () => {
    const { scenario } = site;
    expect(await answerOf(scenario.courtesyCall(deposit.address))).to.equal("TBTC_ALREADY_CALLED");
    await redeem();
    expect(await answerOf(scenario.exitCourtesyCall(deposit.address))).to.equal("TBTC_COURTESY_OVER");
    expect(await answerOf(scenario.notify(deposit.address, "notifyRedemptionProofTimedOut"))).to.equal(
      "TBTC_PROOF_NOT_AWAITED",
    );
    await scenario.provideSignature(deposit);
    expect(await answerOf(scenario.notify(deposit.address, "notifyRedemptionSignatureTimedOut"))).to.equal(
      "TBTC_SIGNATURE_NOT_AWAITED",
    );
  });

  it("sells a bond for the whole lot and only while it is for sale", async () => {
    const { scenario, roles } = site;
    const buy = (): Promise<unknown> =>
      scenario.notify(deposit.address, "purchaseSignerBondsAtAuction", roles.redeemer);
    expect(await answerOf(buy())).to.equal("TBTC_AUCTION_OVER");
    await scenario.expireCourtesyCall(deposit.address);
    const poor = scenario.notify(deposit.address, "purchaseSignerBondsAtAuction", roles.rival);
    expect(await answerOf(poor)).to.equal("TBTC_AUCTION_PAYMENT_SHORT");
  });

  it("opens no deposit of an unknown lot, without its fee, or without signers", async () => {
    const { scenario, roles, world } = site;
    const create = (lotSat: bigint, valueWei: bigint): Promise<unknown> =>
      scenario.send(
        roles.deployer,
        world.addresses.depositFactory,
        tbtcAbi.depositFactory.encodeFunctionData("createDeposit", [lotSat]),
        valueWei,
      );
    const feeWei = await scenario.contracts.system.getNewDepositFeeEstimate();
    expect(await answerOf(create(LOT_SAT + 1n, feeWei))).to.equal("TBTC_LOT_UNSUPPORTED");
    expect(await answerOf(create(LOT_SAT, feeWei - 1n))).to.equal("TBTC_CREATION_FEE_SHORT");
    // 1 ETH = 0.0001 BTC: a lot of 10 BTC wants 150,000 ETH.
    await scenario.setPrice(10n ** 14n);
    expect(await answerOf(create(1_000_000_000n, feeWei))).to.equal("TBTC_OPERATORS_SHORT");
  });

  it("ends a minting without a key or without a payment after three hours each", async () => {
    const { scenario, chain } = site;
    const opened = await scenario.create({ lotSat: LOT_SAT });
    expect(await answerOf(scenario.notify(opened.address, "retrieveSignerPubkey"))).to.equal("TBTC_KEY_MISSING");
    expect(await answerOf(scenario.notify(opened.address, "notifySignerSetupFailed"))).to.equal(
      "TBTC_SETUP_TIMER_RUNS",
    );
    await site.keep();
    await chain.advance(SIGNER_SETUP_TIMEOUT_SECONDS + 1n);
    await scenario.notify(opened.address, "notifySignerSetupFailed");
    expect(await scenario.state(opened.address)).to.equal(DepositState.FAILED_SETUP);
    const contract = scenario.contracts.deposit(opened.address);
    expect(await contract.withdrawableAmount({ from: site.roles.deployer })).to.equal(10n ** 15n);
    await site.giveBack();
    await scenario.publishKey(opened);
    expect(await answerOf(scenario.notify(opened.address, "notifyFundingTimedOut"))).to.equal(
      "TBTC_FUNDING_TIMER_RUNS",
    );
    await chain.advance(FUNDING_TIMEOUT_SECONDS + 1n);
    await scenario.notify(opened.address, "notifyFundingTimedOut");
    expect(await scenario.state(opened.address)).to.equal(DepositState.FAILED_SETUP);
  });

  it("spells every text as the published sources do", () => {
    const sources = PACKAGES.flatMap((name) =>
      globSync(`node_modules/${name}/contracts/**/*.sol`).map((file) => readFileSync(file, "utf8")),
    ).join("\n");
    for (const text of TBTC_REVERTS.keys()) expect(sources.includes(`"${text}"`), text).to.equal(true);
  });
});
