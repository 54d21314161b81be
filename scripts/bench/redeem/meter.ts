/** Stands between a keeper and its node and counts what is asked. Changes nothing. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Agent, request as send } from "node:http";
import type { AddressInfo } from "node:net";

/** What was asked of a node. */
export interface Asked {
  /** Exchanges: a batch is one. */
  readonly exchanges: number;
  /** Single requests in them. */
  readonly requests: number;
}

const BROADCAST = '"eth_sendRawTransaction"';
const METHOD = /"method":"/g;

export class Meter {
  private exchanges = 0;
  private requests = 0;
  private firstBytesMs: number | undefined;
  private readonly agent = new Agent({ keepAlive: true });

  private constructor(
    private readonly server: Server,
    private readonly target: string,
  ) {}

  static async start(target: string): Promise<Meter> {
    const server = createServer();
    const meter = new Meter(server, target);
    server.on("request", (request, response) => {
      meter.pass(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return meter;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  /** What was asked since the last call, and when the first bytes of a transaction came. */
  take(): Asked & { readonly firstBytesMs: number | undefined } {
    const { exchanges, requests, firstBytesMs } = this;
    this.exchanges = 0;
    this.requests = 0;
    this.firstBytesMs = undefined;
    return { exchanges, requests, firstBytesMs };
  }

  async close(): Promise<void> {
    this.agent.destroy();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const text = body.toString("latin1");
    this.exchanges += 1;
    this.requests += text.match(METHOD)?.length ?? 0;
    if (text.includes(BROADCAST)) this.firstBytesMs ??= performance.now();
    const headers = { "content-type": "application/json", "content-length": body.length };
    await new Promise<void>((resolve, reject) => {
      const onward = send(this.target, { method: "POST", agent: this.agent, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, { "content-type": "application/json" });
        answer.pipe(response).once("finish", resolve).once("error", reject);
      });
      onward.once("error", reject);
      onward.end(body);
    });
  }
}
