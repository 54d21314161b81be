import { readFileSync } from "node:fs";
import net from "node:net";

import { X509Certificate } from "node:crypto";
import { expect } from "chai";

import { ElectrumClient } from "../../../../../keepers/courtesy-call-redeemer/bitcoin/electrum/client.js";
import { refusalOf } from "../../../../../keepers/courtesy-call-redeemer/bitcoin/electrum/refusal.js";
import { parseElectrumServer } from "../../../../../keepers/courtesy-call-redeemer/bitcoin/electrum/server.js";
import { rawTransaction } from "../../../../../scripts/tbtc/bitcoin.js";
import { LocalBitcoin } from "../../../../../scripts/tbtc/electrum/chain.js";
import { ElectrumServer, type ServerKind } from "../../../../../scripts/tbtc/electrum/server.js";
import { Clock } from "../../../../helpers/bitcoinRig.js";
import { FEE_SAT, FUNDING, paymentOf, requestOf } from "../../../../helpers/redemptionSample.js";
import { codeOf } from "../../../../helpers/rejection.js";

/** A key and a certificate that nobody has signed; of these tests only. */
const PEM = readFileSync("test/fixtures/electrum-tls.pem", "utf8");
const KEY = /-----BEGIN PRIVATE[^]+END PRIVATE KEY-----/.exec(PEM)?.[0] ?? "";
const CERT = /-----BEGIN CERT[^]+END CERTIFICATE-----/.exec(PEM)?.[0] ?? "";
const FINGERPRINT = new X509Certificate(CERT).fingerprint256.replaceAll(":", "").toLowerCase();
const LIMITS = { timeoutMs: 2_000, maxBytes: 100_000 };

describe("courtesy-call-redeemer/bitcoin/electrum/client", () => {
  const endings: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });

  async function start(kind?: ServerKind, limits: Partial<typeof LIMITS> & { nowMs?: () => number } = {}, suffix = "") {
    const chain = new LocalBitcoin();
    chain.mine(3, { place: [rawTransaction(FUNDING)] });
    const started = await ElectrumServer.start(chain, kind);
    const client = new ElectrumClient(parseElectrumServer(started.url + suffix), { ...LIMITS, ...limits });
    endings.push(() => started.close());
    endings.push(() => {
      client.close();
    });
    return { chain, client, remote: started.server };
  }

  for (const [name, kind, suffix] of [
    ["tcp", { transport: "tcp" }, ""],
    ["WebSockets", { transport: "ws" }, ""],
    ["tls with a pinned certificate", { transport: "tls", key: KEY, cert: CERT }, `#sha256=${FINGERPRINT}`],
  ] as const) {
    it(`BTC-11 asks over ${name}, many questions at once`, async () => {
      const { chain, client, remote } = await start(kind, {}, suffix);
      const headers = await Promise.all([0, 1, 2, 3].map((height) => client.headers(height, 1)));
      expect(headers).to.deep.equal([0, 1, 2, 3].map((height) => [chain.block(height)?.header]));
      expect((await client.tip()).height).to.equal(3);
      expect(await client.headers(1, 9)).to.deep.equal(headers.slice(1).flat());
      expect(await client.nextBlockRate()).to.equal(10_000n);
      expect(remote.asked[0]).to.equal("server.version");
    });
  }

  it("BTC-11 believes no certificate that nobody signed, and none but the pinned one", async () => {
    const kind = { transport: "tls", key: KEY, cert: CERT } as const;
    const unsigned = await start(kind);
    expect(await codeOf(unsigned.client.tip())).to.equal("BTC_SERVER_UNREACHABLE");
    const other = await start(kind, {}, `#sha256=${"00".repeat(32)}`);
    expect(await codeOf(other.client.tip())).to.equal("BTC_SERVER_UNREACHABLE");
    expect(other.remote.asked).to.deep.equal([]);
  });

  it("BTC-11 gives up on silence, rests longer each time, and comes back", async () => {
    const clock = new Clock();
    const { client, remote } = await start(undefined, { timeoutMs: 400, nowMs: clock.now });
    remote.faults.isSilent = () => true;
    let rested = 0;
    for (const atLeastMs of [250, 500, 1_000]) {
      expect(await codeOf(client.tip())).to.equal("BTC_SERVER_SILENT");
      clock.ms += atLeastMs - 1;
      const code = await codeOf(client.tip());
      expect(code).to.equal("BTC_SERVER_RESTING");
      clock.ms += 60_000;
      rested += 1;
    }
    expect(rested).to.equal(3);
    remote.faults = {};
    expect((await client.tip()).height).to.equal(3);
    // One success, and the next failure is a first one again.
    remote.faults.isSilent = () => true;
    expect(await codeOf(client.tip())).to.equal("BTC_SERVER_SILENT");
    clock.ms += 500;
    remote.faults = {};
    expect((await client.tip()).height).to.equal(3);
  });

  it("BTC-11 connects again after a server hung up", async () => {
    const clock = new Clock();
    const { client, remote } = await start(undefined, { nowMs: clock.now });
    await client.tip();
    remote.faults.hangsUp = ({ method }) => method === "blockchain.block.headers";
    expect(await codeOf(client.headers(0, 1))).to.equal("BTC_SERVER_UNREACHABLE");
    remote.faults = {};
    clock.ms += 60_000;
    expect((await client.tip()).height).to.equal(3);
    expect(remote.asked.filter((method) => method === "server.version")).to.have.length(2);
  });

  it("BTC-11 takes no answer of another form, nothing that is no JSON and nothing endless", async () => {
    const { client, remote } = await start();
    for (const wrong of [undefined, {}, { height: -1, hex: "00" }, { height: 1.5, hex: "00".repeat(80) }, "tip", [1]]) {
      remote.faults.alter = () => wrong;
      expect(await codeOf(client.tip()), JSON.stringify(wrong)).to.equal("BTC_SERVER_MALFORMED");
    }
    remote.faults.alter = (question, result) =>
      question.method === "blockchain.block.headers" ? { ...(result as object), count: 2 } : result;
    expect(await codeOf(client.headers(0, 4))).to.equal("BTC_SERVER_MALFORMED");
    for (const [text, code] of [
      ["hello\n", "BTC_SERVER_MALFORMED"],
      ["x".repeat(LIMITS.maxBytes + 1), "BTC_SERVER_MALFORMED"],
    ] as const) {
      const server = net.createServer((socket) => {
        socket.on("error", () => undefined);
        socket.write(text);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as net.AddressInfo;
      const odd = new ElectrumClient(parseElectrumServer(`tcp://127.0.0.1:${String(port)}`), LIMITS);
      endings.push(() => server.close());
      endings.push(() => {
        odd.close();
      });
      expect(await codeOf(odd.tip())).to.equal(code);
    }
  });

  it("BTC-11 names what a server refuses, and knows a broadcast that changed nothing from one that failed", async () => {
    const { chain, client } = await start();
    expect(await codeOf(client.transaction("00".repeat(32)))).to.equal("BTC_SERVER_REFUSED");
    const payment = paymentOf(requestOf(FEE_SAT));
    expect(await client.broadcast(payment.raw)).to.equal(undefined);
    expect(chain.heightOf(payment.txid)).to.equal(0);
    expect(await client.broadcast(payment.raw)).to.equal(undefined);
    expect(await client.broadcast(paymentOf(requestOf(FEE_SAT + 50n)).raw)).to.equal("replacement-too-cheap");
    expect(await client.broadcast("00")).to.equal("invalid");
    chain.mine();
    expect(await client.broadcast(paymentOf(requestOf(2n * FEE_SAT)).raw)).to.equal("inputs-spent");
  });

  it("BTC-11 takes a broadcast for one only where the server names the transaction that it was given", async () => {
    const { client, remote } = await start();
    remote.faults.alter = ({ method }, result) =>
      method === "blockchain.transaction.broadcast" ? "ab".repeat(32) : result;
    expect(await codeOf(client.broadcast(paymentOf(requestOf(FEE_SAT)).raw))).to.equal("BTC_SERVER_MALFORMED");
  });

  it("the local server hangs up on what is no question, and refuses signatures that cannot be read", async () => {
    const chain = new LocalBitcoin();
    chain.mine(1, { place: [rawTransaction(FUNDING)] });
    const started = await ElectrumServer.start(chain);
    endings.push(() => started.close());
    const { port } = parseElectrumServer(started.url);
    for (const text of ["hello\n", "null\n", "GET / HTTP/1.1\r\n\r\n"]) {
      await new Promise<void>((resolve) => {
        const socket = net.connect({ host: "127.0.0.1", port }, () => socket.write(text));
        socket.on("error", () => undefined);
        socket.on("close", () => {
          resolve();
        });
        socket.resume();
      });
    }
    const client = new ElectrumClient(parseElectrumServer(started.url), LIMITS);
    endings.push(() => {
      client.close();
    });
    const { raw } = paymentOf(requestOf(FEE_SAT));
    // The witness's signature begins with the tag of a sequence.
    const broken = raw.replace(/(02(?:47|48))30/, "$131");
    expect(broken).to.not.equal(raw);
    expect(await client.broadcast(broken)).to.equal("invalid");
    expect((await client.tip()).height).to.equal(1);
  });

  it("says that a port is taken", async () => {
    const first = await ElectrumServer.start(new LocalBitcoin());
    endings.push(() => first.close());
    const again = ElectrumServer.start(new LocalBitcoin(), { transport: "tcp" }, Number(new URL(first.url).port));
    expect(await codeOf(again)).to.equal("ELECTRUM_PORT_TAKEN");
  });

  it("BTC-11 reads the refusals of nodes", () => {
    for (const [text, refusal] of [
      ["the transaction was rejected by network rules.\n\nTransaction already in block chain", "known"],
      ["Transaction outputs already in utxo set", "known"],
      ["txn-already-known", "known"],
      [
        "insufficient fee, rejecting replacement 00; new feerate 0.00001 BTC/kvB <= old feerate",
        "replacement-too-cheap",
      ],
      ["txn-mempool-conflict", "replacement-too-cheap"],
      ["min relay fee not met, 100 < 110", "fee-too-low"],
      ["mempool min fee not met", "fee-too-low"],
      ["bad-txns-inputs-missingorspent", "inputs-spent"],
      ["Missing inputs", "inputs-spent"],
      ["non-mandatory-script-verify-flag (Signature must be zero for failed CHECK(MULTI)SIG operation)", "invalid"],
      ["TX decode failed. Make sure the tx has at least one input.", "invalid"],
      ["dust", "invalid"],
      ["too-long-mempool-chain", "refused"],
    ] as const) {
      expect(refusalOf(text), text).to.equal(refusal);
    }
  });
});
