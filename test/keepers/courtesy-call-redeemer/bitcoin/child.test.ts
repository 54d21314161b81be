import { Transaction } from "@scure/btc-signer";
import { expect } from "chai";
import { getBytes } from "ethers";

import { carryOut } from "../../../../keepers/courtesy-call-redeemer/bitcoin/carryOut.js";
import {
  type ChildPolicy,
  type ChildSigner,
  planChild,
  signedChild,
} from "../../../../keepers/courtesy-call-redeemer/bitcoin/child.js";
import { parseTransaction } from "../../../../keepers/courtesy-call-redeemer/bitcoin/rawTransaction.js";
import { rawTransaction } from "../../../../scripts/tbtc/bitcoin.js";
import { LocalBitcoin } from "../../../../scripts/tbtc/electrum/chain.js";
import { createBitcoinRig } from "../../../helpers/bitcoinRig.js";
import { keySigner } from "../../../helpers/psbtSigner.js";
import { FEE_SAT, FUNDING, KEEP_KEY, OWNER_KEY, paymentOf, requestOf } from "../../../helpers/redemptionSample.js";
import { codeOf } from "../../../helpers/rejection.js";

const POLICY: ChildPolicy = { rateMultipleBps: 15_000n, maxShareBps: 200n };
const RATE = 400_000n;
const parent = paymentOf(requestOf(FEE_SAT));

function planned(rate = RATE, replaced?: bigint) {
  const outcome = planChild(parent, rate, replaced, POLICY);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.plan;
}

describe("courtesy-call-redeemer/bitcoin/child", () => {
  it("BTC-6 lifts parent and child together to the rate, back to where the redemption paid", async () => {
    const plan = planned();
    const { raw } = await signedChild(plan, keySigner(OWNER_KEY));
    const child = parseTransaction(raw);
    expect(child?.spends).to.deep.equal([{ txid: parent.txid, index: 0 }]);
    expect(child?.outputsSat).to.equal(parent.outputSat - plan.feeSat);
    expect(
      Buffer.from(Transaction.fromRaw(getBytes(`0x${raw}`)).getOutput(0).script ?? []).equals(parent.script),
    ).to.equal(true);
    const together = (parent.feeSat + plan.feeSat) * 1_000n;
    expect(together >= RATE * (parent.vsize + (child?.vsize ?? 0n))).to.equal(true);
    // Not more than half as much again, and the bytes that were counted too many.
    expect(together <= RATE * 2n * (parent.vsize + (child?.vsize ?? 0n))).to.equal(true);
  });

  it("BTC-6 is taken by nodes, and is what a miner wants who did not want the parent", async () => {
    const chain = new LocalBitcoin();
    chain.mine(1, { place: [rawTransaction(FUNDING)] });
    chain.mempool.submit(parent.raw);
    chain.mine(1, { satPerVbyte: 400 });
    expect(chain.heightOf(parent.txid)).to.equal(0);
    const { raw, txid } = await signedChild(planned(), keySigner(OWNER_KEY));
    expect(chain.mempool.submit(raw).txid).to.equal(txid);
    chain.mine(1, { satPerVbyte: 400 });
    expect(chain.heightOf(parent.txid)).to.equal(3);
    expect(chain.heightOf(txid)).to.equal(3);
  });

  it("BTC-6 replaces a child that fell behind by one that nodes take for it", async () => {
    const chain = new LocalBitcoin();
    chain.mine(1, { place: [rawTransaction(FUNDING)] });
    chain.mempool.submit(parent.raw);
    const first = planned();
    const before = chain.mempool.submit((await signedChild(first, keySigner(OWNER_KEY))).raw);
    // Hardly more: the least step over the one that is there.
    const second = planned(610_000n, first.feeSat);
    expect(second.feeSat > first.feeSat).to.equal(true);
    chain.mempool.submit((await signedChild(second, keySigner(OWNER_KEY))).raw);
    expect(chain.mempool.get(before.txid)).to.equal(undefined);
  });

  it("BTC-6 makes none that is not needed, and none that costs more than its share", () => {
    // 20,000 satoshis for 110 bytes.
    expect(planChild(parent, 181_000n, undefined, POLICY)).to.include({ ok: false, reason: "fast-enough" });
    expect(planChild(parent, 183_000n, undefined, POLICY).ok).to.equal(true);
    const plan = planned();
    expect(planChild(parent, RATE, plan.feeSat, POLICY)).to.include({ ok: false, reason: "fast-enough" });
    // Two percent of 9,980,000.
    expect(planChild(parent, 700_000n, undefined, POLICY)).to.include({ ok: false, reason: "too-dear" });
    const poor = { ...parent, outputSat: 600n };
    expect(planChild(poor, 183_000n, undefined, { ...POLICY, maxShareBps: 10_000n })).to.include({
      reason: "too-dear",
    });
  });

  it("BTC-6 without a signer tells the operator what to sign, and sends nothing", async () => {
    const rig = await createBitcoinRig(1);
    try {
      const plan = planned();
      const done = await carryOut({ kind: "pay-by-child", plan, dueAt: 0n }, rig.servers, undefined);
      if (done.kind !== "for-the-operator") throw new Error(done.kind);
      for (const part of [plan.psbt, plan.parent, String(plan.feeSat)]) expect(done.instruction).to.include(part);
      expect(rig.remote[0]?.asked).to.deep.equal([]);
      // What it tells to sign is what a wallet can sign.
      const { raw } = await signedChild(done.plan, keySigner(OWNER_KEY));
      expect(parseTransaction(raw)?.outputsSat).to.equal(plan.outputSat);
    } finally {
      await rig.close();
    }
  });

  it("BTC-6 gives away what it asked to be signed and nothing else", async () => {
    const plan = planned();
    const other: ChildSigner = {
      signPsbt: () => keySigner(OWNER_KEY).signPsbt(planned((RATE * 11n) / 10n).psbt),
    };
    expect(await codeOf(signedChild(plan, other))).to.equal("BTC_CHILD_CHANGED");
    expect(await codeOf(signedChild(plan, { signPsbt: () => Promise.resolve("no psbt") }))).to.equal(
      "BTC_CHILD_CHANGED",
    );
    expect(await codeOf(signedChild(plan, { signPsbt: (psbt) => Promise.resolve(psbt) }))).to.equal(
      "BTC_CHILD_UNSIGNED",
    );
    expect(await codeOf(signedChild(plan, keySigner(KEEP_KEY)))).to.equal("BTC_CHILD_UNSIGNED");
  });
});
