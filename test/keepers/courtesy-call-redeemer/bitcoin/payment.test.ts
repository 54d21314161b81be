import { Transaction } from "@scure/btc-signer";
import { signECDSA } from "@scure/btc-signer/utils.js";
import { expect } from "chai";
import { concat, getBytes, id, SigningKey } from "ethers";

import {
  plannedPayment,
  recoveryOf,
  reversedHex,
  signedPayment,
  signerScript,
} from "../../../../keepers/courtesy-call-redeemer/bitcoin/payment.js";
import { CURVE_ORDER, readSignature, writeSignature } from "../../../../keepers/kit/keys/der.js";
import { payment } from "../../../../scripts/tbtc/bitcoin.js";
import { derOf } from "../../../helpers/ecdsa.js";
import {
  FEE_SAT,
  KEEP_KEY,
  OUTPOINT,
  OWNER_KEY,
  PUBLIC_KEY,
  requestOf,
  signatureOf,
  UTXO_SAT,
} from "../../../helpers/redemptionSample.js";
import { codeThrown } from "../../../helpers/thrown.js";

/** BIP 143, native P2WPKH: what is signed, by whom, and the signature. */
const BIP143 = {
  digest: "0xc37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670",
  key: "0x025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee6357",
  der: "304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee",
};

describe("courtesy-call-redeemer/bitcoin/payment", () => {
  it("BTC-5 writes signatures as BIP 143 has them, and as the library signs", () => {
    const { r, s } = readSignature(Buffer.from(BIP143.der, "hex"));
    expect(Buffer.from(writeSignature(r, s)).toString("hex")).to.equal(BIP143.der);
    const parts = { r: `0x${r.toString(16).padStart(64, "0")}`, s: `0x${s.toString(16).padStart(64, "0")}` };
    const point = `0x${SigningKey.computePublicKey(BIP143.key, false).slice(4)}`;
    expect(recoveryOf(BIP143.digest, point, parts)).to.be.oneOf([27, 28]);
    expect(recoveryOf(BIP143.digest, PUBLIC_KEY, parts)).to.equal(undefined);
    for (let n = 0; n < 50; n += 1) {
      const digest = getBytes(id(`digest ${String(n)}`));
      const signed = signECDSA(digest, getBytes(KEEP_KEY.privateKey));
      const ours = KEEP_KEY.sign(digest);
      const written = writeSignature(BigInt(ours.r), BigInt(ours.s));
      expect(Buffer.from(written).equals(signed)).to.equal(true);
      // The upper half of the order means the same, and nodes do not relay it.
      expect(Buffer.from(writeSignature(BigInt(ours.r), CURVE_ORDER - BigInt(ours.s))).equals(written)).to.equal(true);
    }
    for (const r of [1n, 0x7fn, 0x80n, 0xffn, CURVE_ORDER - 1n]) {
      expect(Buffer.from(writeSignature(r, 1n)).equals(derOf({ r, s: 1n }))).to.equal(true);
    }
    for (const [r, s] of [
      [0n, 1n],
      [1n, 0n],
      [CURVE_ORDER, 1n],
      [-1n, 1n],
    ] as const) {
      expect(codeThrown(() => writeSignature(r, s))).to.equal("DER_MALFORMED");
    }
  });

  it("BTC-5 rebuilds the payment that the digest is of, in the parts that deposits take", () => {
    const request = requestOf(FEE_SAT);
    const planned = plannedPayment(request, PUBLIC_KEY);
    const script = getBytes(request.script).slice(1);
    const { txid, ...parts } = payment(OUTPOINT, script, UTXO_SAT - FEE_SAT);
    expect(planned.parts).to.deep.equal(parts);
    expect(planned.txid).to.equal(reversedHex(txid));
    expect(planned.outputSat + planned.feeSat).to.equal(UTXO_SAT);
  });

  it("BTC-5 signs it: the same id, one witness of signature and key, sequence and locktime zero", () => {
    const request = requestOf(FEE_SAT);
    const signed = signedPayment(request, PUBLIC_KEY, signatureOf(request));
    const transaction = Transaction.fromRaw(Buffer.from(signed.raw, "hex"));
    expect(transaction.id).to.equal(plannedPayment(request, PUBLIC_KEY).txid);
    expect([transaction.version, transaction.lockTime, transaction.getInput(0).sequence]).to.deep.equal([1, 0, 0]);
    const witness = transaction.getInput(0).finalScriptWitness ?? [];
    expect(witness.map((item) => Buffer.from(item).toString("hex"))).to.deep.equal([
      `${Buffer.from(signECDSA(getBytes(request.digest), getBytes(KEEP_KEY.privateKey))).toString("hex")}01`,
      KEEP_KEY.compressedPublicKey.slice(2),
    ]);
    expect(signed.vsize).to.equal(BigInt(transaction.vsize));
  });

  it("BTC-5 refuses a digest that is of another payment, key or amount", () => {
    const request = requestOf(FEE_SAT);
    const other = `0x${OWNER_KEY.publicKey.slice(4)}`;
    const changes = [
      { digest: id("another") },
      { feeSat: FEE_SAT + 1n },
      { utxoSat: UTXO_SAT + 1n },
      { outpoint: concat([OUTPOINT.slice(0, 66), "0x01000000"]) },
      { script: `0x160014${"11".repeat(20)}` },
    ];
    for (const change of changes) {
      expect(codeThrown(() => plannedPayment({ ...request, ...change }, PUBLIC_KEY))).to.equal("BTC_DIGEST_MISMATCH");
    }
    expect(codeThrown(() => plannedPayment(request, other))).to.equal("BTC_DIGEST_MISMATCH");
    for (const change of [
      { script: request.script.slice(0, -2) },
      { outpoint: "0x00" },
      { feeSat: UTXO_SAT },
      { feeSat: -1n },
    ]) {
      expect(codeThrown(() => plannedPayment({ ...request, ...change }, PUBLIC_KEY))).to.equal("BTC_REQUEST_INVALID");
    }
    for (const key of ["0x", `0x${"00".repeat(64)}`, `${PUBLIC_KEY}00`]) {
      expect(
        codeThrown(() => signerScript(key)),
        key,
      ).to.equal("BTC_KEY_INVALID");
    }
  });

  it("BTC-5 refuses a signature of another key, of another digest, or of none", () => {
    const request = requestOf(FEE_SAT);
    const right = signatureOf(request);
    const { r, s } = OWNER_KEY.sign(request.digest);
    const wrong = [
      { r, s },
      signatureOf(requestOf(FEE_SAT + 1n)),
      { ...right, r: right.s },
      { r: `0x${"00".repeat(32)}`, s },
    ];
    for (const signature of wrong) {
      expect(codeThrown(() => signedPayment(request, PUBLIC_KEY, signature))).to.equal("BTC_SIGNATURE_INVALID");
    }
  });
});
