import { once } from "node:events";
import net from "node:net";

import { expect } from "chai";

import { openDesk } from "../../../../keepers/bridge-attestor/desk.js";
import { sendJson, serveReads, type Served } from "../../../../keepers/kit/http/serve.js";
import { serveInsight } from "../../../../keepers/kit/insight/server.js";
import type { InsightSources } from "../../../../keepers/kit/insight/status.js";
import { capturedLog } from "../../../helpers/capturedLog.js";

/** The status of an answer to a request line that no client would send. */
async function statusOf(port: number, line: string): Promise<number> {
  const socket = net.connect(port, "127.0.0.1");
  await once(socket, "connect");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.write(`${line}\r\nhost: keeper\r\nconnection: close\r\n\r\n`);
  await once(socket, "close");
  return Number(/^HTTP\/1\.1 (\d+)/.exec(Buffer.concat(chunks).toString())?.[1]);
}

describe("keepers/kit/http/serve", () => {
  const open: Served[] = [];
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close();
  });
  const kept = (server: Served): number => {
    open.push(server);
    return server.port;
  };
  const at = { host: "127.0.0.1", port: 0 };

  it("lives through addresses that are none, on the port for readers and on that for the status", async () => {
    const { log } = capturedLog();
    const book = { publishedOf: () => Promise.resolve([]), publishedAfter: () => Promise.resolve([]) };
    const ports = [
      kept(await openDesk(book, { ...at, requestsPerSecond: 1_000 }, log)),
      kept(await serveInsight({ keeper: "role", network: "localhost" } as InsightSources, at, log)),
    ];
    for (const port of ports) {
      for (const target of ["//", "///", "//[", "http://", "http://:x/"]) {
        expect(await statusOf(port, `GET ${target} HTTP/1.1`), target).to.equal(400);
      }
    }
    expect(await statusOf(ports[0] ?? 0, "GET /attestations HTTP/1.1")).to.equal(200);
    expect(await statusOf(ports[1] ?? 0, "GET /health HTTP/1.1")).to.equal(200);
  });

  it("answers for what fails at once, later, or in the middle of an answer, and goes on", async () => {
    const { log, names } = capturedLog();
    const options = { ...at, name: "test", taken: { code: "TAKEN", setting: "NONE" } };
    const port = kept(
      await serveReads(
        { ...options, failure: { status: 503, error: "unavailable" } },
        ({ pathname }, response) => {
          if (pathname === "/well") {
            sendJson(response, 200, {});
            return;
          }
          if (pathname === "/later") return Promise.reject(new Error("later"));
          if (pathname === "/half") response.writeHead(200).write("half");
          throw new Error("at once");
        },
        log,
      ),
    );
    expect(await statusOf(port, "GET /at-once HTTP/1.1")).to.equal(503);
    expect(await statusOf(port, "GET /later HTTP/1.1")).to.equal(503);
    await statusOf(port, "GET /half HTTP/1.1");
    expect(await statusOf(port, "GET /well HTTP/1.1")).to.equal(200);
    expect(names().filter((name) => name === "test.failed")).to.have.length(3);
  });
});
