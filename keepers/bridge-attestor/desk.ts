/**
 * Where everybody reads this attestor's signatures: `GET /attestations/<message id>`, and `GET /attestations?after=&limit=` in the order in
 * which they were made. Tells, takes no orders, and is bounded in rate and size; a signature is shown once it is stored.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import type { PublishedRow } from "../../db/queries/attestation/published.js";
import { PermanentError } from "../../protocol/errors.js";
import { describeError, type KeeperLog } from "../kit/logger.js";
import type { AttestationBook } from "./book.js";
import { RateLimit } from "./rate.js";

const REQUEST_TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 64;
const MAX_PAGE = 200;
/** Of one message: kinds and epochs. */
const MAX_OF_MESSAGE = 32;
const ID = /^0x[0-9a-f]{64}$/;
const POSITION = /^\d{1,18}$/;

export interface DeskOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly requestsPerSecond: number;
}

export interface Desk {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws PermanentError DESK_PORT when the port cannot be had. */
export async function openDesk(
  book: Pick<AttestationBook, "publishedOf" | "publishedAfter">,
  { host, port, requestsPerSecond }: DeskOptions,
  log: KeeperLog,
): Promise<Desk> {
  const rate = new RateLimit(requestsPerSecond);
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    if (!rate.take(request.socket.remoteAddress ?? "")) {
      json(response, 429, { error: "too-many-requests" }, { "retry-after": "1" });
      return;
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      json(response, 405, { error: "method-not-allowed" });
      return;
    }
    answer(new URL(request.url ?? "/", "http://attestor"), response).catch((error: unknown) => {
      log.warn("desk.failed", describeError(error));
      if (!response.headersSent) json(response, 503, { error: "unavailable" });
    });
  });
  server.maxConnections = MAX_CONNECTIONS;

  async function answer(url: URL, response: ServerResponse): Promise<void> {
    const [, list, id, ...rest] = url.pathname.split("/");
    if (list !== "attestations" || rest.length > 0) {
      json(response, 404, { error: "not-found", paths: ["/attestations/:messageId", "/attestations"] });
      return;
    }
    if (id !== undefined) {
      const messageId = id.toLowerCase();
      if (!ID.test(messageId)) json(response, 400, { error: "malformed", expected: "0x and 64 hex digits" });
      else
        json(response, 200, {
          messageId,
          attestations: (await book.publishedOf(messageId, MAX_OF_MESSAGE)).map(shown),
        });
      return;
    }
    const after = url.searchParams.get("after") ?? "0";
    const limit = url.searchParams.get("limit") ?? String(MAX_PAGE);
    if (!POSITION.test(after) || !/^\d{1,4}$/.test(limit) || Number(limit) < 1) {
      json(response, 400, { error: "malformed", expected: "after: a position; limit: 1 to 200" });
      return;
    }
    const rows = await book.publishedAfter(BigInt(after), Math.min(MAX_PAGE, Number(limit)));
    const next = rows.at(-1)?.position.toString() ?? after;
    json(response, 200, { attestations: rows.map(shown), next });
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      const fix = "choose another ATTESTOR_LISTEN_PORT, or end what listens there";
      const place = `${host}:${String(port)}`;
      reject(new PermanentError("DESK_PORT", `cannot listen on ${place}: ${describeError(error).code}`, fix));
    });
    server.listen(port, host, resolve);
  });
  // A server without this ends the process at its first error.
  server.on("error", (error) => {
    log.warn("desk.failed", describeError(error));
  });
  const { port: given } = server.address() as AddressInfo;
  log.info("desk", { host, port: given });
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

/** Amounts and numbers as decimal text. */
function shown({ messageId, kind, epoch, chainId, bridge, attestor, signature, position }: PublishedRow) {
  const counts = { chainId, bridge, epoch: epoch.toString() };
  return { messageId, kind, ...counts, attestor, signature, position: position.toString() };
}

function json(response: ServerResponse, status: number, body: object, headers: Readonly<Record<string, string>> = {}) {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}
