/** Stands between a keeper and its node and notes when the keeper was told of a block and when its bytes came. Changes nothing. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { z } from "zod";

const call = z.object({ method: z.string(), params: z.array(z.unknown()).default([]) });
const exchange = z.union([call.transform((one) => [one]), z.array(call)]);
const newestBlock = z.object({ result: z.object({ hash: z.string(), number: z.string() }) });

/** One transaction of the keeper. */
export interface Broadcast {
  readonly raw: string;
  /** From the first answer that carried the newest block to the request with the bytes. */
  readonly afterMs: number;
  /** Exchanges in between, this one included. */
  readonly exchanges: number;
}

export class Stopwatch {
  readonly broadcasts: Broadcast[] = [];
  exchanges = 0;
  requests = 0;
  /** Height of the newest block that the keeper was told of, and how often it has looked again since. */
  seenBlock = -1;
  looksSince = 0;
  #seenHash = "";
  #seenMs = 0;
  #seenExchanges = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: string,
  ) {}

  static async start(target: string): Promise<Stopwatch> {
    const server = createServer();
    const stopwatch = new Stopwatch(server, target);
    server.on("request", (request, response) => {
      stopwatch.#handle(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return stopwatch;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const arrivedMs = performance.now();
    const calls = exchange.parse(JSON.parse(body.toString()));
    this.exchanges += 1;
    this.requests += calls.length;
    const isLook = calls[0]?.method === "eth_getBlockByNumber" && calls[0].params[0] === "latest";
    if (isLook) this.looksSince += 1;
    for (const { method, params } of calls) {
      if (method !== "eth_sendRawTransaction") continue;
      const exchanges = this.exchanges - this.#seenExchanges;
      this.broadcasts.push({ raw: String(params[0]), afterMs: arrivedMs - this.#seenMs, exchanges });
    }
    const answer = await fetch(this.target, { method: "POST", headers: { "content-type": "application/json" }, body });
    const text = await answer.text();
    if (isLook) this.#note(JSON.parse(text));
    response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
  }

  #note(answer: unknown): void {
    const seen = newestBlock.safeParse(Array.isArray(answer) ? answer[0] : answer);
    if (!seen.success || seen.data.result.hash === this.#seenHash) return;
    this.#seenHash = seen.data.result.hash;
    this.seenBlock = Number(seen.data.result.number);
    this.#seenMs = performance.now();
    this.#seenExchanges = this.exchanges;
    this.looksSince = 0;
  }
}
