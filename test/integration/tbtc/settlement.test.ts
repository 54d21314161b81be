import { p2pkh, p2sh, p2wpkh, p2wsh } from "@scure/btc-signer";
import { expect } from "chai";
import { getBytes, id, SigningKey } from "ethers";

import { addressOf, parseDestination } from "../../../keepers/courtesy-call-redeemer/bitcoin/destination.js";
import { initialFee, nextBump } from "../../../keepers/courtesy-call-redeemer/bitcoin/fee.js";
import type { FollowUpStep } from "../../../keepers/courtesy-call-redeemer/bitcoin/followUp.js";
import { plannedPayment, signedPayment } from "../../../keepers/courtesy-call-redeemer/bitcoin/payment.js";
import { readRedemption } from "../../../keepers/courtesy-call-redeemer/bitcoin/readRedemption.js";
import { DepositState } from "../../../protocol/tbtc/states.js";
import type { Deposit } from "../../../scripts/tbtc/scenario.js";
import { codeOf } from "../../helpers/rejection.js";
import { answerOf } from "../../helpers/tbtcAnswer.js";
import { createTbtcChain, type TbtcChain } from "../../helpers/tbtcChain.js";
import { readerOf, Settlement } from "../../helpers/settlement.js";

const TBTC = 10n ** 18n;
const LOT_SAT = 10_000_000n;
const COURTESY_PRICE = 2_666n * 10n ** 13n;
const HOUR = 3_600n;
const MINUTE = 60n;
const OWNER = new SigningKey(id("redeemer"));
const KEY = getBytes(OWNER.compressedPublicKey);
const DESTINATION = parseDestination(addressOf(p2wpkh(KEY).script, "regtest"), "regtest");
const FEES = { rateMultipleBps: 20_000n, maxShareBps: 500n, maxFeeSat: 200_000n, fallbackSatPerKvb: 20_000n };
/** Twice 10 satoshis for each of 110 bytes. */
const FEE_SAT = 2_200n;

describe("tBTC v1, a redemption followed up on both chains", () => {
  let site: TbtcChain;
  let deposit: Deposit;
  let settlement: Settlement;

  before(async () => {
    site = await createTbtcChain();
    deposit = await site.scenario.open({ lotSat: LOT_SAT });
    await site.scenario.giveTbtc(site.roles.redeemer, TBTC / 10n);
    await site.scenario.setPrice(COURTESY_PRICE);
    await site.scenario.courtesyCall(deposit.address);
  });
  beforeEach(async () => {
    await site.keep();
    settlement = await Settlement.begin(site, deposit, OWNER);
  });
  afterEach(async () => {
    await settlement.close();
    await site.giveBack();
  });
  after(() => site.close());

  const state = (): Promise<DepositState> => site.scenario.state(deposit.address);
  const kinds = ({ actions }: FollowUpStep): string[] => actions.map(({ kind }) => kind);

  async function request(script = DESTINATION.script): Promise<void> {
    const rate = await settlement.bitcoin.servers.nextBlockRate();
    const feeSat = initialFee(deposit.utxoSat, script.length, rate, FEES);
    await site.scenario.requestRedemption(deposit, { from: site.roles.redeemer, feeSat, script });
  }

  /** The signers sign what was asked last, and the payment is out. */
  async function signAndBroadcast(): Promise<void> {
    await site.scenario.signInKeep(deposit);
    expect(kinds(await settlement.act())).to.include("provide-signature");
    await settlement.act();
  }

  async function expectProven(): Promise<void> {
    const step = await settlement.act();
    expect([step.stage, kinds(step)]).to.deep.equal(["provable", ["prove"]]);
    expect(await state()).to.equal(DepositState.REDEEMED);
    expect(await settlement.look()).to.deep.include({ stage: "proven", actions: [], changesAt: undefined });
  }

  it("BTC-14 goes from the request to the proof, one step after the other, remembering nothing", async () => {
    await request();
    expect(await settlement.look()).to.deep.include({ stage: "requested", actions: [], alerts: [] });
    await site.scenario.signInKeep(deposit);
    const signed = await settlement.act();
    expect([signed.stage, kinds(signed)]).to.deep.equal(["signed", ["provide-signature", "broadcast"]]);
    expect(await state()).to.equal(DepositState.AWAITING_WITHDRAWAL_PROOF);
    expect(settlement.result?.accepted).to.have.length(3);
    expect(await settlement.look()).to.deep.include({ stage: "broadcast", actions: [] });
    for (let depth = 1; depth < 6; depth += 1) {
      settlement.bitcoin.chain.mine();
      expect(await settlement.look()).to.deep.include({ stage: "confirmed", confirmations: depth, actions: [] });
    }
    settlement.bitcoin.chain.mine();
    await expectProven();
  });

  it("BTC-14 asks for the fee that the rate makes, and the event says it", async () => {
    await request();
    const [asked] = (await settlement.facts()).requests;
    expect(asked?.feeSat).to.equal(FEE_SAT);
    expect(asked?.script).to.equal(DESTINATION.prefixedScript);
  });

  for (const [kind, script] of [
    ["p2wpkh", p2wpkh(KEY).script],
    ["p2wsh", p2wsh(p2pkh(KEY)).script],
    ["p2pkh", p2pkh(KEY).script],
    ["p2sh", p2sh(p2wpkh(KEY)).script],
  ] as const) {
    it(`BTC-14 pays to ${kind}: digest, payment and proof are what the contract wants`, async () => {
      expect(parseDestination(addressOf(script, "regtest"), "regtest").kind).to.equal(kind);
      await request(script);
      await signAndBroadcast();
      settlement.bitcoin.chain.mine(6);
      await expectProven();
    });
  }

  it("BTC-15 raises the fee once and twice, each payment replaces the one before, and the last is proven", async () => {
    await request();
    await signAndBroadcast();
    for (const bumps of [1n, 2n]) {
      await site.chain.advance(4n * HOUR);
      const step = await settlement.act();
      expect(kinds(step)).to.deep.equal(["increase-fee"]);
      expect(await state()).to.equal(DepositState.AWAITING_WITHDRAWAL_SIGNATURE);
      const { requests, publicKey } = await settlement.facts();
      const latest = requests.at(-1);
      if (latest === undefined) throw new Error("no request");
      expect(latest.feeSat).to.equal(FEE_SAT * (bumps + 1n));
      await signAndBroadcast();
      const waiting = settlement.bitcoin.chain.mempool.all.map(({ txid }) => txid);
      expect(waiting).to.deep.equal([plannedPayment(latest, publicKey).txid]);
    }
    settlement.bitcoin.chain.mine(6);
    await expectProven();
  });

  it("BTC-15 a second bump by the last fee, or from the first value, is what the contract refuses", async () => {
    await request();
    await signAndBroadcast();
    await site.chain.advance(4n * HOUR);
    await settlement.act();
    await signAndBroadcast();
    await site.chain.advance(4n * HOUR);
    const { scenario } = site;
    const latest = 2n * FEE_SAT;
    expect(await answerOf(scenario.increaseFee(deposit, latest, 2n * latest))).to.equal("TBTC_BUMP_WRONG_STEP");
    expect(await answerOf(scenario.increaseFee(deposit, FEE_SAT, latest))).to.equal("TBTC_BUMP_WRONG_PREVIOUS");
    const bump = nextBump(deposit.utxoSat, FEE_SAT, latest);
    expect(await answerOf(scenario.increaseFee(deposit, latest, bump?.feeSat ?? 0n))).to.equal("accepted");
  });

  it("BTC-15 proves the payment of before a bump while the new one waits for its signature", async () => {
    await request();
    await signAndBroadcast();
    await site.chain.advance(4n * HOUR);
    expect(kinds(await settlement.act())).to.deep.equal(["increase-fee"]);
    settlement.bitcoin.chain.mine(6);
    expect(await state()).to.equal(DepositState.AWAITING_WITHDRAWAL_SIGNATURE);
    await expectProven();
  });

  it("BTC-15 wins time for a payment that is not deep enough, and then proves it", async () => {
    await request();
    await signAndBroadcast();
    await site.chain.advance(5n * HOUR);
    settlement.bitcoin.chain.mine(2);
    expect(await settlement.look()).to.deep.include({ stage: "confirmed", actions: [], alerts: ["proof-late"] });
    await site.chain.advance(30n * MINUTE);
    expect(kinds(await settlement.act())).to.deep.equal(["increase-fee"]);
    await site.chain.advance(HOUR);
    // Without it the bond could be liquidated now.
    expect(await answerOf(site.scenario.notify(deposit.address, "notifyRedemptionProofTimedOut"))).to.equal(
      "TBTC_PROOF_NOT_AWAITED",
    );
    settlement.bitcoin.chain.mine(4);
    await expectProven();
  });

  it("BTC-15 gives a proof after six hours as long as nobody has reported it", async () => {
    await request();
    await signAndBroadcast();
    settlement.bitcoin.chain.mine(6);
    await site.chain.advance(6n * HOUR + 1n);
    expect((await settlement.look()).alerts).to.deep.equal(["proof-timed-out"]);
    await expectProven();
  });

  it("BTC-16 pays by a child what no miner wants, before any bump, and proves the parent", async () => {
    await request();
    await signAndBroadcast();
    for (const remote of settlement.bitcoin.remote) remote.satPerVbyte = 60;
    const { chain } = settlement.bitcoin;
    chain.mine(1, { satPerVbyte: 60 });
    expect(kinds(await settlement.look())).to.deep.equal([]);
    await site.chain.advance(HOUR);
    expect(kinds(await settlement.act())).to.deep.equal(["pay-by-child"]);
    expect(settlement.result?.refused).to.deep.equal([]);
    // It is there, and nothing more is done.
    expect(await settlement.look()).to.deep.include({ stage: "broadcast", actions: [] });
    chain.mine(6, { satPerVbyte: 60 });
    await expectProven();
  });

  it("BTC-16 a child that pays more than a bump stands in its way: the child is raised instead", async () => {
    await request();
    await signAndBroadcast();
    for (const remote of settlement.bitcoin.remote) remote.satPerVbyte = 60;
    await site.chain.advance(HOUR);
    expect(kinds(await settlement.act())).to.deep.equal(["pay-by-child"]);
    for (const remote of settlement.bitcoin.remote) remote.satPerVbyte = 300;
    await site.chain.advance(3n * HOUR);
    expect(kinds(await settlement.act())).to.deep.equal(["increase-fee"]);
    await site.scenario.signInKeep(deposit);
    const { requests, publicKey, keepSignatures } = await settlement.facts();
    const latest = requests.at(-1);
    const signature = keepSignatures.get(latest?.digest ?? "");
    if (latest === undefined || signature === undefined) throw new Error("not signed");
    const { raw } = signedPayment(latest, publicKey, signature);
    const { refused } = await settlement.bitcoin.servers.broadcast(raw);
    expect(refused.map(({ refusal }) => refusal)).to.deep.equal(Array(3).fill("replacement-too-cheap"));
    expect(kinds(await settlement.act())).to.deep.equal(["provide-signature"]);
    await site.chain.advance(HOUR);
    const children = settlement.bitcoin.chain.mempool.all.length;
    expect(kinds(await settlement.act())).to.deep.equal(["pay-by-child"]);
    expect(settlement.bitcoin.chain.mempool.all).to.have.length(children);
    settlement.bitcoin.chain.mine(6, { satPerVbyte: 300 });
    await expectProven();
  });

  it("BTC-17 after a reorganisation of Bitcoin builds the proof anew, and the contract takes that one", async () => {
    await request();
    await signAndBroadcast();
    const { chain } = settlement.bitcoin;
    chain.mine(5);
    chain.reorganize(5);
    expect(await settlement.look()).to.deep.include({ stage: "broadcast", confirmations: 0 });
    chain.mine(5);
    expect(await settlement.look()).to.deep.include({ stage: "confirmed", confirmations: 5 });
    chain.mine(1);
    await expectProven();
  });

  it("BTC-17 after a reorganisation of Ethereum there is no redemption, or an older one", async () => {
    await site.keep();
    await request();
    await signAndBroadcast();
    await site.keep();
    await site.chain.advance(4n * HOUR);
    expect(kinds(await settlement.act())).to.deep.equal(["increase-fee"]);
    await site.giveBack();
    const { requests } = await settlement.facts();
    expect(requests.map(({ feeSat }) => feeSat)).to.deep.equal([FEE_SAT]);
    expect((await settlement.look()).stage).to.equal("broadcast");
    await site.giveBack();
    expect(await settlement.look()).to.deep.include({ stage: "gone", actions: [] });
  });

  it("BTC-17 believes nothing that was read of a block which was undone meanwhile", async () => {
    await request();
    const { provider } = site.chain;
    const block = await provider.getBlock("latest");
    if (block?.hash == null) throw new Error("the chain has no block");
    const reader = readerOf(site);
    const at = { number: block.number, hash: block.hash, timestamp: BigInt(block.timestamp) };
    expect((await readRedemption(reader, deposit.address, 0, at)).requests).to.have.length(1);
    const undone = { ...at, hash: block.parentHash };
    expect(await codeOf(readRedemption(reader, deposit.address, 0, undone))).to.equal("BTC_BLOCK_GONE");
  });

  it("BTC-17 knows that it is lost", async () => {
    await request();
    await site.scenario.timeOutSignature(deposit.address);
    expect(await settlement.look()).to.deep.include({ stage: "lost", actions: [], alerts: ["lost"] });
  });
});
