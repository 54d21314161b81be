import { globSync, readFileSync } from "node:fs";

import { expect } from "chai";
import { concat, dataSlice, getBytes } from "ethers";

import { CantileverError } from "../../../protocol/errors.js";
import {
  FEE_BUMP_SECONDS,
  FUNDING_TIMEOUT_SECONDS,
  SIGNER_SETUP_TIMEOUT_SECONDS,
} from "../../../protocol/tbtc/constants.js";
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
import { REFERENCE_PRICE_WAD } from "../../../scripts/tbtc/deploy.js";
import type { Deposit, ProofChanges } from "../../../scripts/tbtc/scenario.js";
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
const FEE_SAT = 20_000n;
/** Target of a difficulty of one, as headers have it. */
const DIFFICULTY_ONE_BITS = "0xffff001d";
/** Takes a header of a difficulty of one at least, with our payment in it: 2^32 hashes. */
const NOT_MADE_HERE = "TBTC_PROOF_TOO_SHORT";

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
  const produced = new Set<string>([NOT_MADE_HERE]);

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

  async function answer(work: Promise<unknown>): Promise<string> {
    const code = await answerOf(work);
    produced.add(code);
    return code;
  }
  async function refusal(work: Promise<unknown>, doing: string): Promise<unknown> {
    const revert = asTbtcRevert(await thrownBy(work), doing);
    if (revert instanceof CantileverError) produced.add(revert.code);
    return revert;
  }

  it("tells the four kinds of refusal apart", async () => {
    const { scenario } = site;
    const tooLow = await refusal(redeem({ feeSat: 1_999n }), "redeeming");
    expect(tooLow).to.be.instanceOf(TbtcMisconfigured).and.include({ code: "TBTC_FEE_TOO_LOW" });
    const tooEarly = await refusal(scenario.notify(deposit.address, "notifyCourtesyCallExpired"), "reporting");
    expect(tooEarly).to.be.instanceOf(TbtcNotYet).and.include({ code: "TBTC_COURTESY_RUNS" });
    await scenario.requestRedemption(deposit, { from: site.roles.redeemer });
    const lost = await refusal(redeem({ approveWei: TBTC }), "redeeming");
    expect(lost).to.be.instanceOf(TbtcMovedOn).and.include({ code: "TBTC_NOT_OWNED_BY_VENDING_MACHINE" });
    const directly = { from: site.roles.redeemer, route: "direct", approveWei: TBTC } as const;
    const lostDirectly = await refusal(scenario.requestRedemption(deposit, directly), "redeeming");
    expect(lostDirectly).to.be.instanceOf(TbtcMovedOn).and.include({ code: "TBTC_ALREADY_REDEEMING" });
    const never = await refusal(scenario.proveRedemption(deposit, { feeSat: LOT_SAT / 2n }), "proving");
    expect(never).to.be.instanceOf(TbtcImpossible).and.include({ code: "TBTC_PROOF_WRONG_FEE" });
    expect(await answer(scenario.notify(deposit.address, "withdrawFunds"))).to.equal("TBTC_FUNDS_LOCKED");
    expect(asTbtcRevert(never, "again")).to.equal(never);
  });

  it("leaves other errors alone", () => {
    const error = new Error("socket hang up");
    expect(tbtcRevert(error, "reading")).to.equal(undefined);
    expect(asTbtcRevert(error, "reading")).to.equal(error);
    expect(tbtcRevert({ data: "0x" }, "reading")).to.equal(undefined);
  });

  it("refuses fees out of bounds, scripts it does not know and what is not paid for", async () => {
    expect(await answer(redeem({ feeSat: 1_999n }))).to.equal("TBTC_FEE_TOO_LOW");
    expect(await answer(redeem({ feeSat: LOT_SAT / 2n }))).to.equal("TBTC_FEE_TOO_HIGH");
    expect(await answer(redeem({ approveWei: 0n }))).to.equal("TBTC_ALLOWANCE_OR_BALANCE_SHORT");
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
      expect(await answer(attempt)).to.equal("TBTC_SCRIPT_UNSUPPORTED");
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
    expect(await answer(system.fetchBitcoinPrice())).to.equal("TBTC_PRICE_CALLER");
    await scenario.setPrice(COURTESY_PRICE, false);
    expect(await answer(system.fetchBitcoinPrice({ from: deposit.address }))).to.equal("TBTC_PRICE_OFFLINE");
    const contract = scenario.contracts.deposit(deposit.address);
    expect(await answer(contract.collateralizationPercentage())).to.equal("TBTC_PRICE_OFFLINE");
  });

  it("says that somebody else was first", async () => {
    const { scenario } = site;
    expect(await answer(scenario.courtesyCall(deposit.address))).to.equal("TBTC_ALREADY_CALLED");
    await redeem();
    expect(await answer(scenario.exitCourtesyCall(deposit.address))).to.equal("TBTC_COURTESY_OVER");
    expect(await answer(scenario.notify(deposit.address, "notifyRedemptionProofTimedOut"))).to.equal(
      "TBTC_PROOF_NOT_AWAITED",
    );
    await scenario.provideSignature(deposit);
    expect(await answer(scenario.notify(deposit.address, "notifyRedemptionSignatureTimedOut"))).to.equal(
      "TBTC_SIGNATURE_NOT_AWAITED",
    );
  });

  it("judges collateral by its thresholds", async () => {
    const { scenario, roles } = site;
    expect(await answer(scenario.liquidate(deposit.address))).to.equal("TBTC_COLLATERAL_NOT_SEVERE");
    expect(await answer(scenario.exitCourtesyCall(deposit.address))).to.equal("TBTC_COLLATERAL_NOT_RECOVERED");
    await scenario.setPrice(REFERENCE_PRICE_WAD);
    const held = await scenario.open({ lotSat: LOT_SAT, holder: "user", funder: roles.user });
    expect(await answer(scenario.courtesyCall(held.address))).to.equal("TBTC_COLLATERAL_SUFFICIENT");
    const directly = { from: roles.redeemer, route: "direct", approveWei: TBTC } as const;
    expect(await answer(scenario.requestRedemption(held, directly))).to.equal("TBTC_NOT_REDEEMABLE_YET");
    await redeem();
    expect(await answer(scenario.liquidate(deposit.address))).to.equal("TBTC_NOT_LIQUIDATABLE");
  });

  it("keeps the clocks of signature, fee and proof, and the arithmetic of fees", async () => {
    const { scenario, chain } = site;
    const bump = (previousSat: bigint, nextSat: bigint): Promise<unknown> =>
      scenario.increaseFee(deposit, previousSat, nextSat);
    await redeem({ feeSat: FEE_SAT });
    expect(await answer(scenario.notify(deposit.address, "notifyRedemptionSignatureTimedOut"))).to.equal(
      "TBTC_SIGNATURE_TIMER_RUNS",
    );
    expect(await answer(bump(FEE_SAT, 2n * FEE_SAT))).to.equal("TBTC_BUMP_BEFORE_SIGNATURE");
    await scenario.provideSignature(deposit);
    expect(await answer(scenario.notify(deposit.address, "notifyRedemptionProofTimedOut"))).to.equal(
      "TBTC_PROOF_TIMER_RUNS",
    );
    expect(await answer(bump(FEE_SAT, 2n * FEE_SAT))).to.equal("TBTC_BUMP_TOO_EARLY");
    await chain.advance(FEE_BUMP_SECONDS);
    expect(await answer(bump(FEE_SAT, 3n * FEE_SAT))).to.equal("TBTC_BUMP_WRONG_STEP");
    expect(await answer(bump(2n * FEE_SAT, 3n * FEE_SAT))).to.equal("TBTC_BUMP_WRONG_PREVIOUS");
  });

  it("takes the one payment that was asked for, under headers that the relay knows, and takes it once", async () => {
    const { scenario } = site;
    await redeem();
    await scenario.provideSignature(deposit);
    const prove = (changes?: ProofChanges): Promise<unknown> => scenario.proveRedemption(deposit, changes);
    expect(await answer(prove({ outpoint: `0x${"00".repeat(36)}` }))).to.equal("TBTC_PROOF_WRONG_INPUT");
    const script = getBytes(`0x0014${"11".repeat(20)}`);
    expect(await answer(prove({ script }))).to.equal("TBTC_PROOF_WRONG_SCRIPT");
    const harder = (headers: string): string =>
      concat([dataSlice(headers, 0, 72), DIFFICULTY_ONE_BITS, dataSlice(headers, 76)]);
    expect(await answer(prove({ headersOf: harder }))).to.equal("TBTC_RELAY_BEHIND");
    await prove();
    expect(await answer(prove())).to.equal("TBTC_REDEMPTION_OVER");
    expect(await answer(scenario.notify(deposit.address, "withdrawFunds"))).to.equal("TBTC_NOTHING_TO_WITHDRAW");
  });

  it("sells a bond for the whole lot and only while it is for sale", async () => {
    const { scenario, roles } = site;
    const buy = (): Promise<unknown> =>
      scenario.notify(deposit.address, "purchaseSignerBondsAtAuction", roles.redeemer);
    expect(await answer(buy())).to.equal("TBTC_AUCTION_OVER");
    await scenario.expireCourtesyCall(deposit.address);
    const poor = scenario.notify(deposit.address, "purchaseSignerBondsAtAuction", roles.rival);
    expect(await answer(poor)).to.equal("TBTC_AUCTION_PAYMENT_SHORT");
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
    expect(await answer(create(LOT_SAT + 1n, feeWei))).to.equal("TBTC_LOT_UNSUPPORTED");
    expect(await answer(create(LOT_SAT, feeWei - 1n))).to.equal("TBTC_CREATION_FEE_SHORT");
    // 1 ETH = 0.0001 BTC: a lot of 10 BTC wants 150,000 ETH.
    await scenario.setPrice(10n ** 14n);
    expect(await answer(create(1_000_000_000n, feeWei))).to.equal("TBTC_OPERATORS_SHORT");
  });

  it("ends a minting without a key or without a payment after three hours each", async () => {
    const { scenario, chain } = site;
    const opened = await scenario.create({ lotSat: LOT_SAT });
    expect(await answer(scenario.notify(opened.address, "retrieveSignerPubkey"))).to.equal("TBTC_KEY_MISSING");
    expect(await answer(scenario.notify(opened.address, "notifyFundingTimedOut"))).to.equal("TBTC_FUNDING_NOT_STARTED");
    expect(await answer(scenario.notify(opened.address, "notifySignerSetupFailed"))).to.equal("TBTC_SETUP_TIMER_RUNS");
    await site.keep();
    await chain.advance(SIGNER_SETUP_TIMEOUT_SECONDS + 1n);
    await scenario.notify(opened.address, "notifySignerSetupFailed");
    expect(await scenario.state(opened.address)).to.equal(DepositState.FAILED_SETUP);
    const contract = scenario.contracts.deposit(opened.address);
    expect(await contract.withdrawableAmount({ from: site.roles.deployer })).to.equal(10n ** 15n);
    await site.giveBack();
    await scenario.publishKey(opened);
    expect(await answer(scenario.notify(opened.address, "notifyFundingTimedOut"))).to.equal("TBTC_FUNDING_TIMER_RUNS");
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

  it("has given each of its answers above but one that nobody can produce here", function () {
    const others = this.test?.parent?.tests.filter((test) => test !== this.test) ?? [];
    // One test alone produces its own answers alone.
    if (others.some(({ state }) => state !== "passed")) this.skip();
    const codes = [...TBTC_REVERTS.values()].map(({ code }) => code);
    expect([...produced].sort()).to.deep.equal(codes.sort());
  });
});
