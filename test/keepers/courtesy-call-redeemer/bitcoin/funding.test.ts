import { expect } from "chai";
import { RawOldTx } from "@scure/btc-signer/script.js";
import { concat, getBytes, id, SigningKey } from "ethers";

import { type Coin, CoinFinder, coinName } from "../../../../keepers/courtesy-call-redeemer/bitcoin/coins.js";
import {
  fundingPayment,
  outpointsOf,
  planFunding,
  signFunding,
} from "../../../../keepers/courtesy-call-redeemer/bitcoin/funding.js";
import { parseTransaction } from "../../../../keepers/courtesy-call-redeemer/bitcoin/rawTransaction.js";
import { keyScript, payment, rawTransaction } from "../../../../scripts/tbtc/bitcoin.js";
import { reversed } from "../../../../scripts/tbtc/electrum/chain.js";
import { createBitcoinRig, type BitcoinRig } from "../../../helpers/bitcoinRig.js";
import { keySigner } from "../../../helpers/psbtSigner.js";
import { rejection } from "../../../helpers/rejection.js";

const WALLET_KEY = new SigningKey(id("wallet"));
const SCRIPT = keyScript(WALLET_KEY);
const TARGET = { script: keyScript(new SigningKey(id("keep"))), amountSat: 10_000_000n };
const POLICY = { rateMultipleBps: 20_000n, maxFeeSat: 50_000n };
const RATE = 10_000n;
const DEPTH = 6;
/** The local chain's own. */
const RELAY = { currentDifficulty: 0n, previousDifficulty: 0n };
/** The first block of the public chain: work of difficulty 1. */
const GENESIS =
  "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";

function placed(name: string, amountSat: bigint): { readonly raw: string; readonly coin: Coin } {
  const transaction = payment(concat([id(name), "0x00000000"]), SCRIPT, amountSat);
  const raw = rawTransaction(transaction);
  return { raw, coin: { txid: reversed(transaction.txid.slice(2)).slice(2), index: 0, amountSat, raw } };
}
const coins = (...amountsSat: readonly bigint[]): Coin[] =>
  amountsSat.map((amountSat, index) => placed(`coin ${String(index)}`, amountSat).coin);

function planned(from: readonly Coin[], rate = RATE, policy = POLICY) {
  const outcome = planFunding(from, TARGET, SCRIPT, rate, policy);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.plan;
}

describe("courtesy-call-redeemer/bitcoin: the payment that funds a deposit", () => {
  it("MINT-18 pays exactly the lot to the keep, the rest back, and at least twice the next block's rate", async () => {
    const plan = planned(coins(1_000_000n, 7_000_000n, 6_000_000n));
    // The fewest coins, the largest first, in the same order every time.
    expect(plan.coins).to.deep.equal(coins(1_000_000n, 7_000_000n, 6_000_000n).slice(1).map(coinName));
    const { txid, raw } = await signFunding(plan, keySigner(WALLET_KEY));
    const found = parseTransaction(raw);
    expect(found?.txid).to.equal(txid);
    expect(found?.outputs.map(({ amountSat }) => amountSat)).to.deep.equal([TARGET.amountSat, plan.changeSat]);
    expect(found?.outputs.map(({ script }) => Buffer.from(script).toString("hex"))).to.deep.equal(
      [TARGET.script, SCRIPT].map((script) => Buffer.from(script).toString("hex")),
    );
    expect(TARGET.amountSat + plan.changeSat + plan.feeSat).to.equal(13_000_000n);
    const vsize = found?.vsize ?? 0n;
    expect(plan.feeSat * 1_000n >= 2n * RATE * vsize).to.equal(true);
    // The size is rounded up, by a few bytes for each input.
    expect(plan.feeSat * 1_000n < 2n * RATE * (vsize + 8n)).to.equal(true);
    expect(outpointsOf(raw)).to.have.length(2);
    const { parts } = fundingPayment(raw, txid, TARGET, plan.feeSat);
    const bytes = concat([parts.version, parts.inputVector, parts.outputVector, parts.locktime]);
    expect(parseTransaction(bytes.slice(2))?.txid).to.equal(txid);
  });

  it("MINT-18 what is too little for an output goes to the miners, and a fee above the limit is not paid", () => {
    const exact = planned(coins(13_000_000n));
    const without = TARGET.amountSat + exact.feeSat;
    expect(planned(coins(without)).changeSat).to.equal(0n);
    expect(planned(coins(without + 545n))).to.include({ changeSat: 0n, feeSat: exact.feeSat + 545n });
    expect(planned(coins(without + 546n))).to.include({ changeSat: 546n, feeSat: exact.feeSat });
    const refused = (from: readonly Coin[], rate = RATE, maxFeeSat = POLICY.maxFeeSat): unknown =>
      planFunding(from, TARGET, SCRIPT, rate, { ...POLICY, maxFeeSat });
    expect(refused(coins(without - 1n))).to.deep.equal({ ok: false, reason: "coins-short" });
    expect(refused([])).to.deep.equal({ ok: false, reason: "coins-short" });
    expect(refused(coins(13_000_000n), RATE, exact.feeSat - 1n)).to.deep.equal({ ok: false, reason: "fee-ceiling" });
    // Twenty coins at most: dust makes no payment.
    expect(refused(coins(...Array.from({ length: 40 }, () => 500_000n)))).to.deep.equal({
      ok: false,
      reason: "coins-short",
    });
  });

  it("MINT-19 a signer that changes the payment, or stored bytes that pay somebody else, reach nobody", async () => {
    const plan = planned(coins(13_000_000n));
    const other = planned(coins(13_000_001n));
    const swapped = { signPsbt: () => keySigner(WALLET_KEY).signPsbt(other.psbt) };
    expect((await rejection(signFunding(plan, swapped))).code).to.equal("BTC_CHILD_CHANGED");
    const stranger = keySigner(new SigningKey(id("stranger")));
    expect((await rejection(signFunding(plan, stranger))).code).to.equal("BTC_CHILD_UNSIGNED");
    const { txid, raw } = await signFunding(plan, keySigner(WALLET_KEY));
    for (const [target, id_] of [
      [{ ...TARGET, amountSat: TARGET.amountSat + 1n }, txid],
      [{ ...TARGET, script: SCRIPT }, txid],
      [TARGET, "00".repeat(32)],
    ] as const) {
      expect(() => fundingPayment(raw, id_, target, plan.feeSat))
        .to.throw()
        .with.property("code", "BTC_FUNDING_FALSE");
    }
  });
});

describe("courtesy-call-redeemer/bitcoin: coins of the wallet", () => {
  let bitcoin: BitcoinRig;
  const brought = placed("brought", 7_000_000n);
  const second = placed("second", 6_000_000n);

  beforeEach(async () => {
    bitcoin = await createBitcoinRig(3);
    bitcoin.chain.mine(1, { place: [brought.raw] });
    bitcoin.chain.mine(DEPTH - 2);
  });
  afterEach(() => bitcoin.close());

  const look = async (): Promise<readonly string[] | "unknown"> => {
    const purse = await new CoinFinder(bitcoin.servers, SCRIPT, DEPTH).look(RELAY);
    return purse.kind === "unknown" ? "unknown" : purse.coins.map(coinName);
  };

  it("MINT-20 counts what lies deep enough, and nothing that a payment anywhere spends", async () => {
    expect(await look()).to.deep.equal([]);
    bitcoin.chain.mine(1, { place: [second.raw] });
    expect(await look()).to.deep.equal([coinName(brought.coin)]);
    const plan = planFunding([brought.coin], { ...TARGET, amountSat: 1_000_000n }, SCRIPT, RATE, POLICY);
    if (!plan.ok) throw new Error(plan.reason);
    const { raw } = await signFunding(plan.plan, keySigner(WALLET_KEY));
    bitcoin.chain.mempool.submit(raw);
    expect(await look()).to.deep.equal([]);
    bitcoin.chain.mine(DEPTH);
    // The change of it, and the other one.
    expect(await look()).to.have.length(2);
  });

  it("MINT-20 believes no coin that fewer servers show than must agree, and no server that changes a transaction", async () => {
    bitcoin.chain.mine(1);
    const [liar, other] = bitcoin.remote;
    if (liar === undefined || other === undefined) throw new Error("there are servers");
    const hide = (question: { readonly method: string }, result: unknown): unknown =>
      question.method === "blockchain.scripthash.listunspent" ? [] : result;
    // It is spent, says one of three.
    liar.faults.alter = hide;
    expect(await look()).to.deep.equal([coinName(brought.coin)]);
    other.faults.alter = hide;
    expect(await look()).to.deep.equal([]);
    other.faults = {};
    liar.faults.alter = (question, result) =>
      question.method === "blockchain.transaction.get" ? placed("made up", 9_000_000n).raw : result;
    expect(await look()).to.deep.equal([coinName(brought.coin)]);
    expect(bitcoin.codes()[0]).to.equal("BTC_SERVER_TX_FALSE");
    other.faults = { hangsUp: () => true };
    expect(await look()).to.equal("unknown");
  });

  it("MINT-20 one server's newest block keeps nobody from paying, and one without the relay's work is a lie", async () => {
    bitcoin.chain.mine(1);
    const [liar] = bitcoin.remote;
    if (liar === undefined) throw new Error("there are servers");
    liar.faults.alter = ({ method }, result) =>
      method === "blockchain.headers.subscribe" ? { height: 0, hex: GENESIS } : result;
    const finder = new CoinFinder(bitcoin.servers, SCRIPT, DEPTH);
    const purse = await finder.look(RELAY);
    expect(purse.kind === "known" && [purse.tipDifficulty, purse.coins.length]).to.deep.equal([0n, 1]);
    liar.faults = {};
    expect(await finder.look({ currentDifficulty: 40n, previousDifficulty: 50n })).to.deep.equal({ kind: "unknown" });
    expect(bitcoin.codes()).to.deep.equal(Array(3).fill("BTC_SERVER_WORK_MISSING"));
  });

  it("MINT-20 thousands of payments of dust hide no coin, and one of a transaction that no node passes on is left alone", async () => {
    const dust = Array.from({ length: 2_100 }, (_, index) => placed(`dust ${String(index)}`, 546n).raw);
    const large = RawOldTx.encode({
      ...{ version: 2, lockTime: 0 },
      inputs: [{ ...{ txid: getBytes(id("large")), index: 0 }, finalScriptSig: new Uint8Array(), sequence: 0 }],
      outputs: [
        { amount: 50_000_000n, script: SCRIPT },
        { amount: 0n, script: new Uint8Array(450_000).fill(0x6a) },
      ],
    });
    bitcoin.chain.mine(1, { place: [...dust, Buffer.from(large).toString("hex")] });
    bitcoin.chain.mine(DEPTH);
    const found = await look();
    expect(found[0]).to.equal(coinName(brought.coin));
    expect(found.length < 101).to.equal(true);
  });
});
