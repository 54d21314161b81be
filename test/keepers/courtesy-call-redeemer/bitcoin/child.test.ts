import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { p2wpkh, Transaction } from "@scure/btc-signer";
import { expect } from "chai";
import { computeAddress, encryptKeystoreJson, getBytes, type SigningKey } from "ethers";

import { carryOut } from "../../../../keepers/courtesy-call-redeemer/bitcoin/carryOut.js";
import {
  type ChildPolicy,
  type ChildSigner,
  planChild,
  signedChild,
} from "../../../../keepers/courtesy-call-redeemer/bitcoin/child.js";
import { CHILD_KEY, openChildSigner } from "../../../../keepers/courtesy-call-redeemer/bitcoin/childSigner.js";
import { parseTransaction } from "../../../../keepers/courtesy-call-redeemer/bitcoin/rawTransaction.js";
import { CURVE_ORDER, readSignature, writeSignature } from "../../../../keepers/kit/keys/der.js";
import type { DigestSigner } from "../../../../keepers/kit/keys/kmsSigner.js";
import { loadDigestKey } from "../../../../keepers/kit/keys/load.js";
import { rawTransaction } from "../../../../scripts/tbtc/bitcoin.js";
import { LocalBitcoin } from "../../../../scripts/tbtc/electrum/chain.js";
import { createBitcoinRig } from "../../../helpers/bitcoinRig.js";
import { KMS_KEY_ID, KMS_REGION, LocalKms, withKmsCredentials } from "../../../helpers/localKms.js";
import { MemoryBook } from "../../../helpers/memoryBook.js";
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
      const book = new MemoryBook();
      const action = { kind: "pay-by-child", plan, dueAt: 0n } as const;
      const done = await carryOut(action, { servers: rig.servers, signer: undefined, book }, undefined);
      if (done.kind !== "by-hand") throw new Error(done.kind);
      expect(book.written).to.deep.equal([]);
      for (const part of [plan.psbt, plan.parent, String(plan.feeSat)]) expect(done.instruction).to.include(part);
      expect(rig.remote[0]?.asked).to.deep.equal([]);
      // What it tells to sign is what a wallet can sign.
      const { raw } = await signedChild(plan, keySigner(OWNER_KEY));
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

  it("BTC-18 writes a child down before anybody hears of it, and hands the same one over again until it is seen", async () => {
    const rig = await createBitcoinRig(2);
    try {
      rig.chain.mine(1, { place: [rawTransaction(FUNDING)] });
      rig.chain.mempool.submit(parent.raw);
      const book = new MemoryBook();
      const signer = await openChildSigner(digestSigner(OWNER_KEY), parent.script);
      const pay = (rate: bigint, replaced?: bigint) =>
        ({ kind: "pay-by-child", plan: planned(rate, replaced), dueAt: 0n }) as const;
      const slow = RATE / 2n;
      // Written down, and then the process died.
      const dying = { servers: { agreeing: 2, broadcast: () => Promise.reject(new Error("died")) }, signer, book };
      expect(await failed(carryOut(pay(slow), dying, undefined))).to.equal("died");
      const [first] = book.written;
      expect(book.written).to.have.length(1);
      expect(rig.chain.mempool.all).to.have.length(1);
      // Whoever follows sees no child, asks for a dearer one, and hands over what is there.
      const hands = { servers: rig.servers, signer, book };
      expect(await carryOut(pay((slow * 11n) / 10n), hands, undefined)).to.deep.include({ id: first?.id });
      expect(rig.chain.mempool.all.map(({ txid }) => txid)).to.deep.equal([parent.txid, first?.id]);
      // Seen and fallen behind: another one takes its place.
      const second = await carryOut(pay(RATE, planned(slow).feeSat), hands, first?.id);
      expect(book.written).to.have.length(2);
      expect(second).to.deep.include({ id: book.written[1]?.id, refused: [] });
      expect(rig.chain.mempool.all.map(({ txid }) => txid)).to.deep.equal([parent.txid, book.written[1]?.id]);
      // Nothing is handed over by a process that does not lead any more.
      const late = { ...hands, book: { children: () => Promise.resolve([]), write: () => Promise.resolve(false) } };
      expect(await carryOut(pay(RATE), late, undefined)).to.deep.equal({ kind: "not-leading" });
    } finally {
      await rig.close();
    }
  });

  it("BTC-18 one server that says yes to everything holds no dearer child back", async () => {
    const rig = await createBitcoinRig(3);
    try {
      rig.chain.mine(1, { place: [rawTransaction(FUNDING)] });
      rig.chain.mempool.submit(parent.raw);
      // Two have another child already; the third has heard of none, and takes whatever it is given.
      const alone = rig.chain.fork();
      rig.remote[0]?.follow(alone);
      const signer = await openChildSigner(digestSigner(OWNER_KEY), parent.script);
      const other = planned((RATE * 5n) / 8n);
      rig.chain.mempool.submit((await signedChild(other, signer)).raw);
      const hands = { servers: rig.servers, signer, book: new MemoryBook() };
      const pay = (plan: ReturnType<typeof planned>) => ({ kind: "pay-by-child", plan, dueAt: 0n }) as const;
      const cheap = await carryOut(pay(planned(RATE / 2n)), hands, undefined);
      if (cheap.kind !== "handed-over") throw new Error(cheap.kind);
      expect([cheap.accepted.length, cheap.refused.length]).to.deep.equal([1, 2]);
      const dear = await carryOut(pay(planned(RATE, other.feeSat)), hands, undefined);
      if (dear.kind !== "handed-over") throw new Error(dear.kind);
      expect(dear.id).to.not.equal(cheap.id);
      expect([dear.accepted.length, dear.refused.length]).to.deep.equal([3, 0]);
    } finally {
      await rig.close();
    }
  });

  it("BTC-19 a child is signed by the key of the destination alone, and only on its way back there", async () => {
    expect(await codeOf(openChildSigner(digestSigner(KEEP_KEY), parent.script))).to.equal("BTC_CHILD_KEY_FOREIGN");
    const signer = await openChildSigner(digestSigner(OWNER_KEY), parent.script);
    const { raw, txid } = await signedChild(planned(), signer);
    // The same as a wallet's.
    expect(await signedChild(planned(), keySigner(OWNER_KEY))).to.deep.equal({ raw, txid });
    const elsewhere = Transaction.fromPSBT(Buffer.from(planned().psbt, "base64"));
    elsewhere.updateOutput(0, { script: p2wpkh(getBytes(KEEP_KEY.compressedPublicKey)).script });
    const more = Transaction.fromPSBT(Buffer.from(planned().psbt, "base64"));
    more.addOutput({ script: parent.script, amount: 1_000n });
    for (const changed of [elsewhere, more]) {
      const psbt = Buffer.from(changed.toPSBT(0)).toString("base64");
      expect(await codeOf(signer.signPsbt(psbt))).to.equal("BTC_CHILD_NOT_OURS");
    }
    const hands = {
      first: digestSigner(OWNER_KEY),
      second: digestSigner(KEEP_KEY),
      now: "first" as "first" | "second",
    };
    const swapped = { ...hands.first, signDigest: (digest: string) => hands[hands.now].signDigest(digest) };
    const fickle = await openChildSigner(swapped, parent.script);
    hands.now = "second";
    expect(await codeOf(fickle.signPsbt(planned().psbt))).to.equal("BTC_CHILD_KEY_FOREIGN");
  });

  it("BTC-19 takes the key from an encrypted keystore, and from nothing that shows it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "cantilever-child-"));
    try {
      const file = join(folder, "key.json");
      const account = { address: computeAddress(OWNER_KEY), privateKey: OWNER_KEY.privateKey };
      // As weak as a test may be.
      writeFileSync(file, await encryptKeystoreJson(account, "a passphrase", { scrypt: { N: 2, r: 1, p: 1 } }));
      const env = { BTC_CHILD_KEYSTORE_FILE: file, BTC_CHILD_KEYSTORE_PASSPHRASE: "a passphrase" };
      const key = await loadDigestKey(env, CHILD_KEY);
      if (key === undefined) throw new Error("no key");
      const signer = await openChildSigner(key, parent.script);
      expect(await signedChild(planned(), signer)).to.deep.equal(await signedChild(planned(), keySigner(OWNER_KEY)));
      expect(await loadDigestKey({}, CHILD_KEY)).to.equal(undefined);
      expect(await codeOf(loadDigestKey({ BTC_CHILD_MNEMONIC_ENVELOPE_FILE: file }, CHILD_KEY))).to.equal(
        "KEY_UNSUITABLE",
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("BTC-19 takes the key from a KMS, whose signatures nodes take whatever they look like", async () => {
    const kms = await LocalKms.start(BigInt(OWNER_KEY.privateKey));
    const place = { BTC_CHILD_KMS_REGION: KMS_REGION, BTC_CHILD_KMS_ENDPOINT: kms.endpoint };
    const env = { ...place, BTC_CHILD_KMS_KEY_ID: KMS_KEY_ID, BTC_CHILD_ADDRESS: kms.address };
    const open = async (changes: Readonly<Record<string, string>> = {}): Promise<ChildSigner> => {
      const key = await loadDigestKey({ ...env, ...changes }, CHILD_KEY);
      if (key === undefined) throw new Error("no key");
      return openChildSigner(key, parent.script);
    };
    try {
      await withKmsCredentials(async () => {
        // Upper half: nodes relay signatures of the lower one only.
        kms.shape = ({ s }) => s > CURVE_ORDER / 2n;
        const chain = new LocalBitcoin();
        chain.mine(1, { place: [rawTransaction(FUNDING)] });
        chain.mempool.submit(parent.raw);
        const { raw, txid } = await signedChild(planned(), await open());
        expect(chain.mempool.submit(raw).txid).to.equal(txid);
        expect(txid).to.equal((await signedChild(planned(), keySigner(OWNER_KEY))).txid);
        const [der = new Uint8Array()] = Transaction.fromRaw(getBytes(`0x${raw}`)).getInput(0).finalScriptWitness ?? [];
        const { r, s } = readSignature(der.subarray(0, -1));
        expect(Buffer.from(writeSignature(r, s)).equals(der.subarray(0, -1))).to.equal(true);
        expect(await codeOf(open({ BTC_CHILD_KEYSTORE_FILE: "key.json" }))).to.equal("KEY_AMBIGUOUS");
        expect(await codeOf(open({ BTC_CHILD_ADDRESS: "" }))).to.equal("KEY_INCOMPLETE");
        expect(await codeOf(open({ BTC_CHILD_ADDRESS: computeAddress(KEEP_KEY) }))).to.equal("KMS_WRONG_KEY");
        kms.replaceKey(BigInt(KEEP_KEY.privateKey));
        expect(await codeOf(open({ BTC_CHILD_ADDRESS: kms.address }))).to.equal("BTC_CHILD_KEY_FOREIGN");
      });
    } finally {
      await kms.close();
    }
  });
});

function digestSigner(key: SigningKey): DigestSigner {
  return { address: computeAddress(key), signDigest: (digest) => Promise.resolve(key.sign(digest)) };
}

function failed(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "done",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}
