/** A port on which a keeper tells something: reads only, bounded in time and connections. Whatever a reader sends, the process goes on. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { PermanentError } from "../../../protocol/errors.js";
import { describeError, type KeeperLog } from "../logger.js";

export interface ServeOptions {
  /** Of its log events: `name` and `name.failed`. */
  readonly name: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Code of the error when the port cannot be had, and the setting that chooses another. */
  readonly taken: { readonly code: string; readonly setting: string };
  /** What is answered when an answer fails. */
  readonly failure: { readonly status: number; readonly error: string };
  /** Whether a reader of this address is answered now. */
  readonly admits?: (address: string) => boolean;
}

export interface Served {
  readonly port: number;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 64;
/** Only the path and the query of an address are read. */
const BASE = "http://keeper";

/** @throws PermanentError when the port cannot be had. */
export async function serveReads(
  options: ServeOptions,
  answer: (url: URL, response: ServerResponse) => void | Promise<void>,
  log: KeeperLog,
): Promise<Served> {
  const { name, host, failure } = options;
  // All of it behind the promise: what a listener throws by itself ends the process.
  const handle = async ({ method, url: target = "/", socket }: IncomingMessage, response: ServerResponse) => {
    if (options.admits?.(socket.remoteAddress ?? "") === false) {
      sendJson(response, 429, { error: "too-many-requests" }, { "retry-after": "1" });
    } else if (method !== "GET" && method !== "HEAD") {
      sendJson(response, 405, { error: "method-not-allowed" });
    } else if (!URL.canParse(target, BASE)) {
      sendJson(response, 400, { error: "malformed", expected: "a path" });
    } else {
      await answer(new URL(target, BASE), response);
    }
  };
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      log.warn(`${name}.failed`, describeError(error));
      if (response.headersSent) response.destroy();
      else sendJson(response, failure.status, { error: failure.error });
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, options);
  // A server without this ends the process at its first error.
  server.on("error", (error) => {
    log.warn(`${name}.failed`, describeError(error));
  });
  const { port } = server.address() as AddressInfo;
  log.info(name, { host, port });
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port, taken }: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const place = `${host}:${String(port)}`;
      const fix = `choose another ${taken.setting}, or end what listens there`;
      reject(new PermanentError(taken.code, `cannot listen on ${place}: ${describeError(error).code}`, fix));
    });
    server.listen(port, host, resolve);
  });
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}

/** The body of a request to us. @throws Error when it is too large. */
export async function limitedBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error("too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
