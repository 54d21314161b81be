import { readFileSync } from "node:fs";

import { expect } from "chai";

import {
  brokenLink,
  hasWork,
  parseHeader,
  workOf,
  type BlockHeader,
} from "../../../../keepers/courtesy-call-redeemer/bitcoin/header.js";
import { type Payment, reversedHex } from "../../../../keepers/courtesy-call-redeemer/bitcoin/payment.js";
import { merkleRoot, redemptionProof } from "../../../../keepers/courtesy-call-redeemer/bitcoin/proof.js";
import { parseTransaction } from "../../../../keepers/courtesy-call-redeemer/bitcoin/rawTransaction.js";
import { codeThrown } from "../../../helpers/thrown.js";

/** Blocks of the public chain, as the authors of the relay and of the SPV library recorded them for their own tests. */
const RELAY_TESTS = "node_modules/@summa-tx/relay-sol/test";
interface RecordedHeader {
  readonly hex: string;
  readonly digest_le: string;
  readonly difficulty: number;
  readonly height: number;
}
const retarget = (
  JSON.parse(readFileSync(`${RELAY_TESTS}/headersWithRetarget.json`, "utf8")) as { chain: RecordedHeader[] }
).chain;
const recorded = JSON.parse(readFileSync(`${RELAY_TESTS}/OnDemandSPVHelpers.json`, "utf8")) as Readonly<
  Record<string, string>
> & { readonly OP_RETURN_INDEX: number };
const libraryTests = readFileSync("node_modules/@summa-tx/bitcoin-spv-sol/test/constants.js", "utf8");
const headerChain = (/HEADER_CHAIN: '0x([0-9a-f]+)'/.exec(libraryTests)?.[1] ?? "").match(/.{160}/g) ?? [];

const realPath = { nodes: recorded["OP_RETURN_PROOF"] ?? "", index: recorded.OP_RETURN_INDEX };
const realTxid = recorded["OP_RETURN_TX_ID_LE"] ?? "";
const realHeaders = headerChain.map((raw) => parseHeader(`0x${raw}`));
const realPayment: Payment = {
  txid: reversedHex(realTxid),
  parts: { version: "0x01000000", inputVector: "0x", outputVector: "0x", locktime: "0x00000000" },
  feeSat: 0n,
  outputSat: 0n,
  script: new Uint8Array(),
};
const D = realHeaders[0]?.difficulty ?? 0n;
const relayAt = (currentDifficulty: bigint, previousDifficulty = 1n) => ({ currentDifficulty, previousDifficulty });

describe("courtesy-call-redeemer/bitcoin/proof", () => {
  it("reads a real transaction: its id is computed from it without its witness", () => {
    const transaction = parseTransaction((recorded["OP_RETURN_TX"] ?? "").slice(2));
    expect(transaction?.txid).to.equal("d60033c5cf5c199208a9c656a29967810c4e428c22efb492fdd816e6a0a1e548");
    expect(transaction?.spends).to.deep.equal([
      { txid: reversedHex(recorded["OP_RETURN_VIN"]?.slice(4, 68) ?? ""), index: 0 },
    ]);
    expect(transaction?.outputsSat).to.equal(497_480n);
    for (const none of ["", "00", "zz", (recorded["OP_RETURN_TX"] ?? "").slice(2, -2)]) {
      expect(parseTransaction(none)).to.equal(undefined);
    }
  });

  it("reads real headers: hash, difficulty, link and work", () => {
    expect(retarget).to.have.length(18);
    const headers = retarget.map(({ hex }) => parseHeader(hex));
    for (const [index, { digest_le, difficulty }] of retarget.entries()) {
      expect(headers[index]?.hash).to.equal(digest_le);
      expect(headers[index]?.difficulty).to.equal(BigInt(difficulty));
    }
    expect(brokenLink(headers)).to.equal(-1);
    expect(brokenLink(headers.filter((_, index) => index !== 4))).to.equal(4);
    // 2^32 hashes for each unit of difficulty, nearly.
    expect(headers.every(hasWork)).to.equal(true);
    const [work = 0n] = headers.map(workOf);
    expect(
      work > BigInt(retarget[0]?.difficulty ?? 0) << 31n && work < BigInt(retarget[0]?.difficulty ?? 0) << 33n,
    ).to.equal(true);
  });

  it("refuses bytes that are no header, and targets that no block has", () => {
    const good = retarget[0]?.hex ?? "";
    const bits = (value: string): string => good.slice(0, 146) + value + good.slice(154);
    expect(codeThrown(() => parseHeader(bits("7cd93117")))).to.equal("no error");
    for (const wrong of [
      "",
      "0x",
      good.slice(0, -2),
      `${good}00`,
      bits("00000017"),
      bits("7cd9b117"),
      bits("7cd93102"),
      bits("7cd931ff"),
    ]) {
      expect(
        codeThrown(() => parseHeader(wrong)),
        wrong,
      ).to.equal("BTC_HEADER_MALFORMED");
    }
  });

  it("follows a real merkle path to the root of its block, and no other place or depth does", () => {
    const root = realHeaders[0]?.merkleRoot;
    expect(realPath.nodes).to.have.length(2 + 64 * 10);
    expect(merkleRoot(realTxid, realPath)).to.equal(root);
    for (const index of [0, 280, 282, 281 ^ 512])
      expect(merkleRoot(realTxid, { ...realPath, index })).to.not.equal(root);
    // The contract ignores what is above the tree; here such a place is refused.
    for (const index of [281 + 1024, -1, 0.5]) expect(merkleRoot(realTxid, { ...realPath, index })).to.equal(undefined);
    expect(merkleRoot(realTxid, { nodes: `${realPath.nodes}00`, index: 281 })).to.equal(undefined);
    expect(merkleRoot(realTxid, { nodes: realPath.nodes.slice(0, -64), index: 281 })).to.not.equal(root);
  });

  it("BTC-4 proves a real transaction with six headers at either epoch that the relay knows, and not with five", () => {
    expect(realHeaders).to.have.length(7);
    for (const relay of [relayAt(D), relayAt(1n, D)]) {
      const attempt = redemptionProof(realPayment, realPath, realHeaders, relay);
      expect(attempt.ok && attempt.proof.headers).to.equal(`0x${headerChain.slice(0, 6).join("")}`);
      expect(attempt.ok && attempt.proof.txIndexInBlock).to.equal(281n);
      expect(attempt.ok && attempt.proof.merkleProof).to.equal(recorded["OP_RETURN_PROOF"]);
    }
    expect(redemptionProof(realPayment, realPath, realHeaders.slice(0, 5), relayAt(D))).to.deep.equal({
      ok: false,
      reason: "too-short",
    });
    expect(redemptionProof(realPayment, realPath, [], relayAt(D))).to.deep.equal({ ok: false, reason: "too-short" });
    expect(redemptionProof(realPayment, realPath, realHeaders, relayAt(D + 1n, D - 1n))).to.deep.equal({
      ok: false,
      reason: "relay-behind",
    });
  });

  it("BTC-4 takes more than six headers across a real retarget downwards, and six across one upwards", () => {
    const headers = retarget.map(({ hex }) => parseHeader(hex));
    const before = headers[0]?.difficulty ?? 0n;
    const after = headers.at(-1)?.difficulty ?? 0n;
    expect(after < before).to.equal(true);
    // Four blocks of the old epoch and three of the new one: two of the new are not enough.
    const spread = headers.slice(5);
    const lone = (block: BlockHeader): [Payment, { nodes: string; index: number }] => [
      { ...realPayment, txid: reversedHex(block.merkleRoot) },
      { nodes: "0x", index: 0 },
    ];
    const [first] = spread;
    if (first === undefined) throw new Error("no headers");
    const attempt = redemptionProof(...lone(first), spread, relayAt(after, before));
    expect(4n * before + 2n * after < 6n * before).to.equal(true);
    expect(attempt.ok && (attempt.proof.headers.length - 2) / 160).to.equal(7);
    expect(redemptionProof(...lone(first), spread.slice(0, 6), relayAt(after, before))).to.deep.equal({
      ok: false,
      reason: "too-short",
    });
    // The first block decides: at the new difficulty six of the new epoch do.
    const later = headers.slice(9);
    const [start] = later;
    if (start === undefined) throw new Error("no headers");
    const fresh = redemptionProof(...lone(start), later, relayAt(after, before));
    expect(fresh.ok && (fresh.proof.headers.length - 2) / 160).to.equal(6);
  });

  it("BTC-4 finds a cut, a header without work and a foreign place before any gas is spent", () => {
    const [first, ...rest] = realHeaders;
    if (first === undefined) throw new Error("no headers");
    const cut = [first, ...rest.slice(1)];
    expect(redemptionProof(realPayment, realPath, cut, relayAt(D))).to.deep.equal({ ok: false, reason: "unlinked" });
    const idle = parseHeader(`${first.raw.slice(0, -8)}00000000`);
    expect(redemptionProof(realPayment, realPath, [idle], relayAt(D))).to.deep.equal({ ok: false, reason: "no-work" });
    const elsewhere = { ...realPath, index: 280 };
    expect(redemptionProof(realPayment, elsewhere, realHeaders, relayAt(D))).to.deep.equal({
      ok: false,
      reason: "merkle",
    });
    const other = { ...realPayment, txid: "11".repeat(32) };
    expect(redemptionProof(other, realPath, realHeaders, relayAt(D))).to.deep.equal({ ok: false, reason: "merkle" });
  });
});
