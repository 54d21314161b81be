/** `/health`, `/ready`, `/status` and `/metrics` of one process. Tells, takes no orders, and shows no secret. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { PermanentError } from "../../../protocol/errors.js";
import { describeError, type KeeperLog } from "../logger.js";
import { KeeperMetrics } from "./metrics.js";
import { statusOf, type InsightSources } from "./status.js";

export interface InsightServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface InsightAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

const REQUEST_TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 64;

/** @throws PermanentError INSIGHT_PORT when the port cannot be had. */
export async function serveInsight(
  sources: InsightSources,
  { host, port }: InsightAddress,
  log: KeeperLog,
): Promise<InsightServer> {
  const metrics = new KeeperMetrics(sources.keeper, sources.network);
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      json(response, 405, { error: "method-not-allowed" });
      return;
    }
    answer(new URL(request.url ?? "/", "http://keeper").pathname, response).catch((error: unknown) => {
      log.warn("insight.failed", describeError(error));
      if (!response.headersSent) json(response, 500, { error: "failed" });
    });
  });
  server.maxConnections = MAX_CONNECTIONS;

  async function answer(path: string, response: ServerResponse): Promise<void> {
    switch (path) {
      case "/health":
        json(response, 200, { ok: true });
        return;
      case "/ready": {
        const { ready, notReady } = statusOf(sources);
        json(response, ready ? 200 : 503, { ready, notReady });
        return;
      }
      case "/status":
        json(response, 200, statusOf(sources));
        return;
      case "/metrics":
        response
          .writeHead(200, { "content-type": metrics.contentType })
          .end(await metrics.text(statusOf(sources), sources.counters));
        return;
      default:
        json(response, 404, { error: "not-found", paths: ["/health", "/ready", "/status", "/metrics"] });
    }
  }

  await listen(server, host, port);
  // A server without this ends the process at its first error.
  server.on("error", (error) => {
    log.warn("insight.failed", describeError(error));
  });
  const { port: given } = server.address() as AddressInfo;
  log.info("insight", { host, port: given });
  return {
    port: given,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const place = `${host}:${String(port)}`;
      const fix = "choose another KEEPER_HTTP_PORT, or end what listens there";
      reject(new PermanentError("INSIGHT_PORT", `cannot listen on ${place}: ${describeError(error).code}`, fix));
    });
    server.listen(port, host, resolve);
  });
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}
