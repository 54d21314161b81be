import { once } from "node:events";
import { connect as connectTo } from "node:net";

import type { KeyPairSigner } from "@solana/kit";
import { expect } from "chai";

import { transferInstruction } from "../../../scripts/validator/instructions.js";
import { ValidatorServer } from "../../../scripts/validator/server.js";
import { clientFrame, RawSocket, type FrameOptions } from "../../helpers/rawSocket.js";
import { ask, LAMPORTS_PER_SOL, signWith, testSigner } from "../../helpers/solana.js";

interface Notification {
  readonly method: string;
  readonly params: { readonly subscription: number; readonly result: { value: unknown; context: { slot: number } } };
}
interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: number };
}

const CLOSE_OPCODE = 8;
const PING = 9;
const PONG = 10;

describe("subscriptions of the local cluster", () => {
  let server: ValidatorServer;
  let payer: KeyPairSigner;
  let receiver: KeyPairSigner;
  let open: RawSocket[];

  const connect = async (headers?: Readonly<Record<string, string>>) => {
    const { status, raw } = await RawSocket.connect(server.wsUrl, headers);
    open.push(raw);
    return { status, raw };
  };
  const subscribe = async (raw: RawSocket, method: string, ...params: unknown[]): Promise<number> => {
    raw.ask(method, ...params);
    return ((await raw.message()) as { result: number }).result;
  };
  const pay = async (lamports = LAMPORTS_PER_SOL) => {
    const { blockhash } = server.cluster.bank.blocks.parent;
    const signed = await signWith(payer, blockhash, [transferInstruction(payer.address, receiver.address, lamports)]);
    const reply = await ask(server.url, "sendTransaction", signed.wire, { encoding: "base64", skipPreflight: true });
    expect(reply.error).to.equal(undefined);
    return signed.signature;
  };

  before(async () => {
    payer = await testSigner(1);
    receiver = await testSigner(2);
  });
  beforeEach(async () => {
    open = [];
    server = await ValidatorServer.start({ confirmedBlocks: 2, finalizedBlocks: 4 });
    await ask(server.url, "requestAirdrop", payer.address, 100n * LAMPORTS_PER_SOL);
    server.cluster.advance(6);
  });
  afterEach(async () => {
    for (const raw of open) raw.close();
    await server.stop();
  });

  it("tells every commitment when it is reached, with the state of that block", async () => {
    const { raw } = await connect();
    const ids = new Map<number, string>();
    for (const commitment of ["processed", "confirmed", "finalized"]) {
      ids.set(
        await subscribe(raw, "accountSubscribe", receiver.address, { commitment, encoding: "base64" }),
        commitment,
      );
    }
    const { slot } = server.cluster.bank.blocks.open;
    await pay();
    server.cluster.advance();
    await pay(2n * LAMPORTS_PER_SOL);
    server.cluster.advance(5);
    const told: unknown[] = [];
    for (let i = 0; i < 6; i += 1) {
      const { method, params } = (await raw.message()) as Notification;
      expect(method).to.equal("accountNotification");
      const { lamports } = params.result.value as { lamports: number };
      told.push([ids.get(params.subscription), params.result.context.slot - Number(slot), lamports / 1e9]);
    }
    expect(told).to.deep.equal([
      ["processed", 0, 1],
      ["processed", 1, 3],
      ["confirmed", 0, 1],
      ["confirmed", 1, 3],
      ["finalized", 0, 1],
      ["finalized", 1, 3],
    ]);
  });

  it("tells of logs, programs and signatures, and of a signature once", async () => {
    const { raw } = await connect();
    const config = { commitment: "processed" };
    const logs = await subscribe(raw, "logsSubscribe", { mentions: [receiver.address] }, config);
    const program = await subscribe(raw, "programSubscribe", "11111111111111111111111111111111", {
      ...config,
      encoding: "base64",
    });
    const signature = await pay();
    const seen = [(await raw.message()) as Notification];
    for (let i = 0; i < 2; i += 1) seen.push((await raw.message()) as Notification);
    expect(seen.map(({ params }) => params.subscription)).to.deep.equal([logs, program, program]);
    expect(seen[0]?.params.result.value).to.deep.include({ signature, err: null });
    const changed = seen.slice(1).map(({ params }) => (params.result.value as { pubkey: string }).pubkey);
    expect(changed).to.have.members([payer.address, receiver.address]);
    for (const id of [logs, program]) {
      raw.ask(id === logs ? "logsUnsubscribe" : "programUnsubscribe", id);
      expect(((await raw.message()) as Answer).result).to.equal(true);
    }
    // It has happened already: the answer comes first, then the notification, then nothing more.
    const id = await subscribe(raw, "signatureSubscribe", signature, config);
    const { method, params } = (await raw.message()) as Notification;
    expect([method, params.subscription, params.result.value]).to.deep.equal([
      "signatureNotification",
      id,
      { err: null },
    ]);
    expect(server.subscriptions).to.equal(0);
  });

  it("does not confirm what a fork has dropped", async () => {
    const { raw } = await connect();
    await subscribe(raw, "accountSubscribe", receiver.address, { commitment: "confirmed", encoding: "base64" });
    await subscribe(raw, "rootSubscribe");
    await pay();
    server.cluster.advance();
    server.cluster.fork(2, false);
    server.cluster.advance(3);
    // The first thing that comes is a root, not the payment.
    expect(((await raw.message()) as Notification).method).to.equal("rootNotification");
  });

  it("forgets the subscriptions of a connection that is gone", async () => {
    const { raw } = await connect();
    await subscribe(raw, "slotSubscribe");
    expect(server.subscriptions).to.equal(1);
    raw.close();
    while (server.subscriptions > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  });

  it("refuses what it does not know, and more than a connection may have", async () => {
    const { raw } = await connect();
    const code = async (method: string, ...params: unknown[]) => {
      raw.ask(method, ...params);
      return ((await raw.message()) as Answer).error?.code;
    };
    expect(await code("getHealth")).to.equal(-32601);
    expect(await code("accountSubscribe", "nobody")).to.equal(-32602);
    expect(await code("logsSubscribe", { mentions: [] })).to.equal(-32602);
    expect(await code("slotUnsubscribe", 77)).to.equal(-32602);
    for (let i = 0; i < 1000; i += 1) raw.ask("slotSubscribe");
    for (let i = 0; i < 1000; i += 1) expect(((await raw.message()) as Answer).result).to.be.a("number");
    expect(await code("slotSubscribe")).to.equal(-32603);
  });

  it("listens to callers of this machine only", async () => {
    for (const headers of [{ host: "evil.example" }, { origin: "https://evil.example" }, { origin: "null" }]) {
      expect((await connect(headers)).status).to.equal(403);
    }
    for (const headers of [{ host: "localhost:1" }, { origin: "http://localhost:3000" }]) {
      expect((await connect(headers)).status).to.equal(101);
    }
    expect((await connect({ "sec-websocket-version": "8" })).status).to.equal(400);
    expect((await connect({ "sec-websocket-key": "short" })).status).to.equal(400);
    // Whoever is refused may hang up as he likes.
    for (const headers of ["Host: evil.example\r\n", "Host: localhost\r\nSec-WebSocket-Version: 8\r\n"]) {
      for (const { port } of [new URL(server.url), new URL(server.wsUrl)]) {
        const socket = connectTo(Number(port), "127.0.0.1");
        socket.write(`GET / HTTP/1.1\r\n${headers}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
        await once(socket, "data");
        socket.resetAndDestroy();
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    const post = async (headers: Record<string, string>, body: string) =>
      (await fetch(server.url, { method: "POST", headers, body })).status;
    const json = { "content-type": "application/json" };
    expect(await post({ ...json, origin: "https://evil.example" }, "{}")).to.equal(403);
    expect(await post({ "content-type": "text/plain" }, "{}")).to.equal(415);
    expect(await post(json, "1".repeat(600_000))).to.equal(413);
    const answer = await fetch(server.url, { method: "OPTIONS", headers: { origin: "http://localhost:3000" } });
    expect(answer.headers.get("access-control-allow-origin")).to.equal("http://localhost:3000");
  });

  it("hangs up on whoever breaks the protocol, and serves the others", async () => {
    const broken: readonly [number, Buffer | string, FrameOptions][] = [
      [1002, "not masked", { masked: false }],
      [1002, "compressed", { reserved: 0x40 }],
      [1002, "unknown", { opcode: 3 }],
      [1002, "a continuation of nothing", { opcode: 0 }],
      [1002, "p".repeat(126), { opcode: PING }],
      [1002, "half a ping", { opcode: PING, final: false }],
      [1003, "binary", { opcode: 2 }],
      [1007, Buffer.from([0xff, 0xfe]), {}],
      [1009, "much", { length: 70_000 }],
      [1009, "more than any machine has", { length: 2 ** 52 }],
    ];
    for (const [code, payload, options] of broken) {
      const { raw } = await connect();
      raw.write(clientFrame(payload, options));
      expect(await raw.next(), String(payload)).to.deep.include({ opcode: CLOSE_OPCODE, code });
    }
    const { raw } = await connect();
    raw.write(clientFrame("hello", { opcode: PING }));
    expect(await raw.next()).to.deep.include({ opcode: PONG, text: "hello" });
    // In pieces, with a ping in between, byte by byte.
    const text = JSON.stringify({ jsonrpc: "2.0", id: 5, method: "slotSubscribe" });
    const pieces = [
      clientFrame(text.slice(0, 9), { final: false }),
      clientFrame("", { opcode: PING }),
      clientFrame(text.slice(9), { opcode: 0 }),
    ];
    for (const byte of Buffer.concat(pieces)) raw.write(Buffer.from([byte]));
    expect((await raw.next()).opcode).to.equal(PONG);
    expect(((await raw.message()) as Answer).result).to.be.a("number");
    raw.write(clientFrame("never finished", { final: false }));
    raw.write(clientFrame("another", {}));
    expect(await raw.next()).to.deep.include({ opcode: CLOSE_OPCODE, code: 1002 });
    expect((await ask(server.url, "getHealth")).result).to.equal("ok");
  });
});
