import { createServer, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

import { expect } from "chai";
import fc from "fast-check";

import { ChainClient } from "../../../../keepers/kit/provider.js";
import { parseAddresses } from "../../../../keepers/kit/providers/address.js";
import { JsonFrames } from "../../../../keepers/kit/providers/frames.js";
import { CantileverError } from "../../../../protocol/errors.js";
import { startIpcBridge } from "../../../helpers/ipcBridge.js";
import { TEST_RPC_TIMEOUT_MS } from "../../../helpers/limits.js";
import { startLocalNode, type LocalNode } from "../../../helpers/localNode.js";

const LIMITS = { chainId: 138, timeoutMs: TEST_RPC_TIMEOUT_MS, retries: 0 };
/** Where a node hangs; good answers in between have this long, too. */
const HANG_MS = 2_000;

async function failure(work: Promise<unknown>): Promise<Record<string, string>> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CantileverError) return { code: error.code, ...error.details };
    throw error;
  }
  return { code: "none" };
}

/** A server that answers as the test says. */
async function startBad(
  respond: (response: ServerResponse, socket: Socket) => void,
): Promise<{ url: string; server: HttpServer; connections: () => number }> {
  let connections = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      respond(response, request.socket);
    });
  });
  server.on("connection", () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${String(port)}`, server, connections: () => connections };
}

describe("keepers/kit/providers transports", () => {
  let node: LocalNode;
  before(async () => {
    node = await startLocalNode();
  });
  after(async () => {
    await node.close();
  });

  describe("IPC", () => {
    for (const [what, pieceBytes, end] of [
      ["line ends and whole answers", 1_000_000, "\n"],
      ["no line ends and pieces of seven bytes", 7, ""],
    ] as const) {
      it(`asks a node through a unix socket, with ${what}`, async () => {
        const bridge = await startIpcBridge(node.url, { pieceBytes, end });
        const client = new ChainClient({ ...LIMITS, url: `ipc:${bridge.path}` });
        try {
          const [head, chainId, accounts] = await Promise.all([
            client.head(),
            client.request("eth_chainId", []),
            client.request("eth_accounts", []),
          ]);
          const direct = await node.client().head();
          expect(head).to.deep.equal(direct);
          expect(chainId).to.equal("0x8a");
          expect(accounts).to.deep.equal(await node.client().request("eth_accounts", []));
          const { answers } = await client.look(() => [{ method: "eth_chainId", params: [] }]);
          expect(answers).to.deep.equal([{ result: "0x8a" }]);
          expect(bridge.connections(), "all on one connection").to.equal(1);
        } finally {
          client.close();
          await bridge.close();
        }
      });
    }

    it("RPC-1 leaves a half-open connection behind: the next request gets a new one", async () => {
      const bridge = await startIpcBridge(node.url, { pieceBytes: 100, end: "\n" });
      const client = new ChainClient({ ...LIMITS, timeoutMs: HANG_MS, url: bridge.path });
      try {
        await client.head();
        bridge.state.silent = true;
        expect(await failure(client.head())).to.deep.include({ code: "RPC_UNREACHABLE", reason: "timeout" });
        bridge.state.silent = false;
        expect((await client.head()).number).to.be.a("number");
        bridge.cut();
        const after = [await failure(client.head()), await failure(client.head())].map(({ code }) => code);
        expect(after[1], "at the latest the second request finds the node again").to.equal("none");
      } finally {
        client.close();
        await bridge.close();
      }
    });

    it("says that there is no node when there is no socket", async () => {
      const client = new ChainClient({ ...LIMITS, url: "/nowhere/node.ipc" });
      expect(await failure(client.head())).to.deep.include({ code: "RPC_UNREACHABLE", reason: "unreachable" });
      client.close();
    });
  });

  it("asks a node through a WebSocket, many questions at once", async () => {
    const client = new ChainClient({ ...LIMITS, url: node.url.replace("http:", "ws:") });
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.request("eth_chainId", [])));
    expect(new Set(answers)).to.deep.equal(new Set(["0x8a"]));
    expect(await client.head()).to.deep.equal(await node.client().head());
    client.close();
  });

  describe("RPC-1 HTTP", () => {
    for (const [what, reason, respond] of [
      ["a socket that hangs", "timeout", () => undefined],
      [
        "an answer that drips and never ends",
        "timeout",
        (response: ServerResponse) => {
          response.writeHead(200);
          const drip = setInterval(() => response.write(" "), 20);
          response.on("close", () => {
            clearInterval(drip);
          });
        },
      ],
      [
        "an answer that breaks off",
        "unreachable",
        (response: ServerResponse, socket: Socket) => {
          response.writeHead(200, { "content-length": "1000" });
          response.write('{"jsonrpc":"2.0"', () => socket.destroy());
        },
      ],
      [
        "a giant answer",
        "too-large",
        (response: ServerResponse) => {
          response.writeHead(200);
          response.end(Buffer.alloc(200_000, 0x20));
        },
      ],
      ["throttling", "throttled", (response: ServerResponse) => response.writeHead(429).end("slow down")],
      ["a page of a gateway", "http-status", (response: ServerResponse) => response.writeHead(502).end("<html>")],
      ["something that is no JSON", "malformed", (response: ServerResponse) => response.end("hello")],
    ] as const) {
      it(`names ${what}: ${reason}, and asks the next node`, async () => {
        const bad = await startBad(respond);
        const url = `${bad.url},${node.url}`;
        const limits = { ...LIMITS, maxAnswerBytes: 100_000, ...(reason === "timeout" ? { timeoutMs: HANG_MS } : {}) };
        const alone = new ChainClient({ ...limits, url: bad.url });
        const both = new ChainClient({ ...limits, url });
        try {
          expect(await failure(alone.request("eth_chainId", []))).to.deep.include({ code: "RPC_UNREACHABLE", reason });
          expect(await both.request("eth_chainId", [])).to.equal("0x8a");
        } finally {
          alone.close();
          both.close();
          bad.server.closeAllConnections();
          bad.server.close();
        }
      });
    }

    it("keeps its connection, and takes a new one when the kept one was closed meanwhile", async () => {
      const answer = JSON.stringify({ jsonrpc: "2.0", id: 0, result: "0x8a" });
      const bad = await startBad((response) => {
        response.end(answer);
      });
      const client = new ChainClient({ ...LIMITS, url: bad.url });
      try {
        await client.request("eth_chainId", []);
        await client.request("eth_chainId", []);
        expect(bad.connections()).to.equal(1);
        bad.server.closeAllConnections();
        await client.request("eth_chainId", []);
        expect(bad.connections()).to.equal(2);
      } finally {
        client.close();
        bad.server.close();
      }
    });

    it("asks one by one where a node takes no batches", async () => {
      const single = await startLocalNode();
      const asked: number[] = [];
      const gate = await startBad(() => undefined);
      gate.server.removeAllListeners("request");
      gate.server.on("request", (request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
          const body = Buffer.concat(chunks).toString();
          asked.push(body.startsWith("[") ? 0 : 1);
          if (body.startsWith("[")) {
            response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32600, message: "no batches" } }));
            return;
          }
          void fetch(single.url, { method: "POST", headers: { "content-type": "application/json" }, body })
            .then((answer) => answer.text())
            .then((text) => response.end(text));
        });
      });
      const client = new ChainClient({ ...LIMITS, url: gate.url });
      try {
        const further = (): { method: string; params: [] }[] => [{ method: "eth_chainId", params: [] }];
        for (let look = 0; look < 2; look += 1) {
          expect((await client.look(further)).answers).to.deep.equal([{ result: "0x8a" }]);
        }
        expect(asked).to.deep.equal([0, 1, 1, 1, 1]);
      } finally {
        client.close();
        gate.server.closeAllConnections();
        gate.server.close();
        await single.close();
      }
    });
  });

  it("RPC-7 shows of an address its host only, and of a refused list nothing", () => {
    const secret = "s3cr3t";
    const list = `https://user:${secret}@a.example/v3/${secret}?key=${secret},wss://b.example/${secret},ipc:/run/node.ipc`;
    const shown = parseAddresses(list).map((address) => address.shown);
    expect(shown).to.deep.equal(["https://a.example", "wss://b.example", "ipc:/run/node.ipc"]);
    for (const wrong of [`ftp://${secret}`, `https://a.example,${secret}`, "", "ipc:relative/path"]) {
      let message = "accepted";
      try {
        parseAddresses(wrong);
      } catch (error) {
        message = String(error);
      }
      expect(message).to.not.equal("accepted");
      expect(message).to.not.include(secret);
    }
  });

  it("cuts any stream of JSON values where one ends, wherever the bytes are cut", () => {
    const value = fc.oneof(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()), fc.array(fc.jsonValue()));
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 5 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (values, size, lines) => {
          const bytes = Buffer.from(values.map((item) => JSON.stringify(item)).join(lines ? "\n" : ""));
          const frames = new JsonFrames(1_000_000);
          const seen: unknown[] = [];
          for (let at = 0; at < bytes.length; at += size) seen.push(...frames.push(bytes.subarray(at, at + size)));
          expect(JSON.stringify(seen)).to.equal(JSON.stringify(values));
        },
      ),
      { numRuns: 50 },
    );
  });
});
