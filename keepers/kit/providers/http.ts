/** JSON-RPC over HTTP with kept connections, a deadline for the whole exchange, and a bound on the answer. */
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

import { TransportFailure } from "./failure.js";
import type { Transport, TransportLimits } from "./transport.js";

const TOO_MANY_REQUESTS = 429;
const OK = 200;

export class HttpTransport implements Transport {
  private readonly agent: HttpAgent | HttpsAgent;

  constructor(
    private readonly url: URL,
    private readonly limits: TransportLimits,
    /** Headers that depend on the body, such as a signature over it. */
    private readonly headersFor: (body: string) => Promise<Record<string, string>> = () => Promise.resolve({}),
  ) {
    const options = { keepAlive: true, maxSockets: 16 };
    this.agent = url.protocol === "https:" ? new HttpsAgent(options) : new HttpAgent(options);
  }

  async exchange(payload: object): Promise<unknown> {
    const body = JSON.stringify(payload);
    const headers = await this.headersFor(body);
    try {
      return await this.attempt(body, headers);
    } catch (error) {
      // A kept connection that the other side has closed in the meantime says nothing about the node; a new one does.
      if (error instanceof StaleConnection) return this.attempt(body, headers);
      throw error;
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private attempt(body: string, more: Readonly<Record<string, string>>): Promise<unknown> {
    const { url, agent, limits } = this;
    return new Promise((resolve, reject) => {
      const send = url.protocol === "https:" ? httpsRequest : httpRequest;
      const headers = { ...more, "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      const request = send(url, { method: "POST", agent, headers });
      // From the first byte sent to the last one received: a node that drips never holds a keeper.
      const deadline = setTimeout(() => {
        request.destroy(new TransportFailure("timeout"));
      }, limits.timeoutMs);
      request.once("response", (response) => {
        readBody(request, response, limits.maxBytes).then(resolve, reject);
      });
      request.once("error", (error) => {
        reject(describe(error, request));
      });
      request.once("close", () => {
        clearTimeout(deadline);
      });
      request.end(body);
    });
  }
}

/** Internal: the connection was kept from before and died without a word. */
class StaleConnection extends TransportFailure {}

async function readBody(request: ClientRequest, response: IncomingMessage, maxBytes: number): Promise<unknown> {
  const status = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new TransportFailure("too-large", `more than ${String(maxBytes)} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    request.destroy();
    throw describe(error, request);
  }
  if (status === TOO_MANY_REQUESTS) throw new TransportFailure("throttled", "HTTP 429");
  const text = Buffer.concat(chunks).toString("utf8");
  const parsed = parseJson(text);
  // Some nodes put a JSON-RPC error under a status of 4xx or 5xx: that is an answer.
  if (parsed !== undefined && (status === OK || isRpc(parsed))) return parsed;
  throw status === OK ? new TransportFailure("malformed") : new TransportFailure("http-status", String(status));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isRpc(parsed: unknown): boolean {
  return typeof parsed === "object" && parsed !== null && "jsonrpc" in parsed;
}

function describe(error: unknown, request: ClientRequest): TransportFailure {
  if (error instanceof TransportFailure) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "closed";
  if (request.reusedSocket && (code === "ECONNRESET" || code === "EPIPE"))
    return new StaleConnection("unreachable", code);
  return new TransportFailure("unreachable", code);
}
